//! Reading a recording: foreign bytes, of which nothing is believed.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::sync::Arc;

use module::wire::row;
use module::{ModuleError, Value};
use serde_json::Value as Json;

use super::crl::{self, Parts};
use super::{BYTES_MAX, Recorded, Recording, VERSION, VERSION_MIN, told, unfit};
use crate::Error;
use crate::scene::{Happening, Properties};

/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// Events of a recording that is read.
const EVENTS_MAX: usize = 100_000;

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// [`Error::Unusable`], with the number of the line, where it is none or too large.
    pub fn read(source: impl BufRead) -> Result<Self, Error> {
        Self::read_within(source, BYTES_MAX)
    }

    fn read_within(source: impl BufRead, bytes_max: u64) -> Result<Self, Error> {
        let mut source = source.take(bytes_max + 1);
        let mut recording: Option<Self> = None;
        let mut crls = Parts::default();
        // What the events find of the authority, where it is not what the one before finds.
        let mut held = 0;
        for number in 1_usize.. {
            let Some(line) = next_line(&mut source, number)? else { break };
            if source.limit() == 0 {
                return Err(Error::Unusable(format!("the recording has more than {bytes_max} bytes")));
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let json: Json = serde_json::from_slice(&line)
                .map_err(|error| Error::Unusable(format!("line {number} of the recording is not JSON: {error}")))?;
            let wrong = |error: ModuleError| Error::Unusable(format!("line {number} of the recording: {error}"));
            match &mut recording {
                None => recording = Some(Self::begin(&json).map_err(wrong)?),
                Some(_) if json.get("crl").is_some() => crls.take(&json).map_err(wrong)?,
                Some(recording) if recording.events.len() < EVENTS_MAX => {
                    let mut event = recording.event(&json, &crls, bytes_max).map_err(wrong)?;
                    held += recording.share(&mut event.happening);
                    if held > bytes_max {
                        return Err(wrong(unfit("the events find too many properties of the authority")));
                    }
                    recording.events.push(event);
                }
                Some(_) => return Err(Error::Unusable(format!("the recording has more than {EVENTS_MAX} events"))),
            }
        }
        let recording = recording.ok_or_else(|| Error::Unusable("the recording is empty".into()))?;
        let crls = crls.finish().map_err(|error| Error::Unusable(format!("the recording ends too early: {error}")))?;
        Ok(Self { crls, ..recording })
    }

    /// Reads a header.
    fn begin(json: &Json) -> Result<Self, ModuleError> {
        let version = json.get("recording").and_then(Json::as_u64);
        if !version.is_some_and(|version| (VERSION_MIN..=VERSION).contains(&version)) {
            let what = format!("it is not the header of a recording of version {VERSION_MIN} to {VERSION}");
            return Err(unfit(what));
        }
        let ca = json.get("ca").and_then(Json::as_str).ok_or_else(|| unfit("the header has no `ca`"))?;
        let properties = Arc::new(told::properties(&row::Row::of_certificate(json.get("properties"))?));
        let redacted = json.get("redacted").and_then(Json::as_bool).unwrap_or_default();
        Ok(Self { ca: ca.to_owned(), redacted, properties, events: Vec::new(), crls: HashMap::new() })
    }

    fn event(&self, json: &Json, known: &Parts, bytes_max: u64) -> Result<Recorded, ModuleError> {
        let crls = crl::read_digests(json.get("crls"))?;
        // A module finds each under its property, also where they are one and the same.
        let mut bytes = 0;
        for digest in crls.iter().flat_map(|crls| crls.values().flatten()) {
            let missing = || unfit(format!("the CRL of SHA-256 {} does not stand before it", hex::encode(digest)));
            bytes += known.size(digest).ok_or_else(missing)?;
        }
        if bytes > bytes_max {
            return Err(unfit(format!("its CRLs have more than {bytes_max} bytes")));
        }
        Ok(Recorded { happening: told::happening(json, &self.properties)?, asked: told::asked(json)?, crls })
    }

    /// Has an event find what the one before finds of the authority, where that is the same: else how many bytes it is.
    fn share(&self, happening: &mut Happening) -> u64 {
        let before = self.events.last().map_or(&self.properties, |event| &event.happening.scene.authority);
        match Arc::get_mut(&mut happening.scene) {
            Some(scene) if scene.authority == *before => {
                scene.authority = Arc::clone(before);
                0
            }
            _ => bytes_of(&happening.scene.authority),
        }
    }
}

