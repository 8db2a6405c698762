//! An exit module's place among the events, and the events it failed.

use module::{EventId, Role};
use serde_json::json;

use crate::audit::Act;
use crate::roles::{Authorised, right};
use crate::store::{Change, Delivery, DeliveryState, InstalledModule};
use crate::{Engine, Error};

use super::{ModuleStatus, StartFrom};

/// Deliveries of one answer at most.
const DELIVERIES_MAX: usize = 1_000;

impl Engine {
    /// Sets an exit module's place: events from there on are delivered (again), and those that it jumps over are not.
    /// Events parked for it, or retried by hand, stay so where they lie behind both places.
    pub fn rewind_module(
        &self,
        by: &Authorised<right::Administer>,
        name: &str,
        start: StartFrom,
    ) -> Result<ModuleStatus, Error> {
        let _changing = self.modules.lock();
        let module = self.installed(name)?;
        if module.role != Role::Exit {
            return Err(Error::refused(format!("`{name}` is a policy module: it has no place among events")));
        }
        let cursor = self.cursor(start)?;
        self.exits.stop(name);
        let audit = Act::ModuleRewound.entry(
            &by.caller().name,
            self.site.now(),
            None,
            json!({ "module": name, "after": cursor }),
        );
        let moved = self.installed(name).and_then(|before| {
            // What lies beyond the new place is delivered in its turn; what blocks the way is jumped over.
            let settled = self.all_deliveries(name)?.into_iter().filter(|delivery| {
                let blocks = matches!(delivery.state, DeliveryState::Waiting(_)) && delivery.event > before.cursor;
                delivery.event > cursor || blocks
            });
            let settled = settled.map(|delivery| (delivery.module, delivery.event)).collect();
            let rewound = InstalledModule { cursor, ..before };
            let modules = vec![rewound.clone()];
            self.commit(Change { modules, settled, audit: Some(audit), ..Change::default() }).map(|_| rewound)
        });
        self.resume(name, Some(moved.as_ref().unwrap_or(&module).clone()), Vec::new());
        moved?;
        self.shown(self.installed(name)?)
    }

    /// Events of a module that wait for another attempt or are parked, numbered above `after`.
    pub fn deliveries(
        &self,
        _by: &Authorised<right::Read>,
        name: &str,
        after: EventId,
        limit: usize,
    ) -> Result<Vec<Delivery>, Error> {
        self.installed(name)?;
        Ok(self.site.store.deliveries(name, after, limit.clamp(1, DELIVERIES_MAX))?)
    }

    /// Delivers a parked event once more, or one that waits at once.
    pub fn retry_delivery(&self, by: &Authorised<right::Administer>, name: &str, event: EventId) -> Result<(), Error> {
        let _changing = self.modules.lock();
        let now = self.site.now();
        let delivery = Delivery { state: DeliveryState::Waiting(now), ..self.delivery(name, event)? };
        let audit = Act::DeliveryRetried.entry(&by.caller().name, now, None, json!({ "module": name, "event": event }));
        self.commit(Change { deliveries: vec![delivery], audit: Some(audit), ..Change::default() })?;
        self.reload(name);
        Ok(())
    }

    /// Gives up an event for a module, for good.
    pub fn drop_delivery(&self, by: &Authorised<right::Administer>, name: &str, event: EventId) -> Result<(), Error> {
        let _changing = self.modules.lock();
        self.delivery(name, event)?;
        let audit = Act::DeliveryDropped.entry(
            &by.caller().name,
            self.site.now(),
            None,
            json!({ "module": name, "event": event }),
        );
        let commit = || {
            let change = Change { settled: vec![(name.to_owned(), event)], audit: Some(audit), ..Change::default() };
            self.commit(change).map(drop)
        };
        match self.exits.dispatcher(name) {
            Some(dispatcher) => dispatcher.give_up(event, commit),
            None => commit(),
        }
    }

    fn delivery(&self, name: &str, event: EventId) -> Result<Delivery, Error> {
        self.installed(name)?;
        let before = EventId(event.0.saturating_sub(1));
        let found = self.site.store.deliveries(name, before, 1)?.into_iter().find(|delivery| delivery.event == event);
        found.ok_or_else(|| Error::NotFound(format!("event {event} among those that wait or are parked for `{name}`")))
    }

    pub(super) fn all_deliveries(&self, name: &str) -> Result<Vec<Delivery>, Error> {
        let mut all: Vec<Delivery> = Vec::new();
        loop {
            let after = all.last().map_or(EventId(0), |delivery| delivery.event);
            let batch = self.site.store.deliveries(name, after, DELIVERIES_MAX)?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }

    /// The deliveries that wait for later, as due now: an operator who changes a module has mended what failed, and does not
    /// wait for pauses that grew before. They are read after its dispatcher has stopped.
    pub(super) fn due_at_once(&self, name: &str) -> Result<Vec<Delivery>, Error> {
        let now = self.site.now();
        let mut deliveries = self.all_deliveries(name)?;
        deliveries.retain(|delivery| matches!(delivery.state, DeliveryState::Waiting(due) if due > now));
        for delivery in &mut deliveries {
            delivery.state = DeliveryState::Waiting(now);
        }
        Ok(deliveries)
    }

    fn reload(&self, name: &str) {
        if let Some(dispatcher) = self.exits.dispatcher(name) {
            dispatcher.reload();
        }
    }
}
