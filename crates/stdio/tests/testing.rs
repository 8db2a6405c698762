//! The server for unit tests keeps the contract's rules.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, Mutex};

use exeunt_module::{
    CertificateExtension, Decision, EventId, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, ModuleError,
    Notification, PolicyModule, PropertyType, RequestId, ServerExit, ServerPolicy, Timestamp, Value,
};
use exeunt_stdio::testing::Server;
use exeunt_stdio::{Level, log};

/// Keeps what it is told, and the server it is handed.
#[derive(Default)]
struct Told {
    notifications: Mutex<Vec<Notification>>,
    kept: Mutex<Option<Arc<dyn ServerExit>>>,
}

impl ExitModule for Told {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        assert_eq!(ca, "Example CA");
        assert_eq!(server.certificate_property("CAType", PropertyType::Long)?, Value::Long(3));
        let none = server.request_property("RequestID", PropertyType::Long).unwrap_err();
        assert_eq!(none.code, HResult::CERTSRV_E_PROPERTY_EMPTY, "there is no request yet");
        Ok(ExitEvents::all())
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.notifications.lock().unwrap().push(notification.clone());
        *self.kept.lock().unwrap() = Some(server.share());
        let serial = server.certificate_property("SerialNumber", PropertyType::String)?.into_text()?;
        log(Level::Info, &serial);
        Ok(())
    }

    fn description(&self) -> String {
        "told".into()
    }
}

/// Runs what the test says.
struct Decides<F>(F);

impl<F: Fn(&mut dyn ServerPolicy, bool) -> Result<Decision, ModuleError> + Send + Sync> PolicyModule for Decides<F> {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        self.0(server, new)
    }

    fn description(&self) -> String {
        "decides".into()
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, ModuleError>) -> HResult {
    result.unwrap_err().code
}

#[test]
fn an_exit_module_is_told_and_its_context_ends() {
    let told = Told::default();
    let server = Server::issued("www.example.org").event(9).occurred(Timestamp::UNIX_EPOCH);
    assert_eq!(server.initialize(&told).unwrap(), ExitEvents::all());
    server.notify(&told, ExitEvent::CertIssued).unwrap();
    server.again().notify(&told, ExitEvent::CertIssued).unwrap();
    let seen = told.notifications.lock().unwrap().clone();
    assert_eq!(seen.iter().map(|one| (one.id.0, one.attempt)).collect::<Vec<_>>(), [(9, 1), (9, 2)]);
    assert!(seen.iter().all(|one| one.request == Some(RequestId(7)) && one.occurred == Timestamp::UNIX_EPOCH));
    assert_eq!(server.logged(), ["info: 1a2b3c", "info: 1a2b3c"]);
    let kept = told.kept.lock().unwrap().take().unwrap();
    assert_eq!(code(kept.request_property("RequestID", PropertyType::Long)), HResult::ERROR_INVALID_HANDLE);
}

#[test]
fn crls_and_the_stop_are_of_no_request() {
    let told = Told::default();
    let server = Server::issued("www.example.org").authority("RawCRL.0", vec![0x30, 0x00]);
    assert_eq!(code(server.notify(&told, ExitEvent::CrlIssued)), HResult::CERTSRV_E_PROPERTY_EMPTY);
    let seen = told.notifications.lock().unwrap().pop().unwrap();
    assert_eq!((seen.id, seen.request), (EventId(41), None));
    assert_eq!(server.notification(ExitEvent::Shutdown).id, EventId(0));
    let crl = |name| server.certificate_property(name, PropertyType::Binary);
    assert_eq!((crl("RawCRL"), crl("RawCRL.0")), (Ok(vec![0x30, 0x00].into()), Ok(vec![0x30, 0x00].into())));
    assert_eq!(code(crl("RawDeltaCRL")), HResult::ERROR_FILE_NOT_FOUND);
    assert_eq!(code(crl("RawCRL.1")), HResult::E_INVALIDARG);
}

