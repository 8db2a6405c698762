//! What a module says for people is in the server's log, with its name.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use module::{ExitEvent, ExitModule};
use support::{FakeServer, Script, notification, wait_until};

/// Says something on its standard error and with a `log` message, when it is initialised and at each event.
const TALKS: &str = r#"
while read -r line; do
    id=${line#*\"id\":} && id=${id%%,*}
    case $line in
        *'"initialize"'*)
            echo "the paper is low" >&2
            echo '{"jsonrpc":"2.0","method":"log","params":{"level":"warn","message":"half full: Tönung"}}'
            echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocol\":1,\"events\":[\"cert-issued\"]}}" ;;
        *'"notify"'*)
            echo '{"jsonrpc":"2.0","method":"log","params":{"level":"error","message":"out of paper"}}'
            echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}" ;;
    esac
done
"#;

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

#[test]
fn what_a_module_says_is_in_the_log_with_its_name() {
    let lines = Lines::default();
    let log = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).init();
    let script = Script::new(&serde_json::json!(["sh", "-c", TALKS]).to_string(), &[]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    for (text, level) in [("the paper is low", "INFO"), ("half full: Tönung", "WARN"), ("out of paper", "ERROR")] {
        wait_until(text, || lines.find(text).is_some());
        let line = lines.find(text).unwrap();
        assert!(line.contains(&format!("{level} module: {text}")), "{line}");
        assert!(line.contains(&format!("module=\"{}\"", script.name)), "{line}");
    }
    assert!(lines.find("the paper is low").unwrap().contains("stream=\"stderr\""));
}
