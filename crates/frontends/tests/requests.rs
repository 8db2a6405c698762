//! Requests and certificates over the wire.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use frontends::client::with_query;
use frontends::model::{
    AttributeText, Authority, Base64, CaCertificate, CaCertificateText, CertificateImport, ExtensionOrder, List,
    Outcome, PublishExpired, Request, RevocationOrder, Submission,
};
use jiff::Timestamp;
use module::Disposition;
use pki::Certificate;
use support::{Site, header, refused, status};
use testkit::authority::csr;
use testkit::ca::{Ca, pem};

fn submission(name: &str, attributes: &str) -> Submission {
    let request = pem("CERTIFICATE REQUEST", &csr(name));
    Submission { request, attributes: attributes.into(), ..Submission::default() }
}

fn submit(site: &Site, name: &str, attributes: &str) -> Outcome {
    site.client().post("/v1/requests", &submission(name, attributes)).unwrap()
}

fn serial(outcome: &Outcome) -> String {
    Certificate::from_der(&outcome.certificate.as_ref().unwrap().0).unwrap().serial().to_string()
}

#[test]
fn a_request_is_taken_in_every_form_and_answered_by_what_came_of_it() {
    let site = Site::open();
    let client = site.client();
    let der = csr("a.example.org");
    let text = pem("CERTIFICATE REQUEST", &der);
    let base64 = Base64(der.clone()).encode();
    for request in [text.clone(), base64] {
        let outcome: Outcome = client.post("/v1/requests", &Submission { request, ..Submission::default() }).unwrap();
        assert_eq!((outcome.disposition, outcome.status.0.0), (Disposition::Issued, 0));
        Certificate::from_der(&outcome.certificate.unwrap().0).unwrap();
    }
    let outcome: Outcome = client.post_bytes("/v1/requests", "application/pkcs10", der).unwrap();
    assert_eq!(outcome.disposition, Disposition::Issued);
    let path = with_query("/v1/requests", &[("attributes", "Disposition:Pending\nA:b"), ("profile", "tls")]);
    let outcome: Outcome = client.post_bytes(&path, "application/x-pem-file", text).unwrap();
    assert_eq!(outcome.disposition, Disposition::Pending);
    let shown: Request = client.get(&format!("/v1/requests/{}", outcome.request)).unwrap();
    let attributes = shown.body.unwrap().attributes;
    assert!(attributes.iter().any(|attribute| (attribute.name.as_str(), attribute.value.as_str()) == ("A", "b")));
    assert_eq!(shown.profile.as_deref(), Some("tls"));

    for (attributes, expected) in [("", 201), ("Disposition:Pending", 202), ("Disposition:Deny", 200)] {
        let body = serde_json::to_string(&submission("b.example.org", attributes)).unwrap();
        let answer = site.raw(&format!(
            "POST /v1/requests HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json; \
             charset=utf-8\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(status(&answer), expected, "{answer}");
        let location = header(&answer, "location").unwrap();
        assert!(client.get::<Request>(location).is_ok(), "{location}");
    }
}

#[test]
fn what_cannot_be_read_as_a_request_is_recorded_and_what_is_no_submission_is_not() {
    let site = Site::open();
    let client = site.client();
    let outcome: Outcome =
        client.post("/v1/requests", &Submission { request: "not a request".into(), ..Submission::default() }).unwrap();
    assert_eq!(outcome.disposition, Disposition::Failed);
    assert!(outcome.status.0.is_failure());
    let none: List<Request> = client.get("/v1/requests").unwrap();
    let before = none.items.len();
    assert_eq!(refused(client.post::<_, Outcome>("/v1/requests", &serde_json::json!({ "reqest": "" }))).0, 400);
    assert_eq!(refused(client.post_bytes::<Outcome>("/v1/requests", "text/plain", "x")).0, 415);
    let query = "/v1/requests?profile=tls";
    assert_eq!(refused(client.post::<_, Outcome>(query, &submission("a.example", ""))).0, 400);
    let after: List<Request> = client.get("/v1/requests").unwrap();
    assert_eq!(after.items.len(), before);
}

#[test]
fn a_pending_request_is_amended_approved_and_retrieved() {
    let site = Site::open();
    let client = site.client();
    let id = submit(&site, "c.example.org", "Disposition:Pending").request;
    let path = |end: &str| format!("/v1/requests/{id}/{end}");
    let outcome: Outcome = client.get(&path("certificate")).unwrap();
    assert_eq!((outcome.disposition, outcome.certificate), (Disposition::Pending, None));
    assert_eq!(refused(client.fetch(&path("certificate"), "application/pkix-cert")), (409, "0x80094003".into()));

    let text = AttributeText { attributes: "Note:from the officer".into() };
    let request: Request = client.post(&path("attributes"), &text).unwrap();
    assert!(request.body.unwrap().attributes.iter().any(|attribute| attribute.value == "from the officer"));
    let order = ExtensionOrder {
        oid: "1.3.6.1.4.1.99999.1".into(),
        value: Base64(vec![0x05, 0x00]),
        critical: false,
        disabled: true,
    };
    let request: Request = client.post(&path("extensions"), &order).unwrap();
    let extensions = request.body.unwrap().extensions;
    let set = extensions.iter().find(|extension| extension.oid == order.oid).unwrap();
    assert_eq!(
        (set.disabled, set.critical, set.origin.as_str(), &set.value),
        (true, false, "administrator", &order.value)
    );

    site.authority.clock.advance(jiff::SignedDuration::from_secs(5));
    let outcome: Outcome = client.act(&path("approve")).unwrap();
    assert_eq!(outcome.disposition, Disposition::Issued);
    let der = client.fetch(&path("certificate"), "application/pkix-cert").unwrap();
    assert_eq!(der, outcome.certificate.unwrap().0);
    let text = client.fetch(&path("certificate"), "application/x-pem-file").unwrap();
    assert_eq!(Certificate::decode(&text).unwrap().der(), der);
    assert_eq!(refused(client.act::<Outcome>(&path("approve"))), (409, "0x80094003".into()));
    let events: List<frontends::model::Event> = client.get("/v1/events?kinds=cert-retrieve-pending").unwrap();
    assert_eq!(events.items.len(), 1, "{events:?}");

    let id = submit(&site, "d.example.org", "Disposition:Pending").request;
    let outcome: Outcome = client.act(&format!("/v1/requests/{id}/deny")).unwrap();
    assert_eq!(outcome.disposition, Disposition::Denied);
    assert_eq!(refused(client.act::<Outcome>("/v1/requests/999999/deny")).0, 404);
}

#[test]
fn lists_are_filtered_ordered_and_paged() {
    let site = Site::open();
    let client = site.client();
    for index in 0..5 {
        submit(&site, &format!("host{index}.example.org"), if index == 3 { "Disposition:Deny" } else { "" });
    }
    let denied: List<Request> = client.get(&with_query("/v1/requests", &[("filter", "Disposition=denied")])).unwrap();
    assert_eq!(denied.items.len(), 1);
    let certificates: List<Request> = client.get("/v1/certificates").unwrap();
    assert_eq!(certificates.items.len(), 4);
    let both = [("filter", "CommonName^=host"), ("filter", "CommonName~=4")];
    let found: List<Request> = client.get(&with_query("/v1/certificates", &both)).unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].alternative_names, "dns:host4.example.org");
    assert_eq!(found.items[0].subject[0].value, "host4.example.org");
    assert!(found.items[0].body.is_none());

    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("order", "oldest"), ("limit", "2"), ("bodies", "true")];
        if let Some(after) = &after {
            query.push(("after", after));
        }
        let page: List<Request> = client.get(&with_query("/v1/requests", &query)).unwrap();
        assert!(page.items.len() <= 2);
        assert!(page.items.iter().all(|request| request.body.is_some()));
        seen.extend(page.items.iter().map(|request| request.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
    for (query, status) in [
        (("limit", "0"), 400),
        (("limit", "1001"), 400),
        (("order", "sideways"), 400),
        (("after", "nonsense"), 400),
        (("filter", "Nonsense=1"), 422),
        (("fliter", "Disposition=denied"), 400),
    ] {
        assert_eq!(refused(client.get::<List<Request>>(&with_query("/v1/requests", &[query]))).0, status, "{query:?}");
    }
    assert_eq!(refused(client.get::<Request>("/v1/requests/one")).0, 400);
    assert_eq!(refused(client.get::<Request>("/v1/requests/424242")).0, 404);
}

#[test]
fn a_certificate_is_revoked_held_and_released() {
    let site = Site::open();
    let client = site.client();
    let serial = serial(&submit(&site, "e.example.org", ""));
    let path = format!("/v1/certificates/{serial}");
    let held = RevocationOrder { reason: Some("certificate-hold".into()), effective: None };
    let request: Request = client.post(&format!("{path}/revoke"), &held).unwrap();
    assert_eq!(request.disposition, Disposition::Revoked);
    let revocation = request.revocation.unwrap();
    assert_eq!((revocation.reason.as_str(), revocation.code), ("certificateHold", 6));
    let request: Request = client.act(&format!("{path}/release")).unwrap();
    assert_eq!((request.disposition, request.revocation.unwrap().reason.as_str()), (Disposition::Issued, "released"));
    assert_eq!(refused(client.act::<Request>(&format!("{path}/release"))).0, 409);

    let later: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let order = RevocationOrder { reason: None, effective: Some(later) };
    let request: Request = client.post(&format!("{path}/revoke"), &order).unwrap();
    let revocation = request.revocation.unwrap();
    assert_eq!((revocation.reason.as_str(), revocation.effective), ("unspecified", later));
    let request: Request =
        client.post(&format!("{path}/publish-expired"), &PublishExpired { publish_expired: true }).unwrap();
    assert!(request.publish_expired);
    let shown: Request =
        client.get(&path.to_ascii_uppercase().replace("/V1/CERTIFICATES", "/v1/certificates")).unwrap();
    assert_eq!(shown.id, request.id);
    let der = client.fetch(&path, "application/pkix-cert").unwrap();
    assert_eq!(Certificate::from_der(&der).unwrap().serial().to_string(), serial);

    let wrong = RevocationOrder { reason: Some("boredom".into()), effective: None };
    assert_eq!(refused(client.post::<_, Request>(&format!("{path}/revoke"), &wrong)).0, 422);
    assert_eq!(refused(client.get::<Request>("/v1/certificates/xyz")).0, 400);
    assert_eq!(refused(client.get::<Request>("/v1/certificates/0badcafe")).0, 404);
    assert_eq!(refused(client.fetch(&path, "text/html")).0, 406);
}

#[test]
fn certificates_are_imported_and_ca_certificates_shown() {
    let site = Site::open();
    let client = site.client();
    let now = site.authority.clock.now();
    let other = Ca::root(pki::KeyAlgorithm::P256, now);
    let certificate = pem("CERTIFICATE", other.certificate().der());
    let mut import = CertificateImport { certificate: certificate.clone(), ..CertificateImport::default() };
    assert_eq!(refused(client.post::<_, Outcome>("/v1/certificates", &import)), (422, "0x800b0107".into()));
    import.foreign = true;
    let outcome: Outcome = client.post("/v1/certificates", &import).unwrap();
    assert_eq!(outcome.disposition, Disposition::Foreign);
    let again: Outcome = client
        .post_bytes("/v1/certificates?foreign=true", "application/pkix-cert", other.certificate().der().to_vec())
        .unwrap();
    assert_eq!(again.request, outcome.request);

    let authority: Authority = client.get("/v1/ca").unwrap();
    assert_eq!((authority.name.as_str(), authority.current), ("Test CA", Some(0)));
    let shown: CaCertificate = client.get("/v1/ca/certificates/0").unwrap();
    assert_eq!(shown, authority.certificates[0]);
    assert_eq!(shown.subject, "CN=Test CA,O=Example");
    let der = client.fetch("/v1/ca/certificates/0", "application/pkix-cert").unwrap();
    assert_eq!(der, shown.certificate.0);
    assert_eq!(refused(client.get::<CaCertificate>("/v1/ca/certificates/9")).0, 404);
    let foreign = CaCertificateText { certificate };
    assert_eq!(refused(client.post::<_, Authority>("/v1/ca/certificates", &foreign)).1, "0x80094005");
    let known = client.fetch("/v1/ca/certificates/0", "application/x-pem-file").unwrap();
    let known = client.post_bytes::<Authority>("/v1/ca/certificates", "application/x-pem-file", known);
    assert_eq!(refused(known).0, 409);
}
