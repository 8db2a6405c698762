//! An HTTPS endpoint as a module: told of certificates, with a secret that nobody is shown, and asked about requests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::authority::{Place, openssl, until};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

/// The receiver of `examples/modules/webhook-receiver`, in the place's folder.
pub struct Receiver {
    process: Child,
    port: String,
}

impl Receiver {
    pub fn start(place: &Place, more: &[&str]) -> Self {
        let path = |name: &str| place.path(name).display().to_string();
        let (certificate, key) = (path("receiver.pem"), path("receiver.key"));
        let subject = "subjectAltName=DNS:localhost";
        let curve = "ec_paramgen_curve:P-256";
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            curve,
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            subject,
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ]);
        place.write("secret", &format!("{SECRET}\n"));
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let mut process = Command::new("python3")
            .arg(repository.join("examples/modules/webhook-receiver/receiver.py"))
            .args(["--secret-file", &path("secret"), "--certificate", &certificate, "--key", &key])
            .args(["--host", "localhost", "--port", "0"])
            .args(more)
            .arg(path("inventory.sqlite"))
            .env("PYTHONPATH", repository.join("sdk/python/src"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, port }
    }

    /// What `module add` is given.
    pub fn arguments(&self, place: &Place) -> Vec<String> {
        let ca_file = place.path("receiver.pem").display().to_string();
        let secret = place.path("secret").display().to_string();
        let url = format!("url=https://localhost:{}/exeunt", self.port);
        let settings =
            [url, format!("secret=@file:{secret}"), format!("ca_file={ca_file}"), "allow_private=true".into()];
        settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn add(place: &Place, receiver: &Receiver, more: &[&str]) -> crate::authority::Done {
    let arguments = receiver.arguments(place);
    let mut all = vec!["module", "add", "webhook"];
    all.extend(arguments.iter().map(String::as_str));
    all.extend(more);
    place.run(&all)
}

/// The subjects in the inventory, by request.
fn inventory(place: &Place) -> Vec<String> {
    let program = "import sqlite3, sys\n\
                   query = 'SELECT subject FROM certificate ORDER BY request_id'\n\
                   print(*(row[0] for row in sqlite3.connect(sys.argv[1]).execute(query)), sep='\\n')";
    let output = Command::new("python3").args(["-c", program]).arg(place.path("inventory.sqlite")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn an_endpoint_is_told_of_certificates_and_its_secret_is_nowhere_to_be_seen() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.issue("before.example");
    let receiver = Receiver::start(&place, &[]);
    add(&place, &receiver, &["--name", "inventory", "--from", "beginning"]).ok();
    place.issue("after.example");
    until("both are in the inventory", || {
        let all = inventory(&place).join(" ");
        all.contains("before.example") && all.contains("after.example")
    });
    let shown = place.json(&["module", "show", "inventory"]);
    assert_eq!(shown["state"], "running");
    assert!(shown["description"].as_str().unwrap().starts_with("inventory in "), "{shown}");
    assert!(shown["settings"]["secret"].as_str().unwrap().starts_with("@file:"), "{shown}");
    assert!(!shown.to_string().contains("MDEyMzQ1"), "{shown}");

    // The endpoint goes away and comes back: what happened meanwhile is told then.
    let port = receiver.port.clone();
    drop(receiver);
    place.issue("meanwhile.example");
    until("the operator sees why it waits", || {
        let shown = place.json(&["module", "show", "inventory"]);
        shown["lag"].as_u64() > Some(0) && shown.to_string().contains("no answer from localhost")
    });
    let _receiver = Receiver::start(&place, &["--port", &port]);
    // Its certificate is another one now: the module reads its files when it starts.
    place.run(&["module", "disable", "inventory"]).ok();
    place.run(&["module", "enable", "inventory"]).ok();
    until("it is told", || inventory(&place).join(" ").contains("meanwhile.example"));
    assert!(!server.log().contains("MDEyMzQ1"));
    server.stop();
}

#[test]
fn a_secret_in_clear_an_address_of_our_own_and_plain_http_are_refused() {
    let place = Place::new();
    let server = place.serve(&[]);
    let receiver = Receiver::start(&place, &[]);
    let refused = |setting: &str, text: &str| {
        let done = add(&place, &receiver, &["--name", "hook", "--set", setting]).fails(4);
        assert!(done.stderr.contains(text), "{setting}: {done:?}");
    };
    refused(&format!("secret={SECRET}"), "@file:");
    refused("url=http://localhost:1/", "never sent in clear");
    server.stop();
}

#[test]
fn an_endpoint_decides_on_requests() {
    let place = Place::new();
    let server = place.serve(&[]);
    // Whoever runs the tests gets none.
    let requester = place.submit("first.example")["request"].to_string();
    let requester = place.json(&["request", "show", &requester])["requester"].as_str().unwrap().to_owned();
    let receiver = Receiver::start(&place, &["--deny", &requester, "--sign-answers"]);
    add(&place, &receiver, &["--name", "gate", "--role", "policy", "--set", "answer_signature=true"]).ok();
    let submit = |host: &str| {
        let csr = place.csr(host, host);
        place.run(&["request", "submit", csr.to_str().unwrap(), "--profile", "tls-server"]).fails(4)
    };
    let denied = submit("denied.example");
    assert!(denied.stderr.contains("gets no certificates"), "{denied:?}");
    drop(receiver);
    // Nobody answers: nothing is issued.
    let failed = submit("failed.example");
    assert!(format!("{failed:?}").contains("no answer from localhost"), "{failed:?}");
    server.stop();
}
