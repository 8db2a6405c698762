//! What happened: the events of the contract, the mask, and the notification that carries one to a module.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ModuleError, RequestId};

/// One kind of event; the values are the bits `EXITEVENT_*` of the contract.
///
/// `EXITEVENT_STARTUP` (0x80) is not among them: the engine never sends it, a module raises it for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum ExitEvent {
    /// A certificate was issued, at once or on approval.
    CertIssued = 0x001,
    /// The policy module took a request under submission.
    CertPending = 0x002,
    /// A request was denied by policy or by a certificate manager, or failed.
    CertDenied = 0x004,
    /// A certificate was revoked, or released from hold.
    CertRevoked = 0x008,
    /// A requester fetched the certificate of a request that had been pending.
    CertRetrievePending = 0x010,
    /// CRLs were created and published: once for each publication, whatever it held.
    CrlIssued = 0x020,
    /// The server is stopping. Never stored.
    Shutdown = 0x040,
    /// A certificate was imported.
    CertImported = 0x200,
}

impl ExitEvent {
    /// Every event, in the order of its bit.
    pub const ALL: [Self; 8] = [
        Self::CertIssued,
        Self::CertPending,
        Self::CertDenied,
        Self::CertRevoked,
        Self::CertRetrievePending,
        Self::CrlIssued,
        Self::Shutdown,
        Self::CertImported,
    ];

    /// The bit of the contract.
    pub const fn bit(self) -> u32 {
        self as u32
    }

    /// The event with this bit, if there is one.
    pub fn from_bit(bit: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.bit() == bit)
    }

    /// The name used in configuration, JSON and the command line: `cert-issued`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CertIssued => "cert-issued",
            Self::CertPending => "cert-pending",
            Self::CertDenied => "cert-denied",
            Self::CertRevoked => "cert-revoked",
            Self::CertRetrievePending => "cert-retrieve-pending",
            Self::CrlIssued => "crl-issued",
            Self::Shutdown => "shutdown",
            Self::CertImported => "cert-imported",
        }
    }

    /// The name in the classic headers: `EXITEVENT_CERTISSUED`.
    pub const fn classic_name(self) -> &'static str {
        match self {
            Self::CertIssued => "EXITEVENT_CERTISSUED",
            Self::CertPending => "EXITEVENT_CERTPENDING",
            Self::CertDenied => "EXITEVENT_CERTDENIED",
            Self::CertRevoked => "EXITEVENT_CERTREVOKED",
            Self::CertRetrievePending => "EXITEVENT_CERTRETRIEVEPENDING",
            Self::CrlIssued => "EXITEVENT_CRLISSUED",
            Self::Shutdown => "EXITEVENT_SHUTDOWN",
            Self::CertImported => "EXITEVENT_CERTIMPORTED",
        }
    }
}

impl fmt::Display for ExitEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ExitEvent {
    type Err = ModuleError;

    /// Accepts our name and the classic one, without regard to case.
    fn from_str(text: &str) -> Result<Self, ModuleError> {
        Self::ALL
            .into_iter()
            .find(|event| event.name().eq_ignore_ascii_case(text) || event.classic_name().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                ModuleError::invalid(format!("`{text}` is not an exit event; there are: {names}"))
            })
    }
}

bitflags::bitflags! {
    /// The kinds of event a module wants: what `Initialize` returns.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ExitEvents: u32 {
        /// See [`ExitEvent::CertIssued`].
        const CERT_ISSUED = 0x001;
        /// See [`ExitEvent::CertPending`].
        const CERT_PENDING = 0x002;
        /// See [`ExitEvent::CertDenied`].
        const CERT_DENIED = 0x004;
        /// See [`ExitEvent::CertRevoked`].
        const CERT_REVOKED = 0x008;
        /// See [`ExitEvent::CertRetrievePending`].
        const CERT_RETRIEVE_PENDING = 0x010;
        /// See [`ExitEvent::CrlIssued`].
        const CRL_ISSUED = 0x020;
        /// See [`ExitEvent::Shutdown`].
        const SHUTDOWN = 0x040;
        /// See [`ExitEvent::CertImported`].
        const CERT_IMPORTED = 0x200;
    }
}

impl ExitEvents {
    /// The mask of a foreign module: bits the contract does not define are dropped (modules return 0x2FF or 0x3FF).
    pub const fn from_mask(mask: u32) -> Self {
        Self::from_bits_truncate(mask)
    }

    /// Whether the module wants this event.
    pub const fn wants(self, event: ExitEvent) -> bool {
        self.bits() & event.bit() != 0
    }

    /// The events of the mask that are stored, and so tell of the authority: all but `SHUTDOWN`.
    #[must_use]
    pub const fn stored(self) -> Self {
        self.difference(Self::SHUTDOWN)
    }

    /// The events of the mask, in the order of their bits.
    pub fn events(self) -> impl Iterator<Item = ExitEvent> {
        ExitEvent::ALL.into_iter().filter(move |event| self.wants(*event))
    }

    /// A mask from names such as `cert-issued`, `EXITEVENT_CRLISSUED`, `all`, or a number such as `0x27f`.
    pub fn parse(words: &[impl AsRef<str>]) -> Result<Self, ModuleError> {
        let mut mask = Self::empty();
        for word in words.iter().map(AsRef::as_ref) {
            let number = word.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16).ok());
            mask |= match (word, number.unwrap_or_else(|| word.parse().ok())) {
                ("all", _) => Self::all(),
                (_, Some(bits)) => Self::from_mask(bits),
                _ => Self::from(word.parse::<ExitEvent>()?),
            };
        }
        Ok(mask)
    }
}

impl From<ExitEvent> for ExitEvents {
    fn from(event: ExitEvent) -> Self {
        Self::from_bits_truncate(event.bit())
    }
}

impl fmt::Display for ExitEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, event) in self.events().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(event.name())?;
        }
        Ok(())
    }
}

/// The number of an event: one sequence for the whole certification authority, from 1, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub u64);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One event on its way to one module. A repeated delivery has the same `id`; its `attempt` is higher where the server
/// could record how the one before it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The event's number; 0 for [`ExitEvent::Shutdown`], which is not stored.
    pub id: EventId,
    /// What happened.
    pub event: ExitEvent,
    /// When the state was committed, by the server's clock.
    pub occurred: Timestamp,
    /// The request it happened to; none for CRLs and shutdown.
    pub request: Option<RequestId>,
    /// Counts deliveries of this event to this module, from 1. One that was cut off (by a crash, or because the module was
    /// replaced while it hung) is not counted, nor are those before the module was rewound.
    pub attempt: u32,
    /// SHA-256 over the predecessor's hash and this event's content: the head of the chain at this event.
    pub hash: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_foreign_modules_lose_only_unknown_bits() {
        assert_eq!(ExitEvents::from_mask(0x3ff), ExitEvents::all());
        assert_eq!(ExitEvents::all().bits(), 0x27f);
        assert_eq!(ExitEvents::from_mask(0x80), ExitEvents::empty());
    }

    #[test]
    fn a_mask_is_written_in_words_or_numbers() {
        let mask = ExitEvents::parse(&["cert-issued", "EXITEVENT_CRLISSUED"]);
        assert_eq!(mask, Ok(ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED));
        assert_eq!(ExitEvents::parse(&["0x2ff"]), Ok(ExitEvents::all()));
        assert_eq!(ExitEvents::parse(&["9"]), Ok(ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED));
        assert!(ExitEvents::parse(&["issued?"]).is_err());
        assert_eq!((ExitEvents::CERT_ISSUED | ExitEvents::SHUTDOWN).to_string(), "cert-issued,shutdown");
    }
}
