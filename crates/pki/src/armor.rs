//! PEM and base64 around DER.

use base64ct::{Base64, Encoding};
use der::{Decode, Encode, Header, SliceReader, Tag};

use crate::Error;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// DER from DER, from the first PEM block with one of `labels` (text around it is ignored), or from bare base64 with
/// or without line breaks.
pub(crate) fn decode(what: &'static str, labels: &[&str], bytes: &[u8]) -> Result<Vec<u8>, Error> {
    if is_one_der_element(bytes) {
        return Ok(bytes.to_vec());
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::malformed(what, "neither DER nor text"))?
        .trim_start_matches('\u{feff}');
    let body = if text.contains(BEGIN) { pem_body(what, labels, text)? } else { text };
    let packed: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = Base64::decode_vec(&packed).map_err(|_| Error::malformed(what, "neither DER nor PEM nor base64"))?;
    if !is_one_der_element(&der) {
        return Err(Error::malformed(what, "what is in the base64 is not one DER element"));
    }
    Ok(der)
}

/// Whether these bytes, which are none of what they should be, may be somebody's private key: PEM that says so, or (in DER or
/// base64) a SEQUENCE that begins with a version number, as PKCS#8, PKCS#1, SEC 1 and PKCS#12 have it and no PKCS#10.
pub fn may_hold_private_key(bytes: &[u8]) -> bool {
    let begins_with_version = |der: &[u8]| {
        let first = || {
            let mut reader = SliceReader::new(der).ok()?;
            Header::decode(&mut reader).ok()?;
            Some(Header::decode(&mut reader).ok()?.tag())
        };
        der.first() == Some(&0x30) && first() == Some(Tag::Integer)
    };
    let text = String::from_utf8_lossy(bytes);
    if text.contains("PRIVATE KEY") || begins_with_version(bytes) {
        return true;
    }
    let packed: String = text.lines().filter(|line| !line.contains(DASHES)).flat_map(str::split_whitespace).collect();
    Base64::decode_vec(&packed).is_ok_and(|der| begins_with_version(&der))
}

/// PEM text with lines of 64 characters (RFC 7468 2).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let body = Base64::encode_string(der);
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("{END}{label}{DASHES}\n"));
    text
}

/// What stands between the lines of the first block with one of `labels`.
fn pem_body<'t>(what: &'static str, labels: &[&str], text: &'t str) -> Result<&'t str, Error> {
    let mut rest = text;
    let mut other = None;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let Some((label, body)) = after.split_once(DASHES) else {
            break;
        };
        if labels.contains(&label) {
            return body
                .split_once(&format!("{END}{label}{DASHES}"))
                .map(|(body, _)| body)
                .ok_or_else(|| Error::malformed(what, format!("no end of PEM {label}")));
        }
        other.get_or_insert(label);
        rest = body;
    }
    Err(Error::malformed(
        what,
        match other {
            Some(label) if label.len() <= 64 => format!("PEM is a {label:?}"),
            _ => "bad PEM".to_owned(),
        },
    ))
}

/// Whether the bytes are a SEQUENCE with nothing behind it.
fn is_one_der_element(bytes: &[u8]) -> bool {
    let whole = || {
        let header = Header::decode(&mut SliceReader::new(bytes).ok()?).ok()?;
        (header.encoded_len().ok()? + header.length()).ok()
    };
    bytes.first() == Some(&0x30) && whole().is_some_and(|len| u32::from(len) as usize == bytes.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const LABELS: &[&str] = &["A B", "C"];

    fn der() -> Vec<u8> {
        let mut der = vec![0x30, 0x64];
        der.extend([7; 100]);
        der
    }

    #[test]
    fn every_form() {
        let der = der();
        let base64 = Base64::encode_string(&der);
        let lines: String =
            base64.as_bytes().chunks(76).map(|l| format!("{}\r\n", std::str::from_utf8(l).unwrap())).collect();
        let forms = [
            base64.clone(),
            format!("\u{feff}{base64}\n"),
            lines.clone(),
            pem("C", &der),
            pem("A B", &der).replace('\n', "\r\n"),
            format!("Subject: x\n{}\ntrailer", pem("A B", &der)),
            format!("{}{}", pem("OTHER", b"x"), pem("C", &der)),
            format!("-----BEGIN C-----{lines}-----END C-----"),
            format!("0 at the start{}", pem("C", &der)),
        ];
        for form in forms {
            assert_eq!(decode("x", LABELS, form.as_bytes()).unwrap(), der, "{form}");
        }
        assert_eq!(decode("x", LABELS, &der).unwrap(), der);
    }

    #[test]
    fn refused() {
        let good = pem("C", &der());
        for form in [
            String::new(),
            "MA".into(),
            "****".into(),
            Base64::encode_string(b"0000"),
            pem("OTHER", &der()),
            good.replace("END C", "END A B"),
            good.replace("-----END C-----", ""),
            good.replace("BEGIN C-----", "BEGIN C"),
            format!("{}MAA=", Base64::encode_string(&der())),
        ] {
            assert!(decode("x", LABELS, form.as_bytes()).is_err(), "{form}");
        }
        let mut longer = der();
        longer.push(0);
        assert!(decode("x", LABELS, &longer).is_err());
        assert!(decode("x", LABELS, &[0x30, 0x80, 0xff]).is_err());
    }

    #[test]
    fn private_keys_are_known() {
        // The beginnings of PKCS#8, PKCS#1 and SEC 1; the rest of one may be missing.
        let version = [0x30, 0x06, 0x02, 0x01, 0x00, 0x04, 0x01, 0x07];
        for bytes in [
            version.to_vec(),
            version[..6].to_vec(),
            Base64::encode_string(&version).into_bytes(),
            pem("ANYTHING", &version).into_bytes(),
            pem("EC PRIVATE KEY", b"cut").into_bytes(),
            b"-----BEGIN PRIVATE KEY-----\nMIG".to_vec(),
        ] {
            assert!(may_hold_private_key(&bytes), "{}", String::from_utf8_lossy(&bytes));
        }
        for bytes in [vec![], b"no key".to_vec(), der(), vec![0x30, 0x02, 0x30, 0x00], pem("C", &der()).into_bytes()] {
            assert!(!may_hold_private_key(&bytes), "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn pem_lines() {
        let text = pem("C", &[0; 96]);
        let widths: Vec<_> = text.lines().map(str::len).collect();
        assert_eq!(widths, [17, 64, 64, 15]);
    }
}
