//! What is left when the server has been killed often enough: the database, the journal, and what a program was told.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding};
use frontends::client::blocking::Client;
use frontends::client::with_query;
use frontends::model::{Crl, CrlKind, Event, List, Request};
use module::{Disposition, ExitEvent, RevocationReason};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::load::Known;
use crate::authority::Place;

/// Rows asked for at a time.
const PAGE: &str = "1000";

/// Everything the database says.
pub struct Database {
    /// With their large parts.
    requests: BTreeMap<i64, Request>,
    /// Oldest first.
    events: Vec<Event>,
    /// Newest first.
    crls: Vec<Crl>,
}

impl Database {
    pub fn read(place: &Place) -> Self {
        let client = Client::unix(place.data("admin.sock")).unwrap();
        let requests: Vec<Request> = all(&client, "/v1/requests", &[("bodies", "true"), ("order", "oldest")]);
        let crls = place.json(&["crl", "list", "--limit", PAGE]);
        Self {
            requests: requests.into_iter().map(|request| (request.id, request)).collect(),
            events: all(&client, "/v1/events", &[]),
            crls: serde_json::from_value::<List<Crl>>(crls).unwrap().items,
        }
    }

    /// Every event, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Number of the newest event.
    pub fn head(&self) -> u64 {
        self.events.last().unwrap().id
    }

    /// Nothing that was answered is lost, and nothing is there that nobody asked for.
    pub fn holds(&self, known: &Known) {
        let mut hosts = BTreeSet::new();
        for request in self.requests.values() {
            let host = request.subject[0].value.as_str();
            assert!(known.asked.contains(host) && hosts.insert(host), "nobody asked for request {} {host}", request.id);
        }
        let mut ids = BTreeSet::new();
        for (serial, answered) in &known.certificates {
            assert!(ids.insert(answered.request), "the request number {} was given twice", answered.request);
            let what = format!("request {}, certificate {serial}", answered.request);
            let stored = self.requests.get(&answered.request).unwrap_or_else(|| panic!("{what} is lost"));
            assert_eq!(&stored.certificate.as_ref().unwrap().serial, serial);
            assert_eq!(stored.body.as_ref().unwrap().certificate.as_ref().unwrap().0, answered.der, "{what}");
            let code = stored.revocation.as_ref().map(|revocation| revocation.code);
            assert!(
                code == answered.revocation || (code.is_some() && code == answered.ordered),
                "{what}: {code:?} is stored, {:?} was answered, {:?} ordered",
                answered.revocation,
                answered.ordered
            );
            let revoked = code.is_some_and(|code| code != RevocationReason::RELEASED);
            let expected = if revoked { Disposition::Revoked } else { Disposition::Issued };
            assert_eq!(stored.disposition, expected, "{what}");
        }
    }

    /// An event for each version of each request and for each number of CRLs, and for nothing else.
    pub fn events_tell_of_what_is_there(&self) {
        assert!(self.events.iter().map(|event| event.id).eq(1..=self.head()), "the events have gaps");
        let mut versions: BTreeMap<i64, u32> = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for event in &self.events {
            if let Some(id) = event.request {
                let version = versions.entry(id).or_default();
                *version += 1;
                assert_eq!(event.version, Some(*version), "event {} of request {id}", event.id);
                let kind = if *version == 1 { ExitEvent::CertIssued } else { ExitEvent::CertRevoked };
                assert_eq!(event.kind, kind, "event {} of request {id}", event.id);
            } else {
                assert_eq!(event.kind, ExitEvent::CrlIssued, "event {}", event.id);
                let number = event.crl_number.unwrap();
                assert!(numbers.last() < Some(&number), "event {} of CRL {number} is late", event.id);
                numbers.insert(number);
            }
        }
        let stored = self.requests.values().map(|request| (request.id, request.version));
        assert!(versions.into_iter().eq(stored), "events and requests differ");
        assert_eq!(numbers, self.crls.iter().map(|crl| crl.number).collect(), "events and CRLs differ");
    }

    /// Numbers only rise, and what was seen of a number is what is stored under it.
    pub fn crl_numbers_rise(&self, known: &Known) {
        for kind in [CrlKind::Base, CrlKind::Delta] {
            let crls: Vec<&Crl> = self.crls.iter().filter(|crl| crl.kind == kind).collect();
            for pair in crls.windows(2) {
                let (newer, older) = (pair[0], pair[1]);
                assert!(newer.number > older.number && newer.this_publish >= older.this_publish, "{newer:?} {older:?}");
            }
            assert!(crls.len() > 2, "hardly any CRLs were published: {crls:?}");
        }
        for ((delta, number), sha256) in &known.crls {
            let stored = self.crls.iter().find(|crl| crl.number == *number && (crl.kind == CrlKind::Delta) == *delta);
            assert_eq!(stored.map(|crl| &crl.sha256), Some(sha256), "CRL {number}, delta: {delta}");
        }
    }

