//! Verifying signatures.

use aws_lc_rs::digest as lc_digest;
use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::{ParsedPublicKey, VerificationAlgorithm};
use const_oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader};

use super::PublicKey;
use super::kind::{Curve, KeyKind, MlDsa};
use crate::{Digest, Error, SignatureAlgorithm, oid, read};

/// A key made ready for one algorithm.
pub(super) struct ParsedKey {
    scheme: Scheme,
    key: ParsedPublicKey,
}

/// A signature algorithm, parameters resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Ecdsa(Digest),
    RsaPkcs1(Digest),
    RsaPss(Digest),
    Ed25519,
    MlDsa(MlDsa),
}

/// See [`PublicKey::verify_der`].
pub(super) fn verify(key: &PublicKey, algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Error> {
    let scheme = Scheme::from_der(algorithm)?;
    let lc_algorithm = pair(key, scheme)?;
    let verified = match key.0.parsed.get() {
        Some(parsed) if parsed.scheme == scheme => parsed.key.verify_sig(message, signature),
        Some(_) => parse(key, lc_algorithm)?.verify_sig(message, signature),
        None => {
            let parsed = parse(key, lc_algorithm)?;
            let verified = parsed.verify_sig(message, signature);
            // Another thread may have been first; its key is as good.
            let _ = key.0.parsed.set(ParsedKey { scheme, key: parsed });
            verified
        }
    };
    verified.map_err(|_| Error::BadSignature)
}

/// See [`PublicKey::verify_digest`].
pub(super) fn verify_digest(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let function = match algorithm.digest() {
        Some(Digest::Sha256) => &lc_digest::SHA256,
        Some(Digest::Sha384) => &lc_digest::SHA384,
        Some(Digest::Sha512) => &lc_digest::SHA512,
        None => return Err(Error::Unsupported(format!("{algorithm} over a digest"))),
    };
    let digest = lc_digest::Digest::import_less_safe(digest, function).map_err(|_| Error::BadSignature)?;
    let scheme = Scheme::from_der(algorithm.der())?;
    parse(key, pair(key, scheme)?)?.verify_digest_sig(&digest, signature).map_err(|_| Error::BadSignature)
}

/// Whether an elliptic curve key's point is on its curve and not at infinity.
pub(super) fn check_point(key: &PublicKey) -> Result<(), Error> {
    let scheme = match key.kind() {
        KeyKind::Ec(Curve::P256) => Scheme::Ecdsa(Digest::Sha256),
        KeyKind::Ec(Curve::P384) => Scheme::Ecdsa(Digest::Sha384),
        KeyKind::Ec(Curve::P521) => Scheme::Ecdsa(Digest::Sha512),
        _ => return Ok(()),
    };
    // A key that is kept has been through this.
    if key.0.parsed.get().is_none() {
        let parsed = parse(key, pair(key, scheme)?)?;
        let _ = key.0.parsed.set(ParsedKey { scheme, key: parsed });
    }
    Ok(())
}

fn parse(key: &PublicKey, algorithm: &'static dyn VerificationAlgorithm) -> Result<ParsedPublicKey, Error> {
    ParsedPublicKey::new(algorithm, key.key_bytes())
        .map_err(|_| Error::malformed("public key", format!("not a valid {} key", key.describe())))
}

/// The verification algorithm for a key and a scheme, if the two go together.
fn pair(key: &PublicKey, scheme: Scheme) -> Result<&'static dyn VerificationAlgorithm, Error> {
    use Digest::{Sha256, Sha384, Sha512};
    let algorithm: &'static dyn VerificationAlgorithm = match (key.kind(), scheme) {
        (KeyKind::Ec(curve), Scheme::Ecdsa(digest)) => match (curve, digest) {
            (Curve::P256, Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
            (Curve::P256, Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
            (Curve::P256, Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
            (Curve::P384, Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
            (Curve::P384, Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
            (Curve::P384, Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
            (Curve::P521, Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
            (Curve::P521, Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
            (Curve::P521, Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
        },
        (KeyKind::Rsa { modulus_bits }, Scheme::RsaPkcs1(digest) | Scheme::RsaPss(digest)) => {
            rsa_size(*modulus_bits)?;
            let pss = matches!(scheme, Scheme::RsaPss(_));
            // RFC 4055 1.2: a key marked for RSASSA-PSS is for nothing else.
            if key.0.oid == oid::RSASSA_PSS && !pss {
                return Err(Error::BadSignature);
            }
            match (pss, digest) {
                (false, Sha256) => &lc::RSA_PKCS1_2048_8192_SHA256,
                (false, Sha384) => &lc::RSA_PKCS1_2048_8192_SHA384,
                (false, Sha512) => &lc::RSA_PKCS1_2048_8192_SHA512,
                (true, Sha256) => &lc::RSA_PSS_2048_8192_SHA256,
                (true, Sha384) => &lc::RSA_PSS_2048_8192_SHA384,
                (true, Sha512) => &lc::RSA_PSS_2048_8192_SHA512,
            }
        }
        (KeyKind::Ed25519, Scheme::Ed25519) => &lc::ED25519,
        (KeyKind::MlDsa(kind), Scheme::MlDsa(signed)) if *kind == signed => match kind {
            MlDsa::MlDsa44 => &lc::ML_DSA_44,
            MlDsa::MlDsa65 => &lc::ML_DSA_65,
            MlDsa::MlDsa87 => &lc::ML_DSA_87,
        },
        (KeyKind::Other, _) => {
            return Err(Error::Unsupported(format!("key algorithm {}", key.algorithm_oid())));
        }
        _ => return Err(Error::BadSignature),
    };
    Ok(algorithm)
}

fn rsa_size(bits: u32) -> Result<(), Error> {
    match bits {
        ..2048 => Err(Error::Weak(format!("RSA key of {bits} bits"))),
        2048..=8192 => Ok(()),
        _ => Err(Error::Unsupported(format!("RSA key of {bits} bits"))),
    }
}

impl Scheme {
    /// Reads an `AlgorithmIdentifier`. Parameters are absent but for RSA, where NULL may be absent too (RFC 4055 5)
    /// and PSS has its own.
    fn from_der(der: &[u8]) -> Result<Self, Error> {
        let what = "signature algorithm";
        let (algorithm, parameters) = read::sequence(what, der, algorithm_identifier)?;
        let (scheme, rsa) = match algorithm {
            oid::ECDSA_WITH_SHA256 => (Self::Ecdsa(Digest::Sha256), false),
            oid::ECDSA_WITH_SHA384 => (Self::Ecdsa(Digest::Sha384), false),
            oid::ECDSA_WITH_SHA512 => (Self::Ecdsa(Digest::Sha512), false),
            oid::SHA256_WITH_RSA => (Self::RsaPkcs1(Digest::Sha256), true),
            oid::SHA384_WITH_RSA => (Self::RsaPkcs1(Digest::Sha384), true),
            oid::SHA512_WITH_RSA => (Self::RsaPkcs1(Digest::Sha512), true),
            oid::ED25519 => (Self::Ed25519, false),
            oid::ML_DSA_44 => (Self::MlDsa(MlDsa::MlDsa44), false),
            oid::ML_DSA_65 => (Self::MlDsa(MlDsa::MlDsa65), false),
            oid::ML_DSA_87 => (Self::MlDsa(MlDsa::MlDsa87), false),
            oid::RSASSA_PSS => return pss_digest(parameters).map(Self::RsaPss),
            oid::SHA1_WITH_RSA | oid::ECDSA_WITH_SHA1 => {
                return Err(Error::Weak("signature with SHA-1".into()));
            }
            oid::MD5_WITH_RSA => return Err(Error::Weak("signature with MD5".into())),
            other => return Err(Error::Unsupported(format!("signature algorithm {other}"))),
        };
        match parameters {
            None => Ok(scheme),
            Some([0x05, 0x00]) if rsa => Ok(scheme),
            Some(_) => Err(Error::malformed(what, "unexpected parameters")),
        }
    }
}

fn algorithm_identifier<'a>(r: &mut SliceReader<'a>) -> Result<(ObjectIdentifier, Option<&'a [u8]>), Error> {
    let algorithm = ObjectIdentifier::decode(r)?;
    let parameters = if r.is_finished() { None } else { Some(r.tlv_bytes()?) };
    Ok((algorithm, parameters))
}

/// `RSASSA-PSS-params`, RFC 4055 3.1: the digest. Accepted is what everybody writes: MGF1 with the same digest, a
/// salt as long as the digest, trailer field 1. The defaults (SHA-1) are too weak to be accepted.
fn pss_digest(parameters: Option<&[u8]>) -> Result<Digest, Error> {
    let what = "RSASSA-PSS parameters";
    let parameters = parameters.ok_or_else(|| Error::malformed(what, "absent"))?;
    let sha1 = || Error::Weak("RSASSA-PSS with SHA-1".into());
    let (hash, mask, salt, trailer) = read::sequence(what, parameters, |r| {
        let mut field = |number| read::optional(r, read::constructed(number));
        Ok((field(0)?, field(1)?, field(2)?, field(3)?))
    })?;
    let digest = digest_of(what, hash.ok_or_else(sha1)?)?;
    let mask = mask.ok_or_else(sha1)?;
    let (generator, generator_hash) = read::sequence(what, mask, algorithm_identifier)?;
    let same = generator_hash.is_some_and(|hash| digest_of(what, hash) == Ok(digest));
    if generator != oid::MGF1 || !same {
        return Err(Error::Unsupported("RSASSA-PSS with a mask other than MGF1 of the same digest".into()));
    }
    let want = match digest {
        Digest::Sha256 => 32,
        Digest::Sha384 => 48,
        Digest::Sha512 => 64,
    };
    let salt = match salt {
        Some(der) => read::whole(what, der, |r| Ok(u32::decode(r)?))?,
        None => 20,
    };
    if salt != want {
        return Err(Error::Unsupported(format!("RSASSA-PSS with a salt of {salt} octets, want {want}")));
    }
    match trailer {
        None | Some([0x02, 0x01, 0x01]) => Ok(digest),
        Some(_) => Err(Error::malformed(what, "trailer field other than 1")),
    }
}

/// The digest of a hash function's `AlgorithmIdentifier`, with NULL or no parameters.
fn digest_of(what: &'static str, der: &[u8]) -> Result<Digest, Error> {
    let (hash, parameters) = read::sequence(what, der, algorithm_identifier)?;
    if parameters.is_some_and(|p| p != [0x05, 0x00]) {
        return Err(Error::malformed(what, "parameters of the digest"));
    }
    match hash {
        oid::SHA256 => Ok(Digest::Sha256),
        oid::SHA384 => Ok(Digest::Sha384),
        oid::SHA512 => Ok(Digest::Sha512),
        oid::SHA1 => Err(Error::Weak("RSASSA-PSS with SHA-1".into())),
        other => Err(Error::Unsupported(format!("RSASSA-PSS with digest {other}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    use super::*;

    #[test]
    fn a_digest_verifies_as_its_message_does() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        let signature = pair.sign(&SystemRandom::new(), b"message").unwrap();
        let spki = aws_lc_rs::encoding::AsDer::as_der(pair.public_key()).unwrap();
        let spki: &aws_lc_rs::encoding::PublicKeyX509Der<'_> = &spki;
        let key = PublicKey::from_spki(spki.as_ref()).unwrap();
        let digest = |message: &[u8]| lc_digest::digest(&lc_digest::SHA384, message);

        let algorithm = SignatureAlgorithm::EcdsaSha384;
        let verify = |digest: &[u8]| key.verify_digest(algorithm, digest, signature.as_ref());
        assert_eq!(verify(digest(b"message").as_ref()), Ok(()));
        assert_eq!(verify(digest(b"massage").as_ref()), Err(Error::BadSignature));
        assert_eq!(verify(&[0; 32]), Err(Error::BadSignature));
        let pure = key.verify_digest(SignatureAlgorithm::Ed25519, &[0; 48], signature.as_ref());
        assert!(matches!(pure, Err(Error::Unsupported(_))));
    }
}
