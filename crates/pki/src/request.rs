//! PKCS#10 certification requests, RFC 2986.

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};

use crate::signed::Signed;
use crate::{Error, Extension, Name, PublicKey, armor, extension, limits, name, oid, read};

const WHAT: &str = "certification request";

/// DER of a request from PEM (`CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`, with text around it or not), bare
/// base64 with or without line breaks, or DER.
///
/// # Errors
/// [`Error::Malformed`] when it is none of them. What is inside the outermost SEQUENCE is not looked at.
pub fn decode_request(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    const LABELS: &[&str] = &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
    armor::decode(WHAT, LABELS, bytes)
}

/// An attribute of a request, RFC 2986 4.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The type.
    pub oid: ObjectIdentifier,
    /// The values, each in DER.
    pub values: Vec<Vec<u8>>,
}

/// A parsed PKCS#10 request. Its signature is not verified until [`verify`](Self::verify) is called.
#[derive(Debug, Clone)]
pub struct CertificationRequest {
    der: Vec<u8>,
    signed: Signed,
    subject: Name,
    public_key: PublicKey,
    attributes: Vec<Attribute>,
    extensions: Vec<Extension>,
    attribute_pairs: Vec<(String, String)>,
    os_version: Option<String>,
    csp_provider: Option<String>,
    challenge_password: Option<String>,
}

impl CertificationRequest {
    /// Parses DER. The size of the whole is the caller's to limit.
    ///
    /// Two slips that are common and harmless are accepted: attributes that are left out altogether, and an explicit
    /// `critical FALSE`. An attribute other than name and value pairs may not appear twice, an attribute that is read
    /// here must have one value, and no extension may be asked for twice, be it in one attribute or in two.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Unsupported`], [`Error::Limit`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let signed = Signed::from_der(WHAT, der)?;
        let info = der.get(signed.tbs.clone()).unwrap_or_default();
        let (subject, public_key, attributes) = read::sequence(WHAT, info, |r| {
            if u8::decode(r)? != 0 {
                return Err(Error::Unsupported("version of certification request".into()));
            }
            let subject = Name::from_der(r.tlv_bytes()?)?;
            let public_key = PublicKey::from_spki(r.tlv_bytes()?)?;
            let attributes = match read::optional(r, read::constructed(0))? {
                Some(contents) => read::whole(WHAT, contents, attributes)?,
                None => Vec::new(),
            };
            Ok((subject, public_key, attributes))
        })?;
        refuse_repeated(&attributes)?;
        Ok(Self {
            extensions: requested_extensions(&attributes)?,
            attribute_pairs: attribute_pairs(&attributes)?,
            os_version: text_value(&attributes, "OS version", &oid::OS_VERSION)?,
            csp_provider: csp_provider(&attributes)?,
            challenge_password: text_value(&attributes, "challenge password", &oid::CHALLENGE_PASSWORD)?,
            der: der.to_vec(),
            signed,
            subject,
            public_key,
            attributes,
        })
    }

    /// The request as received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The subject; may be empty.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The key to certify. Its quality is not judged here.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The extensions asked for, in order, from the attributes 1.2.840.113549.1.9.14 and 1.3.6.1.4.1.311.2.1.14.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// One of the extensions asked for.
    #[must_use]
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&Extension> {
        self.extensions.iter().find(|e| e.oid == *oid)
    }

    /// All attributes, in order.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Enrolment name and value pairs (1.3.6.1.4.1.311.13.2.1), in order.
    #[must_use]
    pub fn attribute_pairs(&self) -> Vec<(String, String)> {
        self.attribute_pairs.clone()
    }

    /// Version of the requester's operating system (1.3.6.1.4.1.311.13.2.3).
    #[must_use]
    pub fn os_version(&self) -> Option<&str> {
        self.os_version.as_deref()
    }

    /// Name of the cryptographic provider (1.3.6.1.4.1.311.13.2.2).
    #[must_use]
    pub fn csp_provider(&self) -> Option<&str> {
        self.csp_provider.as_deref()
    }

    /// The challenge password (RFC 2985 5.4.1).
    #[must_use]
    pub fn challenge_password(&self) -> Option<&str> {
        self.challenge_password.as_deref()
    }

    /// DER of the `AlgorithmIdentifier` of the signature.
    #[must_use]
    pub fn signature_algorithm(&self) -> &[u8] {
        self.der.get(self.signed.algorithm.clone()).unwrap_or_default()
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.der.get(self.signed.signature.clone()).unwrap_or_default()
    }

    /// The signed part, `CertificationRequestInfo`, in DER.
    #[must_use]
    pub fn info(&self) -> &[u8] {
        self.der.get(self.signed.tbs.clone()).unwrap_or_default()
    }

    /// Proof of possession: verifies the request's signature under the key it asks to certify.
    ///
    /// # Errors
    /// As [`PublicKey::verify_der`].
    pub fn verify(&self) -> Result<(), Error> {
        self.public_key.verify_der(self.signature_algorithm(), self.info(), self.signature())
    }
}

