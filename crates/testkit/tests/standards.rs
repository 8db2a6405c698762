//! Certificates and CRLs of every CA key algorithm, made by `pki` and `keys` and judged by software we did not write.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use engine::Signer;
use jiff::{Timestamp, ToSpan};
use keys::{FileKey, Passphrase};
use pki::{Certificate, CertificateList, CrlEntry, GeneralName, KeyAlgorithm};
use testkit::ca::{self, Ca, Purpose, Role, key};
use testkit::standards::{Chain, Justified, lint_certificate, lint_crl, read_key_file, verdicts, verify_chain};

/// Warnings of the linter that stay.
const JUSTIFIED: &[Justified] = &[];

/// A root, a CA under it, and three leaves of which the second is revoked in the full CRL, the third in the delta.
struct Tree {
    at: Timestamp,
    root: Ca,
    issuing: Ca,
    server: Certificate,
    client: Certificate,
    bare: Certificate,
    root_crl: CertificateList,
    crl: CertificateList,
    delta: CertificateList,
}

impl Tree {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let at = Timestamp::now();
        let root = Ca::root(algorithm, at);
        let issuing = root.subordinate(algorithm, at);
        let subject = key(algorithm, Role::Subject);
        let names = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<GeneralName>>();
        let leaf =
            |purpose, name: &str, san: &[&str]| issuing.leaf(purpose, name, &names(san), subject.public_key(), at);
        let server = leaf(Purpose::TlsServer, "CN=host.example,O=Example,C=DE", &["dns:host.example", "ip:192.0.2.1"]);
        let client = leaf(Purpose::TlsClient, "CN=J\u{f6}rg,O=Example,C=DE", &["email:a@host.example"]);
        let bare = leaf(Purpose::TlsServer, "", &["dns:bare.example", "uri:https://bare.example/"]);
        let root_crl = root.crl(1, &[], at);
        let crl = issuing.crl(7, &[ca::revoked(&client, at, Some(1))], at);
        let delta = issuing.delta_crl(8, 7, &[ca::revoked(&bare, at, Some(4))], at);
        Self { at, root, issuing, server, client, bare, root_crl, crl, delta }
    }

    fn chain(&self, leaf: &Certificate, purpose: Purpose) -> Chain {
        Chain {
            leaf: leaf.der().to_vec(),
            intermediates: vec![self.issuing.certificate().der().to_vec()],
            root: self.root.certificate().der().to_vec(),
            crls: [&self.root_crl, &self.crl, &self.delta].map(|crl| crl.der().to_vec()).to_vec(),
            purpose: Some(purpose),
            at: self.at,
        }
    }
}

/// Everybody refuses, and says something like `why`.
fn refused(chain: &Chain, why: &str) {
    for verdict in verdicts(chain) {
        let refusal = verdict.refusal.clone().unwrap_or_default().to_lowercase();
        assert!(refusal.contains(why), "want a refusal with {why:?}, got {verdict}");
    }
}

fn all_refuse(case: &str, chain: &Chain) {
    for verdict in verdicts(chain) {
        assert!(verdict.refusal.is_some(), "{case}: {verdict}");
    }
}

fn check(algorithm: KeyAlgorithm) {
    let tree = Tree::new(algorithm);
    verify_chain(&tree.chain(&tree.server, Purpose::TlsServer)).unwrap();

    // Revoked in the full CRL; without CRLs nobody knows.
    let mut client = tree.chain(&tree.client, Purpose::TlsClient);
    refused(&client, "revoked");
    client.crls.clear();
    verify_chain(&client).unwrap();

    // A CA's certificate by itself, under the CRL of the root alone.
    verify_chain(&Chain {
        leaf: tree.issuing.certificate().der().to_vec(),
        intermediates: vec![],
        crls: vec![tree.root_crl.der().to_vec()],
        purpose: None,
        ..client.clone()
    })
    .unwrap();

    for certificate in [tree.root.certificate(), tree.issuing.certificate(), &tree.server, &tree.client, &tree.bare] {
        lint_certificate(certificate.der(), JUSTIFIED).unwrap_or_else(|e| panic!("{}: {e}", certificate.subject()));
    }
    // Our own lint, which the CA asks before it signs, finds no more than pkilint does.
    for (issuer, certificate) in [
        (&tree.root, tree.root.certificate()),
        (&tree.root, tree.issuing.certificate()),
        (&tree.issuing, &tree.server),
        (&tree.issuing, &tree.client),
        (&tree.issuing, &tree.bare),
    ] {
        let issuer_key = issuer.certificate().subject_key_identifier();
        let rules = pki::LintRules {
            issuer: issuer.name().der(),
            signature_algorithm: Some(algorithm.signature().der()),
            issuer_key_identifier: issuer_key.as_deref(),
            is_ca: certificate.is_ca(),
            name_lengths: pki::NameLengths::Enforced,
        };
        assert_eq!(pki::lint(certificate.tbs(), &rules), [], "{}", certificate.subject());
    }
    for crl in [&tree.root_crl, &tree.crl, &tree.delta] {
        lint_crl(crl.der(), JUSTIFIED).unwrap_or_else(|e| panic!("CRL {:?} of {}: {e}", crl.number(), crl.issuer()));
    }
}

