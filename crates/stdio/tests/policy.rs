//! Policy modules: what they decide, set, and see of what they set.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use exeunt_module::{
    CertificateExtension, Decision, ExtensionFlags, HResult, ModuleError, PolicyModule, PropertyType, ServerExit,
    ServerPolicy, Value,
};
use exeunt_stdio::Serve;
use serde_json::json;
use support::{Conversation, request};

type Handler = dyn Fn(&mut dyn ServerPolicy, bool) -> Result<Decision, ModuleError> + Send + Sync;

struct Probe {
    verify: Arc<Handler>,
    shut_down: Arc<AtomicUsize>,
}

impl PolicyModule for Probe {
    fn initialize(&self, _: &str, _: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        (self.verify)(server, new)
    }

    fn description(&self) -> String {
        "a probe".to_owned()
    }

    fn shut_down(&self) {
        self.shut_down.fetch_add(1, Ordering::SeqCst);
    }
}

fn serve(
    verify: impl Fn(&mut dyn ServerPolicy, bool) -> Result<Decision, ModuleError> + Send + Sync + 'static,
) -> (Conversation, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let (verify, shut_down): (Arc<Handler>, _) = (Arc::new(verify), Arc::clone(&count));
    let server = Conversation::open(move |reader, writer| {
        Serve::new()
            .policy_on(reader, writer, |_| Ok(Probe { verify: Arc::clone(&verify), shut_down: Arc::clone(&shut_down) }))
    });
    (server, count)
}

#[test]
fn decisions_are_answered_and_failures_are_none() {
    let (mut server, shut_down) = serve(|server, new| match server.request_attribute("Ask")?.as_str() {
        "issue" if new => Ok(Decision::Issue),
        "pend" => Ok(Decision::Pend { message: "second look".into() }),
        "deny" => Ok(Decision::deny(HResult::CERTSRV_E_TEMPLATE_DENIED, "not you")),
        "panic" => panic!("no idea"),
        _ => Err(ModuleError::new(HResult::E_ABORT, "not now")),
    });
    server.initialize("policy", json!({}), 1).unwrap();
    let mut ask = |word: &str, new: bool| {
        let mut params = request(9);
        params["attributes"]["ask"] = json!(word);
        params["new"] = json!(new);
        server.ask("verify_request", params)
    };
    assert_eq!(ask("issue", true), Ok(json!({"decision": "issue"})));
    assert_eq!(ask("pend", true), Ok(json!({"decision": "pend", "message": "second look"})));
    let denied = json!({"decision": "deny", "code": "0x80094012", "message": "not you"});
    assert_eq!(ask("deny", true), Ok(denied));
    assert_eq!(ask("issue", false).unwrap_err()["message"], "not now");
    assert_eq!(ask("panic", true).unwrap_err()["message"], "the module panicked: no idea");
    assert_eq!(server.ask("verify_request", json!({"context": 1})).unwrap_err()["code"], -32000);
    assert_eq!(server.ask("notify", json!({})).unwrap_err()["code"], -32601);
    assert_eq!(server.close(), Ok(()));
    assert_eq!(shut_down.load(Ordering::SeqCst), 1);
}

#[test]
fn what_was_set_is_read_back_from_the_server() {
    let (mut server, _) = serve(|server, _| {
        let name = |server: &dyn ServerPolicy| server.certificate_property("CommonName", PropertyType::String);
        assert_eq!(name(server)?, "intranet".into());
        server.set_certificate_property("CommonName", Some("intranet.example.org".into()))?;
        assert_eq!(name(server)?, "intranet.example.org".into());
        // What was requested stays what it was.
        assert_eq!(server.request_property("CommonName", PropertyType::String)?, "intranet".into());
        let refused = server.set_certificate_property("NotAfter", Some(Value::Long(1))).unwrap_err();
        assert_eq!((refused.code, refused.message.as_str()), (HResult::E_INVALIDARG, "no date"));
        server.set_certificate_extension(CertificateExtension {
            oid: "2.5.29.15".into(),
            flags: ExtensionFlags::CRITICAL,
            value: vec![3, 2, 7, 128],
        })?;
        assert_eq!(server.extensions()?, ["2.5.29.15"]);
        Ok(Decision::Issue)
    });
    server.initialize("policy", json!({}), 1).unwrap();
    let id = server.call("verify_request", request(9));
    let set = server.hear();
    assert_eq!(set["method"], "server.set_certificate_property");
    assert_eq!(set["params"], json!({"context": 9, "name": "CommonName", "value": "intranet.example.org"}));
    server.answer(&set, json!({}));
    let read = server.hear();
    assert_eq!(read["params"], json!({"context": 9, "name": "CommonName", "type": "string"}));
    server.answer(&read, json!({"value": "intranet.example.org"}));
    let set = server.hear();
    let error = json!({"code": -32000, "message": "no date", "data": {"hresult": "0x80070057"}});
    server.write(json!({"jsonrpc": "2.0", "id": set["id"], "error": error}).to_string().as_bytes());
    let set = server.hear();
    let expected = json!({"context": 9, "oid": "2.5.29.15", "flags": 1, "value": {"base64": "AwIHgA=="}});
    assert_eq!((&set["method"], &set["params"]), (&json!("server.set_certificate_extension"), &expected));
    server.answer(&set, json!({}));
    let list = server.hear();
    assert_eq!(list["method"], "server.extensions");
    server.answer(&list, json!({"oids": ["2.5.29.15"]}));
    let answer = server.hear();
    assert_eq!((&answer["id"], &answer["result"]), (&json!(id), &json!({"decision": "issue"})));
    assert_eq!(server.close(), Ok(()));
}
