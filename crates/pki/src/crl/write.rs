//! Writing a CRL piece by piece.

use der::{Encode, Header, Length, Tag};

use super::{CrlEntry, CrlHeader};
use crate::{Error, SignatureAlgorithm, extension, read, signed, time, write};

/// Appends the DER of one entry.
///
/// # Errors
/// [`Error::Unencodable`] for a reason RFC 5280 5.3.1 does not have, or a time before 1970. Nothing is appended then.
pub fn encode_entry(entry: &CrlEntry, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    // An entry is far shorter than 128 octets, so every length is one octet and can be filled in afterwards.
    out.extend_from_slice(&[0x30, 0]);
    let written = entry_contents(entry, out);
    if let Err(error) = written {
        out.truncate(start);
        return Err(error);
    }
    set_length(out, start);
    Ok(())
}

fn entry_contents(entry: &CrlEntry, out: &mut Vec<u8>) -> Result<(), Error> {
    entry.serial.encode_to(out);
    time::encode(out, entry.revoked_at)?;
    let reason = match entry.reason {
        None | Some(0) => None,
        Some(reason @ (1..=6 | 8..=10)) => Some(reason),
        Some(other) => return Err(Error::unencodable("reason code", other)),
    };
    if reason.is_none() && entry.invalidity.is_none() {
        return Ok(());
    }
    let extensions = out.len();
    out.extend_from_slice(&[0x30, 0]);
    if let Some(reason) = reason {
        // { reasonCode, OCTET STRING { ENUMERATED } }
        out.extend_from_slice(b"\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01");
        out.push(reason);
    }
    if let Some(at) = entry.invalidity {
        // { invalidityDate, OCTET STRING { GeneralizedTime } }
        out.extend_from_slice(b"\x30\x18\x06\x03\x55\x1d\x18\x04\x11");
        time::encode_generalized(out, at)?;
    }
    set_length(out, extensions);
    Ok(())
}

/// Fills in the one-octet length of the element at `start`, which runs to the end.
fn set_length(out: &mut [u8], start: usize) {
    let len = out.len() - start - 2;
    debug_assert!(len < 128, "entry of {len} octets");
    if let Some(octet) = out.get_mut(start + 1) {
        *octet = len as u8;
    }
}

impl CrlHeader {
    /// The `TBSCertList` up to the first entry, its own header included. `entries_len` is the number of octets of
    /// all encoded entries; with 0, `revokedCertificates` is left out (RFC 5280 5.1.2.6).
    ///
    /// # Errors
    /// [`Error::Limit`] when the list would exceed 4 GiB; [`Error::Unencodable`] for a time before 1970;
    /// [`Error::Malformed`] for an extension given twice.
    pub fn prefix(&self, entries_len: u64) -> Result<Vec<u8>, Error> {
        let mut fields = Vec::with_capacity(self.issuer.der().len() + 64);
        // version: v2 is 1 (RFC 5280 5.1.2.1).
        write::unsigned(&mut fields, 1);
        fields.extend_from_slice(self.signature.der());
        fields.extend_from_slice(self.issuer.der());
        time::encode(&mut fields, self.this_update)?;
        time::encode(&mut fields, self.next_update)?;
        if entries_len > 0 {
            sequence_header(&mut fields, entries_len)?;
        }
        let suffix_len = self.suffix()?.len() as u64;
        let len = (fields.len() as u64 + suffix_len).checked_add(entries_len).ok_or_else(too_long)?;
        let mut out = Vec::with_capacity(fields.len() + 6);
        sequence_header(&mut out, len)?;
        out.extend_from_slice(&fields);
        Ok(out)
    }