macro_rules! algorithms {
    ($($name:ident: $algorithm:ident,)*) => {$(
        #[test]
        fn $name() {
            check(KeyAlgorithm::$algorithm);
        }
    )*};
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

/// GnuTLS knows no delta CRLs, so this is for the two that do.
#[test]
fn delta_crls_revoke_and_release() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::MlDsa65] {
        let tree = Tree::new(algorithm);
        let mut chain = tree.chain(&tree.bare, Purpose::TlsServer);
        for verdict in verdicts(&chain) {
            let revoked = verdict.refusal.as_ref().is_some_and(|r| r.contains("revoked"));
            assert_eq!(revoked, verdict.tool != "certtool", "{verdict}");
        }
        chain.crls.pop();
        verify_chain(&chain).unwrap();

        // Held in the full CRL, released by the delta.
        let held = tree.issuing.crl(9, &[ca::revoked(&tree.bare, tree.at, Some(6))], tree.at);
        let released = tree.issuing.delta_crl(10, 9, &[ca::revoked(&tree.bare, tree.at, Some(8))], tree.at);
        chain.crls = vec![tree.root_crl.der().to_vec(), held.der().to_vec()];
        refused(&chain, "revoked");
        chain.crls.push(released.der().to_vec());
        for verdict in verdicts(&chain) {
            assert_eq!(verdict.refusal.is_some(), verdict.tool == "certtool", "{verdict}");
        }
    }
}

/// The checks would say if something were wrong.
#[test]
fn what_is_wrong_is_found() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::MlDsa44] {
        let tree = Tree::new(algorithm);
        let good = tree.chain(&tree.server, Purpose::TlsServer);

        all_refuse("another purpose", &Chain { purpose: Some(Purpose::TlsClient), ..good.clone() });

        let mut forged = good.clone();
        if let Some(last) = forged.leaf.last_mut() {
            *last ^= 1;
        }
        all_refuse("a changed signature of the leaf", &forged);

        let mut forged = good.clone();
        if let Some(last) = forged.crls[1].last_mut() {
            *last ^= 1;
        }
        all_refuse("a changed signature of the CRL", &forged);

        for days in [-1, 366] {
            let at = tree.at.checked_add((days * 24).hours()).unwrap();
            all_refuse("another time", &Chain { at, crls: vec![], ..good.clone() });
        }

        // The CRL that lists CA certificates only says nothing of a leaf.
        let from_root = tree.root.leaf(
            Purpose::TlsServer,
            "CN=host.example,O=Example,C=DE",
            &["dns:host.example".parse().unwrap()],
            key(algorithm, Role::Subject).public_key(),
            tree.at,
        );
        let out_of_scope = Chain { leaf: from_root.der().to_vec(), intermediates: vec![], ..good };
        for verdict in verdicts(&out_of_scope) {
            assert!(verdict.refusal.is_some() || verdict.tool == "certtool", "{verdict}");
        }
    }
}

#[test]
fn the_linter_finds() {
    use pki::{Serial, TbsCertificate, extension};
    let tree = Tree::new(KeyAlgorithm::P256);
    let server = &tree.server;
    let mut tbs = TbsCertificate {
        serial: Serial::from_bytes(&[1]).unwrap(),
        signature: tree.issuing.key().algorithm(),
        issuer: server.issuer().clone(),
        not_before: server.not_before(),
        not_after: server.not_after(),
        subject: server.subject().clone(),
        public_key: server.public_key().clone(),
        extensions: vec![extension::basic_constraints(true, None)],
    };
    let e = lint_certificate(tree.issuing.sign(&tbs).der(), &[]).unwrap_err();
    assert!(e.contains("pkix.certificate_skid_ca_missing"), "{e}");
    // An error is not to be argued away.
    let arguing = [Justified { code: "pkix.certificate_skid_ca_missing", because: "of this test" }];
    assert!(lint_certificate(tree.issuing.sign(&tbs).der(), &arguing).is_err());
    let header = pki::CrlHeader {
        signature: tree.issuing.key().algorithm(),
        issuer: server.issuer().clone(),
        this_update: tree.at,
        next_update: tree.at.checked_add(24.hours()).unwrap(),
        extensions: vec![extension::crl_number(1)],
    };
    let list = [header.prefix(0).unwrap(), header.suffix().unwrap()].concat();
    let signature = tree.issuing.key().sign(&list).unwrap();
    let e = lint_crl(&pki::assemble(&list, header.signature, &signature), &[]).unwrap_err();
    assert!(e.contains("authority_key_identifier") || e.contains("aki"), "{e}");

    tbs.extensions = server.extensions().to_vec();
    lint_certificate(tree.issuing.sign(&tbs).der(), JUSTIFIED).unwrap();
}