fn attributes(r: &mut SliceReader<'_>) -> Result<Vec<Attribute>, Error> {
    read::list(r, "attributes of a request", limits::REQUEST_ATTRIBUTES_MAX, |r| {
        r.sequence(|r| {
            let oid = ObjectIdentifier::decode(r)?;
            let values = read::contents(r, Tag::Set)?;
            let values = read::whole(WHAT, values, |r| {
                read::list(r, "values of an attribute", limits::REQUEST_ATTRIBUTES_MAX, |r| Ok(r.tlv_bytes()?.to_vec()))
            })?;
            Ok(Attribute { oid, values })
        })
    })
}

fn refuse_repeated(attributes: &[Attribute]) -> Result<(), Error> {
    for (n, attribute) in attributes.iter().enumerate() {
        let repeated = attributes.iter().take(n).any(|a| a.oid == attribute.oid);
        if repeated && attribute.oid != oid::ENROLLMENT_NAME_VALUE_PAIR {
            return Err(Error::malformed(WHAT, format!("attribute {} appears twice", attribute.oid)));
        }
    }
    Ok(())
}

/// The one value of an attribute, if the request has it.
fn single_value<'a>(attributes: &'a [Attribute], oid: &ObjectIdentifier) -> Result<Option<&'a [u8]>, Error> {
    let Some(attribute) = attributes.iter().find(|a| a.oid == *oid) else {
        return Ok(None);
    };
    match attribute.values.as_slice() {
        [value] => Ok(Some(value)),
        values => Err(Error::malformed(WHAT, format!("attribute {oid} has {} values, want one", values.len()))),
    }
}

fn requested_extensions(attributes: &[Attribute]) -> Result<Vec<Extension>, Error> {
    let mut all = Vec::new();
    for oid in [oid::EXTENSION_REQUEST, oid::MS_CERT_EXTENSIONS] {
        if let Some(value) = single_value(attributes, &oid)? {
            all.extend(read::whole("extension request", value, extension::decode_list)?);
        }
    }
    extension::refuse_duplicates(&all)?;
    Ok(all)
}

/// `EnrollmentNameValuePair ::= SEQUENCE { name BMPString, value BMPString }`; other string types are accepted.
fn attribute_pairs(attributes: &[Attribute]) -> Result<Vec<(String, String)>, Error> {
    let what = "enrolment name and value pair";
    attributes
        .iter()
        .filter(|a| a.oid == oid::ENROLLMENT_NAME_VALUE_PAIR)
        .flat_map(|a| &a.values)
        .map(|value| read::sequence(what, value, |r| Ok((string(r, what)?, string(r, what)?))))
        .collect()
}

/// `CSPProvider ::= SEQUENCE { keySpec INTEGER, cspName BMPString, signature BIT STRING }`.
fn csp_provider(attributes: &[Attribute]) -> Result<Option<String>, Error> {
    let what = "cryptographic provider";
    single_value(attributes, &oid::ENROLLMENT_CSP_PROVIDER)?
        .map(|value| {
            read::sequence(what, value, |r| {
                read::contents(r, Tag::Integer)?;
                let name = string(r, what)?;
                read::optional(r, Tag::BitString)?;
                Ok(name)
            })
        })
        .transpose()
}

fn text_value(attributes: &[Attribute], what: &'static str, oid: &ObjectIdentifier) -> Result<Option<String>, Error> {
    single_value(attributes, oid)?.map(|value| read::whole(what, value, |r| string(r, what))).transpose()
}

fn string(r: &mut SliceReader<'_>, what: &'static str) -> Result<String, Error> {
    let (tag, contents) = read::element(r)?;
    name::string_text(tag, contents).ok_or_else(|| Error::malformed(what, "not a character string"))
}
