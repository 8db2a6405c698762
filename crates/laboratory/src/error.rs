//! Why the laboratory cannot work. That a module fails is no error: it is a finding.

/// Why the laboratory cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What the caller gave cannot be used: a setting, a name of a check, a recording.
    #[error("{0}")]
    Unusable(String),
    /// The machine cannot do it: no randomness, no temporary folder.
    #[error("{0}")]
    Machine(String),
}

impl From<pki::Error> for Error {
    fn from(error: pki::Error) -> Self {
        Self::Machine(format!("a certificate of the laboratory cannot be made: {error}"))
    }
}

impl From<module::ModuleError> for Error {
    fn from(error: module::ModuleError) -> Self {
        Self::Unusable(error.message)
    }
}
