//! Certificates: building the part that is signed, and reading whole ones. RFC 5280 4.1.

use std::ops::Range;
use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, Tag};
use jiff::Timestamp;

use crate::extension::{self, BasicConstraints, KeyUsage};
use crate::signed::Signed;
use crate::{
    Error, Extension, GeneralName, Name, PublicKey, Serial, SignatureAlgorithm, armor, oid, read, sha1, sha256, time,
    write,
};

const WHAT: &str = "certificate";

/// What is signed of a version 3 certificate, RFC 5280 4.1.2.
#[derive(Debug, Clone)]
pub struct TbsCertificate {
    /// serialNumber.
    pub serial: Serial,
    /// signature.
    pub signature: SignatureAlgorithm,
    /// issuer.
    pub issuer: Name,
    /// notBefore, whole seconds; fractions are cut off.
    pub not_before: Timestamp,
    /// notAfter, whole seconds; [`NO_EXPIRATION`](crate::NO_EXPIRATION) for none.
    pub not_after: Timestamp,
    /// subject.
    pub subject: Name,
    /// subjectPublicKeyInfo.
    pub public_key: PublicKey,
    /// extensions, in the order they are encoded.
    pub extensions: Vec<Extension>,
}

impl TbsCertificate {
    /// The DER that is signed.
    ///
    /// Whether the result keeps RFC 5280 is for [`lint`](crate::lint) to say.
    ///
    /// # Errors
    /// [`Error::Unencodable`] for a time before 1970; [`Error::Malformed`] for an extension given twice.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        extension::refuse_duplicates(&self.extensions)?;
        let values: usize = self.extensions.iter().map(|e| e.value.len() + 24).sum();
        let fixed = self.issuer.der().len() + self.subject.der().len() + 128;
        let mut out = Vec::with_capacity(values + fixed + self.public_key.spki().len());
        write::nested(&mut out, Tag::Sequence, |out| {
            write::nested(out, read::constructed(0), |out| write::unsigned(out, 2));
            self.serial.encode_to(out);
            out.extend_from_slice(self.signature.der());
            out.extend_from_slice(self.issuer.der());
            write::nested(out, Tag::Sequence, |out| {
                time::encode(out, self.not_before)?;
                time::encode(out, self.not_after)
            })?;
            out.extend_from_slice(self.subject.der());
            out.extend_from_slice(self.public_key.spki());
            if !self.extensions.is_empty() {
                write::nested(out, read::constructed(3), |out| {
                    extension::encode_all(out, &self.extensions);
                });
            }
            Ok::<_, Error>(())
        })?;
        Ok(out)
    }
}

/// A parsed certificate. Cheap to clone.
///
/// Parsing checks form, not merit: the signature is verified by [`verify`](Self::verify), and profiles are for the
/// [`lint`](crate::lint).
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    signed: Signed,
    serial: Serial,
    issuer: Name,
    subject: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    constraints: BasicConstraints,
    key_usage: Option<KeyUsage>,
    subject_key_identifier: Option<Vec<u8>>,
    authority_key_identifier: Option<Vec<u8>>,
}

