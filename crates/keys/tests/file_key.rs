//! Key files: what is written is read again, by us and by OpenSSL, and nothing else is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use engine::Signer;
use keys::{Error, FileKey, Passphrase, generate};
use pki::KeyAlgorithm;
use tempfile::TempDir;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned().into()).unwrap()
}

fn openssl(args: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(args).output().expect("these tests need openssl in PATH");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn private(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn every_algorithm_round_trip() {
    let dir = TempDir::new().unwrap();
    for algorithm in KeyAlgorithm::ALL {
        let path = dir.path().join(format!("{algorithm}.key"));
        let created = FileKey::create(&path, &passphrase("right"), algorithm).unwrap();
        let opened = FileKey::open(&path, &passphrase("right")).unwrap();
        assert_eq!(opened.key_algorithm(), algorithm);
        assert_eq!(opened.algorithm(), algorithm.signature());
        assert_eq!(opened.public_key().spki(), created.public_key().spki());
        assert!(!opened.sign(b"message").unwrap().is_empty());
        assert_eq!(opened.path(), path);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{opened:?}").contains("right"));
    }
}

#[test]
fn refusals() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ca.key");
    FileKey::create(&path, &passphrase("right"), KeyAlgorithm::P256).unwrap();
    let before = fs::read(&path).unwrap();

    let e = FileKey::open(&path, &passphrase("wrong")).unwrap_err();
    assert!(matches!(e.cause(), Error::WrongPassphrase), "{e}");
    assert_eq!(e.to_string(), format!("{}: wrong passphrase", path.display()));

    let e = FileKey::create(&path, &passphrase("right"), KeyAlgorithm::P256).unwrap_err();
    assert!(matches!(e, Error::Exists(_)), "{e}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let e = FileKey::open_unencrypted(&path).unwrap_err();
    assert!(matches!(e.cause(), Error::Passphrase(_)), "{e}");

    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let e = FileKey::open(&path, &passphrase("right")).unwrap_err();
    assert!(matches!(e, Error::Permissions { mode: 0o640, .. }), "{e}");
    private(&path);

    for contents in [&b""[..], b"garbage", &[0xff; 100], &before[..before.len() / 2]] {
        fs::write(&path, contents).unwrap();
        let e = FileKey::open(&path, &passphrase("right")).unwrap_err();
        assert!(matches!(e.cause(), Error::Malformed(_)), "{e}");
    }
}

#[test]
fn unencrypted_only_when_asked_for() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("dev.key");
    let text = path.to_str().unwrap();
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", text]);
    private(&path);
    let e = FileKey::open(&path, &passphrase("right")).unwrap_err();
    assert!(matches!(e.cause(), Error::Unencrypted), "{e}");
    assert_eq!(FileKey::open_unencrypted(&path).unwrap().key_algorithm(), KeyAlgorithm::P256);
}

#[test]
fn openssl_reads_ours() {
    let dir = TempDir::new().unwrap();
    for algorithm in KeyAlgorithm::ALL {
        if matches!(algorithm, KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87) {
            continue; // Not in OpenSSL 3.0; the standards tests have another implementation read them.
        }
        let path = dir.path().join(format!("{algorithm}.key"));
        let signer = FileKey::create(&path, &passphrase("gr\u{fc}n und lang"), algorithm).unwrap();
        let text = path.to_str().unwrap();
        let public =
            openssl(&["pkey", "-in", text, "-passin", "pass:gr\u{fc}n und lang", "-pubout", "-outform", "DER"]);
        assert_eq!(public, signer.public_key().spki(), "{algorithm}");
        openssl(&["pkey", "-in", text, "-passin", "pass:gr\u{fc}n und lang", "-check", "-noout"]);

        let message = dir.path().join("message");
        let signature = dir.path().join("signature");
        fs::write(&message, b"message").unwrap();
        fs::write(&signature, signer.sign(b"message").unwrap()).unwrap();
        let key = dir.path().join("public");
        fs::write(&key, &public).unwrap();
        let (key, message, signature) = (key.to_str().unwrap(), message.to_str().unwrap(), signature.to_str().unwrap());
        let mut args = vec!["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", key, "-rawin"];
        match signer.algorithm().digest() {
            Some(pki::Digest::Sha256) => args.extend(["-digest", "sha256"]),
            Some(pki::Digest::Sha384) => args.extend(["-digest", "sha384"]),
            Some(pki::Digest::Sha512) => args.extend(["-digest", "sha512"]),
            None => {}
        }
        args.extend(["-in", message, "-sigfile", signature]);
        openssl(&args);
    }
}

#[test]
fn we_read_openssl() {
    let dir = TempDir::new().unwrap();
    let generated = |name: &str, args: &[&str]| {
        let path = dir.path().join(name);
        let mut all = vec!["genpkey"];
        all.extend(args);
        all.extend(["-aes256", "-pass", "pass:right", "-out", path.to_str().unwrap()]);
        openssl(&all);
        private(&path);
        path
    };
    for (name, algorithm, args) in [
        ("p256", KeyAlgorithm::P256, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        ("p384", KeyAlgorithm::P384, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("rsa-2048", KeyAlgorithm::Rsa2048, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("rsa-3072", KeyAlgorithm::Rsa3072, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]),
        ("ed25519", KeyAlgorithm::Ed25519, &["-algorithm", "ED25519"]),
    ] {
        let path = generated(name, args);
        let signer = FileKey::open(&path, &passphrase("right")).unwrap();
        assert_eq!(signer.key_algorithm(), algorithm);
        let e = FileKey::open(&path, &passphrase("wrong")).unwrap_err();
        assert!(matches!(e.cause(), Error::WrongPassphrase), "{e}");
    }
    for (name, args) in [
        ("p521", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"][..]),
        ("rsa-2056", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2056"]),
        ("rsa-1024", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
        ("ed448", &["-algorithm", "ED448"]),
        ("x25519", &["-algorithm", "X25519"]),
    ] {
        let e = FileKey::open(&generated(name, args), &passphrase("right")).unwrap_err();
        assert!(matches!(e.cause(), Error::Unsupported(_)), "{name}: {e}");
    }
    let weak = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"];
    let e = FileKey::open(&generated("rsa-e-3", &weak), &passphrase("right")).unwrap_err();
    assert!(matches!(e.cause(), Error::Refused(_)), "{e}");
}

#[test]
fn we_read_what_openssl_encrypts_otherwise() {
    let dir = TempDir::new().unwrap();
    let plain = dir.path().join("plain");
    fs::write(&plain, generate(KeyAlgorithm::Ed25519).unwrap().to_pkcs8().unwrap()).unwrap();
    for (name, args) in [
        ("scrypt", &["-scrypt"][..]),
        ("rounds", &["-v2", "aes-256-cbc", "-iter", "1000000"]),
        ("aes-128", &["-v2", "aes-128-cbc"]),
        ("sha-512", &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"]),
    ] {
        let path = dir.path().join(name);
        let mut all = vec!["pkcs8", "-topk8", "-inform", "DER", "-in", plain.to_str().unwrap()];
        all.extend(args);
        all.extend(["-passout", "pass:right", "-out", path.to_str().unwrap()]);
        openssl(&all);
        private(&path);
        FileKey::open(&path, &passphrase("right")).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    for (name, args) in [
        ("sha-1", &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"][..]),
        ("triple-des", &["-v2", "des3"]),
        ("rounds-max", &["-v2", "aes-256-cbc", "-iter", "10000001"]),
        ("pbes1", &["-v1", "PBE-SHA1-3DES"]),
    ] {
        let path = dir.path().join(name);
        let mut all = vec!["pkcs8", "-topk8", "-inform", "DER", "-in", plain.to_str().unwrap()];
        all.extend(args);
        all.extend(["-passout", "pass:right", "-out", path.to_str().unwrap()]);
        openssl(&all);
        private(&path);
        let e = FileKey::open(&path, &passphrase("right")).unwrap_err();
        assert!(matches!(e.cause(), Error::Unsupported(_) | Error::Malformed(_)), "{name}: {e}");
    }
}
