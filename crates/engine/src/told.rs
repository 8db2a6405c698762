//! Events as exit modules are told them: for whoever records them, to try a module elsewhere.

use std::sync::Arc;

use module::wire::body::{Notify, ca_properties};
use module::wire::row::Row;
use module::{EventId, ExitEvents, Notification, Role};

use crate::roles::{Authorised, right};
use crate::view::{ExitView, ModuleKey};
use crate::{Engine, Error, StartFrom};

/// The most events at a time: each carries its request and certificate.
const EVENTS_MAX: usize = 250;

/// An event as a module of its own program would be told it.
#[derive(Clone, Debug)]
pub struct ToldEvent {
    /// The parameters of `notify`, with 0 for the context.
    pub message: Notify,
    /// The names of the request's attributes, in their order, which JSON objects do not keep.
    pub attribute_names: Vec<String>,
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
                let view = ExitView::new(Arc::clone(&self.site), recorder(), request.map(Arc::new));
                let message = Notify::read(0, &notification, view.as_ref());
                view.close();
                Ok(ToldEvent { message: message.map_err(unreadable)?, attribute_names })
            })
            .collect()
    }

    /// The authority's name and properties, as modules are told them in `initialize`.
    pub fn told_of_authority(&self, _by: &Authorised<right::Read>) -> Result<(String, Row), Error> {
        let view = ExitView::new(Arc::clone(&self.site), recorder(), None);
        let properties = ca_properties(view.as_ref());
        view.close();
        Ok((self.site.config.name.clone(), properties.map_err(unreadable)?))
    }
}

/// Who reads: a module that there is not.
fn recorder() -> ModuleKey {
    ModuleKey { role: Role::Exit, name: "recording".into() }
}

fn unreadable(error: module::ModuleError) -> Error {
    Error::Internal(error.to_string())
}
