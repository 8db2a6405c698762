//! Several change one request at the same time: nobody is told of a conflict where there is none, and nothing that anybody did is
//! lost.
//!
//! The race is no matter of luck here: somebody else writes between an act's look at a row and its commit.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::Arc;

use engine::store::{Column, Filter, Operand, Search};
use engine::{Error, ImportOptions, Request, right};
use jiff::SignedDuration;
use module::{CertificateExtension, Disposition, EventId, ExitEvent, ExitEvents, ExtensionFlags, HResult};
use module::{RequestId, RevocationReason};
use parking_lot::Mutex;
use pki::{KeyAlgorithm, KeyUsage, PublicKey, Serial, TbsCertificate};
use testkit::authority::{Authority, Builder, csr};
use testkit::fault::{FaultyStore, Overtaking, Side, open_quiet};

/// An authority where somebody else can be faster.
struct Contested {
    authority: Arc<Authority>,
    store: Arc<FaultyStore>,
}

impl Contested {
    fn open() -> Self {
        let (authority, store) = open_quiet(Builder::new(KeyAlgorithm::P256));
        Self { authority: Arc::new(authority), store }
    }

    /// Has somebody do this when the next act has read its row and not written it.
    fn meanwhile(&self, act: impl FnOnce(&Authority) + Send + 'static) {
        let authority = Arc::clone(&self.authority);
        self.store.overtake(Overtaking::By(Box::new(move || act(&authority))));
    }

    /// A certificate that its requester had to wait for, and has not fetched.
    fn waited_for(&self, name: &str) -> (RequestId, Serial) {
        let request = self.pending(name);
        self.authority.clock.advance(SignedDuration::from_secs(1));
        self.authority.engine.approve(&self.authority.by(), request).unwrap();
        (request, self.stored(request).issued.unwrap().serial)
    }

    fn pending(&self, name: &str) -> RequestId {
        self.authority.submit(name, "Disposition:Pending").request
    }

    fn stored(&self, request: RequestId) -> Request {
        self.authority.engine.request(&self.authority.by(), request).unwrap()
    }

    /// What happened to a request, in order.
    fn events(&self, request: RequestId) -> Vec<ExitEvent> {
        let by = self.authority.by::<right::Read>();
        let events = self.authority.engine.events(&by, EventId(0), ExitEvents::all(), 1_000).unwrap();
        let of_request = events.iter().filter(|(event, _)| event.request.is_some_and(|(id, _)| id == request));
        of_request.map(|(event, _)| event.kind).collect()
    }
}

fn revoke(authority: &Authority, serial: &Serial, reason: RevocationReason) -> Result<Request, Error> {
    authority.engine.revoke(&authority.by(), serial, reason, None)
}

fn release(authority: &Authority, serial: &Serial) -> Result<Request, Error> {
    authority.engine.release(&authority.by(), serial)
}

fn set_attributes(authority: &Authority, request: RequestId, text: &str) -> Result<Request, Error> {
    authority.engine.set_attributes(&authority.by(), request, text)
}

type Act = fn(&Authority, &Serial) -> Result<Request, Error>;

/// What is done to a certificate, and what happens to it by that.
const ACTS: [(&str, Act, &[ExitEvent]); 4] = [
    ("revoke", |ca, serial| revoke(ca, serial, RevocationReason::KeyCompromise), &[ExitEvent::CertRevoked]),
    ("hold", |ca, serial| revoke(ca, serial, RevocationReason::CertificateHold), &[ExitEvent::CertRevoked]),
    ("release", release, &[ExitEvent::CertRevoked]),
    ("publish-expired", |ca, serial| ca.engine.publish_expired(&ca.by(), serial, true), &[]),
];

/// A certificate in the state that an act takes.
fn prepared(ca: &Contested, act: &str) -> (RequestId, Serial) {
    let (request, serial) = ca.waited_for(&format!("{act}.example"));
    if act == "release" {
        revoke(&ca.authority, &serial, RevocationReason::CertificateHold).unwrap();
    }
    (request, serial)
}

