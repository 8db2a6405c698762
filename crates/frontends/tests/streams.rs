//! Answers that come bit by bit: progress of long acts, and events as they happen.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::time::Duration;

use frontends::model::{
    AuditEntry, AuditReport, Crl, CrlKind, DatabaseReport, Event, List, Publication, PublicationOrder,
};
use module::ExitEvent;
use pki::CertificateList;
use support::{Plan, Site, eventually, header, read_to_end, read_until, refused};

#[test]
fn crls_are_published_with_and_without_progress_and_fetched() {
    let site = Site::open();
    let client = site.client();
    let before: List<Crl> = client.get("/v1/crls").unwrap();
    let published: Publication = client.post("/v1/crls", &PublicationOrder::default()).unwrap();
    assert!(published.crls[0].number > before.items[0].number);
    let mut steps = Vec::new();
    let order = PublicationOrder { delta: true, ..PublicationOrder::default() };
    let published: Publication = client.post_with_progress("/v1/crls", Some(&order), |step| steps.push(step)).unwrap();
    assert!(!steps.is_empty());
    let base = published.crls.iter().find(|crl| crl.kind == CrlKind::Base).unwrap();
    assert_eq!(base.status.0.0, 0, "{}", base.error);

    let newest: Crl = client.get("/v1/crls/newest").unwrap();
    assert_eq!(&newest, base);
    let bytes = client.fetch("/v1/crls/newest", "application/pkix-crl").unwrap();
    assert_eq!(bytes.len() as u64, base.size);
    CertificateList::from_der(&bytes).unwrap();
    let mut written = Vec::new();
    let path = format!("/v1/crls/{}?key=0&kind=base", base.number);
    assert_eq!(client.download(&path, "application/pkix-crl", &mut written).unwrap(), base.size);
    assert_eq!(written, bytes);
    assert_eq!(refused(client.get::<Crl>("/v1/crls/999")).0, 404);
    assert_eq!(refused(client.get::<Crl>("/v1/crls/newest?key=7")).0, 404);
    assert_eq!(refused(client.get::<Crl>("/v1/crls/newest?kind=middling")).0, 400);
}

#[test]
fn a_long_crl_is_sent_as_it_is_read() {
    let site = Plan::new().limits(|limits| limits.crl_bytes_at_once_max = 0).publication().open();
    let client = site.client();
    let crl: Crl = client.get("/v1/crls/newest").unwrap();
    let mut written = Vec::new();
    assert_eq!(client.download("/v1/crls/newest", "application/pkix-crl", &mut written).unwrap(), crl.size);
    CertificateList::from_der(&written).unwrap();
    let address = site.frontends.bound().publication[0];
    let answer = support::http(address, "GET /Test%20CA.crl HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert_eq!(header(&answer, "content-length"), Some(crl.size.to_string().as_str()));
    assert_eq!(header(&answer, "transfer-encoding"), None);
}

#[test]
fn the_audit_trail_and_the_database_are_checked() {
    let site = Site::open();
    let client = site.client();
    site.authority.submit("a.example", "");
    let page: List<AuditEntry> = client.get("/v1/audit?limit=1").unwrap();
    let after = page.next.unwrap();
    let page: List<AuditEntry> = client.get(&format!("/v1/audit?after={after}")).unwrap();
    let issued = page.items.iter().find(|entry| entry.code == 4887).unwrap();
    assert_eq!(issued.caller, "test:everyone");
    assert!(issued.detail.is_object() && issued.act.is_some());
    let report: AuditReport = client.act("/v1/audit/verify").unwrap();
    assert_eq!(report.problem, None);
    assert_eq!(report.head, page.items.last().unwrap().hash);
    let mut steps = 0;
    let again: AuditReport = client.post_with_progress("/v1/audit/verify", None::<&()>, |_| steps += 1).unwrap();
    assert_eq!((again, steps > 0), (report, true));
    let report: DatabaseReport = client.post_with_progress("/v1/database/check", None::<&()>, |_| ()).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}

#[test]
fn an_act_that_fails_says_so_on_its_last_line() {
    let site = Plan::new().config(|config| config.crl.period = module::moment::Period::ZERO).open();
    let next_update = Some(site.authority.clock.now() - jiff::SignedDuration::from_hours(24));
    let order = PublicationOrder { next_update, ..PublicationOrder::default() };
    let refusal = refused(site.client().post_with_progress::<_, Publication>("/v1/crls", Some(&order), |_| ()));
    assert_eq!(refusal.0, 422);
}

#[test]
fn long_acts_have_their_own_limit() {
    let site = Plan::new().limits(|limits| limits.long_calls_max = 1).open();
    let recorder = testkit::recorder::Recorder::all();
    recorder.close_gate();
    site.authority.loader.exit("slow", recorder.clone());
    let options = engine::store::ModuleOptions { inline: true, timeout_ms: 3_600_000, ..Default::default() };
    site.authority.add_exit("slow", engine::StartFrom::Now, options);
    let publish = || site.client().post::<_, Publication>("/v1/crls", &PublicationOrder::default());
    std::thread::scope(|scope| {
        let first = scope.spawn(publish);
        eventually("the first publication waits for its module", || recorder.waiting() == 1);
        assert_eq!(refused(publish()).0, 503);
        recorder.open_gate();
        first.join().unwrap().unwrap();
    });
}

#[test]
fn events_are_paged_and_chosen() {
    let site = Site::open();
    let client = site.client();
    for attributes in ["", "Disposition:Deny", "Disposition:Pending", ""] {
        site.authority.submit("a.example", attributes);
    }
    let issued: List<Event> = client.get("/v1/events?kinds=cert-issued&limit=1").unwrap();
    assert_eq!(issued.items[0].kind, ExitEvent::CertIssued);
    let row = issued.items[0].row.as_ref().unwrap();
    assert_eq!((Some(row.id), Some(row.version)), (issued.items[0].request, issued.items[0].version));
    let path = format!("/v1/events?kinds=cert-issued,cert-denied&after={}", issued.next.unwrap());
    let kinds: Vec<ExitEvent> =
        client.get::<List<Event>>(&path).unwrap().items.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [ExitEvent::CertDenied, ExitEvent::CertIssued]);
    assert_eq!(refused(client.get::<List<Event>>("/v1/events?kinds=cert-lost")).0, 400);
}

