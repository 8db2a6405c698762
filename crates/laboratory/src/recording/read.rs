//! Reading a recording: foreign bytes, of which nothing is believed.
//!
//! It is read twice. When it is opened every line is checked, so that no module is told of anything in a file that ends in
//! nonsense; where CRLs stand is kept, and nothing else. Then events are read one by one as they are played, and the CRLs that
//! an event reports when it is their turn.

use std::io::{BufRead, Seek};
use std::sync::Arc;

use module::wire::row;
use module::{ExitEvent, ModuleError};
use serde_json::Value as Json;

use super::crl::{self, Index, Part, Parts};
use super::lines::{Lines, Place};
use super::{
    BYTES_MAX, Digest, EVENT_CRL_BYTES_MAX, EVENTS_MAX, Recorded, Recording, VERSION, VERSION_MIN, told, unfit,
};
use crate::Error;

/// What is still to be read of the events that were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    place: Place,
    events: usize,
}

impl<S: BufRead + Seek> Recording<S> {
    /// Checks a recording from its beginning to its end.
    ///
    /// # Errors
    /// [`Error::Unusable`], with the number of the line, where it is none or too large; [`Error::Machine`] where it cannot be
    /// read.
    pub fn open(source: S) -> Result<Self, Error> {
        Self::open_within(source, BYTES_MAX)
    }

    pub(super) fn open_within(source: S, bytes_max: u64) -> Result<Self, Error> {
        let mut lines = Lines::new(source, bytes_max)?;
        let Some((place, header)) = lines.next()? else {
            return Err(Error::Unusable("the recording is empty".into()));
        };
        let mut recording = Self::begin(lines, &header).map_err(|error| place.wrong(&error))?;
        recording.check(bytes_max.min(EVENT_CRL_BYTES_MAX))?;
        Ok(recording)
    }

    /// The events, in their order, as they stand in the recording: [`play`](Self::play) gives them their CRLs. One is held at a
    /// time.
    ///
    /// # Errors
    /// [`Error::Machine`] where the recording cannot be read; [`Error::Unusable`] where it was changed since it was opened.
    pub fn events(&mut self) -> impl Iterator<Item = Result<Recorded, Error>> {
        let mut ahead = Some(self.ahead());
        std::iter::from_fn(move || match self.next_event(ahead.take()?) {
            Ok(found) => found.map(|(event, left)| {
                ahead = Some(left);
                Ok(event)
            }),
            Err(error) => Some(Err(error)),
        })
    }

    /// The bytes of a CRL; none where the recording does not have it.
    ///
    /// # Errors
    /// As for [`events`](Self::events).
    pub fn crl(&mut self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let Some(found) = self.crls.find(digest) else { return Ok(None) };
        let changed = || changed("a CRL is another");
        self.lines.go_to(found.place)?;
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < found.size {
            let (place, json) = self.lines.next()?.ok_or_else(changed)?;
            bytes.extend(Part::read(&json).map_err(|error| place.wrong(&error))?.bytes);
        }
        if pki::sha256(&bytes) == *digest { Ok(Some(bytes)) } else { Err(changed()) }
    }

    /// All events.
    pub(super) const fn ahead(&self) -> Ahead {
        Ahead { place: self.first, events: self.event_count }
    }

    /// The first of the events that are ahead, and what is ahead then. What was put behind those that were checked is not read.
    pub(super) fn next_event(&mut self, ahead: Ahead) -> Result<Option<(Recorded, Ahead)>, Error> {
        let Some(events) = ahead.events.checked_sub(1) else { return Ok(None) };
        self.lines.go_to(ahead.place)?;
        while let Some((place, json)) = self.lines.next()? {
            if !is_part(&json) {
                let event = self.event(&json).map_err(|error| place.wrong(&error))?;
                return Ok(Some((event, Ahead { place: self.lines.place(), events })));
            }
        }
        Err(changed("it ends earlier"))
    }

    /// Reads a header.
    fn begin(lines: Lines<S>, json: &Json) -> Result<Self, ModuleError> {
        let version = json.get("recording").and_then(Json::as_u64);
        if !version.is_some_and(|version| (VERSION_MIN..=VERSION).contains(&version)) {
            let what = format!("it is not the header of a recording of version {VERSION_MIN} to {VERSION}");
            return Err(unfit(what));
        }
        let ca = json.get("ca").and_then(Json::as_str).ok_or_else(|| unfit("the header has no `ca`"))?.to_owned();
        let properties = Arc::new(told::of_authority(&row::Row::of_certificate(json.get("properties"))?, None));
        let redacted = json.get("redacted").and_then(Json::as_bool).unwrap_or_default();
        let (first, crls) = (lines.place(), Index::default());
        Ok(Self { ca, redacted, properties, lines, first, event_count: 0, asked_count: 0, crls })
    }

    /// Reads every line after the header.
    fn check(&mut self, event_crl_bytes_max: u64) -> Result<(), Error> {
        let mut parts = Parts::new(event_crl_bytes_max);
        while let Some((place, json)) = self.lines.next()? {
            if is_part(&json) {
                parts.take(&json, place).map_err(|error| place.wrong(&error))?;
                continue;
            }
            if self.event_count == EVENTS_MAX {
                return Err(Error::Unusable(format!("the recording has more than {EVENTS_MAX} events")));
            }
            let check = parts.whole().and_then(|crls| {
                let event = self.event(&json)?;
                check_crls(&event, crls, event_crl_bytes_max).map(|()| event)
            });
            let event = check.map_err(|error| place.wrong(&error))?;
            self.event_count += 1;
            self.asked_count += usize::from(event.asked.is_some());
        }
        let ended = |error: ModuleError| Error::Unusable(format!("the recording ends too early: {error}"));
        self.crls = parts.finish().map_err(ended)?;
        Ok(())
    }

    fn event(&self, json: &Json) -> Result<Recorded, ModuleError> {
        let happening = told::happening(json, &self.properties)?;
        let crls = crl::read_digests(json.get("crls"))?;
        if crls.is_some() && happening.notification.event != ExitEvent::CrlIssued {
            return Err(unfit(format!("`{}` reports no CRLs", happening.notification.event)));
        }
        Ok(Recorded { happening, asked: told::asked(json)?, crls })
    }
}

fn changed(what: &str) -> Error {
    Error::Unusable(format!("the recording was changed since it was opened: {what}"))
}

fn is_part(json: &Json) -> bool {
    json.get("crl").is_some()
}

/// Whether every CRL that the event names stands before it, and all of them are few enough bytes.
fn check_crls(event: &Recorded, crls: &Index, bytes_max: u64) -> Result<(), ModuleError> {
    // A module finds each under its property, also where they are one and the same.
    let mut bytes = 0;
    for digest in event.crls.iter().flat_map(|crls| crls.values().flatten()) {
        let missing = || unfit(format!("the CRL of SHA-256 {} does not stand before it", hex::encode(digest)));
        bytes += crls.find(digest).ok_or_else(missing)?.size;
    }
    if bytes > bytes_max {
        return Err(unfit(format!("its CRLs have more than {bytes_max} bytes")));
    }
    Ok(())
}