impl Certificate {
    /// Parses DER, of any version. Basic constraints, key usage and key identifiers must be well formed; other
    /// extensions are kept as they are.
    ///
    /// # Errors
    /// [`Error::Malformed`], also when the two signature algorithms differ (RFC 5280 4.1.1.2); [`Error::Limit`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let signed = Signed::from_der(WHAT, der)?;
        let piece = |range: &Range<usize>| der.get(range.clone()).unwrap_or_default();
        let outer_algorithm = piece(&signed.algorithm);
        let inner = read::sequence(WHAT, piece(&signed.tbs), |r| {
            let version = match read::optional(r, read::constructed(0))? {
                Some(version) => read::whole("version", version, |r| Ok(u8::decode(r)?))?,
                None => 0,
            };
            if version > 2 {
                return Err(Error::Unsupported(format!("certificate version {version}")));
            }
            let serial = Serial::from_integer(read::contents(r, Tag::Integer)?)?;
            if r.tlv_bytes()? != outer_algorithm {
                return Err(Error::malformed(WHAT, "the signature algorithms differ"));
            }
            let issuer = Name::from_der(r.tlv_bytes()?)?;
            let (not_before, not_after) = r.sequence(|r| Ok::<_, Error>((time::decode(r)?, time::decode(r)?)))?;
            let subject = Name::from_der(r.tlv_bytes()?)?;
            let public_key = PublicKey::from_spki(r.tlv_bytes()?)?;
            // Unique identifiers are obsolete and carry nothing we use.
            read::optional(r, read::primitive(1))?;
            read::optional(r, read::primitive(2))?;
            let extensions = match read::optional(r, read::constructed(3))? {
                Some(_) if version < 2 => {
                    return Err(Error::malformed(WHAT, "extensions before version 3"));
                }
                Some(contents) => read::whole("extensions", contents, extension::decode_all)?,
                None => Vec::new(),
            };
            let value = |oid: ObjectIdentifier| find(&extensions, &oid).map(|e| e.value.as_slice());
            Ok(Inner {
                constraints: value(oid::BASIC_CONSTRAINTS)
                    .map(extension::decode_basic_constraints)
                    .transpose()?
                    .unwrap_or_default(),
                key_usage: value(oid::KEY_USAGE).map(extension::decode_key_usage).transpose()?,
                subject_key_identifier: value(oid::SUBJECT_KEY_IDENTIFIER)
                    .map(extension::decode_subject_key_identifier)
                    .transpose()?,
                authority_key_identifier: value(oid::AUTHORITY_KEY_IDENTIFIER)
                    .map(extension::decode_authority_key_identifier)
                    .transpose()?
                    .and_then(|aki| aki.key_identifier),
                der: der.to_vec(),
                signed: signed.clone(),
                serial,
                issuer,
                subject,
                not_before,
                not_after,
                public_key,
                extensions,
            })
        })?;
        Ok(Self(Arc::new(inner)))
    }

    /// Parses PEM (`CERTIFICATE`, the first one), bare base64 or DER.
    ///
    /// # Errors
    /// As [`from_der`](Self::from_der).
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        const LABELS: &[&str] = &["CERTIFICATE", "X509 CERTIFICATE"];
        Self::from_der(&armor::decode(WHAT, LABELS, bytes)?)
    }

    /// The DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// PEM text (RFC 7468 5).
    #[must_use]
    pub fn to_pem(&self) -> String {
        armor::pem("CERTIFICATE", self.der())
    }

    /// The signed part, `TBSCertificate`, in DER.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        self.piece(&self.0.signed.tbs)
    }

    /// serialNumber.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.0.serial
    }

    /// issuer.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// subject; may be empty.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// notBefore.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// notAfter; [`NO_EXPIRATION`](crate::NO_EXPIRATION) for `99991231235959Z`.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// subjectPublicKeyInfo.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// extensions, in order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// One extension.
    #[must_use]
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&Extension> {
        find(&self.0.extensions, oid)
    }

    /// The subject alternative names, in order; none without the extension.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`].
    pub fn subject_alt_names(&self) -> Result<Vec<GeneralName>, Error> {
        self.extension(&oid::SUBJECT_ALT_NAME).map_or(Ok(Vec::new()), |e| extension::decode_subject_alt_name(&e.value))
    }

    /// Whether basic constraints say cA TRUE.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.0.constraints.ca
    }

    /// pathLenConstraint of basic constraints.
    #[must_use]
    pub fn path_len(&self) -> Option<u32> {
        self.0.constraints.path_len
    }

    /// Key usage; `None` without the extension.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.key_usage
    }

    /// Extended key usages, in order; none without the extension.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`].
    pub fn extended_key_usage(&self) -> Result<Vec<ObjectIdentifier>, Error> {
        self.extension(&oid::EXTENDED_KEY_USAGE)
            .map_or(Ok(Vec::new()), |e| extension::decode_extended_key_usage(&e.value))
    }

    /// The subject key identifier, if the extension is there.
    #[must_use]
    pub fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        self.0.subject_key_identifier.clone()
    }

    /// keyIdentifier of the authority key identifier.
    #[must_use]
    pub fn authority_key_identifier(&self) -> Option<Vec<u8>> {
        self.0.authority_key_identifier.clone()
    }

    /// Whether issuer and subject are the same name (RFC 5280 7.1).
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.issuer.matches(&self.0.subject)
    }

    /// SHA-1 of the DER, as the contract's certificate hash has it.
    #[must_use]
    pub fn sha1(&self) -> [u8; 20] {
        sha1(self.der())
    }

    /// SHA-256 of the DER.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        sha256(self.der())
    }

    /// DER of the `AlgorithmIdentifier` of the signature.
    #[must_use]
    pub fn signature_algorithm(&self) -> &[u8] {
        self.piece(&self.0.signed.algorithm)
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.piece(&self.0.signed.signature)
    }

    /// Verifies the signature under the issuer's key. Nothing else is checked.
    ///
    /// # Errors
    /// As [`PublicKey::verify_der`].
    pub fn verify(&self, issuer_key: &PublicKey) -> Result<(), Error> {
        issuer_key.verify_der(self.signature_algorithm(), self.tbs(), self.signature())
    }

    fn piece(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({}, {})", self.serial(), self.subject())
    }
}

fn find<'e>(extensions: &'e [Extension], oid: &ObjectIdentifier) -> Option<&'e Extension> {
    extensions.iter().find(|e| e.oid == *oid)
}
