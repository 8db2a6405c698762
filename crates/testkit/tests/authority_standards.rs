//! What a whole authority hands out, with the shipped policy module and its presets, for every CA key algorithm: judged
//! by software we did not write.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use engine::store::CrlKind;
use engine::{CrlPublication, Signer, Submission, right};
use jiff::{SignedDuration, Timestamp};
use keys::KeyMaterial;
use module::profile::ProfileDecision;
use module::{Disposition, Profile, RevocationReason};
use modules::policy::DefaultPolicy;
use modules::policy::presets::PRESETS;
use pki::{Certificate, CertificateList, Extension, KeyAlgorithm, KeyUsage, Name, TbsCertificate, extension, oid};
use testkit::authority::{Authority, Builder};
use testkit::ca::{Purpose, RequestBuilder, Role, key};
use testkit::standards::{Chain, Justified, lint_certificate, lint_crl, verdicts, verify_chain};

/// Warnings of the linter that stay.
const JUSTIFIED: &[Justified] = &[];

/// An authority whose clock stands at the real time, so that every implementation can be asked, with the presets.
fn authority(algorithm: KeyAlgorithm) -> Authority {
    let all: String = PRESETS.iter().map(|preset| preset.toml).collect();
    let mut document: BTreeMap<String, BTreeMap<String, Profile>> = toml::from_str(&all).unwrap();
    let mut profiles = document.remove("profiles").unwrap();
    profiles.values_mut().for_each(|profile| profile.decision = ProfileDecision::Issue);
    let policy = DefaultPolicy::new(Arc::new(profiles.clone()), None).unwrap();
    let builder = Builder::new(algorithm).at(Timestamp::now()).config(|config| {
        config.profiles = profiles;
        config.default_profile = None;
        config.validity_max = "10y".parse().unwrap();
        config.ca_locations = vec!["2:http://%1/CertEnroll/%1_%3%4.crt".parse().unwrap()];
    });
    builder.loader().policy("plain", Arc::new(policy));
    builder.open().unwrap()
}

/// The authority at work.
struct Work {
    authority: Authority,
    root: Certificate,
}

impl Work {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let authority = authority(algorithm);
        let root = authority.engine.ca().certificates()[0].certificate.clone();
        Self { authority, root }
    }

    fn issue(&self, profile: &str, request: &RequestBuilder) -> Certificate {
        let submission =
            Submission { request: request.build(), profile: Some(profile.into()), ..Submission::default() };
        let outcome = self.authority.engine.submit(&self.authority.by::<right::Enrol>(), submission).unwrap();
        assert_eq!(outcome.disposition, Disposition::Issued, "{profile}: {}", outcome.message);
        Certificate::from_der(&outcome.certificate.unwrap()).unwrap()
    }

    fn revoke(&self, certificate: &Certificate, reason: RevocationReason) {
        let officer = self.authority.by::<right::ManageCertificates>();
        self.authority.engine.revoke(&officer, &certificate.serial(), reason, None).unwrap();
    }

    fn release(&self, certificate: &Certificate) {
        let officer = self.authority.by::<right::ManageCertificates>();
        self.authority.engine.release(&officer, &certificate.serial()).unwrap();
    }

    fn publish(&self, base: bool) {
        let order = CrlPublication { base, delta: true, ..CrlPublication::default() };
        let by = self.authority.by::<right::Administer>();
        let rows = self.authority.engine.publish_crls(&by, &order, &mut |_, _| {}).unwrap();
        assert!(rows.iter().all(|row| !row.status.is_failure()), "{rows:?}");
    }

    fn newest(&self, kind: CrlKind) -> Vec<u8> {
        let row = self.authority.engine.newest_crl(0, kind).unwrap().unwrap();
        let mut der = Vec::new();
        self.authority.engine.read_crl(&row).unwrap().read_to_end(&mut der).unwrap();
        der
    }

    fn chain(&self, leaf: &Certificate, purpose: Option<Purpose>, crls: &[&Vec<u8>]) -> Chain {
        Chain {
            leaf: leaf.der().to_vec(),
            intermediates: Vec::new(),
            root: self.root.der().to_vec(),
            crls: crls.iter().map(|crl| (*crl).clone()).collect(),
            purpose,
            at: self.authority.clock.now(),
        }
    }

    /// A certificate by an issued CA certificate, and not by this authority.
    fn below(
        &self,
        issuer: &Certificate,
        issuer_key: &KeyMaterial,
        subject: &str,
        more: Vec<Extension>,
    ) -> Certificate {
        let subject_key = key(KeyAlgorithm::P256, Role::Other);
        let issuer_id = issuer.subject_key_identifier().unwrap();
        let mut extensions = vec![
            extension::authority_key_identifier(Some(&issuer_id), None, None),
            extension::subject_key_identifier(&subject_key.public_key().key_identifier()),
        ];
        extensions.extend(more);
        let tbs = TbsCertificate {
            serial: issuer.serial(),
            signature: issuer_key.algorithm(),
            issuer: issuer.subject().clone(),
            not_before: issuer.not_before(),
            not_after: issuer.not_before().checked_add(SignedDuration::from_hours(24)).unwrap(),
            subject: Name::parse(subject).unwrap(),
            public_key: subject_key.public_key().clone(),
            extensions,
        };
        let der = tbs.to_der().unwrap();
        let signature = issuer_key.sign(&der).unwrap();
        Certificate::from_der(&pki::assemble(&der, issuer_key.algorithm(), &signature)).unwrap()
    }
}

