//! Clients that ask for as much as they can get, and note what they asked for and what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use engine::Signer;
use frontends::client::blocking::Client;
use frontends::client::{Error, escape};
use frontends::model::{CrlKind, Outcome, Publication, PublicationOrder, Request, RevocationOrder};
use keys::KeyMaterial;
use module::{Disposition, RevocationReason};
use parking_lot::Mutex;
use pki::{CertificateList, KeyAlgorithm};

use crate::authority::until;

/// Clients that ask for certificates at the same time.
const CLIENTS: usize = 4;
/// CRLs are published each time so many other answers have come.
const PUBLISH_EVERY: usize = 12;

/// What the clients know: the server may know more, never less.
#[derive(Default)]
pub struct Known {
    /// Hosts that a certificate was asked for, each once.
    pub asked: BTreeSet<String>,
    /// Certificates that were answered, by serial number.
    pub certificates: BTreeMap<String, Answered>,
    /// SHA-256 of the CRLs that were answered or seen at their location, by kind and number.
    pub crls: BTreeMap<(bool, u64), String>,
}

/// A certificate that the server has answered with.
pub struct Answered {
    pub request: i64,
    pub der: Vec<u8>,
    /// The code of the last revocation or release that was answered.
    pub revocation: Option<i32>,
    /// The code of one that was ordered after it. It may have been carried out.
    pub ordered: Option<i32>,
}

impl Known {
    /// A CRL by its kind, number and hash, which is the one that is known under this number, if one is.
    fn crl(&mut self, delta: bool, number: u64, sha256: String) {
        let known = self.crls.entry((delta, number)).or_insert_with(|| sha256.clone());
        assert_eq!(*known, sha256, "two CRLs with the number {number}");
    }

    /// The CRLs at their locations, which are whole at any moment.
    pub fn look_at_crls(&mut self, folder: &Path) {
        for (name, delta) in [("Exeunt Development CA.crl", false), ("Exeunt Development CA+.crl", true)] {
            // A server that is killed soon after its first start may not have come to it.
            let Ok(bytes) = std::fs::read(folder.join(name)) else { continue };
            let crl = CertificateList::from_der(&bytes).unwrap_or_else(|error| panic!("{name} is torn: {error}"));
            self.crl(delta, crl.number().unwrap(), hex::encode(digest(&SHA256, &bytes)));
        }
    }
}

/// The clients of one life of the server.
pub struct Load<'a> {
    socket: PathBuf,
    known: &'a Mutex<Known>,
    key: KeyMaterial,
    answers: AtomicUsize,
    killed: AtomicBool,
    /// The clients are to end.
    enough: AtomicBool,
}

