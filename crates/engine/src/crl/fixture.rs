//! An authority with real keys in a world in memory, for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use jiff::Timestamp;
use module::moment::{Period, Unit};
use parking_lot::Mutex;
use pki::{
    Certificate, CertificateList, KeyUsage, Name, PublicKey, Serial, SignatureAlgorithm, TbsCertificate, extension,
};

use super::memory::{Memory, Revoked};
use super::{CrlPublication, Occasion, Publisher, publish, schedule};
use crate::store::{CaCertificate, CrlRow};
use crate::{Ca, Config, CrlConfig, Error, Signer, SignerError, World};

pub(super) const START: &str = "2026-11-22T12:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What a key does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conduct {
    Signs,
    Refuses,
    /// Signs something else.
    Lies,
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

pub(super) struct TestKey {
    pair: Pair,
    public: PublicKey,
    pub(super) conduct: Mutex<Conduct>,
}

impl TestKey {
    pub(super) fn p256() -> Arc<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let public = PublicKey::from_spki(spki.as_ref()).unwrap();
        Arc::new(Self { pair: Pair::P256(pair), public, conduct: Mutex::new(Conduct::Signs) })
    }

    pub(super) fn ed25519() -> Arc<Self> {
        let pair = Ed25519KeyPair::generate().unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let public = PublicKey::from_spki(spki.as_ref()).unwrap();
        Arc::new(Self { pair: Pair::Ed25519(pair), public, conduct: Mutex::new(Conduct::Signs) })
    }

    fn conduct(&self) -> Result<bool, SignerError> {
        match *self.conduct.lock() {
            Conduct::Signs => Ok(true),
            Conduct::Refuses => Err(SignerError::Unavailable("the token was removed".into())),
            Conduct::Lies => Ok(false),
        }
    }
}

