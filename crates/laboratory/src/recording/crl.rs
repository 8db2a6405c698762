//! CRLs of a recording: what names them, and their lines in the file.

use std::collections::HashMap;

use aws_lc_rs::digest;
use module::wire::value;
use module::{ModuleError, PropertyType, Value};
use serde_json::{Value as Json, json};

use super::lines::Place;
use super::{CRLS_MAX, Crls, unfit};

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
            sha256: digest_of(text("sha256")?).ok_or_else(|| wrong("sha256"))?,
            kept: json.get("kept").and_then(Json::as_bool).ok_or_else(|| wrong("kept"))?,
        })
    }
}

/// Reads the `crls` of an event of a recording; none where it has none.
pub(super) fn read_digests(json: Option<&Json>) -> Result<Option<Crls>, ModuleError> {
    let read = |(property, json): (&str, &Json)| {
        let found = match json {
            Json::Null => None,
            json => {
                let digest = json.as_str().and_then(digest_of);
                Some(digest.ok_or_else(|| unfit(format!("`crls`: {property} is no SHA-256 and not null")))?)
            }
        };
        Ok((property_name(property)?, found))
    };
    let crls = members(json)?.map(read).collect::<Result<Crls, ModuleError>>()?;
    Ok(Some(crls).filter(|crls| !crls.is_empty()))
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

/// One line of a CRL.
#[derive(Debug)]
pub(super) struct Part {
    digest: Digest,
    size: u64,
    pub(super) bytes: Vec<u8>,
}

impl Part {
    pub(super) fn read(json: &Json) -> Result<Self, ModuleError> {
        let digest = json.get("crl").and_then(Json::as_str).and_then(digest_of);
        let digest = digest.ok_or_else(|| unfit("`crl` is no SHA-256"))?;
        let size = json.get("size").and_then(Json::as_u64).filter(|size| *size > 0);
        let size = size.ok_or_else(|| unfit("the CRL has no `size`"))?;
        let part = json.get("part").ok_or_else(|| unfit("the CRL has no `part`"))?;
        let Value::Binary(bytes) = value::from_json(part, PropertyType::Binary)? else {
            return Err(unfit("the CRL's `part` is not binary"));
        };
        Ok(Self { digest, size, bytes })
    }
}

/// Where a CRL stands in a recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// The first line of it.
    pub(super) place: Place,
    /// Its length in bytes.
    pub(super) size: u64,
}

/// Where the CRLs of a recording stand.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<Digest, Standing>);

impl Index {
    pub(super) fn find(&self, digest: &Digest) -> Option<Standing> {
        self.0.get(digest).copied()
    }

    pub(super) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.0.keys()
    }
}

/// CRLs whose lines are being checked. None is held: what is read of it goes into its hash.
pub(super) struct Parts {
    whole: Index,
    begun: Option<Begun>,
    crl_bytes_max: u64,
}

struct Begun {
    digest: Digest,
    standing: Standing,
    read: u64,
    hash: digest::Context,
}

impl Parts {
    /// No CRL yet; each may have so many bytes.
    pub(super) fn new(crl_bytes_max: u64) -> Self {
        Self { whole: Index::default(), begun: None, crl_bytes_max }
    }

    /// Takes a line, which begins there.
    pub(super) fn take(&mut self, json: &Json, place: Place) -> Result<(), ModuleError> {
        let part = Part::read(json)?;
        let mut begun = match self.begun.take() {
            Some(begun) if (begun.digest, begun.standing.size) == (part.digest, part.size) => begun,
            Some(begun) => return Err(not_whole(&begun)),
            None if part.size > self.crl_bytes_max => {
                return Err(unfit(format!("the CRL has more than {} bytes", self.crl_bytes_max)));
            }
            None if self.whole.0.len() == CRLS_MAX => {
                return Err(unfit(format!("there are more than {CRLS_MAX} CRLs")));
            }
            None => {
                let standing = Standing { place, size: part.size };
                Begun { digest: part.digest, standing, read: 0, hash: digest::Context::new(&digest::SHA256) }
            }
        };
        begun.read += part.bytes.len() as u64;
        begun.hash.update(&part.bytes);
        if begun.read < begun.standing.size {
            self.begun = Some(begun);
            return Ok(());
        }
        let Begun { digest, standing, read, hash } = begun;
        if read > standing.size || hash.finish().as_ref() != digest {
            return Err(unfit(format!("the CRL is not the one of SHA-256 {}", hex::encode(digest))));
        }
        self.whole.0.entry(digest).or_insert(standing);
        Ok(())
    }

    /// The CRLs so far, all of which must be whole.
    pub(super) fn whole(&self) -> Result<&Index, ModuleError> {
        self.begun.as_ref().map_or(Ok(&self.whole), |begun| Err(not_whole(begun)))
    }

    /// The CRLs, all of which must be whole.
    pub(super) fn finish(self) -> Result<Index, ModuleError> {
        self.whole()?;
        Ok(self.whole)
    }
}

fn not_whole(begun: &Begun) -> ModuleError {
    unfit(format!("the CRL of SHA-256 {} is not whole", hex::encode(begun.digest)))
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
    // As it is written here: `+1` and `01` would be further names of one property.
    match indexed.filter(|index| index.parse::<u16>().is_ok_and(|number| number.to_string() == **index)) {
        Some(_) => Ok(text.to_owned()),
        None => Err(unfit(format!("`crls`: `{text}` is no property that reads a CRL"))),
    }
}

fn digest_of(text: &str) -> Option<Digest> {
    hex::decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::lines::Lines;
    use super::*;

    #[test]
    fn a_long_crl_is_read_from_its_parts() {
        let bytes: Vec<u8> = (0..2_007_u32).map(|at| (at % 251) as u8).collect();
        let lines: Vec<Json> = parts_of(&bytes, 1_000).collect();
        assert_eq!(lines.len(), 3);
        let place = Lines::new(std::io::Cursor::new(""), 0).unwrap().place();
        let take = |read: &mut Parts, at: usize| read.take(&lines[at], place);
        let mut read = Parts::new(2_007);
        for at in 0..3 {
            assert!(read.whole().is_ok() == (at == 0));
            take(&mut read, at).unwrap();
        }
        assert_eq!(read.finish().unwrap().find(&pki::sha256(&bytes)).unwrap().size, 2_007);

        let mut read = Parts::new(2_007);
        take(&mut read, 0).unwrap();
        assert!(read.finish().err().unwrap().message.contains("not whole"));
        let mut read = Parts::new(2_007);
        take(&mut read, 1).unwrap();
        take(&mut read, 0).unwrap();
        assert!(take(&mut read, 2).unwrap_err().message.contains("not the one"));
        // The parts of one stand together.
        let mut read = Parts::new(2_007);
        take(&mut read, 0).unwrap();
        let other = parts_of(&bytes[1..], 3_000).next().unwrap();
        assert!(read.take(&other, place).unwrap_err().message.contains("not whole"));
        let mut read = Parts::new(2_006);
        assert!(take(&mut read, 0).unwrap_err().message.contains("more than 2006 bytes"));
    }

    #[test]
    fn what_names_no_crl_is_refused() {
        let whole =
            json!({ "number": 7, "key": 0, "kind": "base", "size": 9, "sha256": "ab".repeat(32), "kept": true });
        let read = |property: &str, json: &Json| CrlReference::read_all(Some(&json!({ property: json })));
        assert_eq!(read("RawCRL.0", &whole).unwrap()[0].number, 7);
        for property in ["RawCRL", "RawCRL.x", "RawCACertificate.0", "RawCRL.-1", "RawCRL.+1", "RawCRL.01", ""] {
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
