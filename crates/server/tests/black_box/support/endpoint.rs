//! HTTPS endpoints that modules of the kind `webhook` speak to.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::authority::{Done, Place};

/// The secret that the endpoints share with the server.
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

/// An endpoint on a port of its own, with a certificate of its own: `endpoint.pem`. It ends with the test.
pub struct Endpoint {
    process: Child,
    port: String,
}

impl Endpoint {
    /// The receiver of `examples/modules/webhook-receiver`. It keeps `inventory.sqlite`.
    pub fn receiver(place: &Place, more: &[&str]) -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let mut program = Command::new("python3");
        program
            .arg(repository.join("examples/modules/webhook-receiver/receiver.py"))
            .args(["--secret-file", "secret", "--certificate", "endpoint.pem", "--key", "endpoint.key"])
            .args(["--host", "localhost", "--port", "0"])
            .args(more)
            .arg("inventory.sqlite")
            .env("PYTHONPATH", repository.join("sdk/python/src"));
        Self::start(place, program)
    }

    /// An endpoint that takes everything; as long as there is a file `gone`, it is gone for good. It writes what it is asked into the
    /// file `asked`, a message a line, with the status it answers in front.
    pub fn leaving(place: &Place) -> Self {
        place.write("leaving.py", LEAVING);
        let mut program = Command::new("python3");
        program.arg("leaving.py");
        Self::start(place, program)
    }

    /// Runs a program in the folder that says its port with the last word of its first line.
    fn start(place: &Place, mut program: Command) -> Self {
        place.self_signed("endpoint", "localhost");
        place.write("secret", &format!("{SECRET}\n"));
        program.current_dir(place.path("")).env("PYTHONDONTWRITEBYTECODE", "1").stdout(Stdio::piped());
        let mut process = program.spawn().expect("python3 is installed");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, port }
    }

    pub fn port(&self) -> &str {
        &self.port
    }

    /// What names this endpoint where a module is added or tested.
    pub fn settings(&self, place: &Place) -> Vec<String> {
        let settings = [
            format!("url=https://localhost:{}/exeunt", self.port),
            format!("secret=@file:{}", place.path("secret").display()),
            format!("ca_file={}", place.path("endpoint.pem").display()),
            "allow_private=true".to_owned(),
        ];
        settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect()
    }

    /// Adds it as a module.
    pub fn add(&self, place: &Place, more: &[&str]) -> Done {
        let settings = self.settings(place);
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        place.run(&[&["module", "add", "webhook"], &settings[..], more].concat())
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const LEAVING: &str = r#"
import http.server, os, ssl

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        status = 410 if os.path.exists("gone") else 204
        with open("asked", "ab") as asked:
            asked.write(b"%d %s\n" % (status, body))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("endpoint.pem", "endpoint.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("listening on", server.server_port, flush=True)
server.serve_forever()
"#;