/// Everybody refuses the path because of a revocation; who knows no delta CRLs is asked only where it needs none.
#[track_caller]
fn revoked(chain: &Chain, in_delta: bool) {
    for verdict in verdicts(chain) {
        let revoked = verdict.refusal.as_ref().is_some_and(|refusal| refusal.contains("revoked"));
        assert_eq!(revoked, !(in_delta && verdict.tool == "certtool"), "{verdict}");
    }
}

fn check(algorithm: KeyAlgorithm) {
    let work = Work::new(algorithm);
    let request = |subject: &str| RequestBuilder::new(algorithm, subject);
    // The preset asks more of the keys of authorities.
    let weak = matches!(algorithm, KeyAlgorithm::Rsa2048 | KeyAlgorithm::MlDsa44);
    let ca_key = key(if weak { KeyAlgorithm::P384 } else { algorithm }, Role::Subordinate);

    let server = request("CN=www.example.org,O=Example,C=DE").san("dns:www.example.org").san("dns:example.net");
    let server = work.issue("tls-server", &server);
    let bare = work.issue("tls-server", &request("").san("dns:bare.example.org"));
    let client = work.issue("tls-client", &request("CN=J\u{f6}rg,O=Example"));
    let sub_ca = |name: &str| {
        work.issue("sub-ca", &RequestBuilder::with_key(Arc::clone(&ca_key), &format!("CN={name},O=Example,C=DE")))
    };
    let (issuing, retired) = (sub_ca("Issuing CA"), sub_ca("Retired CA"));

    for certificate in [&work.root, &server, &bare, &client, &issuing] {
        lint_certificate(certificate.der(), JUSTIFIED).unwrap_or_else(|e| panic!("{}: {e}", certificate.subject()));
    }

    // A base CRL: everybody reads it.
    work.revoke(&client, RevocationReason::KeyCompromise);
    work.revoke(&bare, RevocationReason::CertificateHold);
    work.publish(true);
    let base = work.newest(CrlKind::Base);
    let (tls_server, tls_client) = (Some(Purpose::TlsServer), Some(Purpose::TlsClient));
    verify_chain(&work.chain(&server, tls_server, &[&base])).unwrap();
    verify_chain(&work.chain(&issuing, None, &[&base])).unwrap();
    verify_chain(&work.chain(&retired, None, &[&base])).unwrap();
    revoked(&work.chain(&client, tls_client, &[&base]), false);
    revoked(&work.chain(&bare, tls_server, &[&base]), false);
    // Without the CRL nothing else is wrong with them.
    verify_chain(&work.chain(&client, tls_client, &[])).unwrap();
    verify_chain(&work.chain(&bare, tls_server, &[])).unwrap();

    // A delta CRL over it revokes one and releases another.
    work.authority.clock.advance(SignedDuration::from_secs(2));
    work.release(&bare);
    work.revoke(&retired, RevocationReason::CessationOfOperation);
    work.publish(false);
    let delta = work.newest(CrlKind::Delta);
    assert_eq!(work.newest(CrlKind::Base), base);
    // It builds on a base that everybody has had time to fetch, or on a later one.
    let (delta_base, number) = {
        let read = |crl| CertificateList::from_der(crl).unwrap();
        (read(&delta).delta_base().unwrap(), read(&base).number().unwrap())
    };
    assert!(delta_base <= number, "{delta_base} {number}");
    let with_delta = [&base, &delta];
    verify_chain(&work.chain(&server, tls_server, &with_delta)).unwrap();
    verify_chain(&work.chain(&issuing, None, &with_delta)).unwrap();
    revoked(&work.chain(&client, tls_client, &with_delta), false);
    revoked(&work.chain(&retired, None, &with_delta), true);
    for verdict in verdicts(&work.chain(&bare, tls_server, &with_delta)) {
        assert_eq!(verdict.refusal.is_some(), verdict.tool == "certtool", "{verdict}");
    }

    // The next base CRL has it all.
    work.authority.clock.advance(SignedDuration::from_secs(2));
    work.publish(true);
    let (next, beside) = (work.newest(CrlKind::Base), work.newest(CrlKind::Delta));
    let next_crls = [&next, &beside];
    verify_chain(&work.chain(&bare, tls_server, &next_crls)).unwrap();
    revoked(&work.chain(&client, tls_client, &next_crls), false);
    revoked(&work.chain(&retired, None, &next_crls), false);
    // The delta made with it says the same to whoever has the former base (RFC 5280 5.2.3).
    let with_former = [&base, &beside];
    revoked(&work.chain(&client, tls_client, &with_former), false);
    revoked(&work.chain(&retired, None, &with_former), true);
    for verdict in verdicts(&work.chain(&bare, tls_server, &with_former)) {
        assert_eq!(verdict.refusal.is_some(), verdict.tool == "certtool", "{verdict}");
    }
    for crl in [&base, &delta, &next, &beside] {
        lint_crl(crl, JUSTIFIED).unwrap_or_else(|e| panic!("CRL {:?}: {e}", CertificateList::from_der(crl)));
    }

    what_the_subordinate_issues(&work, &issuing, &ca_key);
    work.authority.close();
}

