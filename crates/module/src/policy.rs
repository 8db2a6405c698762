//! Policy modules, and what they read and write through.

use crate::{CertificateExtension, HResult, ModuleError, ServerExit, Undelivered, Value};

/// Asks and decides. The classic interface is `ICertPolicy`.
///
/// **Threads.** One instance serves requests on several threads at once.
///
/// **Failure.** An error, a panic or an overdue answer never means *issue*: the request fails and is recorded. Where the
/// module never saw the request, because its host could not reach it, nothing is recorded, and the caller may try again.
pub trait PolicyModule: Send + Sync {
    /// Prepares the module, once, before any request. A failure keeps the server from starting.
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError>;

    /// Decides on one request, which it may amend. `new` is false when an administrator resubmits the request.
    ///
    /// An error makes the request *failed* (it cannot be resubmitted); a refusal is [`Decision::Deny`].
    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError>;

    /// What the server calls: [`verify_request`](Self::verify_request), with what the module never saw told from what it
    /// failed. Only a host has something to add to it.
    fn ask(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, Undelivered> {
        self.verify_request(server, new).map_err(Undelivered::Failed)
    }

    /// A line for operators. May be asked for before `initialize`.
    fn description(&self) -> String;

    /// What the module says of itself under names of its own: the classic `ICertManageModule` has `Name`, `Description`,
    /// `Copyright`, `File Version` and `Product Version`. For operators; asked for after `initialize`.
    fn about(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The server is stopping; called once, after exit modules were told.
    fn shut_down(&self) {}
}

/// What a policy module answers: `VR_INSTANT_OK`, `VR_PENDING`, `VR_INSTANT_BAD` or a failing HRESULT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Issue the certificate now.
    Issue,
    /// Take the request under submission, for a certificate manager to decide.
    Pend {
        /// Added to the disposition message; may be empty.
        message: String,
    },
    /// Deny the request.
    Deny {
        /// The status code of the request; `S_OK` where the module gives none.
        code: HResult,
        /// Added to the disposition message; may be empty.
        message: String,
    },
}

impl Decision {
    /// A refusal with a code and a text.
    pub fn deny(code: HResult, message: impl Into<String>) -> Self {
        Self::Deny { code, message: message.into() }
    }

    /// Of two answers the more restrictive: deny before pend before issue; of equals, the first.
    pub fn most_restrictive(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Issue => 0,
            Self::Pend { .. } => 1,
            Self::Deny { .. } => 2,
        }
    }
}

/// What a policy module reads and writes. The classic interface is `ICertServerPolicy`: [`ServerExit`], and two more.
///
/// Reads see the request in flight, earlier writes included. Writes are kept with the request, also when it is pended
/// or denied, so that a later resubmission starts from them.
pub trait ServerPolicy: ServerExit {
    /// `SetCertificateProperty`. `None` deletes the value.
    ///
    /// Errors, `E_INVALIDARG` each: a name that is not writable, the wrong type, a validity outside the limits
    /// (`NotBefore` may only move later, `NotAfter` only earlier), a name longer than X.520 allows.
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError>;

    /// `SetCertificateExtension` with a binary value: DER, stored unchanged. The engine sets the origin. With
    /// `EXTENSION_DELETE_FLAG` the extension is removed. An object identifier is at most 31 characters.
    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_restrictive_answer_wins() {
        let pend = Decision::Pend { message: "second look".into() };
        let deny = Decision::deny(HResult::E_ACCESSDENIED, "no");
        assert_eq!(Decision::Issue.most_restrictive(pend.clone()), pend);
        assert_eq!(deny.clone().most_restrictive(pend.clone()), deny);
        assert_eq!(pend.clone().most_restrictive(Decision::Issue), pend);
    }
}
