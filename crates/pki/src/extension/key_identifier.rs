//! Key identifiers of subject and authority.

use der::Tag;

use super::{Extension, oid};
use crate::general_name::{decode_list_contents, encode_list_contents};
use crate::{Error, GeneralName, Name, Serial, read, write};

/// Authority key identifier, RFC 5280 4.2.1.1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityKeyIdentifier {
    /// keyIdentifier.
    pub key_identifier: Option<Vec<u8>>,
    /// authorityCertIssuer; empty when absent.
    pub issuer: Vec<GeneralName>,
    /// authorityCertSerialNumber.
    pub serial: Option<Serial>,
}

/// Subject key identifier, RFC 5280 4.2.1.2; not critical.
#[must_use]
pub fn subject_key_identifier(id: &[u8]) -> Extension {
    let mut value = Vec::with_capacity(id.len() + 2);
    write::element(&mut value, Tag::OctetString, id);
    Extension::new(oid::SUBJECT_KEY_IDENTIFIER, value)
}

/// Reads [`subject_key_identifier`].
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode_subject_key_identifier(value: &[u8]) -> Result<Vec<u8>, Error> {
    read::whole("subject key identifier", value, |r| Ok(read::contents(r, Tag::OctetString)?.to_vec()))
}

/// Authority key identifier, RFC 5280 4.2.1.1; not critical.
///
/// `issuer` and `serial` are those of the issuing CA's own certificate, and go together: the standard wants both or
/// neither.
#[must_use]
pub fn authority_key_identifier(
    key_identifier: Option<&[u8]>,
    issuer: Option<&Name>,
    serial: Option<&Serial>,
) -> Extension {
    let value = write::sequence(|out| {
        if let Some(id) = key_identifier {
            write::element(out, read::primitive(0), id);
        }
        if let Some(issuer) = issuer {
            write::nested(out, read::constructed(1), |out| {
                write::element(out, read::constructed(4), issuer.der());
            });
        }
        if let Some(serial) = serial {
            write::element(out, read::primitive(2), &serial.to_integer());
        }
    });
    Extension::new(oid::AUTHORITY_KEY_IDENTIFIER, value)
}

/// The same extension from its value type; general names of any kind are written.
///
/// # Errors
/// [`Error::Unencodable`] for a general name that is not ASCII.
impl TryFrom<&AuthorityKeyIdentifier> for Extension {
    type Error = Error;

    fn try_from(identifier: &AuthorityKeyIdentifier) -> Result<Self, Error> {
        let mut contents = Vec::new();
        if let Some(id) = &identifier.key_identifier {
            write::element(&mut contents, read::primitive(0), id);
        }
        if !identifier.issuer.is_empty() {
            write::nested(&mut contents, read::constructed(1), |out| encode_list_contents(out, &identifier.issuer))?;
        }
        if let Some(serial) = &identifier.serial {
            write::element(&mut contents, read::primitive(2), &serial.to_integer());
        }
        let value = write::sequence(|out| out.extend_from_slice(&contents));
        Ok(Self::new(oid::AUTHORITY_KEY_IDENTIFIER, value))
    }
}

/// Reads [`authority_key_identifier`].
///
/// # Errors
/// [`Error::Malformed`], [`Error::Limit`].
pub fn decode_authority_key_identifier(value: &[u8]) -> Result<AuthorityKeyIdentifier, Error> {
    read::sequence("authority key identifier", value, |r| {
        let key_identifier = read::optional(r, read::primitive(0))?.map(<[u8]>::to_vec);
        let issuer = match read::optional(r, read::constructed(1))? {
            Some(contents) => read::whole("authority key identifier", contents, decode_list_contents)?,
            None => Vec::new(),
        };
        let serial = read::optional(r, read::primitive(2))?.map(Serial::from_integer).transpose()?;
        Ok(AuthorityKeyIdentifier { key_identifier, issuer, serial })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn subject() {
        let extension = subject_key_identifier(&[1, 2, 3]);
        assert_eq!(extension.value, [4, 3, 1, 2, 3]);
        let id = decode_subject_key_identifier(&extension.value).unwrap();
        assert_eq!(id, [1, 2, 3]);
    }

    #[test]
    fn authority() {
        let issuer = Name::parse("CN=Root,C=DE").unwrap();
        let serial: Serial = "8000".parse().unwrap();
        for (id, name, serial) in [
            (Some(&[7; 20][..]), None, None),
            (None, Some(&issuer), Some(&serial)),
            (Some(&[7; 20]), Some(&issuer), Some(&serial)),
            (None, None, None),
        ] {
            let extension = authority_key_identifier(id, name, serial);
            let back = decode_authority_key_identifier(&extension.value).unwrap();
            assert_eq!(back.key_identifier.as_deref(), id);
            assert_eq!(back.serial.as_ref(), serial);
            let names: Vec<_> = name.cloned().map(GeneralName::Directory).into_iter().collect();
            assert_eq!(back.issuer, names);
            assert_eq!(Extension::try_from(&back).unwrap(), extension);
        }
        assert!(decode_authority_key_identifier(b"\x30\x03\x82\x01\xff").is_err());
        assert!(decode_authority_key_identifier(b"\x30\x03\x83\x01\x01").is_err());
    }
}
