//! Which subject keys are good enough to be certified.

use super::kind::{Curve, KeyKind};
use super::rsa::{RsaPublicKey, check_modulus};
use super::{PublicKey, verify};
use crate::{Error, oid};

/// What a subject's key must be. The default allows every algorithm that is understood, RSA from 2048 to 8192 bits
/// with an exponent of at least 65537.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRules {
    /// Smallest RSA modulus, in bits; 0 refuses nothing, but below 2048 a request cannot be verified.
    pub rsa_bits_min: u32,
    /// Largest RSA modulus, in bits; 0 forbids RSA.
    pub rsa_bits_max: u32,
    /// Smallest RSA public exponent.
    pub rsa_exponent_min: u64,
    /// P-256 is allowed.
    pub p256: bool,
    /// P-384 is allowed.
    pub p384: bool,
    /// P-521 is allowed.
    pub p521: bool,
    /// Ed25519 is allowed.
    pub ed25519: bool,
    /// ML-DSA-44, -65 and -87 are allowed.
    pub ml_dsa: bool,
}

impl Default for KeyRules {
    fn default() -> Self {
        Self {
            rsa_bits_min: 2048,
            rsa_bits_max: 8192,
            rsa_exponent_min: 65_537,
            p256: true,
            p384: true,
            p521: true,
            ed25519: true,
            ml_dsa: true,
        }
    }
}

/// See [`PublicKey::quality`].
pub(super) fn check(key: &PublicKey, rules: &KeyRules) -> Result<(), Error> {
    let allowed = match key.kind() {
        KeyKind::Rsa { .. } => rules.rsa_bits_max > 0,
        KeyKind::Ec(Curve::P256) => rules.p256,
        KeyKind::Ec(Curve::P384) => rules.p384,
        KeyKind::Ec(Curve::P521) => rules.p521,
        KeyKind::Ed25519 => rules.ed25519,
        KeyKind::MlDsa(_) => rules.ml_dsa,
        KeyKind::Other => return Err(Error::Unsupported(unknown(key))),
    };
    if !allowed {
        return Err(Error::Unsupported(format!("key algorithm {}: the rules do not allow it", key.describe())));
    }
    match key.kind() {
        KeyKind::Rsa { modulus_bits } => rsa(key, *modulus_bits, rules),
        KeyKind::Ec(_) => verify::check_point(key),
        KeyKind::Ed25519 => ed25519(key.key_bytes()),
        KeyKind::MlDsa(_) | KeyKind::Other => Ok(()),
    }
}

fn unknown(key: &PublicKey) -> String {
    if key.0.oid == oid::EC_PUBLIC_KEY {
        "elliptic curve: only the named curves P-256, P-384 and P-521".into()
    } else {
        format!("key algorithm {}", key.algorithm_oid())
    }
}

fn rsa(key: &PublicKey, bits: u32, rules: &KeyRules) -> Result<(), Error> {
    if bits < rules.rsa_bits_min {
        return Err(Error::Weak(format!("RSA key of {bits} bits, fewer than {}", rules.rsa_bits_min)));
    }
    if bits > rules.rsa_bits_max {
        return Err(Error::Unsupported(format!("RSA key of {bits} bits, more than {}", rules.rsa_bits_max)));
    }
    let rsa = RsaPublicKey::from_der(key.key_bytes())?;
    match rsa.exponent_u64() {
        None => Err(Error::Unsupported("RSA exponent of more than 64 bits".into())),
        Some(e) if e % 2 == 0 => Err(Error::Weak(format!("RSA exponent {e} is even"))),
        Some(e) if e < rules.rsa_exponent_min.max(3) => {
            Err(Error::Weak(format!("RSA exponent {e}, less than {}", rules.rsa_exponent_min.max(3))))
        }
        Some(_) => check_modulus(rsa.modulus),
    }
}

/// The encodings of points of order 1, 2, 4 and 8, and the non-canonical ones of the same points; the sign bit is
/// left out. Under such a key signatures can be made for any message.
const SMALL_ORDER: [[u8; 32]; 7] = {
    let zero = [0; 32];
    let mut one = zero;
    one[0] = 1;
    let mut minus_one = [0xff; 32];
    minus_one[0] = 0xec;
    minus_one[31] = 0x7f;
    let mut p = minus_one;
    p[0] = 0xed;
    let mut p_plus_one = minus_one;
    p_plus_one[0] = 0xee;
    [
        zero,
        one,
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
        minus_one,
        p,
        p_plus_one,
    ]
};

fn ed25519(key: &[u8]) -> Result<(), Error> {
    let unsigned: Vec<u8> = key.iter().enumerate().map(|(n, byte)| if n == 31 { byte & 0x7f } else { *byte }).collect();
    if SMALL_ORDER.iter().any(|point| *point == *unsigned) {
        return Err(Error::Weak("Ed25519 key of small order".into()));
    }
    Ok(())
}