/// What properties take, about.
fn bytes_of(properties: &Properties) -> u64 {
    let size = |(name, value): (&str, &Value)| {
        let value = match value {
            Value::String(text) => text.len(),
            Value::Binary(bytes) => bytes.len(),
            Value::Long(_) | Value::Date(_) => 0,
        };
        (2 * name.len() + value + size_of::<Value>()) as u64
    };
    properties.iter().map(size).sum()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use std::collections::BTreeMap;

    use module::{ExitEvent, PropertyType, Role, ServerExit};

    use super::super::{CrlReference, Digest, Recorder, Redaction, Told};
    use super::*;
    use crate::scene::Happening;
    use crate::story::Story;
    use crate::view::{Reader, View};

    fn told(happening: Happening) -> Told {
        Told { happening, asked: None, crls: Vec::new() }
    }

    fn recorder<'a>(file: &'a mut Vec<u8>, story: &Story) -> Recorder<&'a mut Vec<u8>> {
        Recorder::begin(file, "Some CA", &story.alone().authority, None, Some(1 << 20)).unwrap()
    }

    fn put(recorder: &mut Recorder<&mut Vec<u8>>, told: &Told, crls: &BTreeMap<Digest, Vec<u8>>) {
        recorder.event::<Error>(told, &mut |reference| Ok(crls.get(&reference.sha256).cloned())).unwrap();
    }

    /// An event that reports CRLs, and the bytes of these by what names them.
    fn published(story: &mut Story, known: &mut BTreeMap<Digest, Vec<u8>>) -> Told {
        let mut happening = story.one(ExitEvent::CrlIssued).unwrap();
        let mut authority = crate::Properties::clone(&happening.scene.authority);
        let mut crls = Vec::new();
        for (property, delta) in [("RawCRL.0", false), ("RawDeltaCRL.0", true)] {
            let Some(module::Value::Binary(der)) = authority.value(property).cloned() else { panic!("no {property}") };
            authority.remove(property);
            let (sha256, size) = (pki::sha256(&der), der.len() as u64);
            known.insert(sha256, der);
            crls.push(CrlReference { property: property.into(), number: 7, key: 0, delta, size, sha256, kept: true });
        }
        happening.scene = Arc::new(crate::Scene { contents: None, authority: Arc::new(authority) });
        Told { happening, asked: None, crls }
    }

    fn read_crl(happening: &Happening, name: &str) -> Option<Vec<u8>> {
        let view = View::new(Reader { role: Role::Exit, name: "test".into() }, Arc::clone(&happening.scene));
        let value = view.certificate_property(name, PropertyType::Binary).ok()?;
        Some(value.into_binary().unwrap())
    }

    #[test]
    fn what_is_written_reads_as_it_was() {
        let mut story = Story::new(7, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
        let mut events = Vec::new();
        for event in ExitEvent::ALL {
            events.extend(story.of(event).unwrap());
        }
        events.push(story.strange(ExitEvent::CertIssued).unwrap());
        let row = story.new_row().unwrap();
        let asked = story.ask(&row).contents;
        let mut file = Vec::new();
        let mut writer = recorder(&mut file, &story);
        for event in &events {
            let with_request = event.scene.contents.is_some();
            put(
                &mut writer,
                &Told { asked: asked.clone().filter(|_| with_request), ..told(event.clone()) },
                &BTreeMap::new(),
            );
        }
        let kept = writer.kept();
        assert_eq!(kept.events, events.len() as u64);
        assert!(kept.asked > 10 && kept.crls == 0, "{kept:?}");

        let recording = Recording::read(file.as_slice()).unwrap();
        assert_eq!(
            (recording.ca.as_str(), recording.redacted, recording.events.len()),
            ("Some CA", false, events.len())
        );
        for (was, is) in events.iter().zip(&recording.events) {
            assert_eq!(was.notification, is.happening.notification);
            assert_eq!(was.scene.contents, is.happening.scene.contents, "{}", was.title);
            match &is.asked {
                // Attributes are those of the event.
                Some(found) => assert_eq!(found.request, asked.as_ref().unwrap().request),
                None => assert!(was.scene.contents.is_none()),
            }
        }
        // Written again, it is the same file.
        let mut again = Vec::new();
        let mut writer = Recorder::begin(&mut again, "Some CA", &recording.properties, None, None).unwrap();
        for event in &recording.events {
            let told = Told { asked: event.asked.clone(), ..told(event.happening.clone()) };
            put(&mut writer, &told, &BTreeMap::new());
        }
        assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(file).unwrap());
    }

    #[test]
    fn each_crl_is_written_once_and_read_by_what_follows_it() {
        let mut story = Story::new(7, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
        let mut crls = BTreeMap::new();
        let before = told(story.one(ExitEvent::CertIssued).unwrap());
        let first = published(&mut story, &mut crls);
        let after = told(story.one(ExitEvent::CertIssued).unwrap());
        let mut second = published(&mut story, &mut crls);
        // The second has a base of its own, which is not there any more, and the delta of the first.
        second.crls[0].kept = false;
        second.crls[1] = first.crls[1].clone();
        let mut file = Vec::new();
        let mut writer = recorder(&mut file, &story);
        for event in [&before, &first, &after, &first, &second] {
            put(&mut writer, event, &crls);
        }
        let kept = writer.kept();
        assert_eq!((kept.crls, kept.crls_not_kept, kept.crls_too_large), (2, 1, 0));
        assert_eq!(kept.crl_bytes, first.crls.iter().map(|reference| reference.size).sum::<u64>());

        let recording = Recording::read(file.as_slice()).unwrap();
        let played: Vec<Happening> = recording.play(b"stand-in").map(|(_, happening)| happening).collect();
        let bytes = |reference: &CrlReference| crls.get(&reference.sha256).cloned();
        assert_eq!(read_crl(&played[0], "RawCRL"), Some(b"stand-in".to_vec()));
        assert_eq!(read_crl(&played[0], "RawDeltaCRL"), None);
        for happening in &played[1..4] {
            assert_eq!(read_crl(happening, "RawCRL.0"), bytes(&first.crls[0]), "{}", happening.title);
            assert_eq!(read_crl(happening, "RawCRL"), bytes(&first.crls[0]), "{}", happening.title);
            assert_eq!(read_crl(happening, "RawDeltaCRL.0"), bytes(&first.crls[1]), "{}", happening.title);
        }
        assert_eq!(read_crl(&played[4], "RawCRL"), Some(b"stand-in".to_vec()));
        assert_eq!(read_crl(&played[4], "RawDeltaCRL"), bytes(&first.crls[1]));
    }

    #[test]
    fn crls_have_a_limit_and_may_be_left_out() {
        let mut story = Story::new(7, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
        let mut crls = BTreeMap::new();
        let event = published(&mut story, &mut crls);
        let authority = Arc::clone(&story.alone().authority);
        let record = |redaction: Option<Redaction>, limit: Option<u64>| {
            let mut file = Vec::new();
            let mut writer = Recorder::begin(&mut file, "Some CA", &authority, redaction, limit).unwrap();
            writer.event::<Error>(&event, &mut |reference| Ok(crls.get(&reference.sha256).cloned())).unwrap();
            let kept = writer.kept();
            (kept, Recording::read(file.as_slice()).unwrap())
        };
        // Room for the delta, which is smaller than both, and no more.
        let (kept, recording) = record(None, Some(event.crls[1].size.max(event.crls[0].size)));
        assert_eq!((kept.crls, kept.crls_too_large, recording.crls.len()), (1, 1, 1));
        let (kept, recording) = record(None, None);
        assert_eq!((kept.crls, kept.crls_too_large, recording.events[0].crls.is_none()), (0, 0, true));
        // Of a redaction they are others, of the laboratory's authority.
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let (kept, recording) = record(Some(Redaction::new(now).unwrap()), Some(1 << 20));
        assert_eq!((kept.crls, recording.crls.len()), (2, 2));
        assert!(recording.crls.keys().all(|digest| !crls.contains_key(digest)));
        // One that is not what was named is refused.
        let mut file = Vec::new();
        let mut writer = Recorder::begin(&mut file, "Some CA", &authority, None, Some(1 << 20)).unwrap();
        let wrong = writer.event::<Error>(&event, &mut |_| Ok(Some(vec![0x30, 0])));
        assert!(wrong.unwrap_err().to_string().contains("is not the one that was named"));
    }

    #[test]
    fn what_is_read_has_a_limit_also_where_little_says_much() {
        let header = format!(
            "{{\"recording\":2,\"ca\":\"x\",\"properties\":{{\"MachineDNSName\":\"{}\"}}}}\n",
            "x".repeat(2_000)
        );
        let event = |id: usize, more: &str| {
            format!(
                "{{\"event\":{{\"id\":{id},\"name\":\"crl-issued\",\"bit\":32,\"attempt\":1,\
                 \"occurred\":\"2026-01-01T00:00:00Z\",\"hash\":\"{}\"}}{more}}}\n",
                "00".repeat(32)
            )
        };
        let read = |text: &str| Recording::read_within(text.as_bytes(), 12_000);
        let refused = |text: &str| read(text).unwrap_err().to_string();

        // The authority's properties stand once for all events, and change a few times.
        let same: String = (1..40).map(|id| event(id, "")).collect();
        let recording = read(&format!("{header}{same}")).unwrap();
        assert_eq!(recording.events.len(), 39);
        assert!(
            recording.events.iter().all(|event| Arc::ptr_eq(&event.happening.scene.authority, &recording.properties))
        );
        let changing = |id: usize| event(id, &format!(",\"ca\":{{\"CAType\":{}}}", id % 2));
        assert!(read(&format!("{header}{}{}", changing(1), changing(2))).is_ok());
        let error = refused(&format!("{header}{}", (1..10).map(changing).collect::<String>()));
        assert!(error.contains("too many properties of the authority"), "{error}");

        // An event finds the bytes of each of its CRLs.
        let parts: String = crl::parts(&[0x30; 2_000]).map(|line| format!("{line}\n")).collect();
        let digest = hex::encode(pki::sha256(&[0x30; 2_000]));
        let naming = |count: usize| {
            let members: Vec<String> = (0..count).map(|index| format!("\"RawCRL.{index}\":\"{digest}\"")).collect();
            event(1, &format!(",\"crls\":{{{}}}", members.join(",")))
        };
        assert!(read(&format!("{header}{parts}{}", naming(3))).is_ok());
        let error = refused(&format!("{header}{parts}{}", naming(7)));
        assert!(error.contains("its CRLs have more than 12000 bytes"), "{error}");

        // What is too long is not taken for a shorter one, wherever it would be cut.
        let long: String = (1..100).map(|id| event(id, "")).collect();
        let whole = format!("{header}{long}");
        assert!(refused(&whole).contains("more than 12000 bytes"));
        for cut in [header.len() - 1, header.len(), header.len() + 40] {
            let error = Recording::read_within(whole.as_bytes(), cut as u64).unwrap_err().to_string();
            assert!(error.contains("the recording has more than"), "{error}");
        }
    }

    #[test]
    fn what_could_not_be_read_is_not_written() {
        let mut story = Story::new(7, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
        let mut file = Vec::new();
        let mut writer = recorder(&mut file, &story);
        writer.bytes_max = 30_000;
        let event = told(story.one(ExitEvent::CertIssued).unwrap());
        let refused = (0..100).find_map(|_| writer.event::<Error>(&event, &mut |_| Ok(None)).err());
        assert!(refused.unwrap().to_string().contains("--limit"));
        assert!(file.len() as u64 <= 30_000);
    }

    #[test]
    fn no_change_of_a_recording_breaks_its_reader() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut story = Story::new(7, now).unwrap();
        let mut crls = BTreeMap::new();
        let row = story.new_row().unwrap();
        let asked = story.ask(&row).contents;
        let mut file = Vec::new();
        let issued = Told { asked, ..told(story.one(ExitEvent::CertIssued).unwrap()) };
        let reported = published(&mut story, &mut crls);
        let mut writer = recorder(&mut file, &story);
        put(&mut writer, &issued, &crls);
        put(&mut writer, &reported, &crls);
        let mut redaction = Redaction::new(now).unwrap();
        let (mut read, mut refused) = (0, 0);
        // Bytes cut off, changed and put in, all over the file; what still reads can be redacted or says why not.
        for at in (0..file.len()).step_by(23) {
            let mut changed = file.clone();
            match at % 3 {
                0 => changed.truncate(at),
                1 => changed[at] ^= 0x15,
                _ => changed.insert(at, b'"'),
            }
            match Recording::read(changed.as_slice()) {
                Ok(recording) => {
                    read += 1;
                    for (event, _) in recording.play(b"stand-in") {
                        let _ = redaction.redact(&event.happening);
                    }
                }
                Err(Error::Unusable(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(read > 30 && refused > 100, "{read} read, {refused} refused");
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        let header = "{\"recording\":2,\"ca\":\"x\",\"properties\":{}}\n";
        let event = "\"id\":1,\"name\":\"crl-issued\",\"bit\":32,\"attempt\":1,\"occurred\":\"2026-01-01T00:00:00Z\"";
        let zeros = "00".repeat(32);
        let named = format!("{{\"event\":{{{event},\"hash\":\"{zeros}\"}},\"crls\":{{\"RawCRL.0\":\"{zeros}\"}}}}");
        for (text, expected) in [
            (String::new(), "empty"),
            ("hello\n".into(), "line 1"),
            ("{\"recording\":3,\"ca\":\"x\"}".into(), "line 1"),
            ("{\"recording\":0,\"ca\":\"x\"}".into(), "version 1 to 2"),
            (format!("{header}\n{{\"event\":{{}}}}"), "line 3"),
            (format!("{header}[1,2"), "line 2"),
            (format!("{header}{{\"crl\":\"00\"}}"), "line 2"),
            (format!("{header}{named}"), "does not stand before it"),
            (format!("{header}{{\"crl\":\"{zeros}\",\"size\":9,\"part\":{{\"base64\":\"MAA=\"}}}}"), "ends too early"),
        ] {
            let error = Recording::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Recording::read(header.as_bytes()).unwrap().events.is_empty());
        // The version before.
        let old = "{\"recording\":1,\"ca\":\"x\",\"properties\":{},\"redacted\":true}\n";
        assert!(Recording::read(old.as_bytes()).unwrap().redacted);
    }
}
