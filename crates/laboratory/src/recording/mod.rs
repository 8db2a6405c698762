//! Recordings: stretches of a real event log, in the words of the module protocol.
//!
//! A recording is JSON, one value a line. The first line is the header: `recording` (the version of this format, 1), `ca` and
//! `properties` as in `initialize`, and `redacted`. Each further line is one event: the parameters of `notify`, and besides
//! `names`, the names of the attributes in their order, which JSON objects do not keep. CRLs are not in it.

mod redaction;
mod replay;

use std::io::{BufRead, Read, Write};
use std::sync::Arc;

use module::wire::body::{Notify, ca_properties};
use module::wire::row;
use module::{HResult, ModuleError, Role, Value};
use serde_json::{Value as Json, json};

pub use redaction::Redaction;
pub use replay::replay;

use crate::Error;
use crate::scene::{Contents, Happening, Properties, Scene};
use crate::view::{Reader, View};

/// The version of the format.
const VERSION: u64 = 1;
/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// Events of a recording that is read.
const EVENTS_MAX: usize = 100_000;
/// Bytes of a recording that is read.
const BYTES_MAX: u64 = 1 << 30;

/// A stretch of an event log.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The authority's common name.
    pub ca: String,
    /// Whether names were taken out.
    pub redacted: bool,
    /// The authority's properties when it was recorded.
    pub properties: Arc<Properties>,
    /// The events, in their order.
    pub events: Vec<Happening>,
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// [`Error::Unusable`], with the number of the line, where it is none or too large.
    pub fn read(source: impl BufRead) -> Result<Self, Error> {
        let mut source = source.take(BYTES_MAX);
        let mut recording: Option<Self> = None;
        for number in 1_usize.. {
            let Some(line) = next_line(&mut source, number)? else { break };
            if line.trim_ascii().is_empty() {
                continue;
            }
            let json: Json = serde_json::from_slice(&line)
                .map_err(|error| Error::Unusable(format!("line {number} of the recording is not JSON: {error}")))?;
            let wrong = |error: ModuleError| Error::Unusable(format!("line {number} of the recording: {error}"));
            match &mut recording {
                None => recording = Some(Self::begin(&json).map_err(wrong)?),
                Some(recording) if recording.events.len() < EVENTS_MAX => {
                    let happening = read_event(&json, &recording.properties).map_err(wrong)?;
                    recording.events.push(happening);
                }
                Some(_) => return Err(Error::Unusable(format!("the recording has more than {EVENTS_MAX} events"))),
            }
        }
        recording.ok_or_else(|| Error::Unusable("the recording is empty".into()))
    }

    /// Reads a header.
    fn begin(json: &Json) -> Result<Self, ModuleError> {
        let version = json.get("recording").and_then(Json::as_u64);
        if version != Some(VERSION) {
            return Err(unfit(format!("it is not the header of a recording of version {VERSION}")));
        }
        let ca = json.get("ca").and_then(Json::as_str).ok_or_else(|| unfit("the header has no `ca`"))?;
        let properties = properties(&row::Row::of_certificate(json.get("properties"))?);
        let redacted = json.get("redacted").and_then(Json::as_bool).unwrap_or_default();
        Ok(Self { ca: ca.to_owned(), redacted, properties: Arc::new(properties), events: Vec::new() })
    }
}

/// One line without its end; none at the end. The last one may lack it.
fn next_line(source: &mut impl BufRead, number: usize) -> Result<Option<Vec<u8>>, Error> {
    let mut line = Vec::new();
    let read = source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
    let read = read.map_err(|error| Error::Machine(format!("the recording cannot be read: {error}")))?;
    if read as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
        let text = format!("line {number} of the recording has more than {LINE_BYTES_MAX} bytes");
        return Err(Error::Unusable(text));
    }
    Ok((read > 0).then_some(line))
}

/// The header's line.
///
/// # Errors
/// [`Error::Machine`] where the properties cannot be read or written.
pub fn write_header(out: &mut impl Write, ca: &str, properties: &Properties, redacted: bool) -> Result<(), Error> {
    let scene = Scene { contents: None, authority: Arc::new(properties.clone()) };
    let row = ca_properties(&*View::new(nobody(), Arc::new(scene)))?;
    write_line(out, &json!({ "recording": VERSION, "ca": ca, "properties": row, "redacted": redacted }))
}

/// An event's line.
///
/// # Errors
/// [`Error::Machine`] where it cannot be written.
pub fn write_event(out: &mut impl Write, happening: &Happening) -> Result<(), Error> {
    let view = View::new(nobody(), Arc::clone(&happening.scene));
    let message = Notify::read(0, &happening.notification, &*view)?;
    let mut json = serde_json::to_value(message).map_err(|error| Error::Machine(error.to_string()))?;
    let contents = happening.scene.contents.as_ref();
    let names: Vec<&str> = contents.iter().flat_map(|contents| &contents.attributes).map(|(name, _)| &**name).collect();
    if let Some(object) = json.as_object_mut().filter(|_| !names.is_empty()) {
        object.insert("names".into(), json!(names));
    }
    write_line(out, &json)
}

