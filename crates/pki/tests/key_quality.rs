//! Keys that must not be certified.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use num_bigint::BigUint;
use pki::{Error, KeyAlgorithm, KeyRules, PublicKey, SignatureAlgorithm};
use support::*;

fn integer(n: &BigUint) -> Vec<u8> {
    let mut bytes = n.to_bytes_be();
    if bytes[0] >= 0x80 {
        bytes.insert(0, 0);
    }
    tlv(2, &bytes)
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &[&[0], key].concat())].concat())
}

const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

fn rsa(n: &BigUint, e: u64) -> Result<(), Error> {
    let key = tlv(0x30, &[integer(n), integer(&e.into())].concat());
    PublicKey::from_spki(&spki(RSA, &key)).unwrap().quality(&KeyRules::default())
}

/// The smallest probable prime from `n` on.
fn prime(n: BigUint) -> BigUint {
    let one = BigUint::from(1u32);
    let mut n = n | &one;
    while BigUint::from(2u32).modpow(&(&n - 1u32), &n) != one {
        n += 2u32;
    }
    n
}

fn is_weak(result: Result<(), Error>, word: &str) {
    match result {
        Err(Error::Weak(text)) => assert!(text.contains(word), "{text}"),
        other => panic!("{word}: {other:?}"),
    }
}

#[test]
fn rsa_keys() {
    let p = prime(BigUint::from(3u32) << 1022);
    let q = prime(BigUint::from(7u32) << 1021);
    let n = &p * &q;
    assert_eq!(n.bits(), 2048);
    rsa(&n, 65_537).unwrap();
    rsa(&n, 65_539).unwrap();
    is_weak(rsa(&n, 3), "exponent");
    is_weak(rsa(&n, 1), "exponent");
    is_weak(rsa(&n, 65_536), "even");
    is_weak(rsa(&(&n + 1u32), 65_537), "even");
    is_weak(rsa(&(prime(BigUint::from(3u32) << 2036) * 751u32), 65_537), "divisible by 751");
    is_weak(rsa(&(&p * prime(&p + 2u32)), 65_537), "close together");
    is_weak(rsa(&(&p * &p), 65_537), "close together");
    let small = prime(BigUint::from(3u32) << 510) * prime(BigUint::from(7u32) << 509);
    is_weak(rsa(&small, 65_537), "1024");
    let large = prime(BigUint::from(3u32) << 1022) << 8192;
    assert!(matches!(rsa(&(large + 1u32), 65_537), Err(Error::Unsupported(_))));

    let lax = KeyRules { rsa_exponent_min: 3, ..KeyRules::default() };
    let key = tlv(0x30, &[integer(&n), integer(&3u32.into())].concat());
    PublicKey::from_spki(&spki(RSA, &key)).unwrap().quality(&lax).unwrap();
}

#[test]
fn generated_rsa_keys_pass() {
    for _ in 0..3 {
        let key = TestKey::generate(KeyAlgorithm::Rsa2048);
        key.public.quality(&KeyRules::default()).unwrap();
    }
}

#[test]
fn malformed_keys() {
    let point = TestKey::shared().public.key_bytes().to_vec();
    let ec = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    assert!(PublicKey::from_spki(&spki(ec, &point)).is_ok());
    let cases: &[(&str, &[u8], &[u8])] = &[
        ("RSA without NULL", &RSA[..11], b"\x30\x06\x02\x01\x03\x02\x01\x03"),
        ("RSA not a SEQUENCE", RSA, b"\x02\x01\x03"),
        ("RSA negative", RSA, b"\x30\x06\x02\x01\xff\x02\x01\x03"),
        ("RSA zero", RSA, b"\x30\x06\x02\x01\x00\x02\x01\x03"),
        ("RSA with more", RSA, b"\x30\x09\x02\x01\x03\x02\x01\x03\x02\x01\x03"),
        ("curve absent", &ec[..9], &point),
        ("point at infinity", ec, &[0]),
        ("point too short", ec, &point[..64]),
        ("compressed point", ec, &[&[2], &point[1..33]].concat()),
        ("hybrid point", ec, &[&[6], &point[1..]].concat()),
        ("Ed25519 too short", b"\x06\x03\x2b\x65\x70", &[9; 31]),
        ("Ed25519 with parameters", b"\x06\x03\x2b\x65\x70\x05\x00", &[9; 32]),
        ("ML-DSA-44 too long", b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11", &[9; 1313]),
        ("ML-DSA-44 with parameters", b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11\x05\x00", &[9; 1312]),
    ];
    for (what, algorithm, key) in cases {
        assert!(PublicKey::from_spki(&spki(algorithm, key)).is_err(), "{what}");
    }
    let unused = tlv(0x30, &[tlv(0x30, ec), tlv(3, &[&[1], &point[..]].concat())].concat());
    assert!(PublicKey::from_spki(&unused).is_err());
    assert!(matches!(PublicKey::from_spki(&spki(ec, &[4; 9000])), Err(Error::Limit { .. })));
}

#[test]
fn points_off_the_curve() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P384] {
        let key = TestKey::generate(algorithm);
        key.public.quality(&KeyRules::default()).unwrap();
        let mut spki = key.public.spki().to_vec();
        *spki.last_mut().unwrap() ^= 1;
        let off = PublicKey::from_spki(&spki).unwrap();
        assert!(matches!(off.quality(&KeyRules::default()), Err(Error::Malformed { .. })));
        assert!(off.verify(algorithm.signature(), b"m", b"s").is_err());
    }
}

