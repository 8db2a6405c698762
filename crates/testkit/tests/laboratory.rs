//! The laboratory's server and the real one, side by side: for the same row they answer the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::sync::Arc;

use engine::store::ModuleOptions;
use engine::{CrlPublication, StartFrom, ToldEvent, right};
use laboratory::{
    Contents, InFlight, Properties, Reader, Recorder, Recording, Row, Scene, View, read_properties, read_told,
};
use module::property::{self, PROPERTIES, Scope};
use module::wire::body::{VerifyRequest, ca_properties};
use module::wire::row;
use module::{
    CertificateExtension, Decision, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, ModuleError, Notification,
    PropertyType, RequestId, RevocationReason, Role, ServerExit, ServerPolicy, Value,
};
use parking_lot::Mutex;
use testkit::authority::{Authority, Builder, PolicyFn, csr_with, eventually, plain_policy};

/// CRLs are in no message: what was not recorded has none.
const NOT_RECORDED: [&str; 2] = ["rawcrl", "rawdeltacrl"];

/// Every name of the table, and names as modules misspell and vary them.
fn names() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = PROPERTIES.iter().map(|property| property.name.to_owned()).collect();
    for property in PROPERTIES {
        match property.scope {
            Scope::Request => {
                names.insert(format!("Request.{}", property.name));
                names.insert(format!("Subject.{}", property.name));
            }
            Scope::Context => {
                names.insert(format!("{}.1", property.name));
                names.insert(property.name.to_uppercase());
            }
            Scope::CaIndexed => {
                for index in ["0", "1", "7", "x", ""] {
                    names.insert(format!("{}.{index}", property.name));
                }
            }
            _ => {
                names.insert(property.name.to_uppercase());
            }
        }
    }
    names.extend(["CN", "2.5.4.3", "OU", "Nonsense", "", "Request.", "Subject.", "CertCount.0"].map(str::to_owned));
    names
}

/// The property's type and another; of what is no property, one.
fn kinds(name: &str) -> Vec<PropertyType> {
    let property = property::request_property(name).or_else(|| Some(property::certificate_property(name)?.0));
    match property.map(|property| property.kind) {
        Some(PropertyType::Long) => vec![PropertyType::Long, PropertyType::String],
        Some(kind) => vec![kind, PropertyType::Long],
        None => vec![PropertyType::String],
    }
}

type Answer<T> = Result<T, i32>;

fn answer<T>(result: Result<T, ModuleError>) -> Answer<T> {
    result.map_err(|error| error.code.0)
}

/// An answer, of which bytes are told by their number and their hash.
fn brief(answer: &Answer<Value>) -> String {
    match answer {
        Ok(Value::Binary(bytes)) => format!("{} bytes of SHA-256 {:02x?}", bytes.len(), &pki::sha256(bytes)[..4]),
        other => format!("{other:?}"),
    }
}

/// What the two answer differently.
fn differences(real: &dyn ServerExit, laboratory: &dyn ServerExit, skip: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: String, real: Answer<Value>, laboratory: Answer<Value>| {
        if real != laboratory {
            let (real, laboratory) = (brief(&real), brief(&laboratory));
            found.push(format!("{what}: {real} there, {laboratory} in the laboratory"));
        }
    };
    for name in names().iter().filter(|name| !skip.iter().any(|skip| name.to_lowercase().starts_with(skip))) {
        for kind in kinds(name) {
            compare(
                format!("request {name} as {kind}"),
                answer(real.request_property(name, kind)),
                answer(laboratory.request_property(name, kind)),
            );
            compare(
                format!("certificate {name} as {kind}"),
                answer(real.certificate_property(name, kind)),
                answer(laboratory.certificate_property(name, kind)),
            );
        }
    }
    let list = |server: &dyn ServerExit| (answer(server.attributes()), answer(server.extensions()));
    if list(real) != list(laboratory) {
        found.push(format!("lists: {:?} there, {:?} in the laboratory", list(real), list(laboratory)));
    }
    for name in
        real.attributes().unwrap_or_default().iter().map(String::as_str).chain(["CERTFILE", "Cert File", "none"])
    {
        if answer(real.request_attribute(name)) != answer(laboratory.request_attribute(name)) {
            found.push(format!("attribute {name}"));
        }
    }
    for oid in real.extensions().unwrap_or_default().iter().map(String::as_str).chain(["1.2.3", ""]) {
        if answer(real.certificate_extension(oid)) != answer(laboratory.certificate_extension(oid)) {
            found.push(format!("extension {oid}"));
        }
    }
    found
}

