//! Certificate revocation lists, RFC 5280 5.

mod read;
mod write;

use jiff::Timestamp;

use crate::{Extension, Name, Serial, SignatureAlgorithm};

pub use read::{CertificateList, CrlEntries};
pub use write::{encode_entry, outer_prefix};

/// One revoked certificate, RFC 5280 5.1.2.6 and 5.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlEntry {
    /// userCertificate.
    pub serial: Serial,
    /// revocationDate, whole seconds; fractions are cut off.
    pub revoked_at: Timestamp,
    /// reasonCode, 1 to 6 or 8 to 10. `None` and `Some(0)` both leave the extension out, as RFC 5280 5.3.1 wants.
    pub reason: Option<u8>,
    /// invalidityDate.
    pub invalidity: Option<Timestamp>,
}

/// Everything of a version 2 CRL but its entries, RFC 5280 5.1.2.
///
/// The file is `outer_prefix`, [`prefix`](Self::prefix), the entries, [`suffix`](Self::suffix),
/// [`outer_suffix`](crate::outer_suffix), in this order; what is signed are the middle three. So a CRL of any length
/// is written in one pass over its entries when their encoded length is known, and the entries need never be in
/// memory together.
#[derive(Debug, Clone)]
pub struct CrlHeader {
    /// signature.
    pub signature: SignatureAlgorithm,
    /// issuer.
    pub issuer: Name,
    /// thisUpdate, whole seconds; fractions are cut off.
    pub this_update: Timestamp,
    /// nextUpdate, whole seconds; fractions are cut off.
    pub next_update: Timestamp,
    /// crlExtensions, in the order they are encoded.
    pub extensions: Vec<Extension>,
}
