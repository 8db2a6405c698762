//! The server's side of a conversation, line by line.

#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests; not every file uses everything")]

use std::io::{BufRead, BufReader, ErrorKind, PipeReader, PipeWriter, Write, pipe};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use exeunt_stdio::Broken;
use serde_json::{Value as Json, json};

/// The longest any test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process has one module, and one log of it: conversations in this process take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A conversation with a module that runs in a thread of this process.
pub struct Conversation {
    _turn: MutexGuard<'static, ()>,
    to: Option<PipeWriter>,
    from: Receiver<String>,
    module: JoinHandle<Result<(), Broken>>,
    last: u64,
}

impl Conversation {
    /// Starts `serve` on pipes.
    pub fn open(serve: impl FnOnce(PipeReader, PipeWriter) -> Result<(), Broken> + Send + 'static) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (input, to) = pipe().unwrap();
        let (output, from) = pipe().unwrap();
        let module = thread::spawn(move || serve(input, from));
        let (sender, from) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        Self { _turn: turn, to: Some(to), from, module, last: 0 }
    }

    /// Writes a line as it is.
    pub fn write(&mut self, line: &[u8]) {
        let to = self.to.as_mut().expect("the conversation has not ended");
        let line = [line, b"\n"].concat();
        match to.write_all(&line) {
            // Whoever has enough of us closes the pipe before it has read everything.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
    }

    /// Makes a call; its id.
    pub fn call(&mut self, method: &str, params: Json) -> u64 {
        self.last += 1;
        let call = json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params});
        self.write(call.to_string().as_bytes());
        self.last
    }

    /// Answers a call of the module.
    pub fn answer(&mut self, call: &Json, result: Json) {
        self.write(json!({"jsonrpc": "2.0", "id": call["id"], "result": result}).to_string().as_bytes());
    }

    /// The next message of the module.
    pub fn hear(&self) -> Json {
        let line = self.from.recv_timeout(PATIENCE).expect("the module says something in time");
        let message: Json = serde_json::from_str(&line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        message
    }

    /// Makes a call that the module answers without calling back: the result, or the error.
    pub fn ask(&mut self, method: &str, params: Json) -> Result<Json, Json> {
        let id = self.call(method, params);
        let answer = self.hear();
        assert_eq!(answer["id"], id, "{answer}");
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(answer["error"].clone()),
        }
    }

    /// `initialize` with these settings.
    pub fn initialize(&mut self, role: &str, settings: Json, window: u64) -> Result<Json, Json> {
        self.ask("initialize", question(role, settings, window))
    }

    /// Closes the input: how the module's side ended, and that it says no more.
    pub fn close(mut self) -> Result<(), Broken> {
        self.to = None;
        self.end()
    }

    /// How the module's side ended by itself.
    pub fn end(self) -> Result<(), Broken> {
        let ended = self.module.join().unwrap();
        // The pipe is closed with the module: nothing is left.
        assert_eq!(self.from.recv_timeout(PATIENCE).ok(), None);
        ended
    }
}

/// The parameters of `initialize`.
pub fn question(role: &str, settings: Json, window: u64) -> Json {
    json!({
        "protocol": {"min": 1, "max": 1}, "role": role, "module": "probe", "ca": "Example CA", "settings": settings,
        "server": {"name": "exeunt", "version": "0.1.0"},
        "limits": {"message_bytes_max": 65536, "timeout_ms": 30000, "window": window, "batch_max": 100},
        "context": 0, "properties": {"CAType": 3, "CertCount": 1, "CRLState.0": 3}
    })
}

/// The parameters of `notify` for an event about request 7.
pub fn event(id: u64, name: &str, bit: u32) -> Json {
    json!({
        "context": id, "request": {"RequestID": 7, "RequesterName": "EXAMPLE\\alice"},
        "event": {"id": id, "name": name, "bit": bit, "attempt": 1, "occurred": "2025-06-01T12:00:00Z",
                  "hash": "ab".repeat(32), "request_id": 7},
        "certificate": {"RequestID": 7, "SerialNumber": "1a2b3c", "RawCertificate": {"base64": "MAMCAQc="},
                        "NotAfter": "2026-06-01T12:00:00Z"},
        "attributes": {"Cert File": "a", "CertificateTemplate": "WebServer"},
        "extensions": [{"oid": "2.5.29.17", "flags": 65536, "critical": false, "enabled": true, "origin": "request",
                        "value": {"base64": "MAA="}}],
        "ca": {"CAType": 3, "CertCount": 1, "CRLState": 3}
    })
}

/// The parameters of `verify_request`.
pub fn request(context: u64) -> Json {
    json!({
        "context": context, "new": true, "request": {"RequestID": 8, "CommonName": "intranet"},
        "certificate": {"NotAfter": "2026-06-01T12:00:00Z", "CommonName": "intranet"},
        "attributes": {}, "extensions": [], "ca": {"CAType": 3}
    })
}