/// The row as the laboratory makes one.
fn row_of(request: &engine::Request, officer: bool) -> Row {
    Row {
        id: request.id,
        disposition: request.disposition,
        status: request.status,
        message: request.message.clone(),
        submitted: request.submitted,
        resolved: request.resolved,
        requester: request.requester.clone(),
        caller: request.caller.clone(),
        officer,
        request_type: request.request_type,
        flags: request.flags,
        profile: request.profile.clone(),
        // That of the test authority's profiles.
        validity: request.profile.as_ref().map(|_| module::Profile::default().validity),
        raw: request.body.raw.clone(),
        attribute_text: request.body.attribute_text.clone(),
        attributes: request.body.attributes.clone(),
        extensions: request.body.extensions.clone(),
        subject: request.subject.clone(),
        not_before: request.not_before,
        not_after: request.not_after,
        properties: request.properties.clone(),
        certificate: request.body.certificate.clone(),
        issuer_name_id: request.issued.as_ref().map_or(0, engine::Issued::issuer_name_id),
        revocation: request.revocation.map(|found| (found.when, found.effective, found.reason)),
        publish_expired: request.publish_expired,
    }
}

/// An exit module that records what it is told, as whoever asks the server for it would, and holds what it is shown beside the
/// laboratory's view of the recording.
#[derive(Default)]
struct Beside {
    engine: Mutex<Option<Arc<engine::Engine>>>,
    by: Mutex<Option<engine::Authorised<right::Read>>>,
    authority: Mutex<Option<(String, Arc<Properties>)>>,
    /// The last event that reported CRLs.
    newest: Mutex<Option<ToldEvent>>,
    crls: Mutex<BTreeSet<laboratory::Digest>>,
    seen: Mutex<Vec<ExitEvent>>,
    wrong: Mutex<Vec<String>>,
}

fn reader() -> Reader {
    Reader { role: Role::Exit, name: "beside".into() }
}

impl Beside {
    /// The view of a recording that begins with the newest CRLs and ends with this event.
    fn recorded(&self, notification: &Notification) -> Arc<View> {
        let (engine, by) = (self.engine.lock().clone().unwrap(), self.by.lock().clone().unwrap());
        let before = module::EventId(notification.id.0 - 1);
        let told = engine.told(&by, before, ExitEvents::all(), 1).unwrap().remove(0);
        let (ca, authority) = self.authority.lock().clone().unwrap();
        let mut file = Vec::new();
        let mut recorder = Recorder::begin(&mut file, &ca, &authority, None, Some(1 << 20)).unwrap();
        for event in self.newest.lock().iter().chain([&told]) {
            let read = read_told(&event.to_json().unwrap(), &authority).unwrap();
            let mut fetch = |reference: &laboratory::CrlReference| {
                let (_, row) = event.crls.iter().find(|(_, row)| row.sha256 == reference.sha256).unwrap();
                let mut bytes = Vec::new();
                engine.read_crl(row).unwrap().read_to_end(&mut bytes).unwrap();
                Ok::<_, laboratory::Error>(Some(bytes))
            };
            recorder.event(&read, &mut fetch).unwrap();
        }
        let mut recording = Recording::open(Cursor::new(file)).unwrap();
        self.crls.lock().extend(recording.crls());
        if notification.event == ExitEvent::CrlIssued {
            *self.newest.lock() = Some(told);
        }
        let happening = recording.play(b"no CRL of the authority's").last().unwrap().unwrap().happening;
        assert_eq!(happening.notification.id, notification.id);
        View::new(reader(), happening.scene)
    }
}