/// One second before and after the year that changes the form of a time.
#[test]
fn times_around_2050() {
    let tree = Tree::new(KeyAlgorithm::Ed25519);
    for not_after in ["2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"] {
        let tbs = pki::TbsCertificate {
            serial: tree.server.serial(),
            signature: tree.issuing.key().algorithm(),
            issuer: tree.server.issuer().clone(),
            not_before: tree.server.not_before(),
            not_after: not_after.parse().unwrap(),
            subject: tree.server.subject().clone(),
            public_key: tree.server.public_key().clone(),
            extensions: tree.server.extensions().to_vec(),
        };
        let leaf = tree.issuing.sign(&tbs);
        verify_chain(&tree.chain(&leaf, Purpose::TlsServer)).unwrap();
        lint_certificate(leaf.der(), JUSTIFIED).unwrap();
    }
}

/// Every entry form in one long list.
#[test]
fn a_long_crl() {
    for algorithm in [KeyAlgorithm::P384, KeyAlgorithm::Rsa2048, KeyAlgorithm::MlDsa44] {
        let tree = Tree::new(algorithm);
        let mut entries: Vec<CrlEntry> = (0..5000_u32)
            .map(|n| CrlEntry {
                serial: pki::Serial::from_bytes(&(n + 1).to_be_bytes()).unwrap(),
                revoked_at: tree.at.checked_sub(1.hours()).unwrap(),
                reason: [None, Some(1), Some(3), Some(4), Some(5), Some(6), Some(9)][n as usize % 7],
                invalidity: (n % 2 == 0).then(|| tree.at.checked_sub(2.hours()).unwrap()),
            })
            .collect();
        let long = tree.issuing.crl(20, &entries, tree.at);
        let mut chain = tree.chain(&tree.server, Purpose::TlsServer);
        chain.crls = vec![tree.root_crl.der().to_vec(), long.der().to_vec()];
        verify_chain(&chain).unwrap();
        entries.push(ca::revoked(&tree.server, tree.at, None));
        chain.crls[1] = tree.issuing.crl(21, &entries, tree.at).der().to_vec();
        refused(&chain, "revoked");
        entries.drain(7..);
        lint_crl(tree.issuing.crl(22, &entries, tree.at).der(), JUSTIFIED).unwrap();
    }
}

/// A CA of one algorithm over a CA and subjects of others.
#[test]
fn mixed_algorithms() {
    let at = Timestamp::now();
    for (root, issuing, subject) in [
        (KeyAlgorithm::Rsa4096, KeyAlgorithm::P384, KeyAlgorithm::Ed25519),
        (KeyAlgorithm::P384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048),
        (KeyAlgorithm::MlDsa87, KeyAlgorithm::P256, KeyAlgorithm::Rsa3072),
        (KeyAlgorithm::Rsa3072, KeyAlgorithm::MlDsa65, KeyAlgorithm::P256),
    ] {
        let root = Ca::root(root, at);
        let issuing = root.subordinate(issuing, at);
        let leaf = issuing.leaf(
            Purpose::TlsServer,
            "CN=host.example",
            &["dns:host.example".parse().unwrap()],
            key(subject, Role::Subject).public_key(),
            at,
        );
        let chain = Chain {
            leaf: leaf.der().to_vec(),
            intermediates: vec![issuing.certificate().der().to_vec()],
            root: root.certificate().der().to_vec(),
            crls: vec![root.crl(1, &[], at).der().to_vec(), issuing.crl(1, &[], at).der().to_vec()],
            purpose: Some(Purpose::TlsServer),
            at,
        };
        verify_chain(&chain).unwrap();
        lint_certificate(leaf.der(), JUSTIFIED).unwrap();
    }
}

/// Key files of every algorithm, ML-DSA included, are read by an implementation that knows them all.
#[test]
fn key_files() {
    let dir = tempfile::tempdir().unwrap();
    let passphrase = || Passphrase::new("right".to_owned().into()).unwrap();
    for algorithm in KeyAlgorithm::ALL {
        let path = dir.path().join(algorithm.as_str());
        let signer = FileKey::store(&path, &passphrase(), &key(algorithm, Role::Other)).unwrap();
        let spki = read_key_file(&std::fs::read(&path).unwrap(), "right").unwrap();
        assert_eq!(spki, signer.public_key().spki(), "{algorithm}");
    }
}