#[test]
fn a_first_fetch_stands_in_nobodys_way() {
    let ca = Contested::open();
    for (name, act, expected) in ACTS {
        let (request, serial) = prepared(&ca, name);
        let before = ca.events(request).len();
        ca.meanwhile(move |ca| drop(ca.engine.retrieve(&ca.by(), request).unwrap()));
        let done = act(&ca.authority, &serial).unwrap();
        assert_eq!(ca.stored(request), done, "{name}");
        assert_eq!(done.properties["RetrievedBy"], "test:everyone", "{name}: what the other did is kept");
        assert_eq!(ca.events(request)[before..], [&[ExitEvent::CertRetrievePending], expected].concat(), "{name}");
    }
}

#[test]
fn nobody_stands_in_the_way_of_a_first_fetch() {
    let ca = Contested::open();
    let (request, serial) = ca.waited_for("fetched.example");
    ca.meanwhile(move |ca| drop(revoke(ca, &serial, RevocationReason::Superseded).unwrap()));
    let outcome = ca.authority.engine.retrieve(&ca.authority.by(), request).unwrap();
    assert_eq!(outcome.disposition, Disposition::Revoked, "it is told as it is now");
    assert!(outcome.certificate.is_some());
    assert_eq!(ca.events(request).last(), Some(&ExitEvent::CertRetrievePending));
}

#[test]
fn what_was_done_is_done_once_even_where_its_commit_is_said_to_have_failed() {
    let ca = Contested::open();
    for side in [Side::Before, Side::After] {
        for (name, act, expected) in ACTS {
            let (request, serial) = prepared(&ca, name);
            let before = ca.events(request).len();
            ca.store.overtake(Overtaking::Nobody(side));
            let done = act(&ca.authority, &serial).unwrap();
            assert_eq!(ca.stored(request), done, "{name} {side:?}");
            assert_eq!(ca.events(request)[before..], *expected, "{name} {side:?}");
        }
        let (request, _) = ca.waited_for("fetched.example");
        let before = ca.events(request).len();
        ca.store.overtake(Overtaking::Nobody(side));
        ca.authority.engine.retrieve(&ca.authority.by(), request).unwrap();
        assert_eq!(ca.events(request)[before..], [ExitEvent::CertRetrievePending], "{side:?}");
    }
}

#[test]
fn whoever_is_overtaken_every_time_is_told_so_in_the_end() {
    let ca = Contested::open();
    let (request, serial) = ca.waited_for("busy.example");
    let before = ca.stored(request);
    (0..40).for_each(|_| ca.store.overtake(Overtaking::Nobody(Side::Before)));
    let told = revoke(&ca.authority, &serial, RevocationReason::Superseded).unwrap_err();
    assert!(matches!(&told, Error::Conflict { message, .. } if message.contains("read it again")), "{told}");
    assert_eq!(ca.stored(request), before);
    revoke(&ca.authority, &serial, RevocationReason::Superseded).unwrap();
}