    /// The journal tells of every event, as it was, and of nothing else.
    pub fn is_told_by(&self, journal: &Journal) {
        let mut told = BTreeMap::new();
        let mut before = 0;
        for (index, line) in journal.lines.iter().enumerate() {
            let id = line["event"]["id"].as_u64().unwrap();
            let repeats = id <= before && journal.restarts.contains(&index);
            assert!(id == before + 1 || repeats, "event {id} follows {before} in line {index}, {:?}", journal.restarts);
            let event = usize::try_from(id).ok().and_then(|id| self.events.get(id.checked_sub(1)?));
            self.is_as_it_was(line, event.unwrap_or_else(|| panic!("there is no event {id}")));
            let first = told.entry(id).or_insert(line);
            assert_eq!(content(first), content(line), "event {id} is told in two ways");
            before = id;
        }
        assert!(told.into_keys().eq(1..=self.head()), "the journal has gaps");
    }

    fn is_as_it_was(&self, line: &Value, event: &Event) {
        assert_eq!(line["event"]["name"].as_str(), Some(event.kind.name()), "{line}");
        assert_eq!(line["event"]["hash"].as_str(), Some(event.hash.as_str()), "{line}");
        assert_eq!(line["event"]["occurred"].as_str(), Some(event.occurred.to_string().as_str()), "{line}");
        assert_eq!(line["request_id"].as_i64(), event.request, "{line}");
        let Some(row) = &event.row else {
            assert!(line.get("certificate").is_none(), "{line}");
            return;
        };
        assert_eq!(line["request"]["Disposition"].as_i64(), Some(row.disposition.code().into()), "{line}");
        let stored = &self.requests[&event.request.unwrap()];
        let serial = stored.certificate.as_ref().unwrap().serial.as_str();
        assert_eq!(line["certificate"]["SerialNumber"].as_str(), Some(serial), "{line}");
        let der = Base64::decode_vec(line["certificate"]["RawCertificate"].as_str().unwrap()).unwrap();
        assert_eq!(der, stored.body.as_ref().unwrap().certificate.as_ref().unwrap().0, "{line}");
    }

    /// The program was told of every event. Each of its processes was told in order and without gaps.
    /// Returns how many processes there were.
    pub fn is_told_to(&self, told: &str) -> u64 {
        let mut heard = BTreeSet::new();
        let mut processes: BTreeMap<&str, u64> = BTreeMap::new();
        for line in told.lines() {
            let [id, hash, process] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let id: u64 = id.parse().unwrap();
            let event = usize::try_from(id).ok().and_then(|id| self.events.get(id.checked_sub(1)?));
            assert_eq!(event.map(|event| event.hash.as_str()), Some(hash), "{line}");
            if let Some(before) = processes.insert(process, id) {
                assert_eq!(id, before + 1, "{line}");
            }
            heard.insert(id);
        }
        assert!(heard.into_iter().eq(1..=self.head()), "the program missed something");
        processes.len() as u64
    }
}

/// What the journal says.
#[derive(Default)]
pub struct Journal {
    lines: Vec<Value>,
    /// Indexes of lines that a new life of the server begins with.
    pub restarts: BTreeSet<usize>,
}

impl Journal {
    /// The whole lines of a journal, whose writer may have been killed in the middle of the last.
    pub fn whole_lines(place: &Place) -> Vec<String> {
        let text = std::fs::read_to_string(place.data("journal.jsonl")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }

    pub fn read(self, place: &Place) -> Self {
        let lines = Self::whole_lines(place);
        let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
        Self { lines: lines.collect(), ..self }
    }
}

/// What does not depend on the delivery: CRLs are read as they are when it is delivered.
fn content(line: &Value) -> Value {
    let mut line = line.clone();
    let members = line.as_object_mut().unwrap();
    members.retain(|name, _| name != "recorded" && name != "crls");
    members["event"].as_object_mut().unwrap().remove("attempt");
    line
}

/// Every page of a list.
fn all<T: DeserializeOwned>(client: &Client, path: &str, query: &[(&str, &str)]) -> Vec<T> {
    let mut items = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = query.to_vec();
        query.push(("limit", PAGE));
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: List<T> = client.get(&with_query(path, &query)).unwrap();
        items.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return items,
        }
    }
}
