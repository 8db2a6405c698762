//! How bytes and codes stand in JSON.

use base64ct::{Base64 as Standard, Encoding};
use module::HResult;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// Bytes, in JSON standard base64 with padding (RFC 4648 4). Line breaks are accepted on input.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = Byte)]
pub struct Base64(pub Vec<u8>);

/// An HRESULT, in JSON `0x` and eight lower-case hex digits: `0x80094003`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = "^0x[0-9a-f]{8}$", examples("0x80094003"))]
pub struct Code(pub HResult);

/// Text that does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongEncoding(String);

impl Base64 {
    /// The base64 text.
    pub fn encode(&self) -> String {
        Standard::encode_string(&self.0)
    }

    /// Bytes from base64 text; ASCII white space is ignored.
    pub fn decode(text: &str) -> Result<Self, WrongEncoding> {
        let wrong = |_| WrongEncoding("the text is not base64".into());
        if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
            let bare: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            Standard::decode_vec(&bare).map(Self).map_err(wrong)
        } else {
            Standard::decode_vec(text).map(Self).map_err(wrong)
        }
    }

    /// The bytes as PEM (RFC 7468) with the label `label`, such as `CERTIFICATE`.
    pub fn to_pem(&self, label: &str) -> String {
        let text = self.encode();
        let mut pem = String::with_capacity(text.len() + text.len() / 64 + 64);
        pem.push_str(&format!("-----BEGIN {label}-----\n"));
        let mut rest = text.as_str();
        while !rest.is_empty() {
            // Base64 is ASCII: every position is a character boundary.
            let (line, more) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = more;
        }
        pem.push_str(&format!("-----END {label}-----\n"));
        pem
    }
}

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::decode(&text).map_err(de::Error::custom)
    }
}

impl From<HResult> for Code {
    fn from(code: HResult) -> Self {
        Self(code)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Code {
    type Err = WrongEncoding;

    fn from_str(text: &str) -> Result<Self, WrongEncoding> {
        let bits = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        bits.map(|bits| Self(HResult(bits.cast_signed())))
            .ok_or_else(|| WrongEncoding(format!("`{text}` is not an HRESULT such as 0x80094003")))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn bytes_are_base64_and_codes_are_hex() {
        let json = serde_json::to_string(&(Base64(vec![0xfb, 0xff]), Code(HResult::CERTSRV_E_BAD_REQUESTSTATUS)));
        assert_eq!(json.unwrap(), r#"["+/8=","0x80094003"]"#);
        let (bytes, code): (Base64, Code) = serde_json::from_str(r#"["+/8\n=","0x80094003"]"#).unwrap();
        assert_eq!((bytes.0, code.0), (vec![0xfb, 0xff], HResult::CERTSRV_E_BAD_REQUESTSTATUS));
        for text in [r#""+/8""#, r#""-_8=""#, "7", r#""\u00e4""#] {
            assert!(serde_json::from_str::<Base64>(text).is_err(), "{text}");
        }
        for text in [r#""80094003""#, r#""0x""#, r#""0x180094003""#] {
            assert!(serde_json::from_str::<Code>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pem_lines_have_64_characters() {
        let pem = Base64(vec![0; 49]).to_pem("X509 CRL");
        let lines: Vec<&str> = pem.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!((lines[0], lines[1].len(), lines[2]), ("-----BEGIN X509 CRL-----", 64, "AA=="));
        assert_eq!(Base64(Vec::new()).to_pem("A").lines().count(), 2);
    }

    proptest::proptest! {
        #[test]
        fn bytes_survive_and_any_text_is_read(bytes: Vec<u8>, text: String) {
            let base64 = Base64(bytes);
            proptest::prop_assert_eq!(Base64::decode(&base64.encode()), Ok(base64.clone()));
            let pem = base64.to_pem("CERTIFICATE");
            let body: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
            proptest::prop_assert!(body.iter().all(|line| line.len() <= 64));
            proptest::prop_assert_eq!(Base64::decode(&body.join("\n")), Ok(base64));
            if let Ok(code) = text.parse::<Code>() {
                proptest::prop_assert_eq!(code.to_string().parse(), Ok(code));
            }
            drop(Base64::decode(&text));
        }
    }
}
