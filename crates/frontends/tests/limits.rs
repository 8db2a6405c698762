//! What the listeners do not put up with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::io::Write;
use std::time::Duration;

use frontends::model::{Me, Outcome, Submission};
use support::{Plan, Site, eventually, header, read_to_end, read_until, refused, status};
use testkit::authority::csr;
use testkit::recorder::Recorder;

const SHORT: Duration = Duration::from_millis(100);

fn post(body: &str, headers: &str) -> String {
    format!(
        "POST /v1/requests HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}\r\n{body}"
    )
}

#[test]
fn json_that_is_wrong_is_told_what_is_wrong_with_it() {
    let site = Site::open();
    for (body, why) in [
        ("", "EOF while parsing"),
        ("{", "EOF while parsing"),
        ("[]", "invalid length 0"),
        ("{\"request\":1}", "invalid type: integer"),
        ("{\"request\":\"\",\"reqester\":\"\"}", "unknown field `reqester`"),
        ("{\"attributes\":\"\"}", "missing field `request`"),
        ("{\"request\":\"\"} x", "trailing characters"),
        ("\u{fe}\u{ff}", "expected value"),
    ] {
        let answer = site.raw(&post(body, &format!("content-length: {}\r\n", body.len())));
        assert_eq!(status(&answer), 400, "{body}: {answer}");
        assert_eq!(header(&answer, "content-type"), Some("application/problem+json"));
        assert!(answer.contains(why), "{body}: {answer}");
    }
    let deep = "[".repeat(100_000);
    let answer = site.raw(&post(&deep, &format!("content-length: {}\r\n", deep.len())));
    assert_eq!(status(&answer), 400);
}

#[test]
fn what_is_too_long_is_refused() {
    let site = Plan::new().limits(|limits| limits.body_bytes_max = 10_000).open();
    // Announced: refused before it comes.
    let answer = site.raw(&post("", "content-length: 10001\r\n"));
    assert_eq!(status(&answer), 413, "{answer}");
    // Not announced: refused when it has come.
    let chunk = "a".repeat(6_000);
    let chunks = format!("1770\r\n{chunk}\r\n1770\r\n{chunk}\r\n0\r\n\r\n");
    let answer = site.raw(&post(&chunks, "transfer-encoding: chunked\r\n"));
    assert_eq!(status(&answer), 413, "{answer}");
    let long = "a".repeat(64 * 1_024);
    let answer = site.raw(&format!("GET /v1/me HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"));
    assert_eq!(status(&answer), 431, "{answer}");
    let many = "x: y\r\n".repeat(100);
    let answer = site.raw(&format!("GET /v1/me HTTP/1.1\r\nhost: a\r\n{many}\r\n"));
    assert_eq!(status(&answer), 431, "{answer}");
    assert_eq!(status(&site.raw("nonsense\r\n\r\n")), 400);
}

#[test]
fn what_takes_too_long_is_ended() {
    let limits = |limits: &mut frontends::Limits| {
        limits.header_timeout = SHORT;
        limits.body_timeout = SHORT;
        limits.idle_timeout = SHORT;
    };
    let site = Plan::new().limits(limits).open();
    // A body that stays away.
    let answer = site.raw(&post("{", "content-length: 100\r\n"));
    assert_eq!(status(&answer), 408, "{answer}");
    // A head that stays away.
    assert_eq!(site.raw("GET /v1/me HTT"), "");
    // No request at all.
    assert_eq!(site.raw(""), "");
    // No further request.
    let answer = site.raw("GET /v1/me HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(status(&answer), 200);
}

#[test]
fn a_tls_handshake_that_does_not_go_on_is_ended() {
    let site = Plan::new().tls().limits(|limits| limits.handshake_timeout = SHORT).open();
    let mut stream = std::net::TcpStream::connect(site.tls_address()).unwrap();
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    stream.write_all(&[0x16, 0x03, 0x01]).unwrap();
    assert_eq!(read_to_end(&mut stream), "");
}

#[test]
fn a_connection_too_many_waits_for_another_to_end() {
    let site = Plan::new().limits(|limits| limits.connections_max = 2).open();
    let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut held: Vec<_> = (0..2).map(|_| site.connect()).collect();
    for stream in &mut held {
        stream.write_all(request).unwrap();
        assert_eq!(status(&read_until(stream, "ok\n")), 200);
    }
    let mut third = site.connect();
    third.write_all(request).unwrap();
    third.set_read_timeout(Some(SHORT)).unwrap();
    let error = std::io::Read::read(&mut third, &mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    held.clear();
    third.set_read_timeout(Some(support::PATIENCE)).unwrap();
    assert_eq!(status(&read_until(&mut third, "ok\n")), 200);
}

#[test]
fn more_calls_than_the_engine_takes_are_told_to_come_again() {
    let limits = |limits: &mut frontends::Limits| {
        limits.calls_max = 1;
        limits.calls_waiting_max = 0;
    };
    let site = Plan::new().limits(limits).open();
    let recorder = Recorder::all();
    recorder.close_gate();
    site.authority.loader.exit("slow", recorder.clone());
    let options = engine::store::ModuleOptions { inline: true, timeout_ms: 3_600_000, ..Default::default() };
    site.authority.add_exit("slow", engine::StartFrom::Now, options);
    let submission =
        Submission { request: testkit::ca::pem("CERTIFICATE REQUEST", &csr("a.example")), ..Submission::default() };
    let submit = || site.client().post::<_, Outcome>("/v1/requests", &submission);
    std::thread::scope(|scope| {
        let first = scope.spawn(submit);
        eventually("the first waits for its module", || recorder.waiting() == 1);
        assert_eq!(refused(submit()).0, 503);
        let body = serde_json::to_string(&submission).unwrap();
        let answer = site.raw(&post(&body, &format!("content-length: {}\r\n", body.len())));
        assert_eq!((status(&answer), header(&answer, "retry-after")), (503, Some("1")), "{answer}");
        // What asks nothing of the engine is answered.
        site.client().get::<Me>("/v1/me").unwrap();
        recorder.open_gate();
        first.join().unwrap().unwrap();
    });
}

#[test]
fn a_client_that_leaves_does_not_undo_what_it_ordered() {
    let site = Site::open();
    let recorder = Recorder::all();
    recorder.close_gate();
    site.authority.loader.exit("slow", recorder.clone());
    let options = engine::store::ModuleOptions { inline: true, timeout_ms: 3_600_000, ..Default::default() };
    site.authority.add_exit("slow", engine::StartFrom::Now, options);
    let body = serde_json::json!({ "request": testkit::ca::pem("CERTIFICATE REQUEST", &csr("a.example")) }).to_string();
    let mut stream = site.connect();
    stream.write_all(post(&body, &format!("content-length: {}\r\n", body.len())).as_bytes()).unwrap();
    eventually("the request waits for its module", || recorder.waiting() == 1);
    drop(stream);
    recorder.open_gate();
    eventually("the module was told", || recorder.told().len() == 1);
    let issued: frontends::model::List<frontends::model::Request> = site.client().get("/v1/certificates").unwrap();
    assert_eq!(issued.items.len(), 1);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let site = Site::open();
    let mut stream = site.connect();
    stream
        .write_all(
            b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        )
        .unwrap();
    let answers = read_to_end(&mut stream);
    assert!(answers.find("200 OK").unwrap() < answers.find("404 Not Found").unwrap(), "{answers}");
}