impl<'a> Load<'a> {
    pub fn new(socket: PathBuf, known: &'a Mutex<Known>) -> Self {
        let key = keys::generate(KeyAlgorithm::P256).unwrap();
        let (answers, killed, enough) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicBool::new(false));
        Self { socket, known, key, answers, killed, enough }
    }

    /// Keeps the server busy as long as `work` takes. Every answer must be the one that was asked for.
    pub fn during(&self, work: impl FnOnce()) {
        std::thread::scope(|scope| {
            let mut clients: Vec<_> =
                (0..CLIENTS / 2).map(|client| scope.spawn(move || self.enrol(&format!("c{client}")))).collect();
            clients.push(scope.spawn(|| self.publish()));
            // Whatever fails here, the clients are told to end.
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            let alive = clients.iter().all(|client| !client.is_finished());
            self.enough.store(true, Ordering::Release);
            clients.into_iter().for_each(|client| client.join().unwrap());
            worked.unwrap();
            assert!(alive, "a client ended early");
        });
    }

    /// Keeps the server busy until so many answers have come, kills it with `kill` while the clients go on, and waits
    /// until each of them has noticed.
    pub fn run(&self, round: usize, answers: usize, kill: impl FnOnce()) {
        std::thread::scope(|scope| {
            let mut clients: Vec<_> =
                (0..CLIENTS).map(|client| scope.spawn(move || self.enrol(&format!("r{round}-c{client}")))).collect();
            clients.push(scope.spawn(|| self.publish()));
            until("the server answers", || {
                // A client that ends before the server does has found a mistake, and fails the test below.
                self.answers.load(Ordering::Relaxed) >= answers || clients.iter().any(|client| client.is_finished())
            });
            self.killed.store(true, Ordering::Release);
            kill();
            clients.into_iter().for_each(|client| client.join().unwrap());
        });
    }

    /// Asks for certificates, and revokes, holds and releases some of them.
    fn enrol(&self, name: &str) {
        let client = Client::unix(&self.socket).unwrap();
        for number in (0..).take_while(|_| !self.enough.load(Ordering::Acquire)) {
            let host = format!("{name}-{number}.example");
            let request = self.request(&host);
            self.known.lock().asked.insert(host);
            let path = "/v1/requests?profile=tls-server";
            let Some(outcome) = self.answer(client.post_bytes::<Outcome>(path, "application/pkcs10", request)) else {
                return;
            };
            assert_eq!(outcome.disposition, Disposition::Issued, "{}", outcome.message);
            let der = outcome.certificate.unwrap().0;
            let serial = pki::Certificate::from_der(&der).unwrap().serial().to_string();
            let answered = Answered { request: outcome.request, der, revocation: None, ordered: None };
            let twin = self.known.lock().certificates.insert(serial.clone(), answered);
            assert!(twin.is_none(), "the serial number {serial} was given twice");

            let changes: &[i32] = match number % 5 {
                1 => &[RevocationReason::Superseded.code()],
                3 => &[RevocationReason::CertificateHold.code(), RevocationReason::RELEASED],
                _ => &[],
            };
            for code in changes {
                if self.change(&client, &serial, *code).is_none() {
                    return;
                }
            }
        }
    }

    /// Orders a revocation or a release, and notes it before and after.
    fn change(&self, client: &Client, serial: &str, code: i32) -> Option<()> {
        self.note(serial, |certificate| certificate.ordered = Some(code));
        let path = format!("/v1/certificates/{}", escape(serial));
        let changed = if code == RevocationReason::RELEASED {
            client.act::<Request>(&format!("{path}/release"))
        } else {
            let order = RevocationOrder { reason: Some(code.to_string()), effective: None };
            client.post::<_, Request>(&format!("{path}/revoke"), &order)
        };
        let changed = self.answer(changed)?;
        assert_eq!(changed.revocation.unwrap().code, code);
        self.note(serial, |certificate| (certificate.revocation, certificate.ordered) = (Some(code), None));
        Some(())
    }

    fn note(&self, serial: &str, change: impl FnOnce(&mut Answered)) {
        change(self.known.lock().certificates.get_mut(serial).unwrap());
    }

    /// Publishes base and delta CRLs in turn.
    fn publish(&self) {
        let client = Client::unix(&self.socket).unwrap();
        for number in 0.. {
            let due = self.answers.load(Ordering::Relaxed) + PUBLISH_EVERY;
            until("there is more to publish", || {
                let ended = self.killed.load(Ordering::Acquire) || self.enough.load(Ordering::Acquire);
                self.answers.load(Ordering::Relaxed) >= due || ended
            });
            if self.enough.load(Ordering::Acquire) {
                return;
            }
            let order = PublicationOrder { base: number % 2 == 0, delta: true, ..PublicationOrder::default() };
            let Some(publication) = self.answer(client.post::<_, Publication>("/v1/crls", &order)) else { return };
            assert!(!publication.crls.is_empty());
            for crl in publication.crls {
                assert!(!crl.status.0.is_failure(), "{}", crl.error);
                self.known.lock().crl(crl.kind == CrlKind::Delta, crl.number, crl.sha256);
            }
        }
    }

    /// What the server answered; none when it was killed before it did.
    fn answer<T>(&self, answer: Result<T, Error>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.answers.fetch_add(1, Ordering::Relaxed);
                Some(answer)
            }
            Err(Error::Unreachable { .. } | Error::Broken { .. }) if self.killed.load(Ordering::Acquire) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// A request for a host, DER.
    fn request(&self, host: &str) -> Vec<u8> {
        let subject = pki::Name::parse(&format!("CN={host}")).unwrap();
        let names = pki::extension::subject_alt_name(&[pki::GeneralName::Dns(host.to_owned())]).unwrap();
        let info = pki::certification_request_info(&subject, self.key.public_key(), &[names]).unwrap();
        pki::assemble(&info, self.key.algorithm(), &self.key.sign(&info).unwrap())
    }
}
