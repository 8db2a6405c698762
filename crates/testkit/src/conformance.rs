//! The same events, the same observations, whatever kind of host a module runs in; and the same decisions.
//!
//! A host's tests bring an *interpreter*: a module of its kind that does what the request's attributes say, by the calls
//! of the contract, and answers what it saw ([`Interpreters`]). A real authority has it and our own
//! [`Interpreter`] see the same, and compares.

pub mod interpreter;

use std::path::Path;
use std::sync::Arc;

use engine::store::{DeliveryState, ModuleOptions};
use engine::{CrlPublication, ImportOptions, ModuleState, NewModule, Outcome, StartFrom, Submission, right};
use jiff::SignedDuration;
use module::{
    Disposition, EventId, ExitEvents, ExitModule, HResult, ModuleError, PolicyModule, RevocationReason, Role, Settings,
};

use crate::authority::{Authority, csr, eventually};
use interpreter::Interpreter;

/// What the server is told where an interpreter of this role fails with this code and text.
pub type Wording = fn(Role, ModuleError) -> ModuleError;

/// Makes interpreters of one kind.
///
/// **Exit.** `initialize` asks for every event; the description is `interpreter`. `notify` takes the request's attribute
/// `Do`; without one it takes [`interpreter::FIXED`] for `crl-issued` and `cert-imported` (one that cannot call back
/// [`interpreter::FIXED_SENT`]), and succeeds for every other event. It carries the commands out and fails with `E_ABORT` (0x80004004) and the joined results as its text; but
/// commands that begin with `fail` are one, `fail CODE TEXT`, and it fails with that.
///
/// **Policy.** The description is `interpreter`. `verify_request` takes the attribute `Decide`; without one it answers
/// *issue*. It carries the commands out; the last is `issue`, `pend`, `deny CODE` or `fail CODE`, and the joined results
/// are the message of that decision (of *issue* there is none). Modules that cannot call back set with their decision: the last
/// four commands are all `ok`, what they read stays as it was, and what is refused fails the decision, with its code and text.
///
/// **Commands** are divided by `;` and their words by single spaces. Results are joined with ` / `. A call that fails has
/// the result `error CODE`, CODE as in `0x80094004`. Binary values are written in lower-case hexadecimal digits, dates in
/// RFC 3339 as the server writes them.
///
/// | Command | Result |
/// |---|---|
/// | `request NAME TYPE` | the value that `GetRequestProperty` gives |
/// | `certificate NAME TYPE` | the value that `GetCertificateProperty` gives |
/// | `attribute NAME` | the text that `GetRequestAttribute` gives; NAME may hold spaces |
/// | `extension OID` | flags in decimal, a space, the value |
/// | `extensions`, `attributes` | what the enumeration gives, joined with `,` |
/// | `event` | name, number, attempt and request of the event, divided by spaces; `-` without a request. Exit modules |
/// | `new` | `true` or `false`. Policy modules, as all below |
/// | `set NAME TYPE VALUE`, `unset NAME` | `ok`. VALUE goes on to the command's end |
/// | `add OID FLAGS HEX`, `remove OID` | `ok`. FLAGS in decimal |
pub trait Interpreters {
    /// An exit module behind its guard, not yet initialised. `state` is a folder of the test's own.
    fn exit(&self, state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError>;

    /// A policy module.
    fn policy(&self, state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError>;

    /// Whether modules of this kind can call the server back. Those that cannot read what they are sent, and what they
    /// do not find there has no value (`CERTSRV_E_PROPERTY_EMPTY`): of them only what they are sent is asked, and one
    /// refusal for each decision. They are sent the CRLs that an event reports.
    fn calls_back(&self) -> bool {
        true
    }

    /// The words that a host of this kind adds to what its modules fail with: none, unless its documentation says so.
    fn wording(&self) -> Wording {
        |_, error| error
    }
}

/// What every kind of module finds in its message.
const SENT: &[&str] = &[
    "event",
    "request RequestID long;request Disposition long;request SubmittedWhen date;request RawRequest binary",
    "request RequesterName string;request DispositionMessage string;request CommonName string",
    "certificate RequestID long;certificate NotAfter date;certificate SerialNumber string",
    "certificate RawCertificate binary;certificate CommonName string;certificate CAType long",
    "attribute Do;attribute Ticket;attribute ünïcode;attributes",
    "extensions;extension 2.5.29.15;extension 2.5.29.17;extension 2.5.29.35",
    "fail 0x80070050 the file exists: ünï",
    "fail 0x80094004 nothing there",
];

/// What needs the server's answer.
const ASKED: &[&str] = &[
    "request requestid long;request Request.RequestID long;request REQUEST.COMMONNAME string",
    "request RequestID string;request RequestID date;request NoSuchName long;request RevokedReason long",
    "request Subject.CommonName string;request CN string;request 2.5.4.3 string",
    "certificate Subject.CommonName string;certificate RawCACertificate.0 binary;certificate RawCACertificate.7 binary",
    "certificate RawCRL binary;certificate RawCRL.0 binary;certificate RawDeltaCRL.0 binary;certificate CRLState.0 long",
    "certificate NotAfter long;certificate NoSuchName string;certificate UPN string;certificate CertCount long",
    "attribute no such attribute;attribute TICKET;attribute tic-ket;extension 1.2.3.4.5;extension nonsense",
];

/// What a policy module is asked, beside [`SENT`] and [`ASKED`]: what it sets, and what it decides. At most one of what each
/// sets is refused.
const DECIDED: &[&str] = &[
    "issue",
    "new;pend",
    "new;request RequestID long;deny 0x80094012",
    "deny 0x00000000",
    "new;fail 0x80070005",
    "new;fail 0x8009000d",
    "set CommonName string amended.example;certificate CommonName string;issue",
    "set NotAfter date 2026-12-01T00:00:00Z;certificate NotAfter date;issue",
    "set NotAfter date 2099-01-01T00:00:00Z;deny 0x80070057",
    "set SerialNumber string 00;pend",
    "set EMail string a@example.org;unset EMail;certificate EMail string;pend",
    "add 1.2.3.4.5 0 0500;extension 1.2.3.4.5;extensions;pend",
    "add 1.2.3.4.5 1 0500;issue",
    "add 1.2.3.4.5 2 0500;remove 1.2.3.4.5;extension 1.2.3.4.5;issue",
    "add nonsense 0 00;pend",
    "add 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18 0 00;pend",
];

/// What needs the server's answer to each of them.
const REFUSED: &[&str] = &[
    "set NotAfter string tomorrow;set SerialNumber string 00;set NoSuchName string x;set RequestID long 1;pend",
    "add nonsense 0 00;set NotAfter date 2026-12-01T00:00:00Z;certificate NotAfter date;pend",
    "set CommonName string amended.example;certificate CommonName string;unset CommonName;certificate CommonName string;pend",
    "add 1.2.3.4.5 0 0500;extension 1.2.3.4.5;remove 1.2.3.4.5;extension 1.2.3.4.5;extensions;pend",
];

/// Has an interpreter and ours be told of the same events, of every kind.
pub fn exit_module(interpreters: &impl Interpreters) {
    let state = tempfile::tempdir().expect("a temporary folder");
    let authority = Authority::open();
    let tested = interpreters.exit(state.path()).expect("an interpreter");
    authority.loader.exit("ours", Arc::new(Interpreter::like(interpreters)));
    authority.loader.exit("tested", Arc::clone(&tested));
    let options = ModuleOptions { attempts_max: 2, retry_ms_min: 1, retry_ms_max: 5, ..ModuleOptions::default() };
    for kind in ["ours", "tested"] {
        authority.add_exit(kind, StartFrom::Now, options.clone());
    }
    let reader = authority.by::<right::Read>();
    let status = |name: &str| authority.engine.module(&reader, name).expect("it is installed");
    eventually("the module runs", || status("tested").state == ModuleState::Running);
    assert_eq!(status("tested").mask, ExitEvents::all());
    assert_eq!(status("tested").description, "interpreter");

    let asked = if interpreters.calls_back() { ASKED } else { &[] };
    for (number, commands) in SENT.iter().chain(asked).enumerate() {
        live(&authority, &format!("n{number}.example"), commands);
    }
    authority.submit("quiet.example", "");
    let before = authority.engine.event_head().expect("a database").0;
    let other = Authority::open();
    let foreign = other.submit("foreign.example", "").certificate.expect("a certificate");
    let options = ImportOptions { foreign: true, existing_row: false };
    let officer = authority.by::<right::ManageCertificates>();
    authority.engine.import(&officer, &foreign, options).expect("it is imported");
    // That there is no delta CRL is an answer, and so for those who can ask.
    let delta = !interpreters.calls_back();
    let order = CrlPublication { base: true, delta, republish: false, next_update: None };
    let administrator = authority.by::<right::Administer>();
    authority.engine.publish_crls(&administrator, &order, &mut |_, _| {}).expect("CRLs are published");
    eventually("both have gone through their events", || {
        authority.clock.advance(SignedDuration::from_millis(10));
        status("ours").lag == 0 && status("tested").lag == 0
    });

    let seen = |name: &str| {
        let deliveries = authority.engine.deliveries(&reader, name, EventId(0), 1_000).expect("a list");
        assert!(deliveries.iter().all(|delivery| delivery.state == DeliveryState::Parked), "{name}");
        let seen = deliveries.into_iter().map(|delivery| (delivery.event, delivery.code, delivery.error));
        seen.collect::<Vec<_>>()
    };
    let (ours, theirs) = (seen("ours"), seen("tested"));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.len() >= 5 * SENT.len(), "{}", ours.len());
    assert!(ours.iter().any(|(_, code, _)| *code == HResult::ERROR_FILE_EXISTS));
    let fixed: Vec<&str> = ours.iter().filter(|(event, ..)| *event > before).map(|(.., text)| text.as_str()).collect();
    assert!(fixed.len() == 2 && fixed.iter().all(|text| text.len() > 200), "an import and a publication: {fixed:?}");
    assert_eq!(status("tested").delivered, status("ours").delivered);
    authority.close();
}

/// A request's life through every event that can carry its attributes.
fn live(authority: &Authority, name: &str, commands: &str) {
    let officer = authority.by::<right::ManageCertificates>();
    let attributes =
        |disposition: &str| format!("Do:{commands}\nTicket:4711\nünïcode:Grüße 🗝\nDisposition:{disposition}");
    authority.submit(&format!("denied.{name}"), &attributes("Deny"));
    let pending = authority.submit(&format!("pending.{name}"), &attributes("Pending")).request;
    authority.clock.advance(SignedDuration::from_secs(1));
    authority.engine.approve(&officer, pending).expect("it is approved");
    authority.engine.retrieve(&authority.by::<right::Enrol>(), pending).expect("it is fetched");
    let issued = authority.engine.request(&authority.by::<right::Read>(), pending).expect("a request").issued;
    let serial = issued.expect("a certificate").serial;
    authority.engine.revoke(&officer, &serial, RevocationReason::CertificateHold, None).expect("it is held");
    authority.engine.release(&officer, &serial).expect("it is released");
}

/// Has an interpreter and ours decide about the same requests.
pub fn policy_module(interpreters: &impl Interpreters) {
    let state = tempfile::tempdir().expect("a temporary folder");
    let tested = interpreters.policy(state.path()).expect("an interpreter");
    let (ours, theirs) = (with_policy(Arc::new(Interpreter::like(interpreters))), with_policy(tested));
    let (asked, refused) = if interpreters.calls_back() { (ASKED, REFUSED) } else { (&[][..], &[][..]) };
    let shown = SENT.iter().chain(asked).filter(|commands| !commands.starts_with("fail") && **commands != "event");
    // What differs from one authority to the other is not asked.
    let shown = shown.filter(|commands| !["Raw", "29.35", "29.14"].iter().any(|word| commands.contains(word)));
    let shown = shown.map(|commands| format!("{commands};pend"));
    let decided = DECIDED.iter().chain(refused).map(|commands| (*commands).to_owned());
    for (number, commands) in shown.chain(decided).enumerate() {
        let decide = |authority: &Authority, more: &str| {
            let attributes = format!("Decide:{commands}\nTicket:4711\nünïcode:Grüße 🗝{more}");
            decision(authority, &format!("n{number}.example"), &attributes)
        };
        assert_eq!(decide(&ours, ""), decide(&theirs, ""), "{commands}");
        // In a chain the most restrictive answer counts, whoever gives it.
        assert_eq!(decide(&ours, "\nDisposition:Deny"), decide(&theirs, "\nDisposition:Deny"), "{commands}, chained");
    }
    let waits = decision(&theirs, "waits.example", "Decide:new;pend");
    let (first, again) = waits.split_once(", then ").expect("it waits");
    assert!(first.contains(": true`") && again.starts_with("pending") && again.contains(": false`"), "{waits}");
    let plain = decision(&theirs, "plain.example", "");
    assert!(plain.starts_with("issued"), "{plain}");
    let status = theirs.engine.module(&theirs.by::<right::Read>(), "interpreter").expect("it is installed");
    assert_eq!(status.description, "interpreter");
    ours.close();
    theirs.close();
}

fn with_policy(module: Arc<dyn PolicyModule>) -> Authority {
    let authority = Authority::open();
    authority.loader.policy("interpreter", module);
    let new = NewModule {
        name: "interpreter".into(),
        kind: "interpreter".into(),
        role: Role::Policy,
        settings: Settings::default(),
        options: ModuleOptions::default(),
        start: StartFrom::Now,
        position: None,
    };
    authority.engine.add_module(&authority.by::<right::Administer>(), new).expect("it is installed");
    authority
}

/// All that a decision leaves, but for what is random.
fn decision(authority: &Authority, name: &str, attributes: &str) -> String {
    let submission = Submission { request: csr(name), attributes: attributes.into(), ..Submission::default() };
    let outcome = match authority.engine.submit(&authority.by::<right::Enrol>(), submission) {
        Ok(outcome) => outcome,
        Err(error) => return format!("not recorded: {error}"),
    };
    let row = authority.engine.request(&authority.by::<right::Read>(), outcome.request).expect("a request");
    let set = row.body.extensions.iter().filter(|extension| extension.oid.starts_with("1.2."));
    let set: Vec<String> =
        set.map(|one| format!("{} {:#x} {}", one.oid, one.flags.bits(), interpreter::hex(&one.value))).collect();
    let issued = outcome.certificate.map(|der| {
        let certificate = pki::Certificate::from_der(&der).expect("a certificate");
        format!("{} until {}", certificate.subject(), certificate.not_after())
    });
    let (disposition, status) = (outcome.disposition, outcome.status);
    let decided = format!("{disposition} {status} `{}` {set:?} {issued:?}", outcome.message);
    if disposition != Disposition::Pending {
        return decided;
    }
    // What waits is decided on again when a manager approves it, and is then no new request.
    match authority.engine.approve(&authority.by::<right::ManageCertificates>(), outcome.request) {
        Ok(Outcome { disposition, status, message, .. }) => {
            format!("{decided}, then {disposition} {status} `{message}`")
        }
        Err(error) => format!("{decided}, then not decided on: {error}"),
    }
}
