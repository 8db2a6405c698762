//! Asks the module as the server does, and looks at what it decides.

use std::io::Write;
use std::process::{Command, Stdio};

/// Feeds the module lines, as the server would say them, and gives what it says.
fn converse(lines: &[String]) -> Vec<String> {
    let mut module = Command::new(env!("CARGO_BIN_EXE_@name@"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the module starts");
    let mut server = module.stdin.take().expect("its input is a pipe");
    for line in lines {
        writeln!(server, "{}", line.replace('\n', "")).expect("the module reads");
    }
    drop(server);
    let output = module.wait_with_output().expect("the module ends");
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).expect("messages are UTF-8");
    // Between the answers there may be lines for the server's log.
    said.lines().filter(|line| !line.contains(r#""method":"log""#)).map(str::to_owned).collect()
}

fn call(id: u32, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

fn initialize(settings: &str) -> String {
    let params = r#"{"protocol":{"min":1,"max":1},"role":"policy","module":"@name@","ca":"Example CA","settings":SETTINGS}"#;
    call(1, "initialize", &params.replace("SETTINGS", settings))
}

fn ask(id: u32, request: &str) -> String {
    let params = r#"{"context":CONTEXT,"new":true,"request":REQUEST,"certificate":{},"attributes":{},"extensions":[],"ca":{}}"#;
    call(id, "verify_request", &params.replace("CONTEXT", &id.to_string()).replace("REQUEST", request))
}

#[test]
fn names_inside_the_domain_are_issued() {
    let answers = converse(&[
        initialize(r#"{"domain":"example.com"}"#),
        ask(2, r#"{"CommonName":"www.example.com"}"#),
        ask(3, r#"{"CommonName":"www.example.net"}"#),
        ask(4, "{}"),
    ]);
    let decisions = ["issue", "deny", "deny"].map(|decision| format!(r#""decision":"{decision}""#));
    assert_eq!(answers.len(), 4);
    for (answer, decision) in answers.iter().skip(1).zip(&decisions) {
        assert!(answer.contains(decision), "{answer}");
    }
}
