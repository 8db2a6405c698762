//! CRLs of a recording: what names them, and their lines in the file.

use std::collections::HashMap;

use module::wire::value;
use module::{ModuleError, PropertyType, Value};
use serde_json::{Value as Json, json};

use super::{Crls, unfit};

/// SHA-256 of a CRL.
pub type Digest = [u8; 32];

/// Bytes of a CRL in one line.
const PART_BYTES: usize = 4 << 20;
/// Properties of one event that read CRLs: base and delta of more CA certificates than there will be.
const REFERENCES_MAX: usize = 1_000;

/// What names a CRL of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlReference {
    /// The property that read it, `RawCRL.0`.
    pub property: String,
    /// The CRL number (RFC 5280 5.2.3).
    pub number: u64,
    /// Index of the CA key that signed it.
    pub key: u16,
    /// Whether it is a delta CRL (RFC 5280 5.2.4).
    pub delta: bool,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: Digest,
    /// Whether the server still has its bytes.
    pub kept: bool,
}

impl CrlReference {
    /// Reads the `crls` of an event of the admin API; none where it has none.
    pub(super) fn read_all(json: Option<&Json>) -> Result<Vec<Self>, ModuleError> {
        members(json)?.map(|(property, json)| Self::read(property, json)).collect()
    }

    fn read(property: &str, json: &Json) -> Result<Self, ModuleError> {
        let wrong = |name: &str| unfit(format!("`crls`: `{name}` of {property} is missing or not of its type"));
        let number = |name: &str| json.get(name).and_then(Json::as_u64).ok_or_else(|| wrong(name));
        let text = |name: &str| json.get(name).and_then(Json::as_str).ok_or_else(|| wrong(name));
        Ok(Self {
            property: property_name(property)?,
            number: number("number")?,
            key: u16::try_from(number("key")?).map_err(|_| wrong("key"))?,
            delta: match text("kind")? {
                "base" => false,
                "delta" => true,
                _ => return Err(wrong("kind")),
            },
            size: number("size")?,
            sha256: digest(text("sha256")?).ok_or_else(|| wrong("sha256"))?,
            kept: json.get("kept").and_then(Json::as_bool).ok_or_else(|| wrong("kept"))?,
        })
    }
}

/// Reads the `crls` of an event of a recording; none where it has none.
pub(super) fn read_digests(json: Option<&Json>) -> Result<Option<Crls>, ModuleError> {
    if json.is_none() {
        return Ok(None);
    }
    let read = |(property, json): (&str, &Json)| {
        let found = match json {
            Json::Null => None,
            json => {
                let digest = json.as_str().and_then(digest);
                Some(digest.ok_or_else(|| unfit(format!("`crls`: {property} is no SHA-256 and not null")))?)
            }
        };
        Ok((property_name(property)?, found))
    };
    members(json)?.map(read).collect::<Result<_, _>>().map(Some)
}

/// The `crls` of an event of a recording.
pub(super) fn write_digests(crls: &Crls) -> Json {
    let member = |(property, digest): (&String, &Option<Digest>)| (property.clone(), json!(digest.map(hex::encode)));
    Json::Object(crls.iter().map(member).collect())
}

/// The lines of a CRL.
pub(super) fn parts(bytes: &[u8]) -> impl Iterator<Item = Json> {
    parts_of(bytes, PART_BYTES)
}

fn parts_of(bytes: &[u8], most: usize) -> impl Iterator<Item = Json> {
    let name = hex::encode(pki::sha256(bytes));
    let size = bytes.len();
    bytes.chunks(most).map(move |part| {
        let part = value::to_json(&Value::Binary(part.to_vec()));
        json!({ "crl": name, "size": size, "part": part })
    })
}

/// CRLs that are being read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    whole: HashMap<Digest, Vec<u8>>,
    begun: HashMap<Digest, Vec<u8>>,
}

