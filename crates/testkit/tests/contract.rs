//! What an exit module finds at each event, value by value, as the contract of the classic service lays it down.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::Arc;

use engine::store::ModuleOptions;
use engine::{CrlPublication, ImportOptions, ModuleState, StartFrom, Submission, right};
use jiff::{SignedDuration, Timestamp};
use module::{
    Decision, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule, PropertyType,
    RevocationReason, ServerExit, ServerPolicy, Value,
};
use parking_lot::Mutex;
use pki::{KeyAlgorithm, Serial};
use testkit::authority::{Authority, Builder, eventually};
use testkit::recorder::Recorder;

/// Reads what the contract says there is, at every event.
#[derive(Default)]
struct Reader {
    seen: Mutex<Vec<Seen>>,
}

type Read = Result<Value, HResult>;

#[derive(Debug)]
struct Seen {
    event: ExitEvent,
    disposition: Read,
    status: Read,
    message: Read,
    requester: Read,
    resolved: Read,
    revoked: Read,
    effective: Read,
    reason: Read,
    certificate: Read,
    serial: Read,
    attributes: Result<usize, HResult>,
    /// Of the authority, whatever the context.
    ca: Read,
    crl_state: Read,
    crl: Read,
    delta: Read,
    deltas_disabled: Read,
}

impl ExitModule for Reader {
    fn initialize(&self, _ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        // Context 0: the authority, and no row.
        let row = server.request_property("RequestID", PropertyType::Long).unwrap_err();
        assert_eq!(row.code, HResult::CERTSRV_E_PROPERTY_EMPTY);
        server.certificate_property("CRLState.0", PropertyType::Long)?;
        Ok(ExitEvents::all())
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        use PropertyType::{Binary, Date, Long, String};
        let request = |name, kind| server.request_property(name, kind).map_err(|error| error.code);
        let certificate = |name, kind| server.certificate_property(name, kind).map_err(|error| error.code);
        let seen = Seen {
            event: notification.event,
            disposition: request("Disposition", Long),
            status: request("StatusCode", Long),
            message: request("DispositionMessage", String),
            requester: request("RequesterName", String),
            resolved: request("ResolvedWhen", Date),
            revoked: request("RevokedWhen", Date),
            effective: request("RevokedEffectiveWhen", Date),
            reason: request("RevokedReason", Long),
            certificate: certificate("RawCertificate", Binary),
            serial: certificate("SerialNumber", String),
            attributes: server.attributes().map(|names| names.len()).map_err(|error| error.code),
            ca: certificate("RawCACertificate", Binary),
            crl_state: certificate("CRLState.0", Long),
            crl: certificate("RawCRL.0", Binary),
            delta: certificate("RawDeltaCRL.0", Binary),
            deltas_disabled: certificate("fDeltaCRLsDisabled", Long),
        };
        self.seen.lock().push(seen);
        Ok(())
    }

    fn description(&self) -> std::string::String {
        "reads everything".into()
    }
}

/// Says what is done to it, in a log that modules of both roles share; and what it answers to `initialize`.
struct Noted {
    log: Arc<Mutex<Vec<&'static str>>>,
    initialised: Result<(), ModuleError>,
}

impl Noted {
    fn new(log: &Arc<Mutex<Vec<&'static str>>>, initialised: Result<(), ModuleError>) -> Arc<Self> {
        Arc::new(Self { log: Arc::clone(log), initialised })
    }

    fn note(&self, what: &'static str) {
        self.log.lock().push(what);
    }
}

impl ExitModule for Noted {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.note("exit initialised");
        self.initialised.clone().map(|()| ExitEvents::SHUTDOWN)
    }

    fn notify(&self, _notification: &Notification, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.note("exit told");
        Ok(())
    }

    fn description(&self) -> std::string::String {
        "noted".into()
    }
}

impl PolicyModule for Noted {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.note("policy initialised");
        self.initialised.clone()
    }

    fn verify_request(&self, _server: &mut dyn ServerPolicy, _new: bool) -> Result<Decision, ModuleError> {
        Ok(Decision::Issue)
    }

    fn description(&self) -> std::string::String {
        "noted".into()
    }

    fn shut_down(&self) {
        self.note("policy shut down");
    }
}

/// A module that reads, in an authority that has published its first CRLs.
struct Bench {
    authority: Authority,
    reader: Arc<Reader>,
}

