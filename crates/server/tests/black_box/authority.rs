//! A folder with a certification authority in it, its server, and the command line.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before a test gives up. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before a condition is looked at again.
const AGAIN: Duration = Duration::from_millis(20);

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The JSON on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails the test where the command failed.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Fails the test where the command ended with another code.
    pub fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// A folder of its own.
pub struct Place {
    home: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The data folder that commands use when they are told nothing.
    pub fn data(&self, name: &str) -> PathBuf {
        self.path("exeunt-data").join(name)
    }

    /// The command line, run in the folder, with a clean environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exeunt"));
        command.args(arguments).current_dir(self.home.path()).env_clear().env("PATH", std::env::var("PATH").unwrap());
        command.env("LANG", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(&self.command(arguments).output().unwrap())
    }

    /// Runs a command that must succeed, and reads its JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        self.run(&arguments).ok().json()
    }

    /// Makes a root authority with a passphrase file. Every request is issued at once, for any name.
    pub fn init(&self, more: &[&str]) -> Done {
        self.passphrase();
        let arguments = ["init", "--name", "Test CA", "--passphrase-file", "passphrase", "--dns-name", "ca.example"];
        let arguments: Vec<&str> = arguments.into_iter().chain(more.iter().copied()).collect();
        self.run(&arguments)
    }

    /// Writes the file `passphrase`, mode 0600.
    pub fn passphrase(&self) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.write("passphrase", "correct horse battery staple\n");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Changes the configuration.
    pub fn configure(&self, change: impl FnOnce(String) -> String) {
        let path = self.data("exeunt.toml");
        let text = change(std::fs::read_to_string(&path).unwrap());
        std::fs::write(&path, text).unwrap();
    }

    /// Lets every profile issue at once.
    pub fn issue_at_once(&self) {
        self.configure(|text| text.replace("decision = \"pend\"", "decision = \"issue\""));
    }

    /// Starts the server, and waits until it says it is ready.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        self.try_serve(arguments).unwrap_or_else(|done| panic!("the server ended: {done:?}"))
    }

    /// Starts the server, and waits until it says it is ready, or ends.
    pub fn try_serve(&self, arguments: &[&str]) -> Result<Server, Done> {
        let notify = self.path("notify");
        let _ = std::fs::remove_file(&notify);
        let socket = UnixDatagram::bind(&notify).unwrap();
        socket.set_read_timeout(Some(AGAIN)).unwrap();
        let log = self.path("server.log");
        let out = self.path("server.out");
        let mut child = self
            .command(&[&["serve"], arguments].concat())
            .env("NOTIFY_SOCKET", &notify)
            .stdout(std::fs::File::create(&out).unwrap())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        let mut buffer = [0; 1024];
        loop {
            if let Ok(length) = socket.recv(&mut buffer)
                && buffer[..length].starts_with(b"READY=1")
            {
                return Ok(Server { child, log, out, notify: socket });
            }
            if let Some(status) = child.try_wait().unwrap() {
                let read = |path: &Path| std::fs::read_to_string(path).unwrap();
                return Err(Done { code: status.code().unwrap_or(-1), stdout: read(&out), stderr: read(&log) });
            }
            assert!(Instant::now() < deadline, "not ready: {}", std::fs::read_to_string(&log).unwrap());
        }
    }

    /// A key and a request for it, made by OpenSSL: `NAME.key`, `NAME.csr`.
    pub fn csr(&self, name: &str, host: &str) -> PathBuf {
        let (subject, alternative) = (format!("/CN={host}"), format!("subjectAltName=DNS:{host}"));
        self.request(name, "csr", &["-new", "-subj", &subject, "-addext", &alternative])
    }

    /// A key and a certificate that it signed itself, for a server of this name: `NAME.key`, `NAME.pem`.
    pub fn self_signed(&self, name: &str, host: &str) -> PathBuf {
        let (subject, alternative) = (format!("/CN={host}"), format!("subjectAltName=DNS:{host}"));
        let no_authority = "basicConstraints=critical,CA:FALSE";
        let what = ["-x509", "-days", "1", "-subj", &subject, "-addext", &alternative, "-addext", no_authority];
        self.request(name, "pem", &what)
    }

    /// A new key, `NAME.key`, and what `openssl req` makes of it, `NAME.KIND`.
    pub fn request(&self, name: &str, kind: &str, what: &[&str]) -> PathBuf {
        let (path, key) = (self.path(&format!("{name}.{kind}")), self.path(&format!("{name}.key")));
        let new_key = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"];
        let files = ["-keyout", key.to_str().unwrap(), "-out", path.to_str().unwrap()];
        openssl(&[&new_key, what, &files].concat());
        path
    }

    /// Submits a request for a host, and reads the answer.
    pub fn submit(&self, host: &str) -> Value {
        let csr = self.csr(host, host);
        self.json(&["request", "submit", csr.to_str().unwrap(), "--profile", "tls-server"])
    }

    /// Submits a request for a host that is issued, and returns the serial number.
    pub fn issue(&self, host: &str) -> String {
        let outcome = self.submit(host);
        assert_eq!(outcome["disposition"], "issued", "{outcome}");
        let shown = self.json(&["request", "show", &outcome["request"].to_string()]);
        shown["certificate"]["serial"].as_str().unwrap().to_owned()
    }
}

/// A running server, killed when dropped.
pub struct Server {
    child: Child,
    log: PathBuf,
    out: PathBuf,
    notify: UnixDatagram,
}

impl Server {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Standard error so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Standard output so far.
    pub fn out(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Waits until the service supervisor is told something that begins so.
    pub fn tells(&self, start: &str) {
        let mut buffer = [0; 1024];
        until(&format!("the supervisor is told {start}"), || {
            self.notify.recv(&mut buffer).is_ok_and(|length| buffer[..length].starts_with(start.as_bytes()))
        });
    }

    /// Waits for the end, and returns the exit code.
    pub fn wait(mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < deadline, "the server does not end: {}", self.log());
            std::thread::park_timeout(AGAIN);
        }
    }

    /// An orderly stop.
    pub fn stop(self) {
        self.signal("TERM");
        let log = self.log.clone();
        assert_eq!(self.wait(), 0, "{}", std::fs::read_to_string(log).unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a condition holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::park_timeout(AGAIN);
    }
}

/// Runs OpenSSL, which must succeed, and returns what it wrote.
pub fn openssl(arguments: &[&str]) -> String {
    let done = try_openssl(arguments);
    assert_eq!(done.code, 0, "openssl {arguments:?}: {done:?}");
    done.stdout + &done.stderr
}

/// Runs OpenSSL.
pub fn try_openssl(arguments: &[&str]) -> Done {
    Done::of(&Command::new("openssl").args(arguments).stdin(Stdio::null()).output().expect("openssl is installed"))
}

/// `GET` over plain HTTP: status, headers in lower case, body.
pub fn http_get(url: &str) -> (u16, String, Vec<u8>) {
    use std::io::{Read, Write};
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(authority.replace("localhost", "127.0.0.1")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let body = answer[end + 4..].to_vec();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if head.contains("transfer-encoding: chunked") { unchunked(&body) } else { body };
    (status, head, body)
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            return out;
        }
        out.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}

/// A port nobody listens on now, outside of those that outgoing connections are given.
pub fn free_port() -> u16 {
    let start = u16::from_be_bytes(std::process::id().to_be_bytes()[2..].try_into().unwrap());
    let mut candidates = (0..1_000).map(|offset| 10_000 + (start % 9_000 + offset) % 10_000);
    candidates.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
