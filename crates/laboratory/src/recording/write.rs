//! Writing a recording, event by event.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use module::wire::body::{Notify, VerifyRequest, ca_properties};
use module::{ExitEvent, Role};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::crl::{self, CrlReference, Digest};
use super::lines::LINE_BYTES_MAX;
use super::{BYTES_MAX, CRLS_MAX, Crls, EVENT_CRL_BYTES_MAX, Redaction, Told, VERSION};
use crate::Error;
use crate::scene::{Contents, Properties, Scene};
use crate::view::{Reader, View};

/// Gives the bytes of a CRL; none where the server no longer has them.
pub type FetchCrl<'a, E> = dyn FnMut(&CrlReference) -> Result<Option<Vec<u8>>, E> + 'a;

/// Writes a recording.
#[derive(Debug)]
pub struct Recorder<W> {
    out: W,
    redaction: Option<Redaction>,
    /// Bytes of CRLs in all; none where they are not recorded.
    crl_bytes_max: Option<u64>,
    /// Bytes in all, and how many there are.
    pub(super) bytes_max: u64,
    bytes: u64,
    /// What became of each CRL, by the SHA-256 that the server gives it: what it is in the recording, and its length there, if
    /// it is there.
    seen: HashMap<Digest, Option<(Digest, u64)>>,
    kept: Kept,
}

/// What a recording holds, and what was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Events.
    pub events: u64,
    /// Those of them that have the request as policy was asked about it.
    pub asked: u64,
    /// CRLs.
    pub crls: u64,
    /// Their bytes.
    pub crl_bytes: u64,
    /// CRLs left out because the server no longer has their bytes.
    pub crls_not_kept: u64,
    /// CRLs left out because all of them would have been too many bytes.
    pub crls_too_large: u64,
}

impl<W: Write> Recorder<W> {
    /// Writes the header: the authority's common name and properties, or with a redaction what stands for them.
    /// `crl_bytes_max` is the most bytes of CRLs in all; without it there are none.
    ///
    /// # Errors
    /// [`Error::Machine`] where it cannot be written.
    pub fn begin(
        out: W,
        ca: &str,
        properties: &Properties,
        redaction: Option<Redaction>,
        crl_bytes_max: Option<u64>,
    ) -> Result<Self, Error> {
        let (ca, properties) = match &redaction {
            None => (ca, properties.clone()),
            Some(redaction) => (redaction.ca(), redaction.properties()?),
        };
        let scene = Scene { contents: None, authority: Arc::new(properties) };
        let row = ca_properties(&*View::new(nobody(Role::Exit), Arc::new(scene)))?;
        let redacted = redaction.is_some();
        let header = json!({ "recording": VERSION, "ca": ca, "properties": row, "redacted": redacted });
        let (seen, kept) = (HashMap::new(), Kept::default());
        let mut all = Self { out, redaction, crl_bytes_max, bytes_max: BYTES_MAX, bytes: 0, seen, kept };
        all.line(&header)?;
        Ok(all)
    }

    /// Writes an event, and before it the CRLs that it is the first to name.
    ///
    /// # Errors
    /// Those of `fetch`; [`Error::Unusable`] where it gives another CRL, or the event or the recording becomes longer than can be
    /// read; [`Error::Machine`] where the event cannot be written.
    pub fn event<E: From<Error>>(&mut self, told: &Told, fetch: &mut FetchCrl<'_, E>) -> Result<(), E> {
        let crls = self.crls(told, fetch)?;
        // What was asked comes first: the request that a redaction makes has the names that were asked for.
        let number = told.happening.notification.request;
        let asked = match (&mut self.redaction, &told.asked, number) {
            (Some(redaction), Some(asked), Some(id)) => Some(redaction.contents(id, asked)?),
            (_, asked, _) => asked.clone(),
        };
        let happening = match &mut self.redaction {
            None => told.happening.clone(),
            Some(redaction) => redaction.redact(&told.happening)?,
        };

        let view = View::new(nobody(Role::Exit), Arc::clone(&happening.scene));
        let message = Notify::read(0, &happening.notification, &*view).map_err(Error::from)?;
        let mut json = serde_json::to_value(message).map_err(|error| Error::Machine(error.to_string()))?;
        if let Some(members) = json.as_object_mut() {
            members.remove("context");
            let named = happening.scene.contents.as_ref().map(names).unwrap_or_default();
            if let Some(asked) = &asked {
                members.insert("asked".into(), written(asked, &named)?);
            }
            if !named.is_empty() {
                members.insert("names".into(), json!(named));
            }
            if let Some(crls) = &crls {
                members.insert("crls".into(), crl::write_digests(crls));
            }
        }
        self.line(&json).map_err(|error| match error {
            Error::Unusable(what) => Error::Unusable(format!("event {}: {what}", happening.notification.id)),
            other => other,
        })?;
        self.kept.events += 1;
        self.kept.asked += u64::from(asked.is_some());
        Ok(())
    }

    /// What it holds so far.
    pub const fn kept(&self) -> Kept {
        self.kept
    }