impl ExitModule for Beside {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let properties = serde_json::to_value(ca_properties(server)?).unwrap();
        let properties = Arc::new(read_properties(&properties)?);
        let alone = View::new(reader(), Arc::new(Scene { contents: None, authority: Arc::clone(&properties) }));
        self.wrong.lock().extend(differences(server, &*alone, &NOT_RECORDED));
        *self.authority.lock() = Some((ca.to_owned(), properties));
        Ok(ExitEvents::all() - ExitEvents::SHUTDOWN)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let view = self.recorded(notification);
        // What comes before the first publication has no CRLs.
        let skip = if self.newest.lock().is_some() { &[][..] } else { &NOT_RECORDED[..] };
        let found = differences(server, &*view, skip);
        self.wrong.lock().extend(found.into_iter().map(|text| format!("{}: {text}", notification.event)));
        view.close();
        let late = view.request_property("RequestID", PropertyType::Long).unwrap_err();
        assert_eq!(late.code, module::HResult::ERROR_INVALID_HANDLE);
        // Last: the test goes on when it is told, and what is newest is another then.
        self.seen.lock().push(notification.event);
        Ok(())
    }

    fn description(&self) -> String {
        "beside".into()
    }
}

/// A request for a server and a person.
fn of_a_person(name: &str) -> Vec<u8> {
    csr_with(name, &[pki::GeneralName::Dns(name.into()), pki::GeneralName::Upn("asked@example.org".into())])
}

/// Everything that can happen to a request.
fn live(authority: &Authority) {
    let manage = authority.by::<right::ManageCertificates>();
    let issued =
        authority.submit("www.example.org", "CertificateTemplate:tls\nCert-File:x.cer\nFree: text: here").request;
    let held = authority.submit("held.example.org", "").request;
    let pending = authority.submit("pending.example.org", "Disposition:Pending").request;
    let approved = authority.submit("approved.example.org", "Disposition:Pending").request;
    authority.submit("denied.example.org", "Disposition:Deny");
    authority.submit("failed.example.org", "Disposition:Fail");
    for attributes in ["", "Disposition:Pending", "Disposition:Deny"] {
        let request = of_a_person("person.example.org");
        let submission = engine::Submission { request, attributes: attributes.into(), ..engine::Submission::default() };
        authority.engine.submit(&authority.by::<right::Enrol>(), submission).unwrap();
    }
    let nonsense = engine::Submission { request: b"nonsense".to_vec(), ..engine::Submission::default() };
    authority.engine.submit(&authority.by::<right::Enrol>(), nonsense).unwrap();
    authority.clock.advance(jiff::SignedDuration::from_mins(5));
    authority.engine.approve(&manage, approved).unwrap();
    authority.engine.retrieve(&authority.by::<right::Enrol>(), approved).unwrap();
    authority.engine.deny(&manage, pending).unwrap();
    let serial = |id: RequestId| {
        let request = authority.engine.request(&authority.by::<right::Read>(), id).unwrap();
        request.issued.unwrap().serial
    };
    authority.engine.revoke(&manage, &serial(issued), RevocationReason::KeyCompromise, None).unwrap();
    authority.engine.revoke(&manage, &serial(held), RevocationReason::CertificateHold, None).unwrap();
    authority.engine.release(&manage, &serial(held)).unwrap();
}

