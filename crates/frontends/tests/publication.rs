//! Publication, health and metrics.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use frontends::model::{Crl, Publication, PublicationOrder, Readiness};
use pki::{Certificate, CertificateList};
use support::{Plan, Site, header, http, status};

fn fetch(site: &Site, method: &str, path: &str, headers: &str) -> String {
    let address = site.frontends.bound().publication[0];
    http(address, &format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n"))
}

/// The body of an answer, as bytes.
fn body(site: &Site, path: &str) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(site.frontends.bound().publication[0]).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    answer.split_off(end + 4)
}

#[test]
fn crls_and_ca_certificates_are_there_by_the_names_in_certificates() {
    let site = Plan::new().publication().open();
    let client = site.client();
    client
        .post::<_, Publication>("/v1/crls", &PublicationOrder { delta: true, ..PublicationOrder::default() })
        .unwrap();
    let base: Crl = client.get("/v1/crls/newest").unwrap();
    for path in ["/CertEnroll/Test%20CA.crl", "/Test%20CA.crl"] {
        let answer = fetch(&site, "GET", path, "");
        assert_eq!(status(&answer), 200, "{answer}");
        assert_eq!(header(&answer, "content-type"), Some("application/pkix-crl"));
        assert_eq!(header(&answer, "content-length"), Some(base.size.to_string().as_str()));
        assert_eq!(header(&answer, "etag"), Some(format!("\"{}\"", base.sha256).as_str()));
        // A week until the next is due: 604,800 s.
        assert_eq!(header(&answer, "cache-control"), Some("public, max-age=604800, no-transform"));
        assert_eq!(header(&answer, "last-modified"), Some("Sun, 22 Nov 2026 12:00:00 GMT"));
        CertificateList::from_der(&body(&site, path)).unwrap();
    }
    let delta = body(&site, "/CertEnroll/Test%20CA+.crl");
    assert_eq!(delta, client.fetch("/v1/crls/newest?kind=delta", "application/pkix-crl").unwrap());
    let certificate = body(&site, "/CertEnroll/ca.example.org_Test%20CA.crt");
    assert_eq!(Certificate::from_der(&certificate).unwrap().subject().to_string(), "CN=Test CA,O=Example");

    for path in
        ["/", "/CertEnroll/", "/Test%20CA(1).crl", "/Other.crl", "/v1/me", "/CertEnroll/../Test%20CA.crl", "/%ff.crl"]
    {
        let answer = fetch(&site, "GET", path, "");
        assert!(matches!(status(&answer), 400 | 404), "{path}: {answer}");
    }
}

#[test]
fn a_held_document_is_not_sent_again_and_head_sends_none() {
    let site = Plan::new().publication().open();
    for path in ["/Test%20CA.crl", "/ca.example.org_Test%20CA.crt"] {
        let whole = fetch(&site, "GET", path, "");
        let etag = header(&whole, "etag").unwrap().to_owned();
        let modified = header(&whole, "last-modified").unwrap().to_owned();
        for condition in [format!("if-none-match: {etag}\r\n"), format!("if-modified-since: {modified}\r\n")] {
            let answer = fetch(&site, "GET", path, &condition);
            assert_eq!(status(&answer), 304, "{answer}");
            assert_eq!(header(&answer, "etag"), Some(etag.as_str()));
            assert!(answer.ends_with("\r\n\r\n"));
        }
        assert_eq!(status(&fetch(&site, "GET", path, "if-none-match: \"other\"\r\n")), 200);
        let head = fetch(&site, "HEAD", path, "");
        assert_eq!(status(&head), 200);
        assert_eq!(header(&head, "content-length"), header(&whole, "content-length"));
        assert!(head.ends_with("\r\n\r\n"));
        let answer = fetch(&site, "POST", path, "content-length: 0\r\n");
        assert_eq!((status(&answer), header(&answer, "allow")), (405, Some("GET, HEAD")));
    }
    site.client().post::<_, Publication>("/v1/crls", &PublicationOrder::default()).unwrap();
}

#[test]
fn an_overdue_crl_is_not_kept_for_long() {
    let site = Plan::new().publication().config(|config| config.crl.delta_period = module::moment::Period::ZERO).open();
    let due: Crl = site.client().get("/v1/crls/newest").unwrap();
    // The clock that the answer is made by is the engine's; its schedule is asked by another.
    site.authority.clock.advance(due.next_publish.duration_since(site.authority.clock.now()));
    let answer = fetch(&site, "HEAD", "/Test%20CA.crl", "");
    let age: u64 = header(&answer, "cache-control")
        .and_then(|text| text.strip_prefix("public, max-age="))
        .and_then(|text| text.strip_suffix(", no-transform"))
        .unwrap()
        .parse()
        .unwrap();
    // Either it is overdue still, or the schedule has made the next one meanwhile.
    assert!(age == 60 || age == 604_800, "{age}");
}

#[test]
fn health_and_metrics_are_told_without_a_right() {
    let site = Plan::new().publication().roles(&[]).open();
    site.authority.submit("a.example", "");
    let health = site.frontends.bound().health.unwrap();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    for answer in [http(health, &get("/healthz")), site.raw(&get("/healthz"))] {
        assert_eq!(status(&answer), 200);
        assert!(answer.ends_with("ok\n"));
    }
    let ready: Readiness = site.client().get("/readyz").unwrap();
    assert!(ready.ready, "{ready:?}");
    for answer in [http(health, &get("/metrics")), site.raw(&get("/metrics"))] {
        assert_eq!(status(&answer), 200);
        assert!(header(&answer, "content-type").unwrap().starts_with("application/openmetrics-text"));
        for line in [
            "exeunt_decisions_total{disposition=\"issued\"} 1",
            "exeunt_crl_entries{key=\"0\",kind=\"base\"} 0",
            "exeunt_module_state{module=\"plain\",role=\"policy\",state=\"running\"} 1",
            "exeunt_http_requests_total{listener=\"admin\",method=\"GET\",route=\"/healthz\",status=\"200\"}",
            "exeunt_http_request_duration_seconds_bucket",
            "# EOF",
        ] {
            assert!(answer.contains(line), "{line} is not in {answer}");
        }
    }
    // Nothing else is on the health listener.
    assert_eq!(status(&http(health, &get("/v1/me"))), 404);
}