impl Bench {
    fn of(builder: Builder) -> Self {
        let authority = builder.open().unwrap();
        let reader = Arc::new(Reader::default());
        authority.loader.exit("reader", Arc::clone(&reader) as Arc<dyn ExitModule>);
        authority.add_exit("reader", StartFrom::Now, ModuleOptions::default());
        let bench = Self { authority, reader };
        bench.told();
        bench
    }

    /// What was seen since the last time.
    fn told(&self) -> Vec<Seen> {
        eventually("it has seen everything", || {
            self.authority.engine.module(&self.authority.by::<right::Read>(), "reader").unwrap().lag == 0
        });
        std::mem::take(&mut *self.reader.seen.lock())
    }

    /// The one event that there was.
    fn one(&self, event: ExitEvent) -> Seen {
        let mut told = self.told();
        assert_eq!(told.iter().map(|seen| seen.event).collect::<Vec<_>>(), [event]);
        told.remove(0)
    }

    fn now(&self) -> Read {
        Ok(self.authority.clock.now().into())
    }

    /// So that times which should differ do.
    fn later(&self) {
        self.authority.clock.advance(SignedDuration::from_secs(60));
    }

    fn serial(&self, request: module::RequestId) -> Serial {
        self.authority.engine.request(&self.authority.by::<right::Read>(), request).unwrap().issued.unwrap().serial
    }
}

const EMPTY: Read = Err(HResult::CERTSRV_E_PROPERTY_EMPTY);

fn code(code: HResult) -> Read {
    Ok(code.0.into())
}

fn begins(read: &Read, words: &str) {
    let text = read.clone().unwrap().into_text().unwrap();
    assert!(text.starts_with(words), "{text}");
}

/// What can be read of the authority while a request is in context.
fn authority_is_there(seen: &Seen) {
    assert!(seen.ca.is_ok() && seen.crl.is_ok(), "{seen:?}");
    assert_eq!(seen.crl_state, Ok(3.into()));
}

#[test]
fn a_request_is_issued_waits_is_denied_and_fails() {
    let bench = Bench::of(Builder::new(KeyAlgorithm::P256));
    let officer = bench.authority.by::<right::ManageCertificates>();

    bench.authority.submit("issued.example", "Ticket:4711");
    let seen = bench.one(ExitEvent::CertIssued);
    assert_eq!((&seen.disposition, &seen.status, &seen.resolved), (&Ok(20.into()), &code(HResult::S_OK), &bench.now()));
    assert!(seen.certificate.is_ok() && seen.serial.is_ok(), "{seen:?}");
    assert_eq!((&seen.reason, &seen.revoked, &seen.effective), (&EMPTY, &EMPTY, &EMPTY));
    assert_eq!((&seen.requester, seen.attributes), (&Ok("test:everyone".into()), Ok(1)));
    authority_is_there(&seen);

    let waits = |name: &str| bench.authority.submit(name, "Disposition:Pending").request;
    let approved = waits("approved.example");
    let seen = bench.one(ExitEvent::CertPending);
    assert_eq!((&seen.disposition, &seen.status), (&Ok(9.into()), &code(HResult::S_OK)));
    assert_eq!((&seen.certificate, &seen.serial), (&EMPTY, &EMPTY));
    begins(&seen.message, "Taken Under Submission");
    authority_is_there(&seen);
    bench.later();
    bench.authority.engine.approve(&officer, approved).unwrap();
    let seen = bench.one(ExitEvent::CertIssued);
    assert_eq!((&seen.disposition, &seen.resolved), (&Ok(20.into()), &bench.now()));
    bench.authority.engine.retrieve(&bench.authority.by::<right::Enrol>(), approved).unwrap();
    assert!(bench.one(ExitEvent::CertRetrievePending).certificate.is_ok());

    bench.authority.submit("denied.example", "Disposition:Deny");
    let seen = bench.one(ExitEvent::CertDenied);
    assert_eq!((&seen.disposition, &seen.status), (&Ok(31.into()), &code(HResult::E_ACCESSDENIED)));
    assert_eq!(seen.certificate, EMPTY);
    begins(&seen.message, "Denied by Policy Module");

    let refused = waits("refused.example");
    bench.one(ExitEvent::CertPending);
    bench.authority.engine.deny(&officer, refused).unwrap();
    let seen = bench.one(ExitEvent::CertDenied);
    let by_officer = code(HResult::CERTSRV_E_ADMIN_DENIED_REQUEST);
    assert_eq!((&seen.disposition, &seen.status, &seen.certificate), (&Ok(31.into()), &by_officer, &EMPTY));
    begins(&seen.message, "Denied by test:everyone");

    bench.authority.submit("failed.example", "Disposition:Fail");
    let seen = bench.one(ExitEvent::CertDenied);
    assert_eq!((&seen.disposition, &seen.status), (&Ok(30.into()), &code(HResult::E_FAIL)));
    assert_eq!(seen.certificate, EMPTY);
    let unreadable = Submission { request: b"no request".to_vec(), ..Submission::default() };
    bench.authority.engine.submit(&bench.authority.by::<right::Enrol>(), unreadable).unwrap();
    let seen = bench.one(ExitEvent::CertDenied);
    assert_eq!(seen.disposition, Ok(30.into()));
    assert!(seen.status.unwrap().into_long().unwrap() < 0);
}

