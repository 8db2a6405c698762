//! The crate's error.

/// Why bytes, a value or a key were refused.
///
/// The texts are fit for an operator's log and for the answer to a requester: they name the field and the fault,
/// and never carry key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Bytes or text that are not what they should be.
    #[error("malformed {what}: {detail}")]
    Malformed {
        /// The field or structure, in the words of its standard.
        what: &'static str,
        /// The fault.
        detail: String,
    },
    /// Well formed, but of an algorithm or form that is not implemented.
    #[error("unsupported {0}")]
    Unsupported(String),
    /// A signature that does not verify under the given key.
    #[error("the signature does not verify")]
    BadSignature,
    /// A public key or signature algorithm too weak to be used.
    #[error("weak: {0}")]
    Weak(String),
    /// More of something than is accepted.
    #[error("{what}: more than the limit of {max}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit, in the unit `what` names.
        max: usize,
    },
    /// A value of the caller's that the standard gives no encoding for.
    #[error("{what} cannot be encoded: {detail}")]
    Unencodable {
        /// The field.
        what: &'static str,
        /// The fault.
        detail: String,
    },
}

impl Error {
    /// A [`Error::Malformed`] with `detail` in its text form.
    pub(crate) fn malformed(what: &'static str, detail: impl ToString) -> Self {
        Self::Malformed { what, detail: detail.to_string() }
    }

    /// A [`Error::Unencodable`] with `detail` in its text form.
    pub(crate) fn unencodable(what: &'static str, detail: impl ToString) -> Self {
        Self::Unencodable { what, detail: detail.to_string() }
    }
}
