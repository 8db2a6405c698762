//! What modules fail, and what a policy module writes into the log, is there with the module's name and the code.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use engine::StartFrom;
use engine::store::ModuleOptions;
use module::{Decision, ExitEvents, ExitModule, HResult, ModuleError, Notification, ServerExit, ServerPolicy};
use pki::KeyAlgorithm;
use testkit::authority::{Builder, PolicyFn, eventually};
use testkit::recorder::Recorder;

/// The log of this process, as lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn find(&self, text: &str) -> Option<String> {
        let log = self.0.lock().unwrap();
        String::from_utf8_lossy(&log).lines().find(|line| line.contains(text)).map(str::to_owned)
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does not start.
struct Unwilling;

impl ExitModule for Unwilling {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Err(ModuleError::new(HResult::E_ACCESSDENIED, "the door is locked"))
    }

    fn notify(&self, _notification: &Notification, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn description(&self) -> String {
        "unwilling".into()
    }
}

#[test]
fn failures_and_texts_of_modules_are_in_the_log() {
    let lines = Lines::default();
    let log = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG);
    subscriber.with_writer(move || log.clone()).init();

    let builder = Builder::new(KeyAlgorithm::P256);
    let policy = PolicyFn(|server: &mut dyn ServerPolicy, _| {
        for (name, text) in [
            ("EventLogTerse", "tersely"),
            ("EventLogError", "an error"),
            ("EventLogWarning", "a warning"),
            ("EventLogVerbose", "verbosely"),
            ("EventLogExhaustive", "exhaustively"),
        ] {
            server.set_certificate_property(name, Some(text.into()))?;
        }
        if server.request_attribute("Fail").is_ok() {
            return Err(ModuleError::new(HResult::E_FAIL, "the directory is down"));
        }
        Ok(Decision::Pend { message: String::new() })
    });
    builder.loader().policy("plain", Arc::new(policy));
    let authority = builder.open().unwrap();
    authority.loader.exit("unwilling", Arc::new(Unwilling));
    authority.add_exit("unwilling", StartFrom::Now, ModuleOptions::default());
    let failing = Recorder::all();
    failing.behave(|_| Err(ModuleError::new(HResult::ERROR_FILE_EXISTS, "there is a file already")));
    authority.loader.exit("failing", failing);
    authority.add_exit("failing", StartFrom::Now, ModuleOptions::default());
    let request = authority.submit("www.example", "").request;
    authority.submit("failed.example", "Fail:yes");

    for (text, level, parts) in [
        ("tersely", "ERROR", ["module=\"plain\"".to_owned(), format!("request={request}")]),
        ("an error", "ERROR", ["module=\"plain\"".to_owned(), format!("request={request}")]),
        ("a warning", "WARN", ["module=\"plain\"".to_owned(), format!("request={request}")]),
        ("verbosely", "INFO", ["module=\"plain\"".to_owned(), format!("request={request}")]),
        ("exhaustively", "DEBUG", ["module=\"plain\"".to_owned(), format!("request={request}")]),
        ("the directory is down", "ERROR", ["VerifyRequest".to_owned(), "module=\"plain\" code=0x80004005".to_owned()]),
        ("the door is locked", "ERROR", ["Initialize".to_owned(), "module=\"unwilling\" code=0x80070005".to_owned()]),
        (
            "Notify failed: there is a file already",
            "WARN",
            ["module=\"failing\"".to_owned(), "attempt=1 code=0x80070050".to_owned()],
        ),
    ] {
        eventually(text, || lines.find(text).is_some());
        let line = lines.find(text).unwrap();
        assert!(line.contains(level) && parts.iter().all(|part| line.contains(part)), "{level} {parts:?}: {line}");
    }
}