impl Parts {
    /// Takes a line.
    pub(super) fn take(&mut self, json: &Json) -> Result<(), ModuleError> {
        let name = json.get("crl").and_then(Json::as_str).and_then(digest);
        let name = name.ok_or_else(|| unfit("`crl` is no SHA-256"))?;
        let size = json.get("size").and_then(Json::as_u64).ok_or_else(|| unfit("the CRL has no `size`"))?;
        let part = json.get("part").ok_or_else(|| unfit("the CRL has no `part`"))?;
        let Value::Binary(part) = value::from_json(part, PropertyType::Binary)? else {
            return Err(unfit("the CRL's `part` is not binary"));
        };
        let mut bytes = self.begun.remove(&name).unwrap_or_default();
        bytes.extend(part);
        match size.cmp(&(bytes.len() as u64)) {
            std::cmp::Ordering::Greater => drop(self.begun.insert(name, bytes)),
            std::cmp::Ordering::Equal if pki::sha256(&bytes) == name => drop(self.whole.insert(name, bytes)),
            _ => return Err(unfit(format!("the CRL is not the one of SHA-256 {}", hex::encode(name)))),
        }
        Ok(())
    }

    /// The length of a CRL that is whole.
    pub(super) fn size(&self, digest: &Digest) -> Option<u64> {
        self.whole.get(digest).map(|bytes| bytes.len() as u64)
    }

    /// The CRLs, all of which must be whole.
    pub(super) fn finish(self) -> Result<HashMap<Digest, Vec<u8>>, ModuleError> {
        match self.begun.keys().next() {
            Some(begun) => Err(unfit(format!("the CRL of SHA-256 {} is not whole", hex::encode(begun)))),
            None => Ok(self.whole),
        }
    }
}

fn members(json: Option<&Json>) -> Result<impl Iterator<Item = (&str, &Json)>, ModuleError> {
    let object = match json {
        None => None,
        Some(json) => {
            let object = json.as_object().filter(|object| object.len() <= REFERENCES_MAX);
            Some(object.ok_or_else(|| unfit(format!("`crls` is no object of at most {REFERENCES_MAX} members")))?)
        }
    };
    Ok(object.into_iter().flatten().map(|(name, json)| (name.as_str(), json)))
}

/// Only properties that read CRLs.
fn property_name(text: &str) -> Result<String, ModuleError> {
    let indexed = ["RawCRL.", "RawDeltaCRL."].iter().find_map(|known| text.strip_prefix(known));
    match indexed.and_then(|index| index.parse::<u16>().ok()) {
        Some(_) => Ok(text.to_owned()),
        None => Err(unfit(format!("`crls`: `{text}` is no property that reads a CRL"))),
    }
}

fn digest(text: &str) -> Option<Digest> {
    hex::decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn a_long_crl_is_read_from_its_parts() {
        let bytes: Vec<u8> = (0..2_007_u32).map(|at| (at % 251) as u8).collect();
        let lines: Vec<Json> = parts_of(&bytes, 1_000).collect();
        assert_eq!(lines.len(), 3);
        let mut read = Parts::default();
        for line in &lines {
            read.take(line).unwrap();
        }
        assert_eq!(read.size(&pki::sha256(&bytes)), Some(2_007));
        assert_eq!(read.finish().unwrap().into_values().collect::<Vec<_>>(), [bytes]);

        let mut read = Parts::default();
        read.take(&lines[0]).unwrap();
        assert!(read.finish().unwrap_err().message.contains("not whole"));
        let mut read = Parts::default();
        for line in [&lines[1], &lines[0]] {
            read.take(line).unwrap();
        }
        assert!(read.take(&lines[2]).unwrap_err().message.contains("not the one"));
    }

    #[test]
    fn what_names_no_crl_is_refused() {
        let whole =
            json!({ "number": 7, "key": 0, "kind": "base", "size": 9, "sha256": "ab".repeat(32), "kept": true });
        let read = |property: &str, json: &Json| CrlReference::read_all(Some(&json!({ property: json })));
        assert_eq!(read("RawCRL.0", &whole).unwrap()[0].number, 7);
        for property in ["RawCRL", "RawCRL.x", "RawCACertificate.0", "RawCRL.-1", ""] {
            assert!(read(property, &whole).is_err(), "{property}");
        }
        for (name, wrong) in [
            ("number", json!("7")),
            ("key", json!(65_536)),
            ("kind", json!("both")),
            ("sha256", json!("ab")),
            ("kept", json!(null)),
        ] {
            let mut json = whole.clone();
            json[name] = wrong;
            assert!(read("RawCRL.0", &json).is_err(), "{name}");
        }
        assert!(CrlReference::read_all(None).unwrap().is_empty());
    }
}
