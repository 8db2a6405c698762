//! Events as exit modules are told them, and requests as policy modules were asked about them: for whoever records them, to
//! try a module elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use module::scene::Reader;
use module::wire::body::{self, Notify, VerifyRequest, ca_properties};
use module::wire::row::Row;
use module::{EventId, ExitEvent, ExitEvents, Notification, Role};
use serde_json::{Value as Json, json};

use crate::accept;
use crate::roles::{Authorised, right};
use crate::site::Site;
use crate::store::{CrlKind, CrlRow, Event};
use crate::view::ExitView;
use crate::{Engine, Error, Request, StartFrom};

/// The most events at a time: each carries its request and certificate.
const EVENTS_MAX: usize = 250;

/// CRLs of one key and kind that an event's are looked for among, newest first: hourly ones of more than a year.
const CRLS_MAX: usize = 10_000;

/// An event as a module of its own program would be told it.
#[derive(Clone, Debug)]
pub struct ToldEvent {
    /// The parameters of `notify`, with 0 for the context.
    pub message: Notify,
    /// The names of the request's attributes, in their order, which JSON objects do not keep.
    pub attribute_names: Vec<String>,
    /// Where the event is the first decision on a request: the request as policy was asked about it, made anew from what is
    /// stored by today's configuration, under the profile that the request has now.
    pub asked: Option<body::Request>,
    /// Where the event reports CRLs: those that the authority had then, by the property that reads them, `RawCRL.0`.
    pub crls: Vec<(String, CrlRow)>,
}

impl ToldEvent {
    /// The event as the admin API has it: the parameters of `notify` without `context`, and besides `names`, `asked` and
    /// `crls` where it has them.
    ///
    /// # Errors
    /// Where a value of it cannot be written as JSON.
    pub fn to_json(&self) -> Result<Json, serde_json::Error> {
        let mut json = serde_json::to_value(&self.message)?;
        let Some(members) = json.as_object_mut() else { return Ok(json) };
        // There is no call, and so no context to name it.
        members.remove("context");
        if !self.attribute_names.is_empty() {
            members.insert("names".into(), json!(self.attribute_names));
        }
        if let Some(asked) = &self.asked {
            members.insert("asked".into(), serde_json::to_value(asked)?);
        }
        if !self.crls.is_empty() {
            let crls = self.crls.iter().map(|(property, row)| (property.clone(), reference(row)));
            members.insert("crls".into(), Json::Object(crls.collect()));
        }
        Ok(json)
    }
}

/// What names a CRL, and says whether its bytes can be had.
fn reference(row: &CrlRow) -> Json {
    json!({
        "number": row.number,
        "key": row.key,
        "kind": row.kind().to_string(),
        "size": row.size,
        "sha256": hex::encode(row.sha256),
        "kept": row.body.is_some(),
    })
}

impl Engine {
    /// The event before the first one from `start` on.
    pub fn event_before(&self, _by: &Authorised<right::Read>, start: StartFrom) -> Result<EventId, Error> {
        self.cursor(start)
    }

    /// Events above `after`, oldest first, at most `limit` and at most 250, as exit modules are told them.
    pub fn told(
        &self,
        _by: &Authorised<right::Read>,
        after: EventId,
        wanted: ExitEvents,
        limit: usize,
    ) -> Result<Vec<ToldEvent>, Error> {
        let rows = self.site.store.events(after, wanted, limit.clamp(1, EVENTS_MAX))?;
        let mut history = History::new(&self.site);
        rows.into_iter()
            .map(|(event, request)| {
                let notification = Notification {
                    id: event.id,
                    event: event.kind,
                    occurred: event.occurred,
                    request: event.request.map(|(request, _)| request),
                    attempt: 1,
                    hash: event.hash,
                };
                let names = request.iter().flat_map(|request| &request.body.attributes);
                let attribute_names = names.map(|(name, _)| name.clone()).collect();
                let asked = match request.as_ref().filter(|_| is_first_decision(&event)) {
                    Some(request) => self.asked(request)?,
                    None => None,
                };
                let crls = event.crl_number.map_or_else(|| Ok(Vec::new()), |number| history.crls_at(number))?;
                let view = ExitView::new(Arc::clone(&self.site), recorder(), request.map(Arc::new));
                let message = Notify::read(0, &notification, view.as_ref());
                view.close();
                Ok(ToldEvent { message: message.map_err(unreadable)?, attribute_names, asked, crls })
            })
            .collect()
    }

    /// The request as policy was asked about it; none where it was not asked.
    fn asked(&self, request: &Request) -> Result<Option<body::Request>, Error> {
        let Some(asked) = accept::as_asked(&self.site, request)? else { return Ok(None) };
        let reader = Reader { role: Role::Policy, ..recorder() };
        let view = ExitView::new(Arc::clone(&self.site), reader, Some(Arc::new(asked)));
        let message = VerifyRequest::read(0, true, view.as_ref());
        view.close();
        Ok(Some(message.map_err(unreadable)?.request))
    }

    /// The authority's name and properties, as modules are told them in `initialize`.
    pub fn told_of_authority(&self, _by: &Authorised<right::Read>) -> Result<(String, Row), Error> {
        let view = ExitView::new(Arc::clone(&self.site), recorder(), None);
        let properties = ca_properties(view.as_ref());
        view.close();
        Ok((self.site.config.name.clone(), properties.map_err(unreadable)?))
    }
}

/// Whether an event is what policy decided on a request when it came in: whatever happens later makes another version of it.
fn is_first_decision(event: &Event) -> bool {
    let decision = matches!(event.kind, ExitEvent::CertIssued | ExitEvent::CertPending | ExitEvent::CertDenied);
    decision && event.request.is_some_and(|(_, version)| version == 1)
}

/// The CRLs there were, read where an event asks for them.
struct History<'a> {
    site: &'a Site,
    rows: HashMap<(u16, CrlKind), Vec<CrlRow>>,
}

impl<'a> History<'a> {
    fn new(site: &'a Site) -> Self {
        Self { site, rows: HashMap::new() }
    }

    /// What `RawCRL` and `RawDeltaCRL` of each CA certificate were when the CRLs with this number had been published.
    fn crls_at(&mut self, number: u64) -> Result<Vec<(String, CrlRow)>, Error> {
        let ca = self.site.ca();
        let mut found = Vec::new();
        for (index, installed) in ca.certificates().iter().enumerate() {
            for (property, kind) in [("RawCRL", CrlKind::Base), ("RawDeltaCRL", CrlKind::Delta)] {
                let rows = self.rows(installed.row.key_index, kind)?;
                if let Some(row) = rows.iter().find(|row| row.number <= number && row.was_made()) {
                    found.push((format!("{property}.{index}"), row.clone()));
                }
            }
        }
        Ok(found)
    }

    fn rows(&mut self, key: u16, kind: CrlKind) -> Result<&[CrlRow], Error> {
        use std::collections::hash_map::Entry;

        Ok(match self.rows.entry((key, kind)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.site.store.crls(Some(key), Some(kind), CRLS_MAX)?),
        })
    }
}

/// Who reads: a module that there is not.
fn recorder() -> Reader {
    Reader { role: Role::Exit, name: "recording".into() }
}

fn unreadable(error: module::ModuleError) -> Error {
    Error::Internal(error.to_string())
}
