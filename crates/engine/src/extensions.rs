//! Extensions between the contract's notation and the certificate's.

use module::{CertificateExtension, ExtensionFlags, HResult};
use pki::Extension;

use crate::failure::Failure;

/// An extension as it is stored with a request.
pub(crate) fn stored(extension: &Extension, flags: ExtensionFlags) -> CertificateExtension {
    let critical = if extension.critical { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
    CertificateExtension { oid: extension.oid.to_string(), flags: flags | critical, value: extension.value.clone() }
}

/// A stored extension as it goes into a certificate.
pub(crate) fn encoded(stored: &CertificateExtension) -> Result<Extension, Failure> {
    let oid = stored.oid.parse().map_err(|_| {
        Failure::new(
            HResult::ERROR_INVALID_DATA,
            "Error Constructing Certificate",
            format!("`{}` is not an object identifier", stored.oid),
        )
    })?;
    Ok(Extension { oid, critical: stored.flags.contains(ExtensionFlags::CRITICAL), value: stored.value.clone() })
}