    /// The `TBSCertList` behind the last entry: `crlExtensions`.
    ///
    /// # Errors
    /// [`Error::Malformed`] for an extension given twice.
    pub fn suffix(&self) -> Result<Vec<u8>, Error> {
        extension::refuse_duplicates(&self.extensions)?;
        let mut out = Vec::with_capacity(128);
        if !self.extensions.is_empty() {
            write::nested(&mut out, read::constructed(0), |out| {
                extension::encode_all(out, &self.extensions);
            });
        }
        Ok(out)
    }
}

/// What stands before the `TBSCertList` in the file: the header of `CertificateList`. `tbs_len` is the number of
/// octets of prefix, entries and suffix together.
///
/// # Errors
/// [`Error::Limit`] when the file would exceed 4 GiB.
pub fn outer_prefix(tbs_len: u64, algorithm: SignatureAlgorithm, signature: &[u8]) -> Result<Vec<u8>, Error> {
    let tail = signed::outer_suffix(algorithm, signature).len() as u64;
    let mut out = Vec::with_capacity(6);
    sequence_header(&mut out, tbs_len.checked_add(tail).ok_or_else(too_long)?)?;
    Ok(out)
}

fn sequence_header(out: &mut Vec<u8>, len: u64) -> Result<(), Error> {
    let len = u32::try_from(len).map_err(|_| too_long())?;
    Header::new(Tag::Sequence, Length::new(len)).encode_to_vec(out).map_err(|_| too_long())?;
    Ok(())
}

fn too_long() -> Error {
    Error::Limit { what: "bytes of a CRL", max: u32::MAX as usize }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use jiff::Timestamp;

    fn entry(reason: Option<u8>, invalidity: Option<&str>) -> CrlEntry {
        CrlEntry {
            serial: "0a0b".parse().unwrap(),
            revoked_at: "2026-01-02T03:04:05Z".parse().unwrap(),
            reason,
            invalidity: invalidity.map(|t| t.parse::<Timestamp>().unwrap()),
        }
    }

    #[test]
    fn entries() {
        let base = b"\x02\x02\x0a\x0b\x17\x0d260102030405Z";
        let reason = b"\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01";
        let date = b"\x30\x18\x06\x03\x55\x1d\x18\x04\x11\x18\x0f20251231000000Z";
        let day = Some("2025-12-31T00:00:00Z");
        for (entry, extensions) in [
            (entry(None, None), vec![]),
            (entry(Some(0), None), vec![]),
            (entry(Some(1), None), reason.to_vec()),
            (entry(None, day), date.to_vec()),
            (entry(Some(1), day), [&reason[..], date].concat()),
        ] {
            let mut want = base.to_vec();
            if !extensions.is_empty() {
                want.extend([0x30, extensions.len() as u8]);
                want.extend(extensions);
            }
            let mut out = vec![9];
            encode_entry(&entry, &mut out).unwrap();
            assert_eq!(out[..3], [9, 0x30, want.len() as u8]);
            assert_eq!(out[3..], want);
        }
    }

    #[test]
    fn bad_entries_append_nothing() {
        let early = CrlEntry { revoked_at: "1960-01-01T00:00:00Z".parse().unwrap(), ..entry(None, None) };
        for entry in [entry(Some(7), None), entry(Some(11), None), early] {
            let mut out = vec![9];
            assert!(encode_entry(&entry, &mut out).is_err());
            assert_eq!(out, [9]);
        }
    }

    #[test]
    fn lengths_beyond_four_gigabytes() {
        let header = CrlHeader {
            signature: SignatureAlgorithm::EcdsaSha256,
            issuer: crate::Name::parse("CN=x").unwrap(),
            this_update: Timestamp::UNIX_EPOCH,
            next_update: Timestamp::UNIX_EPOCH,
            extensions: vec![],
        };
        assert!(header.prefix(4_000_000_000).is_ok());
        for len in [u64::from(u32::MAX), u64::MAX] {
            assert!(matches!(header.prefix(len), Err(Error::Limit { .. })));
            assert!(outer_prefix(len, header.signature, &[0; 64]).is_err());
        }
    }
}
