//! Events as exit modules are told them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use frontends::model::{Event, List, Notifications, Outcome, Submission};
use module::wire::body::Notify;
use module::{ExitEvent, Value};
use serde_json::json;
use support::{Site, refused};
use testkit::authority::csr;

fn submit(site: &Site, name: &str) -> Outcome {
    let request = frontends::model::Base64(csr(name)).encode();
    let attributes = "Zebra:last comes first\nApple:then this".to_owned();
    let submission = Submission { request, attributes, ..Submission::default() };
    site.client().post("/v1/requests", &submission).unwrap()
}

#[test]
fn an_event_has_everything_a_module_is_told() {
    let site = Site::open();
    let outcome = submit(&site, "www.example.org");
    let page: Notifications = site.client().get("/v1/notifications?kinds=cert-issued").unwrap();
    assert_eq!((page.ca.as_str(), page.items.len(), &page.next), ("Test CA", 1, &None));
    assert_eq!(page.properties["CertCount"], 1);
    let item = &page.items[0];
    assert_eq!(item["names"], json!(["Zebra", "Apple"]));
    assert!(item.get("context").is_none(), "{item}");
    // As policy was asked about it: nothing is decided, and nothing of the request is enabled.
    let asked = &item["asked"];
    assert_eq!((&asked["request"]["Disposition"], &asked["certificate"]["RawCertificate"]), (&json!(8), &json!(null)));
    assert_eq!(asked["request"]["RawRequest"], item["request"]["RawRequest"]);
    assert!(
        asked["attributes"]["Zebra"] == "last comes first" && asked["certificate"]["NotAfter"].is_string(),
        "{asked}"
    );

    let mut message = item.clone();
    message["context"] = json!(0);
    let told = Notify::from_json(&message).unwrap();
    assert_eq!(told.event.notification().unwrap().event, ExitEvent::CertIssued);
    assert_eq!(told.request.request.find("RequestID"), Some(&Value::long(outcome.request).unwrap()));
    assert_eq!(told.request.certificate.find("RawCertificate"), Some(&Value::Binary(outcome.certificate.unwrap().0)));
    assert!(told.request.request.find("RawRequest").is_some() && !told.request.extensions.is_empty());
}

#[test]
fn pages_follow_one_another_from_where_one_starts() {
    let site = Site::open();
    for name in ["a.example.org", "b.example.org", "c.example.org"] {
        submit(&site, name);
    }
    let client = site.client();
    let all: List<Event> = client.get("/v1/events").unwrap();
    let mut numbers = Vec::new();
    let mut path = "/v1/notifications?limit=1&from=beginning".to_owned();
    loop {
        let page: Notifications = client.get(&path).unwrap();
        numbers.extend(page.items.iter().map(|item| item["event"]["id"].as_u64().unwrap()));
        let Some(next) = page.next else { break };
        path = format!("/v1/notifications?limit=1&after={next}");
    }
    assert_eq!(numbers, all.items.iter().map(|event| event.id).collect::<Vec<_>>());

    let last = *numbers.last().unwrap();
    for (query, expected) in [
        (format!("from={last}"), vec![last]),
        ("from=now".into(), vec![]),
        ("from=2100-01-01".into(), vec![]),
        ("from=2000-01-01".into(), numbers.clone()),
        (format!("from=beginning&after={}", last - 1), vec![last]),
        ("kinds=cert-revoked".into(), vec![]),
    ] {
        let page: Notifications = client.get(&format!("/v1/notifications?{query}")).unwrap();
        let found: Vec<u64> = page.items.iter().map(|item| item["event"]["id"].as_u64().unwrap()).collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let site = Site::open();
    for query in ["from=soon", "limit=0", "limit=251", "kinds=cert-renewed", "after=x", "form=now", "from=99999"] {
        let (status, text) = refused(site.client().get::<Notifications>(&format!("/v1/notifications?{query}")));
        assert!((400..=422).contains(&status) && !text.is_empty(), "{query}: {status} {text}");
    }
}
