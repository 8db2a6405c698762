//! PEM and base64 around DER.

use base64ct::{Base64, Encoding};
use der::{Decode, Encode, Header, SliceReader};

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
    #![allow(clippy::unwrap_used, reason = "tests")]
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
    fn pem_lines() {
        let text = pem("C", &[0; 96]);
        let widths: Vec<_> = text.lines().map(str::len).collect();
        assert_eq!(widths, [17, 64, 64, 15]);
    }
}