impl Signer for TestKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        match self.pair {
            Pair::P256(_) => SignatureAlgorithm::EcdsaSha256,
            Pair::Ed25519(_) => SignatureAlgorithm::Ed25519,
        }
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let message = if self.conduct()? { message } else { b"something else" };
        Ok(match &self.pair {
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignerError> {
        let other = [7; 32];
        let digest = Digest::import_less_safe(if self.conduct()? { digest } else { &other }, &SHA256).unwrap();
        match &self.pair {
            Pair::P256(pair) => Ok(pair.sign_digest(&digest).unwrap().as_ref().to_vec()),
            Pair::Ed25519(_) => Err(SignerError::Failed("Ed25519 signs messages".into())),
        }
    }
}

pub(super) struct Authority {
    pub(super) memory: Memory,
    pub(super) config: Config,
    pub(super) keys: Vec<Arc<TestKey>>,
    ca: Ca,
    world: World,
    lock: Mutex<()>,
}

impl Authority {
    /// One P-256 key and certificate; CRLs weekly, deltas daily, in `/pki`, said to be at an HTTP URL.
    pub(super) fn new() -> Self {
        Self::with_keys(vec![TestKey::p256()], &[(0, "2036-01-01T00:00:00Z")])
    }

    /// A certificate for each pair of the place of its key among `keys` and its notAfter.
    pub(super) fn with_keys(keys: Vec<Arc<TestKey>>, certificates: &[(usize, &str)]) -> Self {
        let rows = certificates.iter().zip(0..).map(|((key, not_after), index)| {
            let first = certificates.iter().position(|(other, _)| other == key).unwrap();
            let certificate = certificate(&keys[*key], at(not_after), KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN);
            CaCertificate { index, key_index: first as u16, certificate, chain: Vec::new() }
        });
        Self::with_certificates(keys.clone(), rows.collect())
    }

    pub(super) fn with_certificates(keys: Vec<Arc<TestKey>>, rows: Vec<CaCertificate>) -> Self {
        let signers = keys.iter().map(|key| Arc::clone(key) as Arc<dyn Signer>).collect();
        let memory = Memory::new(at(START));
        let config = Config {
            name: "Example CA".into(),
            crl: CrlConfig {
                period: Period::new(1, Unit::Weeks),
                delta_period: Period::new(1, Unit::Days),
                locations: vec!["65:/pki/%3%8%9.crl".parse().unwrap(), "6:http://%1/%3%8%9.crl".parse().unwrap()],
                ..CrlConfig::default()
            },
            ..Config::default()
        };
        let world = memory.world();
        Self { ca: Ca::new(rows, signers).unwrap(), memory, config, keys, world, lock: Mutex::new(()) }
    }

    pub(super) fn locations(mut self, locations: &[&str]) -> Self {
        self.config.crl.locations = locations.iter().map(|location| location.parse().unwrap()).collect();
        self
    }

    pub(super) fn publisher(&self) -> Publisher<'_> {
        Publisher {
            config: &self.config,
            ca_name: "Example CA",
            store: &self.memory,
            world: &self.world,
            ca: &self.ca,
            lock: &self.lock,
        }
    }

    /// Asks for CRLs as an administrator.
    pub(super) fn publish(&self, base: bool, delta: bool) -> Result<Vec<CrlRow>, Error> {
        self.order(CrlPublication { base, delta, ..CrlPublication::default() })
    }

    pub(super) fn order(&self, order: CrlPublication) -> Result<Vec<CrlRow>, Error> {
        publish(&self.publisher(), &order, Occasion::Request("unix:root"), &mut |_, _| {})
    }

    /// What is due next, and when.
    pub(super) fn due(&self) -> Option<(schedule::What, Timestamp)> {
        let state = schedule::State::read(&self.publisher(), None).unwrap();
        schedule::due(self.memory_now(), &state)
    }

    /// Does all that is due now; returns what it was.
    pub(super) fn run_due(&self) -> Vec<schedule::What> {
        let mut done = Vec::new();
        while let Some((what, _)) = self.due().filter(|(_, at)| *at <= self.memory_now()) {
            schedule::run(&self.publisher(), &what).unwrap();
            done.push(what);
            assert!(done.len() < 20, "the schedule does not come to rest: {done:?}");
        }
        done
    }

    pub(super) fn memory_now(&self) -> Timestamp {
        crate::Clock::now(&self.memory)
    }

    /// The CRL at a location, its signature verified under the key at a place.
    pub(super) fn list(&self, location: &str, key: usize) -> CertificateList {
        let list = CertificateList::from_der(&self.memory.file(location).unwrap()).unwrap();
        list.verify(&self.keys[key].public).unwrap();
        list
    }

    /// Serial numbers and reasons of the CRL at a location, in order.
    pub(super) fn entries(&self, location: &str) -> Vec<(u64, Option<u8>)> {
        let list = self.list(location, 0);
        let mut entries: Vec<_> = list
            .entries()
            .map(|entry| {
                let entry = entry.unwrap();
                (u64::from_str_radix(&entry.serial.to_string(), 16).unwrap(), entry.reason)
            })
            .collect();
        entries.sort_unstable();
        entries
    }

    /// Revokes now, with effect now, a certificate of key 0 that lives long.
    pub(super) fn revoke(&self, serial: u64, reason: i32) {
        let now = self.memory_now();
        self.memory.revoke(Revoked {
            key: 0,
            serial,
            when: now,
            effective: now,
            reason,
            not_after: at("2030-01-01T00:00:00Z"),
            publish_expired: false,
        });
    }
}

/// A root's certificate, in DER.
pub(super) fn certificate(key: &TestKey, not_after: Timestamp, usage: KeyUsage) -> Vec<u8> {
    let name = Name::parse("CN=Example CA,O=Example").unwrap();
    let tbs = TbsCertificate {
        serial: Serial::from_bytes(&[1]).unwrap(),
        signature: key.algorithm(),
        issuer: name.clone(),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after,
        subject: name,
        public_key: key.public.clone(),
        extensions: vec![
            extension::basic_constraints(true, None),
            extension::key_usage(usage),
            extension::subject_key_identifier(&key.public.key_identifier()),
        ],
    };
    let tbs = tbs.to_der().unwrap();
    let der = pki::assemble(&tbs, key.algorithm(), &key.sign(&tbs).unwrap());
    Certificate::from_der(&der).unwrap();
    der
}
