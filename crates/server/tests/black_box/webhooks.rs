//! An HTTPS endpoint as a module: told of certificates, with a secret that nobody is shown, and asked about requests.

use std::process::Command;

use serde_json::Value;

use crate::authority::{Place, until};
use crate::support::endpoint::{Endpoint, SECRET};

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
    let receiver = Endpoint::receiver(&place, &[]);
    receiver.add(&place, &["--name", "inventory", "--from", "beginning"]).ok();
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
    let port = receiver.port().to_owned();
    drop(receiver);
    place.issue("meanwhile.example");
    until("the operator sees why it waits", || {
        let shown = place.json(&["module", "show", "inventory"]);
        shown["lag"].as_u64() > Some(0) && shown.to_string().contains("no answer from localhost")
    });
    let _receiver = Endpoint::receiver(&place, &["--port", &port]);
    // Its certificate is another one now: the module reads its files when it starts.
    place.run(&["module", "disable", "inventory"]).ok();
    place.run(&["module", "enable", "inventory"]).ok();
    until("it is told", || inventory(&place).join(" ").contains("meanwhile.example"));
    assert!(!server.log().contains("MDEyMzQ1"));
    server.stop();
}

#[test]
fn an_endpoint_that_is_gone_is_sent_nothing_and_everything_once_it_is_back() {
    let place = Place::new();
    let server = place.serve(&[]);
    let endpoint = Endpoint::leaving(&place);
    endpoint.add(&place, &["--name", "hook", "--set", "events=cert-issued"]).ok();
    // The host of each certificate that it was sent, with what it answered.
    let asked = || -> Vec<String> {
        let text = place.read("asked");
        let event = |line: &str| {
            let (status, body) = line.split_once(' ').unwrap();
            let event: Value = serde_json::from_str(body).unwrap();
            Some(format!("{status} {}", event["data"]["certificate"]["CommonName"].as_str()?))
        };
        text.lines().filter_map(event).collect()
    };
    place.issue("taken.example");
    until("it is told", || asked() == ["204 taken.example"]);

    place.write("gone", "");
    place.issue("first.example");
    until("it is left alone", || place.json(&["module", "show", "hook"])["state"] == "suspended");
    place.issue("second.example");
    let shown = place.json(&["module", "show", "hook"]);
    assert_eq!((&shown["lag"], &shown["parked"], &shown["failed"]), (&2.into(), &0.into(), &0.into()), "{shown}");
    let shown = place.run(&["module", "show", "hook"]).ok();
    assert!(shown.stdout.contains("410 Gone") && shown.stdout.contains("set another `url`"), "{shown:?}");
    assert!(shown.stderr.contains("exeunt module enable hook"), "{shown:?}");
    // Enabled while it is gone still, it is greeted, and sent no event.
    let early = place.run(&["module", "enable", "hook"]).ok();
    assert!(early.stdout.contains("suspended") && early.stderr.contains("it takes nothing any more"), "{early:?}");
    assert_eq!(asked(), ["204 taken.example", "410 first.example"]);

    std::fs::remove_file(place.path("gone")).unwrap();
    place.run(&["module", "enable", "hook"]).ok();
    until("it has caught up", || place.json(&["module", "show", "hook"])["lag"] == 0);
    assert_eq!(asked()[2..], ["204 first.example", "204 second.example"]);
    server.stop();
}

#[test]
fn a_secret_in_clear_an_address_of_our_own_and_plain_http_are_refused() {
    let place = Place::new();
    let server = place.serve(&[]);
    let receiver = Endpoint::receiver(&place, &[]);
    let refused = |setting: &str, text: &str| {
        let done = receiver.add(&place, &["--name", "hook", "--set", setting]).fails(4);
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
    let receiver = Endpoint::receiver(&place, &["--deny", &requester, "--sign-answers"]);
    receiver.add(&place, &["--name", "gate", "--role", "policy", "--set", "answer_signature=true"]).ok();
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
