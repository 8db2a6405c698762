//! Limits on foreign structures. What exceeds them is refused with [`Error::Limit`](crate::Error::Limit).
//!
//! The size of a whole request or certificate is the caller's to limit before it hands the bytes in.

/// Longest DER encoding of a distinguished name, in bytes.
pub const NAME_BYTES_MAX: usize = 4096;
/// Most attributes in a distinguished name, over all its RDNs.
pub const NAME_ATTRIBUTES_MAX: usize = 100;
/// Most extensions in a certificate, request, CRL or CRL entry.
pub const EXTENSIONS_MAX: usize = 100;
/// Most names in a `GeneralNames`.
pub const GENERAL_NAMES_MAX: usize = 1000;
/// Most attributes in a certification request.
pub const REQUEST_ATTRIBUTES_MAX: usize = 100;
/// Most OIDs, policies, access descriptions or distribution points in one extension.
pub const EXTENSION_ITEMS_MAX: usize = 1000;
/// Longest DER encoding of a `SubjectPublicKeyInfo`, in bytes.
pub const SPKI_BYTES_MAX: usize = 8192;
