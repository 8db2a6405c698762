//! Certificate revocation lists, RFC 5280 5.
use crate::*;
use jiff::Timestamp;

/// One revoked certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlEntry {
    /// userCertificate.
    pub serial: Serial,
    /// revocationDate, whole seconds.
    pub revoked_at: Timestamp,
    /// reasonCode; `None` and `Some(0)` leave the extension out (RFC 5280 5.3.1).
    pub reason: Option<u8>,
    /// invalidityDate.
    pub invalidity: Option<Timestamp>,
}
/// Appends the DER of one entry.
pub fn encode_entry(_entry: &CrlEntry, _out: &mut Vec<u8>) -> Result<(), Error> { Ok(()) }

/// Everything of a CRL but its entries.
#[derive(Debug, Clone)]
pub struct CrlHeader {
    /// signature.
    pub signature: SignatureAlgorithm,
    /// issuer.
    pub issuer: Name,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Timestamp,
    /// crlExtensions.
    pub extensions: Vec<Extension>,
}
impl CrlHeader {
    /// DER of the TBSCertList up to the first entry. `entries_len`: bytes of all encoded entries.
    pub fn prefix(&self, _entries_len: u64) -> Result<Vec<u8>, Error> { Ok(Vec::new()) }
    /// DER after the last entry: crlExtensions.
    pub fn suffix(&self) -> Result<Vec<u8>, Error> { Ok(Vec::new()) }
}
/// What stands before the TBSCertList in the file.
pub fn outer_prefix(_tbs_len: u64, _algorithm: SignatureAlgorithm, _signature: &[u8]) -> Result<Vec<u8>, Error> { Ok(Vec::new()) }
/// What stands after the TBSCertList in the file.
#[must_use]
pub fn outer_suffix(_algorithm: SignatureAlgorithm, _signature: &[u8]) -> Vec<u8> { Vec::new() }

/// A parsed CRL.
#[derive(Debug, Clone)]
pub struct CertificateList { der: Vec<u8>, issuer: Name, extensions: Vec<Extension> }
impl CertificateList {
    /// Parses strict DER.
    pub fn from_der(_der: &[u8]) -> Result<Self, Error> { Err(Error::Unsupported("crl".into())) }
    /// Parses PEM, bare base64 or DER.
    pub fn decode(_bytes: &[u8]) -> Result<Self, Error> { Err(Error::Unsupported("crl".into())) }
    /// The DER.
    pub fn der(&self) -> &[u8] { &self.der }
    /// issuer.
    pub fn issuer(&self) -> &Name { &self.issuer }
    /// thisUpdate.
    pub fn this_update(&self) -> Timestamp { Timestamp::UNIX_EPOCH }
    /// nextUpdate.
    pub fn next_update(&self) -> Option<Timestamp> { None }
    /// crlExtensions.
    pub fn extensions(&self) -> &[Extension] { &self.extensions }
    /// CRL number.
    pub fn number(&self) -> Option<u64> { None }
    /// BaseCRLNumber of a delta CRL.
    pub fn delta_base(&self) -> Option<u64> { None }
    /// The entries, decoded one at a time.
    pub fn entries(&self) -> CrlEntries<'_> { CrlEntries(&self.der) }
    /// Verifies the signature.
    pub fn verify(&self, _issuer_key: &PublicKey) -> Result<(), Error> { Err(Error::BadSignature) }
}
/// Iterator over the entries of a CRL.
#[derive(Debug, Clone)]
pub struct CrlEntries<'a>(&'a [u8]);
impl Iterator for CrlEntries<'_> { type Item = Result<CrlEntry, Error>; fn next(&mut self) -> Option<Self::Item> { let _ = self.0; None } }