#[test]
fn a_recorded_event_reads_as_the_real_one() {
    let builder = Builder::new(pki::KeyAlgorithm::P256);
    let beside = Arc::new(Beside::default());
    builder.loader().exit("beside", Arc::clone(&beside) as Arc<dyn ExitModule>);
    let authority = builder.open().unwrap();
    *beside.engine.lock() = Some(Arc::clone(&authority.engine));
    *beside.by.lock() = Some(authority.by::<right::Read>());
    authority.add_exit("beside", StartFrom::Beginning, ModuleOptions::default());
    // What a module reads of CRLs are the newest: each publication is told before the next one.
    let told = || {
        let (head, _) = authority.engine.event_head().unwrap();
        eventually("every event is told", || beside.seen.lock().len() as u64 >= head.0);
    };
    let publish = |base, delta| {
        told();
        let order = CrlPublication { base, delta, ..CrlPublication::default() };
        authority.engine.publish_crls(&authority.by::<right::Administer>(), &order, &mut |_, _| {}).unwrap();
        told();
    };
    live(&authority);
    publish(true, true);
    authority.submit("after.example.org", "");
    authority.clock.advance(jiff::SignedDuration::from_mins(5));
    publish(false, true);
    authority.submit("later.example.org", "");
    publish(true, true);
    told();
    *beside.engine.lock() = None;
    let wrong = beside.wrong.lock().clone();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    let reported = beside.seen.lock().iter().filter(|event| **event == ExitEvent::CrlIssued).count();
    let crls = beside.crls.lock().len();
    assert!(reported >= 3 && crls >= 5, "{reported} publications, {crls} CRLs");
    let seen: BTreeSet<ExitEvent> = beside.seen.lock().iter().copied().collect();
    assert!(seen.len() >= 6, "{seen:?}");
}

#[test]
fn a_row_of_the_laboratory_reads_as_the_real_one() {
    /// Keeps what it is shown of each event: the views stay open as long as the call, so it compares at once.
    struct Rows {
        engine: Mutex<Option<Arc<engine::Engine>>>,
        by: Mutex<Option<engine::Authorised<right::Read>>>,
        compared: Mutex<usize>,
        wrong: Mutex<Vec<String>>,
    }

    impl ExitModule for Rows {
        fn initialize(&self, _: &str, _: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
            Ok(ExitEvents::all())
        }

        fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
            let (Some(id), Some(engine), Some(by)) =
                (notification.request, self.engine.lock().clone(), self.by.lock().clone())
            else {
                return Ok(());
            };
            let request = engine.events(&by, module::EventId(notification.id.0 - 1), ExitEvents::all(), 1);
            let (_, request) = request.unwrap().into_iter().next().unwrap();
            let request = request.unwrap();
            assert_eq!(request.id, id);
            let officer = server.request_property("Officer", PropertyType::Long)?.into_long()? == 1;
            let authority: Arc<Properties> = {
                let message = serde_json::to_value(ca_properties(server)?).unwrap();
                Arc::new(read_properties(&message)?)
            };
            let scene = Scene { contents: Some(row_of(&request, officer).contents()), authority };
            let view = View::new(Reader { role: Role::Exit, name: "rows".into() }, Arc::new(scene));
            let found = differences(server, &*view, &NOT_RECORDED);
            self.wrong.lock().extend(found.into_iter().map(|text| format!("{}: {text}", notification.event)));
            *self.compared.lock() += 1;
            Ok(())
        }

        fn description(&self) -> String {
            "rows".into()
        }
    }

    let builder = Builder::new(pki::KeyAlgorithm::P256);
    let rows = Arc::new(Rows {
        engine: Mutex::default(),
        by: Mutex::default(),
        compared: Mutex::default(),
        wrong: Mutex::default(),
    });
    builder.loader().exit("rows", Arc::clone(&rows) as Arc<dyn ExitModule>);
    let authority = builder.open().unwrap();
    *rows.engine.lock() = Some(Arc::clone(&authority.engine));
    *rows.by.lock() = Some(authority.by::<right::Read>());
    live(&authority);
    authority.add_exit("rows", StartFrom::Beginning, ModuleOptions::default());
    eventually("the events are told", || *rows.compared.lock() >= 12);
    let wrong = rows.wrong.lock().clone();
    *rows.engine.lock() = None;
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// What policy modules write, rightly and wrongly.
fn writes() -> Vec<(&'static str, Option<Value>)> {
    let moment = |text: &str| Some(Value::Date(text.parse().unwrap()));
    vec![
        ("CommonName", Some("other.example.org".into())),
        ("OU", Some("Servers\nBerlin".into())),
        ("Subject.Organization", Some("Example".into())),
        ("2.5.4.7", Some("Berlin".into())),
        ("Title", Some("".into())),
        ("Organization", Some("x".repeat(500).into())),
        ("Locality", None),
        ("UPN", Some("a@example.org".into())),
        ("UPN", None),
        ("UPN", Some("".into())),
        ("SEAuditId", Some(4898.into())),
        ("SEAuditId.1", Some("tls".into())),
        ("GeneralFlags", Some(5.into())),
        ("EnrollmentFlags", Some("five".into())),
        ("NotAfter", moment("2026-12-24T00:00:00Z")),
        ("NotAfter", moment("2099-01-01T00:00:00Z")),
        ("ExpirationDate", moment("2026-12-23T00:00:00Z")),
        ("NotBefore", moment("2026-11-23T00:00:00Z")),
        ("NotBefore", moment("2001-01-01T00:00:00Z")),
        ("NotBefore", None),
        ("CertificateTemplate", Some("tls".into())),
        ("EventLogVerbose", Some("hello".into())),
        ("DCName", Some("dc1".into())),
        ("SerialNumber", Some("00".into())),
        ("RawCertificate", Some(vec![1, 2].into())),
        ("RawCRL.0", Some(vec![1, 2].into())),
        ("Request.CommonName", Some("x".into())),
        ("Nonsense", Some("x".into())),
    ]
}