#[test]
fn two_revocations_for_different_reasons_are_for_people_to_settle() {
    let ca = Contested::open();
    let (request, serial) = ca.waited_for("different.example");
    ca.meanwhile(move |ca| drop(revoke(ca, &serial, RevocationReason::KeyCompromise).unwrap()));
    let told = revoke(&ca.authority, &serial, RevocationReason::Superseded).unwrap_err();
    assert_eq!(told.code(), HResult::CERTSRV_E_BAD_REQUESTSTATUS);
    assert_eq!(ca.stored(request).revocation.unwrap().reason, RevocationReason::KeyCompromise.code());
    // Whoever knows of the other one may change it.
    revoke(&ca.authority, &serial, RevocationReason::Superseded).unwrap();

    // A date that somebody gave is not written over by one that nobody gave.
    let (request, serial) = ca.waited_for("dated.example");
    let date = ca.authority.clock.now().checked_sub(SignedDuration::from_hours(72)).unwrap();
    ca.meanwhile(move |ca| {
        ca.engine.revoke(&ca.by(), &serial, RevocationReason::KeyCompromise, Some(date)).unwrap();
    });
    revoke(&ca.authority, &serial, RevocationReason::KeyCompromise).unwrap();
    assert_eq!(ca.stored(request).revocation.unwrap().effective, date);
    assert_eq!(ca.events(request).iter().filter(|event| **event == ExitEvent::CertRevoked).count(), 1);

    // A release and a revocation want different things too, whoever comes first.
    let (request, serial) = ca.waited_for("held.example");
    revoke(&ca.authority, &serial, RevocationReason::CertificateHold).unwrap();
    ca.meanwhile(move |ca| drop(revoke(ca, &serial, RevocationReason::KeyCompromise).unwrap()));
    assert!(matches!(release(&ca.authority, &serial), Err(Error::Conflict { .. })));
    assert_eq!(ca.stored(request).disposition, Disposition::Revoked);
}

#[test]
fn amendments_of_several_officers_are_all_kept() {
    let ca = Contested::open();
    let request = ca.pending("amended.example");
    ca.meanwhile(move |ca| drop(set_attributes(ca, request, "Ticket:4711").unwrap()));
    let extension = CertificateExtension {
        oid: "1.3.6.1.4.1.99999.1".into(),
        flags: ExtensionFlags::empty(),
        value: vec![0x05, 0x00],
    };
    ca.authority.engine.set_extension(&ca.authority.by(), request, extension).unwrap();
    ca.meanwhile(move |ca| drop(set_attributes(ca, request, "Ticket:4712").unwrap()));
    set_attributes(&ca.authority, request, "Department:Finance").unwrap();
    let stored = ca.stored(request);
    assert!(stored.body.extensions.iter().any(|extension| extension.oid == "1.3.6.1.4.1.99999.1"));
    assert_eq!((stored.attribute("Ticket"), stored.attribute("Department")), (Some("4712"), Some("Finance")));

    // A denial stands whatever was amended; what is decided is amended no more.
    ca.meanwhile(move |ca| drop(set_attributes(ca, request, "Ticket:4713").unwrap()));
    ca.authority.engine.deny(&ca.authority.by(), request).unwrap();
    let stored = ca.stored(request);
    assert_eq!((stored.disposition, stored.attribute("Ticket")), (Disposition::Denied, Some("4713")));
    let request = ca.pending("decided.example");
    ca.meanwhile(move |ca| drop(ca.engine.approve(&ca.by(), request).unwrap()));
    let told = ca.authority.engine.deny(&ca.authority.by(), request).unwrap_err();
    assert_eq!(told.code(), HResult::CERTSRV_E_BAD_REQUESTSTATUS);
    assert!(told.to_string().contains("not pending"), "{told}");
    assert_eq!(ca.stored(request).disposition, Disposition::Issued);
}

#[test]
fn nothing_is_issued_but_what_was_approved() {
    let ca = Contested::open();
    let request = ca.pending("approved.example");
    ca.meanwhile(move |ca| drop(set_attributes(ca, request, "Ticket:4711").unwrap()));
    let told = ca.authority.engine.approve(&ca.authority.by(), request).unwrap_err();
    assert!(matches!(told, Error::Conflict { .. }), "{told}");
    let stored = ca.stored(request);
    assert_eq!((stored.disposition, stored.issued), (Disposition::Pending, None));
    ca.authority.engine.approve(&ca.authority.by(), request).unwrap();
}