#[test]
fn a_certificate_is_revoked_released_and_revoked_again() {
    let bench = Bench::of(Builder::new(KeyAlgorithm::P256));
    let (engine, officer) = (&bench.authority.engine, bench.authority.by::<right::ManageCertificates>());
    let serial = bench.serial(bench.authority.submit("www.example", "").request);
    let issued = bench.one(ExitEvent::CertIssued);
    bench.later();

    let ahead: Timestamp = bench.authority.clock.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    engine.revoke(&officer, &serial, RevocationReason::CertificateHold, Some(ahead)).unwrap();
    let seen = bench.one(ExitEvent::CertRevoked);
    assert_eq!((&seen.disposition, &seen.status, &seen.reason), (&Ok(21.into()), &issued.status, &Ok(6.into())));
    assert_eq!((&seen.revoked, &seen.effective), (&bench.now(), &Ok(ahead.into())));
    assert_eq!((&seen.certificate, &seen.resolved), (&issued.certificate, &issued.resolved));

    bench.later();
    engine.release(&officer, &serial).unwrap();
    let seen = bench.one(ExitEvent::CertRevoked);
    assert_eq!((&seen.disposition, &seen.status, &seen.reason), (&Ok(20.into()), &issued.status, &Ok((-1).into())));
    assert_eq!(seen.certificate, issued.certificate);

    bench.later();
    engine.revoke(&officer, &serial, RevocationReason::KeyCompromise, None).unwrap();
    let seen = bench.one(ExitEvent::CertRevoked);
    assert_eq!((&seen.disposition, &seen.reason), (&Ok(21.into()), &Ok(1.into())));
    assert_eq!((&seen.revoked, &seen.effective), (&bench.now(), &bench.now()));

    // Revoked for another reason: an event of its own.
    engine.revoke(&officer, &serial, RevocationReason::Superseded, None).unwrap();
    let seen = bench.one(ExitEvent::CertRevoked);
    assert_eq!((&seen.disposition, &seen.reason), (&Ok(21.into()), &Ok(4.into())));
}

#[test]
fn an_imported_certificate_is_the_importers() {
    let bench = Bench::of(Builder::new(KeyAlgorithm::P256));
    let elsewhere = Authority::open();
    let foreign = elsewhere.submit("foreign.example", "").certificate.unwrap();
    let officer = bench.authority.by::<right::ManageCertificates>();
    let options = ImportOptions { foreign: true, existing_row: false };
    bench.authority.engine.import(&officer, &foreign, options).unwrap();
    let seen = bench.one(ExitEvent::CertImported);
    assert_eq!((&seen.disposition, &seen.status), (&Ok(12.into()), &code(HResult::S_OK)));
    assert_eq!((&seen.certificate, &seen.requester), (&Ok(foreign.into()), &Ok("test:everyone".into())));
}