fn extension_writes() -> Vec<CertificateExtension> {
    let one = |oid: &str, flags: u32| CertificateExtension {
        oid: oid.into(),
        flags: ExtensionFlags::from_bits_retain(flags),
        value: vec![0x30, 0x00],
    };
    vec![
        one("1.2.3.4", 0x000f_ab01),
        one("1.2.3.4", 0x2),
        one("2.5.29.17", 0),
        one("2.5.29.14", 0x4),
        one("9.9.9", 0),
        one("no.oid", 0),
        one("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17", 0),
        CertificateExtension { value: vec![4; 65_536], ..one("1.2.3.5", 0) },
        CertificateExtension { value: vec![4; 65_537], ..one("1.2.3.6", 0) },
    ]
}

fn contents_of(server: &dyn ServerExit) -> Scene {
    let properties = |row: &row::Row| {
        let mut all = Properties::default();
        for (name, value) in row.iter() {
            all.set(name, value.clone());
        }
        all
    };
    let message = VerifyRequest::read(0, true, server).unwrap();
    let contents = Contents {
        request: properties(&message.request.request),
        certificate: properties(&message.request.certificate),
        attributes: message.request.attributes.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        extensions: message.request.extensions.into_iter().map(|extension| extension.0).collect(),
    };
    let authority = read_properties(&serde_json::to_value(ca_properties(server).unwrap()).unwrap()).unwrap();
    Scene { contents: Some(contents), authority: Arc::new(authority) }
}

