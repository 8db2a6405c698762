//! Certificate extensions as the contract sees them: bytes, flags and origin.

use std::fmt;

use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use crate::{HResult, ModuleError};

bitflags::bitflags! {
    /// Extension flags and origin (`EXTENSION_*`). The low 16 bits belong to policy modules and administrators, of
    /// which the high 8 are a policy module's own; the origin is a number in bits 16 to 19, set by the engine.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(transparent)]
    pub struct ExtensionFlags: u32 {
        /// The extension is critical.
        const CRITICAL = 0x1;
        /// The extension is kept with the request and not put into the certificate.
        const DISABLE = 0x2;
        /// The extension is removed from the request.
        const DELETE = 0x4;
        const _ = !0;
    }
}

impl ExtensionFlags {
    /// Bits that policy modules and administrators set (`EXTENSION_POLICY_MASK`).
    pub const POLICY_MASK: u32 = 0x0000_ffff;
    /// From the extension attribute of a PKCS#10 request.
    pub const ORIGIN_REQUEST: Self = Self::from_bits_retain(0x0001_0000);
    /// Set by a policy module.
    pub const ORIGIN_POLICY: Self = Self::from_bits_retain(0x0002_0000);
    /// Set by an administrator.
    pub const ORIGIN_ADMIN: Self = Self::from_bits_retain(0x0003_0000);
    /// Added by the engine (SKI, AKI, CDP, AIA).
    pub const ORIGIN_SERVER: Self = Self::from_bits_retain(0x0004_0000);
    /// From the certificate being renewed.
    pub const ORIGIN_RENEWAL_CERT: Self = Self::from_bits_retain(0x0005_0000);
    /// From an imported certificate.
    pub const ORIGIN_IMPORTED_CERT: Self = Self::from_bits_retain(0x0006_0000);
    /// From a PKCS#7 wrapper.
    pub const ORIGIN_PKCS7: Self = Self::from_bits_retain(0x0007_0000);
    /// From a CMC request.
    pub const ORIGIN_CMC: Self = Self::from_bits_retain(0x0008_0000);
    /// From the CA certificate.
    pub const ORIGIN_CA_CERT: Self = Self::from_bits_retain(0x0009_0000);
    /// The bits that hold the origin.
    pub const ORIGIN_MASK: u32 = 0x000f_0000;

    /// The origin alone.
    pub const fn origin(self) -> Self {
        Self::from_bits_retain(self.bits() & Self::ORIGIN_MASK)
    }

    /// These flags' settable bits with another origin.
    pub const fn with_origin(self, origin: Self) -> Self {
        Self::from_bits_retain(self.bits() & Self::POLICY_MASK | origin.bits() & Self::ORIGIN_MASK)
    }

    /// Whether the extension goes into the certificate.
    pub const fn is_enabled(self) -> bool {
        !self.contains(Self::DISABLE)
    }

    /// Whether the extension came with the request, in any of its carriers, and so starts disabled.
    pub fn is_from_request(self) -> bool {
        let origin = self.origin();
        [Self::ORIGIN_REQUEST, Self::ORIGIN_RENEWAL_CERT, Self::ORIGIN_PKCS7, Self::ORIGIN_CMC].contains(&origin)
    }

    /// The origin in a word, for people.
    pub const fn origin_name(self) -> &'static str {
        match (self.bits() & Self::ORIGIN_MASK) >> 16 {
            1 => "request",
            2 => "policy",
            3 => "administrator",
            4 => "server",
            5 => "renewed certificate",
            6 => "imported certificate",
            7 => "PKCS#7",
            8 => "CMC",
            9 => "CA certificate",
            _ => "unknown",
        }
    }
}

impl fmt::Display for ExtensionFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin_name())?;
        if self.contains(Self::CRITICAL) {
            f.write_str(", critical")?;
        }
        if self.contains(Self::DISABLE) {
            f.write_str(", disabled")?;
        }
        Ok(())
    }
}

/// One extension of a request or certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CertificateExtension {
    /// The object identifier in dotted form.
    pub oid: String,
    /// Flags and origin.
    pub flags: ExtensionFlags,
    /// The DER inside `extnValue`.
    pub value: Vec<u8>,
}

/// The longest object identifier the contract's calls take, in characters.
const OID_CHARACTERS_MAX: usize = 31;
/// The most extensions of a request.
const EXTENSIONS_MAX: usize = 100;

impl CertificateExtension {
    /// The extension as it is kept when a policy module or an administrator sets it.
    ///
    /// # Errors
    /// `E_INVALIDARG` where the object identifier is none or has more than 31 characters; `CERTSRV_E_ENCODING_LENGTH` where
    /// the value is longer than `bytes_max`.
    pub fn amended(self, origin: ExtensionFlags, bytes_max: usize) -> Result<Self, ModuleError> {
        let Self { oid, flags, value } = self;
        if oid.len() > OID_CHARACTERS_MAX || ObjectIdentifier::new(&oid).is_err() {
            let rule = "a dotted object identifier of at most 31 characters";
            return Err(ModuleError::invalid(format!("`{oid}` is not {rule}")));
        }
        let length = value.len();
        if length > bytes_max {
            let text = format!("the extension {oid} has {length} bytes; at most {bytes_max} go into a certificate");
            return Err(ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, text));
        }
        Ok(Self { oid, flags: flags.with_origin(origin), value })
    }

    /// Replaces the extension with this object identifier where it stands, adds it, or (`EXTENSION_DELETE_FLAG`) removes it.
    ///
    /// # Errors
    /// `CERTSRV_E_ENCODING_LENGTH` where there are 100 others.
    pub fn put_into(self, extensions: &mut Vec<Self>) -> Result<(), ModuleError> {
        if self.flags.contains(ExtensionFlags::DELETE) {
            extensions.retain(|existing| existing.oid != self.oid);
            return Ok(());
        }
        let room = extensions.len() < EXTENSIONS_MAX;
        match extensions.iter_mut().find(|existing| existing.oid == self.oid) {
            Some(existing) => *existing = self,
            None if room => extensions.push(self),
            None => {
                let text = format!("a request has at most {EXTENSIONS_MAX} extensions");
                return Err(ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, text));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_sets_the_origin_whatever_the_caller_says() {
        let asked = ExtensionFlags::from_bits_retain(0x000f_ab01);
        let stored = asked.with_origin(ExtensionFlags::ORIGIN_POLICY);
        assert_eq!(stored.bits(), 0x0002_ab01);
        assert!(stored.is_enabled());
        assert!(!stored.is_from_request());
    }
}
