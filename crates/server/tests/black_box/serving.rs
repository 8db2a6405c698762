//! Start, stop, reload, and what stands in the way.

use crate::authority::{Place, free_port, http_get, until};

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let place = Place::new();
    let server = place.serve(&[]);
    let refused = place.try_serve(&[]).err().unwrap();
    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(refused.stderr.contains(&format!("in use by a server (process {})", server.id())), "{refused:?}");
    // The first one has not noticed.
    place.json(&["ca", "show"]);
    server.stop();
}

#[test]
fn an_orderly_stop_tells_the_exit_modules_and_the_supervisor() {
    let place = Place::new();
    let server = place.serve(&[]);
    let socket = place.data("admin.sock");
    assert!(socket.exists());
    server.signal("TERM");
    server.tells("STOPPING=1");
    assert_eq!(server.wait(), 0);
    assert!(!socket.exists());
    let journal = std::fs::read_to_string(place.data("journal.jsonl")).unwrap();
    assert!(journal.lines().last().unwrap().contains("\"shutdown\""), "{journal}");
    // Stopping is in the audit trail.
    place.run(&["audit", "verify"]).ok();
    let server = place.serve(&[]);
    let audit = place.json(&["audit", "list"]);
    let codes: Vec<u64> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["code"].as_u64().unwrap()).collect();
    assert!(codes.contains(&4881), "{codes:?}");
    server.stop();
}

#[test]
fn a_second_signal_stops_at_once() {
    let place = Place::new();
    let module = place.module("hang.py", HANGS_AT_SHUTDOWN);
    let server = place.serve(&[]);
    place.run(&["module", "add", module.to_str().unwrap()]).ok();
    until("the module runs", || place.json(&["module", "show", "hang"])["state"] == "running");
    server.signal("INT");
    server.tells("STOPPING=1");
    until("the module is told", || place.path("told").exists());
    server.signal("INT");
    assert_eq!(server.wait(), 1);
}

/// Answers everything but the event of the end.
const HANGS_AT_SHUTDOWN: &str = r#"
import threading

def initialize(params):
    return {"protocol": 1, "events": ["shutdown"], "description": "hangs"}

def notify(params):
    open("told", "w").close()
    threading.Event().wait()
"#;

#[test]
fn a_killed_server_comes_back_with_everything() {
    let place = Place::new();
    let server = place.serve(&[]);
    let serial = place.issue("a.example");
    server.signal("KILL");
    server.wait();
    let server = place.serve(&[]);
    assert_eq!(place.json(&["certificate", "show", &serial])["disposition"], "issued");
    server.stop();
    assert!(place.run(&["db", "check"]).ok().stdout.contains("good"));
    assert!(place.run(&["audit", "verify"]).ok().stdout.contains("whole"));
}

#[test]
fn without_a_server_commands_say_how_to_start_it() {
    let place = Place::new();
    let nothing = place.run(&["request", "list"]).fails(3);
    assert!(nothing.stderr.contains("there is no certification authority here"), "{nothing:?}");
    assert!(nothing.stderr.contains("--data DIR") && nothing.stderr.contains("exeunt init"), "{nothing:?}");
    place.init(&[]).ok();
    let stopped = place.run(&["request", "list"]).fails(7);
    assert!(stopped.stderr.contains("no server runs at"), "{stopped:?}");
    assert!(stopped.stderr.contains("start it with: exeunt serve"), "{stopped:?}");
}

#[test]
fn serve_with_a_folder_that_is_named_makes_nothing_up() {
    let place = Place::new();
    let refused = place.try_serve(&["--data", "elsewhere"]).err().unwrap();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("exeunt init"), "{refused:?}");
    assert!(!place.path("elsewhere").exists());
}

#[test]
fn the_wrong_passphrase_is_told() {
    let place = Place::new();
    place.init(&[]).ok();
    std::fs::write(place.path("passphrase"), "something else\n").unwrap();
    let refused = place.try_serve(&[]).err().unwrap();
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("wrong passphrase") && refused.stderr.contains("passphrase_file"), "{refused:?}");
}

#[test]
fn a_configuration_is_read_again_on_hangup() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.configure(|text| format!("{text}\n[log]\nlevel = \"nonsense=nonsense\"\n"));
    server.signal("HUP");
    until("the mistake is told", || server.log().contains("the configuration was not taken up"));
    place.configure(|text| text.replace("nonsense=nonsense", "debug") + "\n[events]\nretention = \"1d\"\n");
    server.signal("HUP");
    until("what waits is told", || server.log().contains("changes in [events] wait for a restart"));
    server.tells("RELOADING=1");
    server.tells("READY=1");
    server.stop();
}

#[test]
fn health_and_metrics_are_told_on_a_loopback_address() {
    let place = Place::new();
    place.init(&[]).ok();
    let port = free_port();
    place.configure(|text| format!("{text}\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n"));
    let server = place.serve(&["--json"]);
    let ready: serde_json::Value = serde_json::from_str(&server.out()).unwrap();
    assert_eq!(ready["metrics"], format!("127.0.0.1:{port}"));
    let get = |path: &str| http_get(&format!("http://127.0.0.1:{port}{path}"));
    assert_eq!(get("/healthz").0, 200);
    assert_eq!(get("/readyz").0, 200);
    let (status, _, text) = get("/metrics");
    assert_eq!(status, 200);
    assert!(String::from_utf8(text).unwrap().contains("# TYPE"));
    assert_eq!(get("/v1/ca").0, 404);
    server.stop();
}