#[test]
fn ed25519_points_of_small_order() {
    let all: Vec<[u8; 32]> = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]
    .iter()
    .map(|text| hex::decode(text).unwrap().try_into().unwrap())
    .collect();
    for point in all {
        let key = PublicKey::from_spki(&spki(b"\x06\x03\x2b\x65\x70", &point)).unwrap();
        is_weak(key.quality(&KeyRules::default()), "small order");
    }
    let key = TestKey::generate(KeyAlgorithm::Ed25519);
    key.public.quality(&KeyRules::default()).unwrap();
}

#[test]
fn algorithms_that_are_not_allowed() {
    let none = KeyRules {
        rsa_bits_max: 0,
        p256: false,
        p384: false,
        p521: false,
        ed25519: false,
        ml_dsa: false,
        ..KeyRules::default()
    };
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519, KeyAlgorithm::MlDsa44] {
        let key = TestKey::generate(algorithm);
        key.public.quality(&KeyRules::default()).unwrap();
        assert!(matches!(key.public.quality(&none), Err(Error::Unsupported(_))), "{algorithm}");
    }
    // secp256k1, a curve spelled out, X25519.
    let k1 = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a";
    let explicit = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x00";
    let x25519 = b"\x06\x03\x2b\x65\x6e";
    for (algorithm, key) in [(&k1[..], &[4; 65][..]), (explicit, &[4; 65]), (x25519, &[9; 32])] {
        let key = PublicKey::from_spki(&spki(algorithm, key)).unwrap();
        assert!(matches!(key.quality(&KeyRules::default()), Err(Error::Unsupported(_))));
        assert!(matches!(key.verify(SignatureAlgorithm::Ed25519, b"", b""), Err(Error::Unsupported(_))));
    }
}

#[test]
fn parts_of_a_key() {
    for (algorithm, bits, oid) in [
        (KeyAlgorithm::P256, 256, "1.2.840.10045.2.1"),
        (KeyAlgorithm::P384, 384, "1.2.840.10045.2.1"),
        (KeyAlgorithm::Rsa2048, 2048, "1.2.840.113549.1.1.1"),
        (KeyAlgorithm::Ed25519, 256, "1.3.101.112"),
        (KeyAlgorithm::MlDsa44, 10_496, "2.16.840.1.101.3.4.3.17"),
        (KeyAlgorithm::MlDsa65, 15_616, "2.16.840.1.101.3.4.3.18"),
        (KeyAlgorithm::MlDsa87, 20_736, "2.16.840.1.101.3.4.3.19"),
    ] {
        let key = TestKey::generate(algorithm).public;
        assert_eq!(key.bits(), bits);
        assert_eq!(key.algorithm_oid(), oid);
        assert!(key.spki().ends_with(key.key_bytes()));
        let parameters = key.parameters().unwrap_or_default();
        assert!(key.algorithm().ends_with(parameters));
        let identifier = [tlv(0x30, &[&key.algorithm()[2..]].concat()), tlv(3, &[&[0], key.key_bytes()].concat())];
        assert_eq!(key.spki(), tlv(0x30, &identifier.concat()));
        let want = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, key.key_bytes());
        assert_eq!(key.key_identifier(), want.as_ref());
    }
}

#[test]
fn a_signature_of_another_algorithm() {
    let ec = TestKey::shared();
    let rsa = TestKey::generate(KeyAlgorithm::Rsa2048);
    for algorithm in [SignatureAlgorithm::RsaSha256, SignatureAlgorithm::RsaSha384, SignatureAlgorithm::RsaSha512] {
        let signature = rsa.sign_with(algorithm, b"message");
        rsa.public.verify(algorithm, b"message", &signature).unwrap();
        assert_eq!(rsa.public.verify(algorithm, b"massage", &signature), Err(Error::BadSignature));
        assert_eq!(ec.public.verify(algorithm, b"message", &signature), Err(Error::BadSignature));
    }
    let signature = ec.sign(b"message");
    assert_eq!(ec.public.verify(SignatureAlgorithm::EcdsaSha384, b"message", &signature), Err(Error::BadSignature));
    assert_eq!(rsa.public.verify(SignatureAlgorithm::EcdsaSha256, b"message", &signature), Err(Error::BadSignature));
    // Parameters where there must be none.
    let with_null = b"\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00";
    assert!(matches!(ec.public.verify_der(with_null, b"message", &signature), Err(Error::Malformed { .. })));
    assert!(ec.public.verify_der(b"\x30\x00", b"message", &signature).is_err());
}