#[test]
fn a_request_in_flight_takes_the_same_writes() {
    let builder = Builder::new(pki::KeyAlgorithm::P256);
    let wrong: Arc<Mutex<Option<Vec<String>>>> = Arc::default();
    let kept = Arc::clone(&wrong);
    let policy = PolicyFn(move |server: &mut dyn ServerPolicy, _new: bool| {
        let reader = Reader { role: Role::Policy, name: "plain".into() };
        let mut flight = InFlight::new(reader, &contents_of(server));
        let mut found = differences(server, &flight, &NOT_RECORDED);
        for (name, value) in writes() {
            let real = answer(server.set_certificate_property(name, value.clone()));
            let ours = answer(flight.set_certificate_property(name, value.clone()));
            if real != ours {
                found.push(format!("set {name} to {value:?}: {real:?} there, {ours:?} in the laboratory"));
            }
        }
        for extension in extension_writes() {
            let real = answer(server.set_certificate_extension(extension.clone()));
            let ours = answer(flight.set_certificate_extension(extension.clone()));
            if real != ours {
                found.push(format!("set {extension:?}: {real:?} there, {ours:?} in the laboratory"));
            }
        }
        found.extend(differences(server, &flight, &NOT_RECORDED).into_iter().map(|text| format!("after: {text}")));
        let snapshot = flight.share();
        found.extend(differences(&*server.share(), &*snapshot, &NOT_RECORDED));
        *kept.lock() = Some(found);
        Ok(Decision::deny(module::HResult::E_ACCESSDENIED, "compared"))
    });
    builder.loader().policy("plain", Arc::new(policy));
    let authority = builder.open().unwrap();
    let request = of_a_person("www.example.org");
    let attributes = "CertificateTemplate:tls\nFree:text".into();
    let submission = engine::Submission { request, attributes, ..engine::Submission::default() };
    authority.engine.submit(&authority.by::<right::Enrol>(), submission).unwrap();
    let wrong = wrong.lock().take().expect("the policy was asked");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_request_is_recorded_as_policy_was_asked_about_it() {
    let builder = Builder::new(pki::KeyAlgorithm::P256);
    let asked: Arc<Mutex<BTreeMap<i64, serde_json::Value>>> = Arc::default();
    let kept = Arc::clone(&asked);
    let plain = plain_policy();
    let policy = PolicyFn(move |server: &mut dyn ServerPolicy, new: bool| {
        let id = server.request_property("RequestID", PropertyType::Long)?.into_long()?;
        let message = VerifyRequest::read(0, new, server)?;
        // The first time only: what a manager asks again is another question.
        kept.lock().entry(i64::from(id)).or_insert(serde_json::to_value(message.request).unwrap());
        let end = server.certificate_property("NotAfter", PropertyType::Date)?.into_date()?;
        server.set_certificate_property("NotAfter", Some((end - jiff::SignedDuration::from_hours(48)).into()))?;
        server.set_certificate_property("OrgUnit", Some("Set by policy".into()))?;
        server.set_certificate_property("UPN", Some("set@example.org".into()))?;
        plain.verify_request(server, new)
    });
    builder.loader().policy("plain", Arc::new(policy));
    let authority = builder.open().unwrap();
    live(&authority);
    authority.clock.advance(jiff::SignedDuration::from_hours(5));

    let events = authority.engine.told(&authority.by(), module::EventId(0), ExitEvents::all(), 250).unwrap();
    let asked = asked.lock().clone();
    let mut compared = BTreeSet::new();
    for event in events {
        let Some(told) = &event.asked else { continue };
        let id = event.message.event.request_id.unwrap();
        assert!(compared.insert(id), "request {id} is told twice");
        assert_eq!(serde_json::to_value(told).unwrap(), asked[&id], "request {id}");
        let json = event.to_json().unwrap();
        let read = read_told(&json, &Arc::default()).unwrap().asked.unwrap();
        assert_ne!(
            read.certificate.value("UPN"),
            Some(&"set@example.org".into()),
            "it was not set when policy was asked"
        );
        assert!(read.certificate.value("NotAfter").is_some());
    }
    // Every request that policy was asked about, and not the one that could not be read.
    assert_eq!(compared, asked.keys().copied().collect());
    assert!(compared.len() >= 6, "{compared:?}");
}
