//! Who may do what over the wire: every route with every role, and before a byte of the body is read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::io::Write;

use engine::Role;
use frontends::model::{Me, Outcome, Submission};
use support::{Plan, Site, header, read_to_end, read_until, refused, status};
use testkit::authority::csr;

const READERS: &[Role] = &[Role::Administrator, Role::CertificateManager, Role::Auditor, Role::Operator];
const ENROLLEES: &[Role] = &[Role::Enrollee, Role::CertificateManager];
const MANAGERS: &[Role] = &[Role::CertificateManager];
const ADMINISTRATORS: &[Role] = &[Role::Administrator];
const AUDITORS: &[Role] = &[Role::Auditor];
const OPERATORS: &[Role] = &[Role::Operator, Role::Administrator];
const ANYONE: &[Role] = &Role::ALL;

/// Method, path as it is documented, path as it is called, and the roles that suffice.
const ROUTES: [(&str, &str, &str, &[Role]); 47] = [
    ("POST", "/v1/requests", "/v1/requests", ENROLLEES),
    ("GET", "/v1/requests", "/v1/requests", READERS),
    ("GET", "/v1/requests/{id}", "/v1/requests/1", READERS),
    ("GET", "/v1/requests/{id}/certificate", "/v1/requests/1/certificate", ENROLLEES),
    ("POST", "/v1/requests/{id}/approve", "/v1/requests/1/approve", MANAGERS),
    ("POST", "/v1/requests/{id}/deny", "/v1/requests/1/deny", MANAGERS),
    ("POST", "/v1/requests/{id}/attributes", "/v1/requests/1/attributes", MANAGERS),
    ("POST", "/v1/requests/{id}/extensions", "/v1/requests/1/extensions", MANAGERS),
    ("GET", "/v1/certificates", "/v1/certificates", READERS),
    ("POST", "/v1/certificates", "/v1/certificates", MANAGERS),
    ("GET", "/v1/certificates/{serial}", "/v1/certificates/0a", READERS),
    ("POST", "/v1/certificates/{serial}/revoke", "/v1/certificates/0a/revoke", MANAGERS),
    ("POST", "/v1/certificates/{serial}/release", "/v1/certificates/0a/release", MANAGERS),
    ("POST", "/v1/certificates/{serial}/publish-expired", "/v1/certificates/0a/publish-expired", MANAGERS),
    ("GET", "/v1/ca", "/v1/ca", ANYONE),
    ("GET", "/v1/ca/certificates/{index}", "/v1/ca/certificates/0", ANYONE),
    ("POST", "/v1/ca/certificates", "/v1/ca/certificates", ADMINISTRATORS),
    ("GET", "/v1/crls", "/v1/crls", READERS),
    ("POST", "/v1/crls", "/v1/crls", ADMINISTRATORS),
    ("GET", "/v1/crls/newest", "/v1/crls/newest", ANYONE),
    ("GET", "/v1/crls/{number}", "/v1/crls/1", READERS),
    ("GET", "/v1/module-kinds", "/v1/module-kinds", READERS),
    ("GET", "/v1/modules", "/v1/modules", READERS),
    ("POST", "/v1/modules", "/v1/modules", ADMINISTRATORS),
    ("GET", "/v1/modules/{name}", "/v1/modules/a", READERS),
    ("PATCH", "/v1/modules/{name}", "/v1/modules/a", ADMINISTRATORS),
    ("DELETE", "/v1/modules/{name}", "/v1/modules/a", ADMINISTRATORS),
    ("POST", "/v1/modules/{name}/enable", "/v1/modules/a/enable", ADMINISTRATORS),
    ("POST", "/v1/modules/{name}/disable", "/v1/modules/a/disable", ADMINISTRATORS),
    ("POST", "/v1/modules/{name}/upgrade", "/v1/modules/a/upgrade", ADMINISTRATORS),
    ("POST", "/v1/modules/{name}/promote", "/v1/modules/a/promote", ADMINISTRATORS),
    ("POST", "/v1/modules/{name}/rollback", "/v1/modules/a/rollback", ADMINISTRATORS),
    ("POST", "/v1/modules/{name}/rewind", "/v1/modules/a/rewind", ADMINISTRATORS),
    ("GET", "/v1/modules/{name}/deliveries", "/v1/modules/a/deliveries", READERS),
    ("POST", "/v1/modules/{name}/deliveries/{event}/retry", "/v1/modules/a/deliveries/1/retry", ADMINISTRATORS),
    ("POST", "/v1/modules/{name}/deliveries/{event}/drop", "/v1/modules/a/deliveries/1/drop", ADMINISTRATORS),
    ("GET", "/v1/events", "/v1/events", READERS),
    ("GET", "/v1/notifications", "/v1/notifications", READERS),
    ("GET", "/v1/audit", "/v1/audit", AUDITORS),
    ("POST", "/v1/audit/verify", "/v1/audit/verify", AUDITORS),
    ("POST", "/v1/database/check", "/v1/database/check", OPERATORS),
    ("POST", "/v1/database/backup", "/v1/database/backup", OPERATORS),
    ("GET", "/v1/server", "/v1/server", ANYONE),
    ("GET", "/v1/me", "/v1/me", ANYONE),
    ("POST", "/v1/server/stop", "/v1/server/stop", OPERATORS),
    ("POST", "/v1/server/reload", "/v1/server/reload", ADMINISTRATORS),
    ("GET", "/v1/openapi.json", "/v1/openapi.json", ANYONE),
];