#[test]
fn reads_are_refused_as_the_contract_says() {
    let disabled = ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE;
    let server = Server::issued("www.example.org")
        .request("RequesterName", "unix:bob")
        .without("ResolvedWhen")
        .attribute("Cert-File", "a.cer")
        .extension("2.5.29.17", disabled, &[0x30, 0x00])
        .failing("SerialNumber", HResult::E_UNEXPECTED);
    let request = |name, kind| server.request_property(name, kind);
    assert_eq!(request("request.requestername", PropertyType::String), Ok("unix:bob".into()));
    assert_eq!(code(request("RequesterName", PropertyType::Long)), HResult::E_INVALIDARG);
    assert_eq!(code(request("RequesterNames", PropertyType::String)), HResult::E_INVALIDARG);
    assert_eq!(code(request("ResolvedWhen", PropertyType::Date)), HResult::CERTSRV_E_PROPERTY_EMPTY);
    assert_eq!(code(server.certificate_property("serialnumber", PropertyType::String)), HResult::E_UNEXPECTED);
    assert_eq!(server.request_attribute("certfile"), Ok("a.cer".into()));
    assert_eq!(code(server.request_attribute("other")), HResult::CERTSRV_E_PROPERTY_EMPTY);
    assert_eq!(server.certificate_extension("2.5.29.17").unwrap().flags, disabled);
    assert_eq!(code(server.certificate_extension("2.5.29.15")), HResult::CERTSRV_E_PROPERTY_EMPTY);
    assert_eq!(
        (server.extensions(), server.attributes()),
        (Ok(vec!["2.5.29.17".into()]), Ok(vec!["Cert-File".into()]))
    );
}

#[test]
fn what_a_policy_module_sets_is_checked_and_kept() {
    let one = |oid: &str, flags| CertificateExtension { oid: oid.into(), flags, value: vec![0x30, 0x00] };
    let module = Decides(|server: &mut dyn ServerPolicy, new: bool| {
        if !new {
            return Ok(Decision::Issue);
        }
        server.set_certificate_property("CN", Some("other.example.org".into()))?;
        let seen = server.certificate_property("CommonName", PropertyType::String)?;
        assert_eq!(seen, "other.example.org".into(), "a write is seen at once");
        server.set_certificate_property("EventLogWarning", Some("odd".into()))?;
        let later: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
        for (name, value) in [
            ("NotAfter", Some(Value::Date(later))),
            ("SerialNumber", Some("00".into())),
            ("GeneralFlags", Some("five".into())),
            ("CommonName", Some("x".repeat(65).into())),
        ] {
            assert_eq!(code(server.set_certificate_property(name, value)), HResult::E_INVALIDARG, "{name}");
        }
        server.set_certificate_extension(one("1.2.3.4", ExtensionFlags::CRITICAL))?;
        server.set_certificate_extension(one("2.5.29.17", ExtensionFlags::DELETE))?;
        assert_eq!(
            code(server.set_certificate_extension(one("no.oid", ExtensionFlags::empty()))),
            HResult::E_INVALIDARG
        );
        Ok(Decision::Pend { message: "a second look".into() })
    });
    let mut server =
        Server::submitted("www.example.org").extension("2.5.29.17", ExtensionFlags::ORIGIN_REQUEST, &[0x30, 0x00]);
    assert_eq!(server.verify(&module).unwrap(), Decision::Pend { message: "a second look".into() });
    assert_eq!(server.properties_set(), [("CommonName".to_owned(), Some("other.example.org".into()))]);
    assert_eq!(server.extensions_set().len(), 2);
    assert_eq!(server.refused().len(), 5);
    assert_eq!(server.logged(), ["warn: odd"]);
    // What was set stays with the request.
    assert_eq!(server.verify_again(&module).unwrap(), Decision::Issue);
    assert_eq!(server.certificate_property("CN", PropertyType::String), Ok("other.example.org".into()));
    assert_eq!(server.request_property("CN", PropertyType::String), Ok("www.example.org".into()));
    assert_eq!(server.extensions(), Ok(vec!["1.2.3.4".into()]));
    let stored = server.certificate_extension("1.2.3.4").unwrap();
    assert_eq!(stored.flags, ExtensionFlags::CRITICAL | ExtensionFlags::ORIGIN_POLICY);
}

#[test]
fn nothing_is_written_outside_of_verify() {
    let mut server = Server::submitted("www.example.org");
    assert_eq!(code(server.set_certificate_property("CommonName", None)), HResult::E_ACCESSDENIED);
    let extension = CertificateExtension { oid: "1.2.3.4".into(), flags: ExtensionFlags::empty(), value: Vec::new() };
    assert_eq!(code(server.set_certificate_extension(extension)), HResult::E_ACCESSDENIED);
    let kept = server.in_verify(|server| {
        server.set_certificate_property("CommonName", None).unwrap();
        server.share()
    });
    assert_eq!(code(server.certificate_property("CN", PropertyType::String)), HResult::CERTSRV_E_PROPERTY_EMPTY);
    assert_eq!(code(kept.certificate_property("CN", PropertyType::String)), HResult::ERROR_INVALID_HANDLE);
}

#[test]
#[should_panic(expected = "SerialNumer")]
fn a_misspelt_row_fails_the_test_that_has_it() {
    let _ = Server::issued("www.example.org").certificate("SerialNumer", "1a");
}

#[test]
#[should_panic(expected = "RequestID is a long, not a string")]
fn so_does_one_of_another_type() {
    let _ = Server::issued("www.example.org").request("RequestID", "7");
}