    /// The CRLs that the event names, as they are in the recording; none where there are to be none.
    fn crls<E: From<Error>>(&mut self, told: &Told, fetch: &mut FetchCrl<'_, E>) -> Result<Option<Crls>, E> {
        // A server that names none is of a version that did not.
        if told.happening.notification.event != ExitEvent::CrlIssued || told.crls.is_empty() {
            return Ok(None);
        }
        let Some(bytes_max) = self.crl_bytes_max else { return Ok(None) };
        let (mut all, mut bytes) = (Crls::new(), 0_u64);
        for reference in &told.crls {
            // The authority of a redaction has one certificate, which stands for the newest.
            let property = match &self.redaction {
                None => reference.property.clone(),
                Some(_) if Some(reference.property.as_str()) == newest(told, reference).as_deref() => {
                    if reference.delta { "RawDeltaCRL.0".into() } else { "RawCRL.0".into() }
                }
                Some(_) => continue,
            };
            let written = match self.seen.get(&reference.sha256) {
                Some(known) => *known,
                None => {
                    let written = self.crl(reference, bytes_max, fetch)?;
                    self.seen.insert(reference.sha256, written);
                    written
                }
            };
            // One that two properties read is found twice.
            let fits = |size: &u64| bytes.saturating_add(*size) <= EVENT_CRL_BYTES_MAX;
            let digest = match written {
                Some((digest, size)) if fits(&size) => {
                    bytes += size;
                    Some(digest)
                }
                Some(_) => {
                    self.kept.crls_too_large += 1;
                    None
                }
                None => None,
            };
            all.insert(property, digest);
        }
        Ok(Some(all))
    }

    /// Writes a CRL: what it is in the recording and its length there, or none where it is left out.
    fn crl<E: From<Error>>(
        &mut self,
        reference: &CrlReference,
        bytes_max: u64,
        fetch: &mut FetchCrl<'_, E>,
    ) -> Result<Option<(Digest, u64)>, E> {
        let bytes_max = bytes_max.min(EVENT_CRL_BYTES_MAX);
        if !reference.kept {
            self.kept.crls_not_kept += 1;
            return Ok(None);
        }
        if self.kept.crl_bytes.saturating_add(reference.size) > bytes_max {
            self.kept.crls_too_large += 1;
            return Ok(None);
        }
        let Some(bytes) = fetch(reference)? else {
            self.kept.crls_not_kept += 1;
            return Ok(None);
        };
        if pki::sha256(&bytes) != reference.sha256 {
            let text = format!("CRL {} of key {} is not the one that was named", reference.number, reference.key);
            return Err(Error::Unusable(text).into());
        }
        let bytes = match &mut self.redaction {
            None => bytes,
            Some(redaction) => redaction.crl(&bytes)?,
        };
        // One that was made anew may be longer.
        if self.kept.crl_bytes.saturating_add(bytes.len() as u64) > bytes_max {
            self.kept.crls_too_large += 1;
            return Ok(None);
        }
        if self.kept.crls == CRLS_MAX as u64 {
            let text = format!("a recording has at most {CRLS_MAX} CRLs: record fewer events (--from, --to, --limit)");
            return Err(Error::Unusable(text).into());
        }
        for line in crl::parts(&bytes) {
            self.line(&line)?;
        }
        self.kept.crls += 1;
        self.kept.crl_bytes += bytes.len() as u64;
        Ok(Some((pki::sha256(&bytes), bytes.len() as u64)))
    }

    fn line(&mut self, json: &Json) -> Result<(), Error> {
        let mut line = serde_json::to_vec(json).map_err(|error| Error::Machine(error.to_string()))?;
        line.push(b'\n');
        if line.len() as u64 > LINE_BYTES_MAX {
            let text = format!(
                "a line of a recording has at most {LINE_BYTES_MAX} bytes: record what is before it and after it (--to, --from)"
            );
            return Err(Error::Unusable(text));
        }
        self.bytes += line.len() as u64;
        if self.bytes > self.bytes_max {
            let text = format!(
                "a recording has at most {} bytes: record fewer events (--from, --to, --kind, --limit)",
                self.bytes_max
            );
            return Err(Error::Unusable(text));
        }
        let wrote = self.out.write_all(&line);
        wrote.map_err(|error| Error::Machine(format!("the recording cannot be written: {error}")))
    }
}

/// The names of the attributes in their order.
fn names(contents: &Contents) -> Vec<&str> {
    contents.attributes.iter().map(|(name, _)| name.as_str()).collect()
}

/// The property that reads the CRL of the authority's newest certificate.
fn newest(told: &Told, reference: &CrlReference) -> Option<String> {
    let count = super::number_of(&told.happening.scene.authority, "CertCount")?;
    let name = if reference.delta { "RawDeltaCRL" } else { "RawCRL" };
    Some(format!("{name}.{}", count.checked_sub(1)?))
}

/// A request as `verify_request` carries it, of an event with these names of attributes.
fn written(asked: &Contents, named: &[&str]) -> Result<Json, Error> {
    let scene = Scene { contents: Some(asked.clone()), authority: Arc::default() };
    let view = View::new(nobody(Role::Policy), Arc::new(scene));
    let message = VerifyRequest::read(0, true, &*view)?;
    let mut json = serde_json::to_value(message.request).map_err(|error| Error::Machine(error.to_string()))?;
    let names = names(asked);
    if names != named
        && let Some(members) = json.as_object_mut()
    {
        members.insert("names".into(), json!(names));
    }
    Ok(json)
}

/// The reader of a recording: no module of this authority's.
fn nobody(role: Role) -> Reader {
    Reader { role, name: "recording".into() }
}