/// The subordinate's certificate carries a path, of the length it may have.
fn what_the_subordinate_issues(work: &Work, issuing: &Certificate, ca_key: &KeyMaterial) {
    let name = "CN=host.example.org";
    let leaf = vec![
        extension::key_usage(KeyUsage::DIGITAL_SIGNATURE),
        extension::extended_key_usage(&[oid::SERVER_AUTH]),
        extension::subject_alt_name(&["dns:host.example.org".parse().unwrap()]).unwrap(),
    ];
    let below = work.below(issuing, ca_key, name, leaf.clone());
    let mut chain = work.chain(&below, Some(Purpose::TlsServer), &[]);
    chain.intermediates = vec![issuing.der().to_vec()];
    verify_chain(&chain).unwrap();

    let deeper = vec![
        extension::basic_constraints(true, None),
        extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
    ];
    let deeper = work.below(issuing, ca_key, "CN=Deeper CA", deeper);
    let below = work.below(&deeper, &key(KeyAlgorithm::P256, Role::Other), name, leaf);
    chain.leaf = below.der().to_vec();
    chain.intermediates.insert(0, deeper.der().to_vec());
    for verdict in verdicts(&chain) {
        assert!(verdict.refusal.is_some(), "a path that is too long: {verdict}");
    }
}

/// What a key is good for differs from algorithm to algorithm, and with it what a certificate may say.
#[test]
fn the_other_presets() {
    let work = Work::new(KeyAlgorithm::P256);
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa3072, KeyAlgorithm::Ed25519, KeyAlgorithm::MlDsa65] {
        let request = RequestBuilder::new(algorithm, "CN=J\u{f6}rg,O=Example,C=DE");
        for (profile, request) in [("code-signing", request.clone()), ("email", request.san("email:joerg@example.org"))]
        {
            let certificate = work.issue(profile, &request);
            verify_chain(&work.chain(&certificate, None, &[])).unwrap_or_else(|e| panic!("{profile} {algorithm}: {e}"));
            lint_certificate(certificate.der(), JUSTIFIED).unwrap_or_else(|e| panic!("{profile} {algorithm}: {e}"));
        }
    }
    work.authority.close();
}

macro_rules! algorithms {
    ($($name:ident: $algorithm:ident,)*) => {
        $(
            #[test]
            fn $name() {
                check(KeyAlgorithm::$algorithm);
            }
        )*

        /// No algorithm is left out.
        #[test]
        fn all_algorithms() {
            assert_eq!([$(KeyAlgorithm::$algorithm),*], KeyAlgorithm::ALL);
        }
    };
}

algorithms! {
    p256: P256,
    p384: P384,
    rsa_2048: Rsa2048,
    rsa_3072: Rsa3072,
    rsa_4096: Rsa4096,
    ed25519: Ed25519,
    ml_dsa_44: MlDsa44,
    ml_dsa_65: MlDsa65,
    ml_dsa_87: MlDsa87,
}
