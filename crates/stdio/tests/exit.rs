//! Exit modules: what reaches them, what they read, and how they end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use exeunt_module::{
    Delivered, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PropertyType, ServerExit,
    Settings, Undelivered, Value,
};
use exeunt_stdio::{Level, Serve, Threads};
use serde_json::json;
use support::{Conversation, event, question};

type Handler = dyn Fn(&Notification, &dyn ServerExit) -> Result<(), ModuleError> + Send + Sync;

/// A module that does in `notify` what a test says.
struct Probe {
    notify: Arc<Handler>,
    batch: usize,
}

impl Probe {
    fn serve(
        notify: impl Fn(&Notification, &dyn ServerExit) -> Result<(), ModuleError> + Send + Sync + 'static,
    ) -> Conversation {
        let notify: Arc<Handler> = Arc::new(notify);
        Conversation::open(move |reader, writer| {
            Serve::new().exit_on(reader, writer, |_| Ok(Self { notify: Arc::clone(&notify), batch: 1 }))
        })
    }
}

impl ExitModule for Probe {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        assert_eq!(ca, "Example CA");
        assert_eq!(server.certificate_property("crlstate.0", PropertyType::Long), Ok(Value::Long(3)));
        Ok(ExitEvents::CERT_ISSUED | ExitEvents::SHUTDOWN)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        (self.notify)(notification, server)
    }

    fn description(&self) -> String {
        "a probe ".repeat(1000)
    }

    fn about(&self) -> Vec<(String, String)> {
        vec![("Name".into(), "Probe".into())]
    }

    fn batch_max(&self) -> usize {
        self.batch
    }

    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        for (count, (notification, server)) in events.iter().enumerate() {
            if let Err(error) = self.notify(notification, *server) {
                return Delivered { count, failure: Some(Undelivered::Failed(error)) };
            }
        }
        Delivered::all(events.len())
    }
}