#[test]
fn a_publication_is_one_event_with_the_crls_and_no_request() {
    let publish = |bench: &Bench, base, delta, republish| {
        let order = CrlPublication { base, delta, republish, next_update: None };
        let administrator = bench.authority.by::<right::Administer>();
        bench.authority.engine.publish_crls(&administrator, &order, &mut |_, _| {}).unwrap();
        bench.one(ExitEvent::CrlIssued)
    };
    let bench = Bench::of(Builder::new(KeyAlgorithm::P256));
    for (base, delta, republish) in
        [(true, false, false), (false, true, false), (true, true, false), (true, true, true)]
    {
        bench.later();
        let seen = publish(&bench, base, delta, republish);
        authority_is_there(&seen);
        assert_eq!(seen.deltas_disabled, Ok(0.into()));
        assert!(seen.delta.is_ok(), "{seen:?}");
        for row in [&seen.disposition, &seen.requester, &seen.certificate, &seen.serial] {
            assert_eq!(row, &EMPTY);
        }
    }

    // A delta CRL that there is none of is a missing file, not an empty property.
    let without =
        Builder::new(KeyAlgorithm::P256).config(|config| config.crl.delta_period = module::moment::Period::ZERO);
    let bench = Bench::of(without);
    let seen = publish(&bench, true, false, false);
    authority_is_there(&seen);
    assert_eq!((seen.deltas_disabled, seen.delta), (Ok(1.into()), Err(HResult::ERROR_FILE_NOT_FOUND)));
}

#[test]
fn the_server_starts_without_an_exit_module_that_fails_and_not_without_a_policy_module() {
    let (log, failed) = (Arc::default(), Err(ModuleError::new(HResult::E_FAIL, "no paper")));
    let builder = Builder::new(KeyAlgorithm::P256);
    builder.loader().policy("plain", Noted::new(&log, failed.clone()));
    let error = builder.open().err().expect("no policy, no server").to_string();
    assert!(error.contains("plain") && error.contains("no paper"), "{error}");

    let authority = Authority::open();
    authority.loader.exit("noted", Noted::new(&log, Ok(())));
    authority.add_exit("noted", StartFrom::Now, ModuleOptions::default());
    authority.loader.exit("noted", Noted::new(&log, failed));
    let authority = authority.restart();
    let reader = authority.by::<right::Read>();
    eventually("it has failed", || {
        let status = authority.engine.module(&reader, "noted").unwrap();
        let why = status.last_error.is_some_and(|(_, error)| error.message.contains("no paper"));
        matches!(status.state, ModuleState::Failed { .. }) && why
    });
    assert!(authority.submit("www.example", "").certificate.is_some());
}

#[test]
fn policy_starts_first_and_stops_last() {
    let log = Arc::default();
    let builder = Builder::new(KeyAlgorithm::P256);
    builder.loader().policy("plain", Noted::new(&log, Ok(())));
    let authority = builder.open().unwrap();
    authority.loader.exit("noted", Noted::new(&log, Ok(())));
    authority.add_exit("noted", StartFrom::Now, ModuleOptions::default());
    eventually("it runs", || {
        let status = authority.engine.module(&authority.by::<right::Read>(), "noted").unwrap();
        status.state == ModuleState::Running
    });
    authority.close();
    assert_eq!(*log.lock(), ["policy initialised", "exit initialised", "exit told", "policy shut down"]);
}

#[test]
fn a_module_is_told_of_its_mask_and_its_place_moves_on_all_the_same() {
    let authority = Authority::open();
    let masks = [ExitEvents::CERT_REVOKED | ExitEvents::SHUTDOWN, ExitEvents::empty(), ExitEvents::all()];
    let modules = masks.map(Recorder::new);
    for (name, module) in ["revoked", "nothing", "everything"].into_iter().zip(&modules) {
        authority.loader.exit(name, Arc::clone(module) as Arc<dyn ExitModule>);
        authority.add_exit(name, StartFrom::Now, ModuleOptions::default());
    }
    let request = authority.submit("www.example", "").request;
    let serial = authority.engine.request(&authority.by::<right::Read>(), request).unwrap().issued.unwrap().serial;
    let officer = authority.by::<right::ManageCertificates>();
    authority.engine.revoke(&officer, &serial, RevocationReason::Superseded, None).unwrap();
    for name in ["revoked", "nothing", "everything"] {
        eventually("nothing is left for it", || {
            let status = authority.engine.module(&authority.by::<right::Read>(), name).unwrap();
            status.state == ModuleState::Running && status.lag == 0
        });
    }
    authority.close();
    let told = modules.map(|module| module.events().into_iter().map(|(_, event)| event).collect::<Vec<_>>());
    let (issued, revoked, stop) = (ExitEvent::CertIssued, ExitEvent::CertRevoked, ExitEvent::Shutdown);
    assert_eq!(told, [vec![revoked, stop], vec![], vec![issued, revoked, stop]]);
}
