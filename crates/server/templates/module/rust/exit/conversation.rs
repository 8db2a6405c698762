//! Speaks with the module as the server does, and looks at what it answers and leaves behind.

use std::io::Write;
use std::process::{Command, Stdio};

const EVENT: &str = r#"{"context":2,"event":{"id":41,"name":"cert-issued","bit":1,"attempt":1,"occurred":"2025-06-01T12:00:00Z",
"hash":"0000000000000000000000000000000000000000000000000000000000000000","request_id":7},"request":{"RequestID":7},
"certificate":{"SerialNumber":"1a2b"},"attributes":{},"extensions":[],"ca":{}}"#;

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
    let params = r#"{"protocol":{"min":1,"max":1},"role":"exit","module":"@name@","ca":"Example CA","settings":SETTINGS}"#;
    call(1, "initialize", &params.replace("SETTINGS", settings))
}

#[test]
fn an_event_leaves_one_line_however_often_it_comes() {
    let file = std::env::temp_dir().join(format!("@name@-{}", std::process::id()));
    let settings = format!(r#"{{"file":"{}"}}"#, file.display());
    let answers = converse(&[initialize(&settings), call(2, "notify", EVENT), call(3, "notify", EVENT)]);
    let lines = std::fs::read_to_string(&file).expect("the file is there");
    std::fs::remove_file(&file).expect("the file can be removed");
    assert_eq!(lines, "41 cert-issued request 7 serial 1a2b\n");
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| answer.contains(r#""result""#)), "{answers:?}");
}

#[test]
fn what_cannot_be_written_comes_again() {
    let answers = converse(&[initialize(r#"{"file":"/nonexistent/lines"}"#), call(2, "notify", EVENT)]);
    assert!(answers[1].contains(r#""error""#), "{answers:?}");
}