#[test]
fn a_module_is_greeted_told_and_ended() {
    let (sender, told) = channel();
    let sender = Mutex::new(sender);
    let mut server = Probe::serve(move |notification, _| {
        sender.lock().unwrap().send((notification.id.0, notification.event, notification.attempt)).unwrap();
        Ok(())
    });
    let greeting = server.initialize("exit", json!({}), 1).unwrap();
    assert_eq!((&greeting["protocol"], &greeting["events"]), (&json!(1), &json!(0x41)));
    assert_eq!(greeting["about"], json!({"Name": "Probe"}));
    assert_eq!(greeting["description"].as_str().unwrap().len(), 1024);
    assert_eq!(server.ask("notify", event(41, "cert-issued", 1)), Ok(json!({})));
    assert_eq!(told.recv().unwrap(), (41, ExitEvent::CertIssued, 1));
    // Later servers may know more: other events, other methods, other notifications, other members.
    assert_eq!(server.ask("notify", event(42, "key-recovered", 0x400)), Ok(json!({})));
    assert!(told.try_recv().is_err());
    server.write(br#"{"jsonrpc":"2.0","method":"applause","params":{"loud":true},"later":1}"#);
    server.write(b" \r");
    assert_eq!(server.ask("rewind", json!({})).unwrap_err()["code"], -32601);
    assert_eq!(server.ask("verify_request", json!({})).unwrap_err()["code"], -32601);
    assert_eq!(server.ask("ping", json!({})), Ok(json!({})));
    assert!(server.ask("describe", json!({})).unwrap()["description"].as_str().unwrap().starts_with("a probe"));
    let again = server.initialize("exit", json!({}), 1).unwrap_err();
    assert_eq!(again["data"]["hresult"], HResult::E_UNEXPECTED.to_string());
    server.write(br#"{"jsonrpc":"2.0","method":"shutdown","params":{}}"#);
    assert_eq!(server.end(), Ok(()));
}

#[test]
fn what_the_message_tells_is_read_from_it_and_the_rest_from_the_server() {
    let mut server = Probe::serve(|_, server| {
        // From the message, in every spelling.
        assert_eq!(server.request_property("Request.RequesterName", PropertyType::String)?, "EXAMPLE\\alice".into());
        assert_eq!(server.certificate_property("serialnumber", PropertyType::String)?, "1a2b3c".into());
        assert_eq!(server.certificate_property("Request.RequestID", PropertyType::Long)?, Value::Long(7));
        assert_eq!(server.certificate_property("RawCertificate", PropertyType::Binary)?.into_binary()?.len(), 5);
        assert_eq!(server.certificate_property("CAType", PropertyType::Long)?, Value::Long(3));
        assert_eq!(server.request_attribute("certfile")?, "a");
        assert_eq!(server.certificate_extension("2.5.29.17")?.value, [0x30, 0]);
        assert_eq!(server.extensions()?, ["2.5.29.17"]);
        // What is not there has no value, and needs no call.
        for empty in [
            server.certificate_property("UPN", PropertyType::String).unwrap_err(),
            server.request_property("RevokedWhen", PropertyType::Date).unwrap_err(),
            server.request_attribute("other").unwrap_err(),
            server.certificate_extension("2.5.29.15").unwrap_err(),
        ] {
            assert_eq!(empty.code, HResult::CERTSRV_E_PROPERTY_EMPTY);
        }
        let wrong = server.request_property("RequestID", PropertyType::String).unwrap_err();
        assert_eq!(wrong.code, HResult::E_INVALIDARG);
        // From the server.
        assert_eq!(server.certificate_property("RawCRL.0", PropertyType::Binary)?, Value::Binary(vec![0x30, 0]));
        let unknown = server.request_property("Novelty", PropertyType::Long).unwrap_err();
        assert_eq!((unknown.code, unknown.message.as_str()), (HResult::E_INVALIDARG, "never heard of it"));
        assert_eq!(server.attributes()?, ["CertificateTemplate", "Cert File"]);
        Err(ModuleError::new(HResult::ERROR_FILE_EXISTS, "x".repeat(10_000)))
    });
    server.initialize("exit", json!({}), 1).unwrap();
    let id = server.call("notify", event(41, "cert-issued", 1));
    let call = server.hear();
    assert_eq!(call["method"], "server.certificate_property");
    assert_eq!(call["params"], json!({"context": 41, "name": "RawCRL.0", "type": "binary"}));
    server.answer(&call, json!({"value": {"base64": "MAA="}}));
    let call = server.hear();
    assert_eq!(call["method"], "server.request_property");
    let error = json!({"code": -32000, "message": "never heard of it", "data": {"hresult": "0x80070057"}});
    server.write(json!({"jsonrpc": "2.0", "id": call["id"], "error": error}).to_string().as_bytes());
    let call = server.hear();
    assert_eq!((&call["method"], &call["params"]), (&json!("server.attributes"), &json!({"context": 41})));
    server.answer(&call, json!({"names": ["CertificateTemplate", "Cert File"]}));
    let answer = server.hear();
    assert_eq!((&answer["id"], &answer["error"]["data"]["hresult"]), (&json!(id), &json!("0x80070050")));
    assert_eq!(answer["error"]["message"].as_str().unwrap().len(), 8192);
    assert_eq!(server.close(), Ok(()));
}

#[test]
fn a_context_ends_with_its_call() {
    let (sender, kept) = channel();
    let sender = Mutex::new(sender);
    let mut server = Probe::serve(move |_, server| {
        sender.lock().unwrap().send(server.share()).unwrap();
        Ok(())
    });
    server.initialize("exit", json!({}), 1).unwrap();
    server.ask("notify", event(41, "cert-issued", 1)).unwrap();
    let kept = kept.recv().unwrap();
    let ended = [
        kept.request_property("RequestID", PropertyType::Long).unwrap_err(),
        kept.certificate_property("RawCRL.0", PropertyType::Binary).unwrap_err(),
        kept.request_attribute("certfile").unwrap_err(),
        kept.attributes().unwrap_err(),
        kept.extensions().unwrap_err(),
        kept.certificate_extension("2.5.29.17").unwrap_err(),
    ];
    assert!(ended.iter().all(|error| error.code == HResult::ERROR_INVALID_HANDLE), "{ended:?}");
    assert_eq!(server.close(), Ok(()));
}

#[test]
fn a_panic_is_an_answered_failure() {
    let mut server = Probe::serve(|notification, _| match notification.id.0 {
        41 => panic!("event {} is too much", notification.id),
        _ => Ok(()),
    });
    server.initialize("exit", json!({}), 1).unwrap();
    let error = server.ask("notify", event(41, "cert-issued", 1)).unwrap_err();
    assert_eq!(error["data"]["hresult"], HResult::RPC_E_SERVERFAULT.to_string());
    assert_eq!(error["message"], "the module panicked: event 41 is too much");
    assert_eq!(server.ask("notify", event(42, "cert-issued", 1)), Ok(json!({})));
    assert_eq!(server.close(), Ok(()));
}

#[test]
fn after_a_panic_the_module_is_made_anew() {
    /// Counts the events it saw, under a lock that a panic poisons.
    struct Counter(u64, Mutex<u64>, Arc<Mutex<Vec<&'static str>>>);
    impl ExitModule for Counter {
        fn initialize(&self, _: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
            server.certificate_property("CAType", PropertyType::Long)?;
            self.2.lock().unwrap().push("initialized");
            if self.0 == 3 { Err(ModuleError::from(HResult::E_ACCESSDENIED)) } else { Ok(ExitEvents::all()) }
        }
        fn notify(&self, notification: &Notification, _: &dyn ServerExit) -> Result<(), ModuleError> {
            let mut count = self.1.lock().unwrap();
            *count += 1;
            match notification.id.0 {
                42 => panic!("42"),
                _ => Err(ModuleError::invalid(format!("{} of instance {}", *count, self.0))),
            }
        }
        fn description(&self) -> String {
            String::new()
        }
    }
    impl Drop for Counter {
        fn drop(&mut self) {
            self.2.lock().unwrap().push("dropped");
        }
    }
    for window in [1, 4] {
        let life = Arc::new(Mutex::new(Vec::new()));
        let lives = Arc::clone(&life);
        let mut server = Conversation::open(move |reader, writer| {
            let mut made = 0;
            Serve::new().exit_on(reader, writer, |_| {
                made += 1;
                Ok(Counter(made, Mutex::default(), Arc::clone(&lives)))
            })
        });
        server.initialize("exit", json!({}), window).unwrap();
        let mut said = |id| server.ask("notify", event(id, "cert-issued", 1)).unwrap_err()["message"].clone();
        assert_eq!(
            [said(41), said(42), said(43), said(44), said(42)],
            [
                "1 of instance 1",
                "the module panicked: 42",
                "1 of instance 2",
                "2 of instance 2",
                "the module panicked: 42"
            ]
        );
        assert!(server.end().unwrap_err().to_string().starts_with("the module cannot be made anew: "));
        // Instance 3 was never given a call.
        let one = ["initialized", "dropped"];
        assert_eq!(*life.lock().unwrap(), [one, one, one].concat());
    }
}

#[test]
fn calls_that_wait_during_a_panic_are_served_by_the_next_instance() {
    let mut server = Probe::serve(|notification, _| match notification.id.0 {
        41 => panic!("41"),
        _ => Ok(()),
    });
    server.initialize("exit", json!({}), 1).unwrap();
    let calls = [41, 42, 43].map(|id| server.call("notify", event(id, "cert-issued", 1)));
    let answers = calls.map(|_| server.hear());
    assert_eq!(answers.each_ref().map(|answer| &answer["id"]), calls.each_ref());
    assert_eq!(answers.map(|answer| answer.get("error").is_some()), [true, false, false]);
    assert_eq!(server.close(), Ok(()));
}

#[test]
fn batches_stop_at_the_first_failure() {
    let mut server = Conversation::open(|reader, writer| {
        let notify = |notification: &Notification, _: &dyn ServerExit| match notification.id.0 {
            43 => Err(ModuleError::new(HResult::ERROR_FILE_EXISTS, "43 exists")),
            _ => Ok(()),
        };
        Serve::new().exit_on(reader, writer, |_| Ok(Probe { notify: Arc::new(notify), batch: 1000 }))
    });
    assert_eq!(server.initialize("exit", json!({}), 1).unwrap()["batch"], 100);
    let batch = |ids: &[u64]| json!({"events": ids.iter().map(|id| event(*id, "cert-issued", 1)).collect::<Vec<_>>()});
    assert_eq!(server.ask("notify_batch", batch(&[41, 42])), Ok(json!({"delivered": 2})));
    // One that is not known is passed over, and counts.
    let mut mixed = batch(&[40, 41, 42, 43, 44]);
    mixed["events"][1]["event"]["bit"] = json!(0x400);
    let stopped = server.ask("notify_batch", mixed).unwrap();
    assert_eq!((&stopped["delivered"], &stopped["error"]["message"]), (&json!(3), &json!("43 exists")));
    assert_eq!(server.ask("notify_batch", json!({"events": []})), Ok(json!({"delivered": 0})));
    assert!(server.ask("notify_batch", json!({"events": 1})).is_err());
    assert_eq!(server.close(), Ok(()));
}

#[test]
fn the_window_is_the_number_of_threads() {
    // Two events are under way at once, or neither ever ends.
    let both = Barrier::new(2);
    let mut server = Probe::serve(move |_, _| {
        both.wait();
        Ok(())
    });
    server.initialize("exit", json!({}), 2).unwrap();
    let mut open = [41, 42].map(|id| server.call("notify", event(id, "cert-issued", 1)));
    let mut answered = [server.hear(), server.hear()].map(|answer| answer["id"].as_u64().unwrap());
    open.sort_unstable();
    answered.sort_unstable();
    assert_eq!(open, answered);
    assert_eq!(server.close(), Ok(()));
}

#[test]
fn one_thread_serves_everything_where_it_is_asked_to() {
    /// Belongs to the thread that made it, as COM objects of an apartment do.
    struct Apartment(Arc<Mutex<Vec<thread::ThreadId>>>);
    impl Apartment {
        fn note(&self) {
            self.0.lock().unwrap().push(thread::current().id());
        }
    }
    impl ExitModule for Apartment {
        fn initialize(&self, _: &str, _: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
            self.note();
            Ok(ExitEvents::all())
        }
        fn notify(&self, _: &Notification, _: &dyn ServerExit) -> Result<(), ModuleError> {
            self.note();
            Ok(())
        }
        fn description(&self) -> String {
            self.note();
            String::new()
        }
    }
    impl Drop for Apartment {
        fn drop(&mut self) {
            self.note();
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let module = Apartment(Arc::clone(&seen));
    let mut server = Conversation::open(move |reader, writer| {
        module.note();
        let mut module = Some(module);
        Serve::new().threads(Threads::One).exit_on(reader, writer, move |_| Ok(module.take().expect("it is made once")))
    });
    server.initialize("exit", json!({}), 8).unwrap();
    let calls: Vec<u64> = (41..61).map(|id| server.call("notify", event(id, "cert-issued", 1))).collect();
    for call in calls {
        assert_eq!(server.hear()["id"], call, "in order");
    }
    assert_eq!(server.close(), Ok(()));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1 + 2 + 20 + 1);
    assert!(seen.iter().all(|thread| Some(thread) == seen.first()));
}

#[test]
fn settings_make_the_module_or_keep_it_from_being_made() {
    let open = || {
        Conversation::open(|reader, writer| {
            Serve::new().exit_on(reader, writer, |settings: &Settings| {
                settings.required("directory")?;
                Ok(Probe { notify: Arc::new(|_, _| Ok(())), batch: 1 })
            })
        })
    };
    let mut server = open();
    let early = server.ask("notify", event(41, "cert-issued", 1)).unwrap_err();
    assert_eq!(early["data"]["hresult"], HResult::E_UNEXPECTED.to_string());
    let error = server.initialize("exit", json!({}), 1).unwrap_err();
    assert_eq!(error["message"], "the setting `directory` is required");
    assert!(server.ask("ping", json!({})).is_err());
    assert_eq!(server.close(), Ok(()));
    let mut server = open();
    server.initialize("exit", json!({"directory": "/srv"}), 1).unwrap();
    assert_eq!(server.close(), Ok(()));
    for (question, what) in [
        (question("policy", json!({}), 1), "the program is an exit module"),
        (json!({}), "`initialize`"),
        (
            {
                let mut later = question("exit", json!({}), 1);
                later["protocol"] = json!({"min": 2, "max": 3});
                later
            },
            "the server speaks protocol 2 to 3, this module 1 to 1",
        ),
    ] {
        let mut server = open();
        let error = server.ask("initialize", question).unwrap_err();
        assert!(error["message"].as_str().unwrap().contains(what), "{error}");
        assert_eq!(server.close(), Ok(()));
    }
}

#[test]
fn a_server_that_breaks_the_protocol_is_left() {
    let long = format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, "x".repeat(70_000));
    for (line, what) in [
        (b"hello".as_slice(), "a line that is not a message"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "a batch"),
        (br#"{"jsonrpc":"2.0","id":99,"result":{}}"#, "answered call 99"),
        (long.as_bytes(), "a line of more than 65536 bytes"),
    ] {
        let mut server = Probe::serve(|_, _| Ok(()));
        server.initialize("exit", json!({}), 1).unwrap();
        // The limits of `initialize` hold from the line after the next.
        server.ask("ping", json!({})).unwrap();
        server.write(line);
        let broken = server.end().unwrap_err().to_string();
        assert!(broken.contains(what), "{broken}");
    }
}

#[test]
fn an_end_in_the_middle_of_a_call_back_ends_the_call() {
    let (sender, results): (Sender<_>, Receiver<Result<Value, ModuleError>>) = channel();
    let sender = Mutex::new(sender);
    let mut server = Probe::serve(move |_, server| {
        let result = server.certificate_property("RawCRL.0", PropertyType::Binary);
        sender.lock().unwrap().send(result).unwrap();
        Ok(())
    });
    server.initialize("exit", json!({}), 1).unwrap();
    server.call("notify", event(41, "cert-issued", 1));
    assert_eq!(server.hear()["method"], "server.certificate_property");
    server.write(br#"{"jsonrpc":"2.0","method":"shutdown","params":{}}"#);
    assert_eq!(results.recv().unwrap().unwrap_err().code, HResult::RPC_E_DISCONNECTED);
    // The call's answer is still said; nobody needs it.
    assert_eq!(server.hear()["id"], 2);
    assert_eq!(server.end(), Ok(()));
}

#[test]
fn calls_that_came_before_the_end_are_served() {
    let mut server = Probe::serve(|_, _| Ok(()));
    server.call("initialize", question("exit", json!({}), 1));
    let calls = [41, 42, 43].map(|id| server.call("notify", event(id, "cert-issued", 1)));
    server.write(br#"{"jsonrpc":"2.0","method":"shutdown","params":{}}"#);
    assert_eq!(server.hear()["id"], 1);
    for call in calls {
        assert_eq!(server.hear()["id"], call);
    }
    assert_eq!(server.end(), Ok(()));
}

#[test]
fn logging_reaches_the_server_and_is_cut() {
    let mut server = Probe::serve(|_, _| {
        exeunt_stdio::log(Level::Warn, &"ü".repeat(5000));
        // From a thread of the module's own too.
        thread::scope(|scope| scope.spawn(|| exeunt_stdio::log(Level::Debug, "own thread")).join()).unwrap();
        Ok(())
    });
    server.initialize("exit", json!({}), 1).unwrap();
    server.call("notify", event(41, "cert-issued", 1));
    let line = server.hear();
    assert_eq!((&line["method"], &line["params"]["level"]), (&json!("log"), &json!("warn")));
    assert_eq!(line["params"]["message"].as_str().unwrap().len(), 4096);
    assert_eq!(line.get("id"), None);
    // With several conversations in one process, that of a thread of no call is the first that was begun.
    let mut next = server.hear();
    if next["method"] == "log" {
        assert_eq!(next["params"]["message"], "own thread");
        next = server.hear();
    }
    assert_eq!(next["id"], 2);
    assert_eq!(server.close(), Ok(()));
}

#[test]
fn an_answer_that_is_too_long_is_a_failure() {
    let mut server = Probe::serve(|_, server| {
        let long = "x".repeat(70_000);
        server.certificate_property(&long, PropertyType::String).map(|_| ())
    });
    server.initialize("exit", json!({}), 1).unwrap();
    let error = server.ask("notify", event(41, "cert-issued", 1)).unwrap_err();
    assert_eq!(error["data"]["hresult"], HResult::CERTSRV_E_ENCODING_LENGTH.to_string());
    assert_eq!(server.close(), Ok(()));
}
