//! An HTTPS endpoint on loopback that does what a test wants, well-behaved or not.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests; not every test file uses everything"
)]

pub mod authority;
pub mod interpreter;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use authority::Identity;
use module::{ModuleKind, Settings};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The secret the tests share with their endpoints.
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

/// What the endpoint was sent.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method, the target and the version.
    pub line: String,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// Which connection it came over, from 1.
    pub connection: usize,
}

impl Received {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        let json = self.json();
        let event = json.as_array().map_or(&json, |events| &events[0]);
        event["type"].as_str().unwrap().to_owned()
    }
}

/// What the endpoint does about it.
pub enum Reaction {
    /// Answers, and keeps the connection.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Writes this and nothing more; the connection stays open until the other side closes it.
    WriteAndHang(Vec<u8>),
    /// Writes this and resets the connection, without TLS's farewell.
    WriteAndBreak(Vec<u8>),
    /// Writes bytes without end.
    Flood,
}

impl Reaction {
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }

    pub fn json(body: &serde_json::Value) -> Self {
        Self::Answer(200, vec![("content-type", "application/json".to_owned())], body.to_string().into_bytes())
    }
}

type Behaviour = dyn Fn(&Received) -> Reaction + Send + Sync;

/// A listening endpoint; dropped, it ends and every connection with it.
pub struct Endpoint {
    pub port: u16,
    pub received: Arc<Mutex<Vec<Received>>>,
    pub connections: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    ended: Arc<std::sync::atomic::AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    pub fn start(identity: &Identity, behaviour: impl Fn(&Received) -> Reaction + Send + Sync + 'static) -> Self {
        Self::with(identity.server_config(), behaviour)
    }

    pub fn with(config: Arc<ServerConfig>, behaviour: impl Fn(&Received) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, connections, open) = (Arc::default(), Arc::new(AtomicUsize::new(0)), Arc::default());
        let ended = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        let thread = {
            let (received, connections) = (Arc::clone(&received), Arc::clone(&connections));
            let (open, ended) = (Arc::clone(&open), Arc::clone(&ended));
            std::thread::spawn(move || accept(&listener, &config, &behaviour, &received, &connections, &open, &ended))
        };
        Self { port, received, connections, open, ended, thread: Some(thread) }
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What was received but for pings.
    pub fn messages(&self) -> Vec<Received> {
        self.received().into_iter().filter(|one| one.kind() != "org.exeunt.ping").collect()
    }

    /// The settings of a webhook that goes here.
    pub fn settings(&self, identity: &Identity, more: &[(&str, &str)]) -> Settings {
        let mut settings: Settings = [
            ("url", format!("https://127.0.0.1:{}/hooks/ca?token=t", self.port).as_str()),
            ("secret", SECRET),
            ("allow_private", "true"),
            ("system_roots", "false"),
            ("ca_file", identity.ca_file().to_str().unwrap()),
        ]
        .into_iter()
        .collect();
        for (name, value) in more {
            settings.set(*name, *value);
        }
        settings
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// The kind `webhook`, as the server finds it.
pub fn webhook() -> Arc<dyn ModuleKind> {
    hosts::kinds().into_iter().find(|kind| kind.name() == "webhook").unwrap()
}

fn accept(
    listener: &TcpListener,
    config: &Arc<ServerConfig>,
    behaviour: &Arc<Behaviour>,
    received: &Arc<Mutex<Vec<Received>>>,
    connections: &Arc<AtomicUsize>,
    open: &Arc<Mutex<Vec<TcpStream>>>,
    ended: &Arc<std::sync::atomic::AtomicBool>,
) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        if ended.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else { continue };
        open.lock().unwrap().push(stream.try_clone().unwrap());
        let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
        let (config, behaviour, received) = (Arc::clone(config), Arc::clone(behaviour), Arc::clone(received));
        threads.push(std::thread::spawn(move || {
            let connection = ServerConnection::new(config).unwrap();
            serve(StreamOwned::new(connection, stream), number, &*behaviour, &received);
        }));
    }
    for stream in open.lock().unwrap().iter() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

fn serve(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
    connection: usize,
    behaviour: &Behaviour,
    received: &Mutex<Vec<Received>>,
) {
    while let Some(message) = read(&mut stream, connection) {
        received.lock().unwrap().push(message.clone());
        match behaviour(&message) {
            Reaction::Answer(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                let mut bytes = head.into_bytes();
                bytes.extend(body);
                if stream.write_all(&bytes).and_then(|()| stream.flush()).is_err() {
                    return;
                }
            }
            Reaction::WriteAndHang(bytes) => {
                let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
                let mut rest = [0; 1];
                while matches!(stream.read(&mut rest), Ok(1..)) {}
                return;
            }
            Reaction::WriteAndBreak(bytes) => {
                let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
                let _ = stream.sock.shutdown(Shutdown::Both);
                return;
            }
            Reaction::Flood => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                while stream.write_all(b"1000\r\n").and_then(|()| stream.write_all(&[b' '; 4096])).is_ok() {
                    if stream.write_all(b"\r\n").is_err() {
                        return;
                    }
                }
                return;
            }
        }
    }
}

/// One request; none when the connection has ended.
fn read(stream: &mut impl Read, connection: usize) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 1];
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(Received { line, headers, body, connection })
}
