//! Requests of our own, for a subordinate CA.
use crate::{Error, Extension, Name, PublicKey};
/// The `CertificationRequestInfo` to sign (RFC 2986 4.1); sign it, then [`assemble`](crate::assemble).
pub fn certification_request_info(_subject: &Name, _public_key: &PublicKey, _extensions: &[Extension]) -> Result<Vec<u8>, Error> { Err(Error::Unsupported("csr".into())) }
