//! Which of two CRLs is the newer.

use std::io::ErrorKind;
use std::path::Path;

use module::{HResult, ModuleError};
use pki::CertificateList;

use crate::durable::failed;

/// `CRLState` of a key whose CRL is published under this certificate.
pub(super) const PUBLISHED: i32 = 3;

/// Whether the CRL is older than the one in the file: by CRL number (RFC 5280 5.2.3), then by `thisUpdate`.
///
/// A file that is not a CRL of the same issuer is no reason to stay away: it is replaced.
pub(super) fn is_older(der: &[u8], path: &Path) -> Result<bool, ModuleError> {
    let new = CertificateList::from_der(der).map_err(|error| {
        ModuleError::new(HResult::ERROR_INVALID_DATA, format!("the CRL of the event cannot be read: {error}"))
    })?;
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("read", path)(error)),
    };
    match CertificateList::decode(&bytes) {
        Ok(old) if old.issuer() == new.issuer() => {
            Ok((new.number(), new.this_update()) < (old.number(), old.this_update()))
        }
        Ok(_) => {
            tracing::warn!("{} is a CRL of another issuer and is replaced", path.display());
            Ok(false)
        }
        Err(error) => {
            tracing::warn!("{} is not a CRL and is replaced: {error}", path.display());
            Ok(false)
        }
    }
}