#[test]
fn every_route_asks_for_its_right_before_anything_else() {
    for role in Role::ALL {
        let site = Plan::new().roles(&[role]).open();
        for (method, _, path, allowed) in ROUTES {
            let answer = site.raw(&format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
            let denied = status(&answer) == 403;
            assert_eq!(denied, !allowed.contains(&role), "{role}: {method} {path}: {answer}");
            if denied {
                assert_eq!(header(&answer, "content-type"), Some("application/problem+json"));
                assert!(answer.contains("\"code\":\"0x80070005\""), "{answer}");
            }
        }
    }
}

#[test]
fn the_table_of_routes_is_the_documented_one() {
    let document: serde_json::Value = serde_json::from_str(&frontends::admin::openapi::document()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            documented.insert((method.to_ascii_uppercase(), path.clone()));
        }
    }
    let tried = ROUTES.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(documented, tried);
}

#[test]
fn a_caller_without_a_role_learns_only_what_is_public() {
    let site = Plan::new().roles(&[]).open();
    for (method, _, path, allowed) in ROUTES {
        let answer = site.raw(&format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
        assert_eq!(status(&answer) == 403, allowed.len() < Role::ALL.len(), "{method} {path}: {answer}");
    }
}

#[test]
fn the_body_of_somebody_who_may_not_send_one_is_not_read() {
    let site = Plan::new().roles(&[Role::Auditor]).open();
    // The body is announced and never sent: a server that waited for it would not answer.
    let mut stream = site.connect();
    let head =
        "POST /v1/requests HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let answer = read_to_end(&mut stream);
    assert_eq!(status(&answer), 403, "{answer}");
    // Nor is it asked for.
    let mut stream = site.connect();
    let head = head.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let answer = read_to_end(&mut stream);
    assert_eq!(status(&answer), 403, "{answer}");
    // Somebody who may send it is asked for it.
    let site = Plan::new().roles(&[Role::Enrollee]).open();
    let mut stream = site.connect();
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let site = Plan::new().roles(&[Role::Auditor]).tls().open();
    let submission = Submission { request: "a".repeat(900_000), ..Submission::default() };
    for _ in 0..20 {
        for client in [site.client(), site.tls_client("auditor")] {
            assert_eq!(refused(client.post::<_, Outcome>("/v1/requests", &submission)).0, 403);
        }
    }
}

#[test]
fn role_separation_refuses_whoever_holds_two_administrative_roles() {
    let roles = [Role::Administrator, Role::CertificateManager, Role::Enrollee];
    let site = Plan::new().roles(&roles).config(|config| config.roles.separation = true).open();
    let client = site.client();
    assert_eq!(refused(client.get::<serde_json::Value>("/v1/modules")), (403, "0x80094008".into()));
    let me: Me = client.get("/v1/me").unwrap();
    assert_eq!((me.name, me.role_separation), (frontends::this_user(), true));
    assert_eq!(me.roles, roles);
    // Enrolment is no administrative act.
    let request = testkit::ca::pem("CERTIFICATE REQUEST", &csr("www.example.org"));
    let outcome: Outcome = client.post("/v1/requests", &Submission { request, ..Submission::default() }).unwrap();
    assert_eq!(outcome.disposition, module::Disposition::Issued);
}

#[test]
fn a_requester_sees_own_requests_only_and_may_not_name_another() {
    let site = Plan::new().tls().open();
    let mut submission = Submission {
        request: testkit::ca::pem("CERTIFICATE REQUEST", &csr("www.example.org")),
        ..Submission::default()
    };
    let enrollee = site.tls_client("enrollee");
    let outcome: Outcome = enrollee.post("/v1/requests", &submission).unwrap();
    let path = format!("/v1/requests/{}/certificate", outcome.request);
    assert!(enrollee.get::<Outcome>(&path).unwrap().certificate.is_some());

    submission.requester = Some("unix:bob".into());
    assert_eq!(refused(enrollee.post::<_, Outcome>("/v1/requests", &submission)).0, 403);
    let manager = site.tls_client("certificate-manager");
    let outcome: Outcome = manager.post("/v1/requests", &submission).unwrap();
    let path = format!("/v1/requests/{}/certificate", outcome.request);
    assert_eq!(refused(enrollee.get::<Outcome>(&path)).0, 404);
    assert!(manager.get::<Outcome>(&path).unwrap().certificate.is_some());
}

#[test]
fn unknown_paths_and_methods_are_problems() {
    let site = Site::open();
    let client = site.client();
    assert_eq!(refused(client.get::<()>("/v1/nonsense")).0, 404);
    assert_eq!(refused(client.delete("/v1/requests")).0, 405);
}
