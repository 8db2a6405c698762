//! Keys to sign with, certificates made with them, and the `openssl` command as a second opinion.

#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "tests")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair, PqdsaKeyPair, RsaKeyPair};
use pki::extension as ext;
use pki::{
    Certificate, Extension, GeneralName, KeyAlgorithm, KeyUsage, LintRules, Name, NameLengths, PublicKey, Serial,
    SignatureAlgorithm, TbsCertificate, assemble, oid,
};

pub enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

/// A key pair for tests.
pub struct TestKey {
    pub algorithm: KeyAlgorithm,
    pair: Pair,
    pub public: PublicKey,
}

impl TestKey {
    pub fn generate(algorithm: KeyAlgorithm) -> Self {
        let ec = |alg| Pair::Ec(EcdsaKeyPair::generate(alg).unwrap());
        let rsa = |size| Pair::Rsa(RsaKeyPair::generate(size).unwrap());
        let ml = |alg| Pair::MlDsa(PqdsaKeyPair::generate(alg).unwrap());
        let pair = match algorithm {
            KeyAlgorithm::P256 => ec(&lc::ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyAlgorithm::P384 => ec(&lc::ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyAlgorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
            KeyAlgorithm::MlDsa44 => ml(&lc::ML_DSA_44_SIGNING),
            KeyAlgorithm::MlDsa65 => ml(&lc::ML_DSA_65_SIGNING),
            KeyAlgorithm::MlDsa87 => ml(&lc::ML_DSA_87_SIGNING),
        };
        let spki: PublicKeyX509Der<'_> = match &pair {
            Pair::Ec(pair) => pair.public_key().as_der().unwrap(),
            Pair::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Pair::Ed25519(pair) => pair.public_key().as_der().unwrap(),
            Pair::MlDsa(pair) => pair.public_key().as_der().unwrap(),
        };
        let public = PublicKey::from_spki(spki.as_ref()).unwrap();
        Self { algorithm, pair, public }
    }

    /// One P-256 key for all tests of a file.
    pub fn shared() -> &'static Self {
        static KEY: OnceLock<TestKey> = OnceLock::new();
        KEY.get_or_init(|| Self::generate(KeyAlgorithm::P256))
    }

    pub fn sign_with(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding = match algorithm {
                    SignatureAlgorithm::RsaSha256 => &lc::RSA_PKCS1_SHA256,
                    SignatureAlgorithm::RsaSha384 => &lc::RSA_PKCS1_SHA384,
                    SignatureAlgorithm::RsaSha512 => &lc::RSA_PKCS1_SHA512,
                    other => panic!("{other} with RSA"),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let len = pair.sign(message, &mut signature).unwrap();
                signature.truncate(len);
                signature
            }
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_with(self.algorithm.signature(), message)
    }

    pub fn seal(&self, tbs: &[u8]) -> Vec<u8> {
        assemble(tbs, self.algorithm.signature(), &self.sign(tbs))
    }
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn general_names(texts: &[&str]) -> Vec<GeneralName> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

pub fn urls(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// A self-signed CA that breaks no rule.
pub fn root_tbs(key: &TestKey) -> TbsCertificate {
    TbsCertificate {
        serial: Serial::from_random(&[0x5a; 16]).unwrap(),
        signature: key.algorithm.signature(),
        issuer: name("CN=Test Root,O=Example,C=DE"),
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2056-01-01T00:00:00Z".parse().unwrap(),
        subject: name("CN=Test Root,O=Example,C=DE"),
        public_key: key.public.clone(),
        extensions: vec![
            ext::basic_constraints(true, Some(1)),
            ext::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
            ext::subject_key_identifier(&key.public.key_identifier()),
            ext::ca_version(0, 0),
        ],
    }
}

/// A TLS server certificate that breaks no rule.
pub fn leaf_tbs(issuer: &TestKey, subject: &PublicKey) -> TbsCertificate {
    TbsCertificate {
        serial: Serial::from_random(&[0xa5; 20]).unwrap(),
        signature: issuer.algorithm.signature(),
        issuer: name("CN=Test Root,O=Example,C=DE"),
        not_before: "2026-02-01T00:00:00Z".parse().unwrap(),
        not_after: "2027-02-01T00:00:00Z".parse().unwrap(),
        subject: name("CN=host.example.org,O=Example,C=DE"),
        public_key: subject.clone(),
        extensions: leaf_extensions(issuer, subject),
    }
}

fn leaf_extensions(issuer: &TestKey, subject: &PublicKey) -> Vec<Extension> {
    vec![
        ext::basic_constraints(false, None),
        ext::key_usage(KeyUsage::DIGITAL_SIGNATURE),
        ext::extended_key_usage(&[oid::SERVER_AUTH, oid::CLIENT_AUTH]),
        ext::subject_key_identifier(&subject.key_identifier()),
        ext::authority_key_identifier(Some(&issuer.public.key_identifier()), None, None),
        ext::subject_alt_name(&general_names(&[
            "dns:host.example.org",
            "dns:*.example.org",
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "uri:https://example.org/x",
            "email:a@example.org",
            "upn:a@example.org",
            "dn:CN=a,C=DE",
            "rid:1.2.3",
        ]))
        .unwrap(),
        ext::crl_distribution_points(&urls(&["http://crl.example.org/root.crl"])).unwrap(),
        ext::authority_info_access(&urls(&["http://aia.example.org/root.crt"]), &urls(&["http://ocsp.example.org/"]))
            .unwrap(),
        ext::certificate_policies(&["1.3.6.1.4.1.99999.1".parse().unwrap()]),
    ]
}

pub fn rules<'a>(issuer: &'a Name, is_ca: bool) -> LintRules<'a> {
    LintRules {
        issuer: issuer.der(),
        signature_algorithm: None,
        issuer_key_identifier: None,
        is_ca,
        name_lengths: NameLengths::Enforced,
    }
}

pub fn root(key: &TestKey) -> Certificate {
    Certificate::from_der(&key.seal(&root_tbs(key).to_der().unwrap())).unwrap()
}

/// Runs `openssl` with `input` on its standard input; `Err` is what it wrote to standard error.
pub fn openssl(args: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may end before it is written; its status says what matters.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

pub fn openssl_text(args: &[&str], input: &[u8]) -> String {
    String::from_utf8(openssl(args, input).unwrap()).unwrap()
}

/// A file with `bytes` that lives as long as what is returned.
pub fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

/// A DER element, written without the code under test.
pub fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match contents.len() {
        len @ 0..0x80 => out.push(len as u8),
        len @ 0x80..0x100 => out.extend([0x81, len as u8]),
        len => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend_from_slice(contents);
    out
}