/// Reads an event: the parameters of `notify`, with `names` or without. `properties` are the authority's.
///
/// # Errors
/// `ERROR_INVALID_DATA` where it does not fit.
pub fn read_event(json: &Json, authority: &Arc<Properties>) -> Result<Happening, ModuleError> {
    let mut message = json.clone();
    if let Some(object) = message.as_object_mut() {
        object.entry("context").or_insert(json!(0));
    }
    let message = Notify::from_json(&message)?;
    let unknown = || unfit(format!("this version does not know the event `{}`", message.event.name));
    let notification = message.event.notification().ok_or_else(unknown)?;
    let contents = notification.request.is_some().then(|| {
        let mut attributes: Vec<(String, String)> =
            message.request.attributes.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let names: Vec<&str> =
            json.get("names").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
        let place = |name: &str| names.iter().position(|known| *known == name).unwrap_or(names.len());
        attributes.sort_by_key(|(name, _)| place(name));
        Contents {
            request: properties(&message.request.request),
            certificate: properties(&message.request.certificate),
            attributes,
            extensions: message.request.extensions.into_iter().map(|extension| extension.0).collect(),
        }
    });
    let authority = Arc::new(authority.under(&properties(&message.ca)));
    let title = format!("event {}", notification.id);
    Ok(Happening { title, notification, scene: Arc::new(Scene { contents, authority }) })
}

fn properties(row: &row::Row) -> Properties {
    let mut all = Properties::default();
    for (name, value) in row.iter() {
        // What belongs to the module that reads is made for that one.
        if !name.eq_ignore_ascii_case("ModuleRegistryLocation") {
            all.set(name, value.clone());
        }
    }
    all
}

/// Properties as `initialize` carries them.
///
/// # Errors
/// `ERROR_INVALID_DATA` where they do not fit.
pub fn read_properties(json: &Json) -> Result<Properties, ModuleError> {
    row::Row::of_certificate(Some(json)).map(|row| properties(&row))
}

fn write_line(out: &mut impl Write, json: &Json) -> Result<(), Error> {
    let wrote = serde_json::to_writer(&mut *out, json).map_err(std::io::Error::from);
    let wrote = wrote.and_then(|()| out.write_all(b"\n"));
    wrote.map_err(|error| Error::Machine(format!("the recording cannot be written: {error}")))
}

/// The reader of a recording: no module of this authority's.
fn nobody() -> Reader {
    Reader { role: Role::Exit, name: "recording".into() }
}

fn unfit(what: impl Into<String>) -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_DATA, what)
}

/// The text of a property.
pub(crate) fn text_of<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    match properties.value(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use module::ExitEvent;

    use super::*;
    use crate::story::Story;

    #[test]
    fn what_is_written_reads_as_it_was() {
        let mut story = Story::new(7, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
        let mut events = Vec::new();
        for event in ExitEvent::ALL {
            events.extend(story.of(event).unwrap());
        }
        events.push(story.strange(ExitEvent::CertIssued).unwrap());
        let mut file = Vec::new();
        let authority = Arc::clone(&story.alone().authority);
        write_header(&mut file, "Some CA", &authority, false).unwrap();
        for event in &events {
            write_event(&mut file, event).unwrap();
        }
        let recording = Recording::read(file.as_slice()).unwrap();
        assert_eq!(
            (recording.ca.as_str(), recording.redacted, recording.events.len()),
            ("Some CA", false, events.len())
        );
        for (was, is) in events.iter().zip(&recording.events) {
            assert_eq!(was.notification, is.notification);
            assert_eq!(was.scene.contents, is.scene.contents, "{}", was.title);
        }
        // Written again, it is the same file.
        let mut again = Vec::new();
        write_header(&mut again, "Some CA", &recording.properties, false).unwrap();
        for event in &recording.events {
            write_event(&mut again, event).unwrap();
        }
        assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(file).unwrap());
    }

    #[test]
    fn no_change_of_a_recording_breaks_its_reader() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut story = Story::new(7, now).unwrap();
        let mut file = Vec::new();
        write_header(&mut file, "Some CA", &story.alone().authority, false).unwrap();
        for event in [ExitEvent::CertIssued, ExitEvent::CrlIssued] {
            write_event(&mut file, &story.one(event).unwrap()).unwrap();
        }
        let mut redaction = Redaction::new(now).unwrap();
        let (mut read, mut refused) = (0, 0);
        // Bytes cut off, changed and put in, all over the file; what still reads can be redacted or says why not.
        for at in (0..file.len()).step_by(7) {
            let mut changed = file.clone();
            match at % 3 {
                0 => changed.truncate(at),
                1 => changed[at] ^= 0x15,
                _ => changed.insert(at, b'"'),
            }
            match Recording::read(changed.as_slice()) {
                Ok(recording) => {
                    read += 1;
                    for event in recording.events {
                        let _ = redaction.redact(&event);
                    }
                }
                Err(Error::Unusable(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        let header = "{\"recording\":1,\"ca\":\"x\",\"properties\":{}}\n";
        for (text, expected) in [
            (String::new(), "empty"),
            ("hello\n".into(), "line 1"),
            ("{\"recording\":2,\"ca\":\"x\"}".into(), "line 1"),
            (format!("{header}\n{{\"event\":{{}}}}"), "line 3"),
            (format!("{header}[1,2"), "line 2"),
        ] {
            let error = Recording::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Recording::read(header.as_bytes()).unwrap().events.is_empty());
    }
}
