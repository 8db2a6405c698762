//! Which keys a profile takes, and what a key can be used for.

use std::sync::Arc;

use der::Decode;
use module::profile::KeyPolicy;
use module::{HResult, ModuleError, PropertyType, ServerPolicy};
use pki::{KeyUsage, ObjectIdentifier, oid};

use super::{Stop, optional, quoted};

/// The shortest RSA modulus any profile may take, in bits.
const RSA_BITS_MIN: u32 = 2048;
/// The longest RSA modulus a profile may demand, in bits.
const RSA_BITS_MAX: u32 = 16384;

/// A kind of key, as a profile names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    P256,
    P384,
    P521,
    Rsa,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl KeyKind {
    pub(super) const ALL: [Self; 8] =
        [Self::P256, Self::P384, Self::P521, Self::Rsa, Self::Ed25519, Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    /// The word in a profile.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
            Self::MlDsa44 => "ml-dsa-44",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }

    /// The key usages such a key can have: RFC 3279 2.3.1 for RSA, RFC 8813 3 for elliptic curves, RFC 8410 5 for
    /// Ed25519, RFC 9881 5 for ML-DSA.
    pub(super) fn usages(self) -> KeyUsage {
        let signing =
            KeyUsage::DIGITAL_SIGNATURE | KeyUsage::NON_REPUDIATION | KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
        match self {
            Self::Rsa => signing | KeyUsage::KEY_ENCIPHERMENT | KeyUsage::DATA_ENCIPHERMENT,
            Self::P256 | Self::P384 | Self::P521 => {
                signing | KeyUsage::KEY_AGREEMENT | KeyUsage::ENCIPHER_ONLY | KeyUsage::DECIPHER_ONLY
            }
            Self::Ed25519 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => signing,
        }
    }
}

/// The keys a profile takes.
#[derive(Debug)]
pub(super) struct Keys {
    profile: Arc<str>,
    pub(super) kinds: Vec<KeyKind>,
    rsa_bits_min: u32,
}

impl Keys {
    pub(super) fn resolve(profile: &Arc<str>, policy: &KeyPolicy) -> Result<Self, (&'static str, String)> {
        let kinds = policy.algorithms.iter().map(|word| {
            let known = KeyKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(word));
            known.ok_or_else(|| {
                let names = KeyKind::ALL.map(KeyKind::name).join(", ");
                ("keys.algorithms", format!("has `{word}`, which is none of {names}"))
            })
        });
        let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
        if kinds.is_empty() {
            return Err(("keys.algorithms", "is empty, so that no key would be taken".into()));
        }
        let rsa_bits_min = policy.rsa_bits_min;
        if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&rsa_bits_min) {
            let text = format!("is {rsa_bits_min}; it lies between {RSA_BITS_MIN} and {RSA_BITS_MAX}");
            return Err(("keys.rsa_bits_min", text));
        }
        Ok(Self { profile: Arc::clone(profile), kinds, rsa_bits_min })
    }

    /// The kind of the request's key, or the refusal of it.
    pub(super) fn check(&self, server: &dyn ServerPolicy) -> Result<KeyKind, Stop> {
        let algorithm = server.certificate_property("PublicKeyAlgorithm", PropertyType::String)?.into_text()?;
        let Some(kind) = kind(server, &algorithm)? else {
            return Err(self.refuse(&format!("of the algorithm {}", quoted(&algorithm))));
        };
        if !self.kinds.contains(&kind) {
            return Err(self.refuse(kind.name()));
        }
        if kind == KeyKind::Rsa {
            let bits = server.certificate_property("PublicKeyLength", PropertyType::Long)?.into_long()?;
            if u32::try_from(bits).unwrap_or(0) < self.rsa_bits_min {
                return Err(self.refuse(&format!("rsa with {bits} bits")));
            }
        }
        Ok(kind)
    }

    fn refuse(&self, found: &str) -> Stop {
        let taken: Vec<String> = self
            .kinds
            .iter()
            .map(|kind| match kind {
                KeyKind::Rsa => format!("rsa from {} bits", self.rsa_bits_min),
                other => other.name().to_owned(),
            })
            .collect();
        let (profile, taken) = (&self.profile, taken.join(", "));
        let text = format!("the key is {found}; the profile `{profile}` takes {taken}: request with such a key");
        Stop::refuse(HResult::CERTSRV_E_KEY_LENGTH, text)
    }
}

/// The kind of key by its algorithm, and its curve where it has one. None for what no profile takes.
fn kind(server: &dyn ServerPolicy, algorithm: &str) -> Result<Option<KeyKind>, ModuleError> {
    let Ok(algorithm) = ObjectIdentifier::new(algorithm) else {
        return Ok(None);
    };
    Ok(match algorithm {
        oid::RSA_ENCRYPTION => Some(KeyKind::Rsa),
        oid::ED25519 => Some(KeyKind::Ed25519),
        oid::ML_DSA_44 => Some(KeyKind::MlDsa44),
        oid::ML_DSA_65 => Some(KeyKind::MlDsa65),
        oid::ML_DSA_87 => Some(KeyKind::MlDsa87),
        oid::EC_PUBLIC_KEY => match curve(server)? {
            Some(oid::P256) => Some(KeyKind::P256),
            Some(oid::P384) => Some(KeyKind::P384),
            Some(oid::P521) => Some(KeyKind::P521),
            _ => None,
        },
        _ => None,
    })
}

/// The named curve (RFC 5480 2.1.1); none where the parameters are something else.
fn curve(server: &dyn ServerPolicy) -> Result<Option<ObjectIdentifier>, ModuleError> {
    let parameters = optional(server.certificate_property("RawPublicKeyAlgorithmParameters", PropertyType::Binary))?;
    let parameters = parameters.map(module::Value::into_binary).transpose()?;
    Ok(parameters.and_then(|der| ObjectIdentifier::from_der(&der).ok()))
}
