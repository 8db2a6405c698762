//! Where a request stands, and why a certificate was revoked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ModuleError;

/// The number of a request: positive, never reused; gaps are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub i64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a request stands: `DB_DISP_*`, the value of `Request.Disposition`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(i32)]
pub enum Disposition {
    /// 8: being processed.
    Active = 8,
    /// 9: taken under submission.
    Pending = 9,
    /// 12: a certificate of another authority, kept here.
    Foreign = 12,
    /// 20: issued.
    Issued = 20,
    /// 21: issued, then revoked (or on hold).
    Revoked = 21,
    /// 30: failed with an error.
    Failed = 30,
    /// 31: denied by policy or by a certificate manager.
    Denied = 31,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: [Self; 7] =
        [Self::Active, Self::Pending, Self::Foreign, Self::Issued, Self::Revoked, Self::Failed, Self::Denied];

    /// The database code of the contract.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The disposition with this code.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|disposition| disposition.code() == code)
    }

    /// The word for it: `pending`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Foreign => "foreign",
            Self::Issued => "issued",
            Self::Revoked => "revoked",
            Self::Failed => "failed",
            Self::Denied => "denied",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Disposition {
    type Err = ModuleError;

    fn from_str(text: &str) -> Result<Self, ModuleError> {
        Self::ALL
            .into_iter()
            .find(|disposition| disposition.name().eq_ignore_ascii_case(text) || text.parse() == Ok(disposition.code()))
            .ok_or_else(|| ModuleError::invalid(format!("`{text}` is not a disposition")))
    }
}

/// Why a certificate was revoked (RFC 5280 5.3.1). The classic contract refuses 7, 9 and 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[repr(i32)]
pub enum RevocationReason {
    /// 0: no reason given; CRL entries carry no reason code.
    Unspecified = 0,
    /// 1
    KeyCompromise = 1,
    /// 2
    #[serde(rename = "cACompromise")]
    CaCompromise = 2,
    /// 3
    AffiliationChanged = 3,
    /// 4
    Superseded = 4,
    /// 5
    CessationOfOperation = 5,
    /// 6: the only reason that can be taken back.
    CertificateHold = 6,
    /// 8: accepted by the contract's revoke call.
    #[serde(rename = "removeFromCRL")]
    RemoveFromCrl = 8,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
    ];

    /// The value of `Request.RevokedReason` after a release from hold.
    pub const RELEASED: i32 = -1;

    /// The CRLReason number.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The reason with this CRLReason number.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The name in RFC 5280: `keyCompromise`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
        }
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for RevocationReason {
    type Err = ModuleError;

    /// The RFC's name or number; case, spaces and hyphens do not matter (`key-compromise`).
    fn from_str(text: &str) -> Result<Self, ModuleError> {
        let word: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
        Self::ALL
            .into_iter()
            .find(|reason| reason.name().eq_ignore_ascii_case(&word) || word.parse() == Ok(reason.code()))
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                ModuleError::invalid(format!("`{text}` is not a revocation reason; it is one of {names}"))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_as_people_write_them() {
        for text in ["keyCompromise", "key-compromise", "KEY COMPROMISE", "1"] {
            assert_eq!(text.parse(), Ok(RevocationReason::KeyCompromise), "{text}");
        }
        for text in ["7", "9", "10", "privilegeWithdrawn", ""] {
            assert!(text.parse::<RevocationReason>().is_err(), "{text}");
        }
    }
}