#[test]
fn a_follower_is_told_what_was_and_what_comes() {
    let site = Site::open();
    let client = site.client();
    site.authority.submit("was.example", "");
    let (told, heard) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let follower = site.client();
            follower
                .follow("/v1/events?kinds=cert-issued", |event: Event| {
                    let name = event.row.unwrap().alternative_names;
                    told.send(name.clone()).unwrap();
                    if name == "dns:last.example" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
                .unwrap();
        });
        let hear = || heard.recv_timeout(support::PATIENCE).unwrap();
        assert_eq!(hear(), "dns:was.example");
        // While it follows, other calls go on; what is not of its kind is not told.
        site.authority.submit("denied.example", "Disposition:Deny");
        for name in ["one.example", "last.example"] {
            site.authority.submit(name, "");
            assert_eq!(hear(), format!("dns:{name}"));
        }
    });
    let head: List<Event> = client.get("/v1/events").unwrap();
    assert_eq!(head.items.last().unwrap().row.as_ref().unwrap().alternative_names, "dns:last.example");
}

#[test]
fn server_sent_events_go_on_where_the_client_was() {
    let site = Site::open();
    let first = site.authority.submit("first.example", "");
    let last = site.authority.engine.event_head().unwrap().0;
    let mut stream = site.connect();
    let request = format!(
        "GET /v1/events?after=0 HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\nlast-event-id: {}\r\n\r\n",
        last.0 - 1
    );
    stream.write_all(request.as_bytes()).unwrap();
    let head = read_until(&mut stream, "\r\n\r\n");
    assert_eq!(header(&head, "content-type"), Some("text/event-stream"));
    assert_eq!(header(&head, "cache-control"), Some("no-store"));
    let event = read_until(&mut stream, "\n\n");
    assert!(event.contains(&format!("id: {last}\nevent: cert-issued\ndata: {{\"id\":{last},")), "{event}");
    assert!(event.contains(&format!("\"request\":{},", first.request)), "{event}");
}

#[test]
fn followers_have_a_limit_and_end_with_the_server() {
    let site = Plan::new().limits(|limits| limits.followers_max = 1).open();
    let mut stream = site.connect();
    let request = "GET /v1/events?after=now HTTP/1.1\r\nhost: a\r\naccept: application/x-ndjson\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    read_until(&mut stream, "\r\n\r\n");
    assert_eq!(refused(site.client().follow("/v1/events?after=now", |_: Event| ControlFlow::Continue(()))).0, 503);
    // A stream without end does not hold the stop up, and is ended as a stream is.
    assert_eq!(site.frontends.shut_down(Duration::from_secs(20)), 0);
    assert_eq!(read_to_end(&mut stream), "0\r\n\r\n");
}

#[test]
fn a_follower_that_went_away_makes_room() {
    let site = Plan::new().limits(|limits| limits.followers_max = 1).open();
    let client = site.client();
    for _ in 0..3 {
        eventually("there is room", || {
            let followed = client.follow("/v1/events?after=0", |_: Event| ControlFlow::Break(()));
            followed.is_ok()
        });
    }
}