/// A certificate that the authority's key signed elsewhere, for this key.
fn signed_elsewhere(ca: &Contested, serial: u8, key: &PublicKey, of_the_ca: bool) -> Vec<u8> {
    let installed = ca.authority.engine.ca();
    let issuer = &installed.certificates()[0].certificate;
    let mut extensions = vec![pki::extension::subject_key_identifier(&key.key_identifier())];
    if of_the_ca {
        extensions.push(pki::extension::basic_constraints(true, None));
        extensions.push(pki::extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN));
    }
    let tbs = TbsCertificate {
        serial: Serial::from_bytes(&[serial; 16]).unwrap(),
        signature: ca.authority.signer.algorithm(),
        issuer: issuer.subject().clone(),
        not_before: issuer.not_before(),
        not_after: issuer.not_after(),
        subject: issuer.subject().clone(),
        public_key: key.clone(),
        extensions,
    };
    let der = tbs.to_der().unwrap();
    let signature = ca.authority.signer.sign(&der).unwrap();
    pki::assemble(&der, ca.authority.signer.algorithm(), &signature)
}

#[test]
fn of_two_imports_one_finds_what_the_other_brought() {
    let ca = Contested::open();
    let somebodys = pki::CertificationRequest::from_der(&csr("imported.example")).unwrap();
    let certificate = signed_elsewhere(&ca, 0x51, somebodys.public_key(), false);
    let other = certificate.clone();
    ca.meanwhile(move |ca| drop(ca.engine.import(&ca.by(), &other, ImportOptions::default()).unwrap()));
    let told = ca.authority.engine.import(&ca.authority.by(), &certificate, ImportOptions::default()).unwrap_err();
    assert_eq!(told.code(), HResult::ERROR_OBJECT_EXISTS, "{told}");

    // A foreign one is no less one certificate: both are told of the same row, and it happened once.
    let foreign = Authority::open().submit("foreign.example", "").certificate.unwrap();
    let (other, allow) = (foreign.clone(), ImportOptions { foreign: true, existing_row: false });
    let rows = || {
        let filters = vec![Filter::equal(Column::Disposition, Operand::Number(Disposition::Foreign.code().into()))];
        let search = Search { filters, limit: 10, ..Search::default() };
        ca.authority.engine.search(&ca.authority.by(), &search).unwrap().rows
    };
    let first = Arc::new(Mutex::new(None));
    let brought = Arc::clone(&first);
    ca.meanwhile(move |ca| *brought.lock() = Some(ca.engine.import(&ca.by(), &other, allow).unwrap()));
    let second = ca.authority.engine.import(&ca.authority.by(), &foreign, allow).unwrap();
    assert_eq!(first.lock().take(), Some(second.clone()));
    assert_eq!(rows().iter().map(|row| row.id).collect::<Vec<_>>(), [second.request]);
    assert_eq!(ca.events(second.request), [ExitEvent::CertImported]);

    // The request that an import completes may be amended meanwhile.
    let request = ca.pending("completed.example");
    let raw = pki::CertificationRequest::from_der(&ca.stored(request).body.raw).unwrap();
    let certificate = signed_elsewhere(&ca, 0x52, raw.public_key(), false);
    ca.meanwhile(move |ca| drop(set_attributes(ca, request, "Ticket:4711").unwrap()));
    let options = ImportOptions { existing_row: true, ..ImportOptions::default() };
    let imported = ca.authority.engine.import(&ca.authority.by(), &certificate, options).unwrap();
    assert_eq!((imported.request, imported.disposition), (request, Disposition::Issued));
    assert_eq!(ca.stored(request).attribute("Ticket"), Some("4711"));
}

#[test]
fn two_ca_certificates_are_installed_at_once() {
    let ca = Contested::open();
    let key = ca.authority.signer.public_key().clone();
    let [first, second] = [0x61, 0x62].map(|serial| signed_elsewhere(&ca, serial, &key, true));
    ca.meanwhile(move |ca| drop(ca.engine.install_ca_certificate(&ca.by(), &first, &[]).unwrap()));
    let installed = ca.authority.engine.install_ca_certificate(&ca.authority.by(), &second, &[]).unwrap();
    assert_eq!((installed.index, ca.authority.engine.ca().certificates().len()), (2, 3));
}
