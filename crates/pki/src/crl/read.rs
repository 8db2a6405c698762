//! Reading a CRL.

use std::ops::Range;

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};
use jiff::Timestamp;

use super::CrlEntry;
use crate::signed::Signed;
use crate::{Error, Extension, Name, PublicKey, Serial, armor, extension, oid, read, time};

const WHAT: &str = "CRL";

/// A parsed CRL. Its entries are decoded when they are asked for, one at a time.
#[derive(Debug, Clone)]
pub struct CertificateList {
    der: Vec<u8>,
    signed: Signed,
    issuer: Name,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// Contents of revokedCertificates.
    entries: Range<usize>,
    extensions: Vec<Extension>,
    number: Option<u64>,
    delta_base: Option<u64>,
}

impl CertificateList {
    /// Parses DER, of version 1 or 2.
    ///
    /// # Errors
    /// [`Error::Malformed`], also when the two signature algorithms differ (RFC 5280 5.1.1.2); [`Error::Limit`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        Self::from_vec(der.to_vec())
    }

    /// Parses PEM (`X509 CRL`), bare base64 or DER.
    ///
    /// # Errors
    /// As [`from_der`](Self::from_der).
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_vec(armor::decode(WHAT, &["X509 CRL", "CRL"], bytes)?)
    }

    fn from_vec(der: Vec<u8>) -> Result<Self, Error> {
        let signed = Signed::from_der(WHAT, &der)?;
        let piece = |range: &Range<usize>| der.get(range.clone()).unwrap_or_default();
        let tbs_start = signed.tbs.start;
        let algorithm = piece(&signed.algorithm);
        let (issuer, this_update, next_update, entries, extensions) = read::sequence(WHAT, piece(&signed.tbs), |r| {
            let version = Option::<u8>::decode(r)?;
            if version.is_some_and(|v| v != 1) {
                return Err(Error::Unsupported("version of CRL".into()));
            }
            if r.tlv_bytes()? != algorithm {
                return Err(Error::malformed(WHAT, "the signature algorithms differ"));
            }
            let issuer = Name::from_der(r.tlv_bytes()?)?;
            let this_update = time::decode(r)?;
            let dated = read::next_is(r, Tag::UtcTime)? || read::next_is(r, Tag::GeneralizedTime)?;
            let next_update = dated.then(|| time::decode(r)).transpose()?;
            let entries_len = read::optional(r, Tag::Sequence)?.map_or(0, <[u8]>::len);
            let end = tbs_start + read::position(r);
            let extensions = match read::optional(r, read::constructed(0))? {
                Some(contents) => read::whole("extensions", contents, extension::decode_all)?,
                None => Vec::new(),
            };
            let entries = end - entries_len..end;
            Ok((issuer, this_update, next_update, entries, extensions))
        })?;
        let number = |oid: ObjectIdentifier| {
            extensions.iter().find(|e| e.oid == oid).map(|e| extension::decode_crl_number(&e.value)).transpose()
        };
        Ok(Self {
            number: number(oid::CRL_NUMBER)?,
            delta_base: number(oid::DELTA_CRL_INDICATOR)?,
            signed,
            issuer,
            this_update,
            next_update,
            entries,
            extensions,
            der,
        })
    }

    /// The DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM text (RFC 7468 6).
    #[must_use]
    pub fn to_pem(&self) -> String {
        armor::pem("X509 CRL", self.der())
    }

    /// The signed part, `TBSCertList`, in DER.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        self.piece(&self.signed.tbs)
    }

    /// issuer.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// thisUpdate.
    #[must_use]
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// nextUpdate; RFC 5280 wants it, older lists may lack it.
    #[must_use]
    pub fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// crlExtensions, in order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// One extension.
    #[must_use]
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&Extension> {
        self.extensions.iter().find(|e| e.oid == *oid)
    }

    /// CRL number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// BaseCRLNumber; `None` for a complete CRL.
    #[must_use]
    pub fn delta_base(&self) -> Option<u64> {
        self.delta_base
    }

    /// The entries, in order. The first malformed one ends the iteration.
    #[must_use]
    pub fn entries(&self) -> CrlEntries<'_> {
        CrlEntries { rest: self.piece(&self.entries) }
    }

    /// DER of the `AlgorithmIdentifier` of the signature.
    #[must_use]
    pub fn signature_algorithm(&self) -> &[u8] {
        self.piece(&self.signed.algorithm)
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.piece(&self.signed.signature)
    }

    /// Verifies the signature under the issuer's key. Nothing else is checked.
    ///
    /// # Errors
    /// As [`PublicKey::verify_der`].
    pub fn verify(&self, issuer_key: &PublicKey) -> Result<(), Error> {
        issuer_key.verify_der(self.signature_algorithm(), self.tbs(), self.signature())
    }

    fn piece(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }
}

/// Iterator over the entries of a CRL.
#[derive(Debug, Clone)]
pub struct CrlEntries<'a> {
    rest: &'a [u8],
}

impl Iterator for CrlEntries<'_> {
    type Item = Result<CrlEntry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        Some(split_entry(rest).and_then(|(entry, after)| {
            let entry = read::sequence("CRL entry", entry, entry_fields)?;
            self.rest = after;
            Ok(entry)
        }))
    }
}

fn split_entry(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let mut r = SliceReader::new(bytes)?;
    let entry = r.tlv_bytes()?;
    Ok((entry, bytes.get(entry.len()..).unwrap_or_default()))
}

fn entry_fields(r: &mut SliceReader<'_>) -> Result<CrlEntry, Error> {
    let mut entry = CrlEntry {
        serial: Serial::from_integer(read::contents(r, Tag::Integer)?)?,
        revoked_at: time::decode(r)?,
        reason: None,
        invalidity: None,
    };
    if r.is_finished() {
        return Ok(entry);
    }
    for extension in extension::decode_all(r)? {
        match extension.oid {
            oid::REASON_CODE => {
                entry.reason = Some(read::whole("reason code", &extension.value, reason)?);
            }
            oid::INVALIDITY_DATE => {
                entry.invalidity = Some(read::whole("invalidity date", &extension.value, time::decode)?);
            }
            // Above all certificateIssuer: such an entry is not about a certificate of the CRL's issuer.
            other if extension.critical => {
                return Err(Error::Unsupported(format!("critical CRL entry extension {other}")));
            }
            _ => {}
        }
    }
    Ok(entry)
}

fn reason(r: &mut SliceReader<'_>) -> Result<u8, Error> {
    match read::contents(r, Tag::Enumerated)? {
        [code @ (0..=6 | 8..=10)] => Ok(*code),
        _ => Err(Error::malformed("reason code", "unknown reason")),
    }
}
