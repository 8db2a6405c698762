//! Recordings are written, read and played as they should be.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use module::{ExitEvent, PropertyType, Role, ServerExit};

use super::{CrlReference, Digest, Recorded, Recorder, Recording, Redaction, Told, crl};
use crate::Error;
use crate::scene::Happening;
use crate::story::Story;
use crate::view::{Reader, View};

fn open(file: &[u8]) -> Result<Recording<Cursor<&[u8]>>, Error> {
    Recording::open(Cursor::new(file))
}

fn events(recording: &mut Recording<Cursor<&[u8]>>) -> Vec<Recorded> {
    recording.events().collect::<Result<_, _>>().unwrap()
}

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
    let mut told_events = Vec::new();
    for event in ExitEvent::ALL {
        told_events.extend(story.of(event).unwrap());
    }
    told_events.push(story.strange(ExitEvent::CertIssued).unwrap());
    let row = story.new_row().unwrap();
    let asked = story.ask(&row).contents;
    let mut file = Vec::new();
    let mut writer = recorder(&mut file, &story);
    for event in &told_events {
        let with_request = event.scene.contents.is_some();
        let told = Told { asked: asked.clone().filter(|_| with_request), ..told(event.clone()) };
        put(&mut writer, &told, &BTreeMap::new());
    }
    let kept = writer.kept();
    assert_eq!(kept.events, told_events.len() as u64);
    assert!(kept.asked > 10 && kept.crls == 0, "{kept:?}");

    let mut recording = open(&file).unwrap();
    let found = (recording.ca.as_str(), recording.redacted, recording.event_count());
    assert_eq!(found, ("Some CA", false, told_events.len()));
    assert_eq!(recording.asked_count() as u64, kept.asked);
    let read = events(&mut recording);
    for (was, is) in told_events.iter().zip(&read) {
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
    for event in &read {
        let told = Told { asked: event.asked.clone(), ..told(event.happening.clone()) };
        put(&mut writer, &told, &BTreeMap::new());
    }
    assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(file).unwrap());
}

#[test]
fn attributes_that_were_asked_for_have_an_order_of_their_own() {
    let mut story = Story::new(7, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
    let happening = story.one(ExitEvent::CertIssued).unwrap();
    let mut asked = happening.scene.contents.clone().unwrap();
    asked.attributes = ["z", "CertificateTemplate", "b"].map(|name| (name.into(), "x".into())).to_vec();
    let mut file = Vec::new();
    put(
        &mut recorder(&mut file, &story),
        &Told { asked: Some(asked.clone()), ..told(happening.clone()) },
        &BTreeMap::new(),
    );
    let read = events(&mut open(&file).unwrap());
    assert_eq!(read[0].asked.as_ref().unwrap().attributes, asked.attributes);
    assert_eq!(read[0].happening.scene.contents, happening.scene.contents);
}

#[test]
fn the_newest_is_that_of_the_message_it_stands_in() {
    let header = "{\"recording\":2,\"ca\":\"x\",\"properties\":{\"CertCount\":1,\"CertState\":3}}\n";
    let event = |count: i32| {
        format!(
            "{{\"event\":{{\"id\":1,\"name\":\"crl-issued\",\"bit\":32,\"attempt\":1,\
             \"occurred\":\"2026-01-01T00:00:00Z\",\"hash\":\"{}\"}},\"ca\":{{\"CertCount\":{count}}}}}\n",
            "00".repeat(32)
        )
    };
    for (count, expected) in [(1, Some(3)), (2, None)] {
        let text = format!("{header}{}", event(count));
        let read = events(&mut open(text.as_bytes()).unwrap());
        let view = View::new(Reader { role: Role::Exit, name: "test".into() }, Arc::clone(&read[0].happening.scene));
        let state = view.certificate_property("CertState", PropertyType::Long).ok();
        assert_eq!(state.map(|value| value.into_long().unwrap()), expected, "{count} certificates");
    }
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

    let mut recording = open(&file).unwrap();
    let played = recording.play(b"stand-in").map(|event| event.unwrap().happening);
    let played: Vec<Happening> = played.collect();
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
fn what_changes_while_it_is_played_is_not_believed() {
    use std::io::{BufReader, Seek, SeekFrom, Write};

    let mut story = Story::new(7, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
    let mut crls = BTreeMap::new();
    let event = published(&mut story, &mut crls);
    let mut file = Vec::new();
    put(&mut recorder(&mut file, &story), &event, &crls);
    let text = String::from_utf8(file.clone()).unwrap();
    // Within the bytes of the first CRL; the event's own line.
    for (place, bytes, expected) in [
        (text.find("\"part\"").unwrap() + 60, "AAAA", "changed since it was opened"),
        (text.rfind("\"crl-issued\"").unwrap(), "!", "line 4 of the recording is not JSON"),
    ] {
        let mut source = tempfile::tempfile().unwrap();
        source.write_all(&file).unwrap();
        let mut recording = Recording::open(BufReader::new(source.try_clone().unwrap())).unwrap();
        source.seek(SeekFrom::Start(place as u64)).unwrap();
        source.write_all(bytes.as_bytes()).unwrap();
        let error = recording.play(b"").find_map(Result::err).unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Cut off behind its first event; and two put there instead of one.
    let mut file = Vec::new();
    let mut writer = recorder(&mut file, &story);
    let event = told(story.one(ExitEvent::CertIssued).unwrap());
    put(&mut writer, &event, &crls);
    put(&mut writer, &event, &crls);
    let line = String::from_utf8(file.clone()).unwrap().lines().last().unwrap().to_owned() + "\n";
    let mut source = tempfile::tempfile().unwrap();
    source.write_all(&file).unwrap();
    let mut recording = Recording::open(BufReader::new(source.try_clone().unwrap())).unwrap();
    source.set_len((file.len() - line.len()) as u64).unwrap();
    for played in [recording.events().collect::<Vec<_>>(), recording.play(b"").collect()] {
        let [Ok(_), Err(error)] = played.as_slice() else { panic!("{played:?}") };
        assert!(error.to_string().contains("changed since it was opened: it ends earlier"), "{error}");
    }
    source.seek(SeekFrom::End(0)).unwrap();
    source.write_all(line.repeat(2).as_bytes()).unwrap();
    assert_eq!((recording.events().count(), recording.play(b"").filter(Result::is_ok).count()), (2, 2));
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
        (kept, file)
    };
    // Room for the delta, which is smaller than both, and no more.
    let (kept, file) = record(None, Some(event.crls[1].size.max(event.crls[0].size)));
    assert_eq!((kept.crls, kept.crls_too_large, open(&file).unwrap().crls().count()), (1, 1, 1));
    let (kept, file) = record(None, None);
    assert_eq!((kept.crls, kept.crls_too_large), (0, 0));
    assert!(events(&mut open(&file).unwrap())[0].crls.is_none());
    // Of a redaction they are others, of the laboratory's authority.
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let (kept, file) = record(Some(Redaction::new(now).unwrap()), Some(1 << 20));
    let recording = open(&file).unwrap();
    assert_eq!((kept.crls, recording.crls().count()), (2, 2));
    assert!(recording.crls().all(|digest| !crls.contains_key(digest)));
    // One that is not what was named is refused.
    let mut file = Vec::new();
    let mut writer = Recorder::begin(&mut file, "Some CA", &authority, None, Some(1 << 20)).unwrap();
    let wrong = writer.event::<Error>(&event, &mut |_| Ok(Some(vec![0x30, 0])));
    assert!(wrong.unwrap_err().to_string().contains("is not the one that was named"));
}

#[test]
fn what_is_read_has_a_limit() {
    let header = "{\"recording\":2,\"ca\":\"x\",\"properties\":{}}\n";
    let event = |id: usize, more: &str| {
        format!(
            "{{\"event\":{{\"id\":{id},\"name\":\"crl-issued\",\"bit\":32,\"attempt\":1,\
             \"occurred\":\"2026-01-01T00:00:00Z\",\"hash\":\"{}\"}}{more}}}\n",
            "00".repeat(32)
        )
    };
    let read = |text: &str, bytes_max: usize| {
        Recording::open_within(Cursor::new(text.as_bytes()), bytes_max as u64).map(|found| found.event_count())
    };
    let refused = |text: &str, bytes_max: usize| read(text, bytes_max).unwrap_err().to_string();

    // An event finds the bytes of each of its CRLs, also where they are one and the same.
    let parts: String = crl::parts(&[0x30; 4_000]).map(|line| format!("{line}\n")).collect();
    let digest = hex::encode(pki::sha256(&[0x30; 4_000]));
    let naming = |count: usize| {
        let members: Vec<String> = (0..count).map(|index| format!("\"RawCRL.{index}\":\"{digest}\"")).collect();
        event(1, &format!(",\"crls\":{{{}}}", members.join(",")))
    };
    assert_eq!(read(&format!("{header}{parts}{}", naming(2)), 8_000), Ok(1));
    let error = refused(&format!("{header}{parts}{}", naming(3)), 8_000);
    assert!(error.contains("line 3") && error.contains("its CRLs have more than 8000 bytes"), "{error}");
    let error = refused(&format!("{header}{parts}"), 3_999 + header.len());
    assert!(error.contains("more than"), "{error}");

    // What is too long is not taken for a shorter one, wherever it would be cut.
    let long: String = (1..50).map(|id| event(id, "")).collect();
    let whole = format!("{header}{long}");
    assert_eq!(read(&whole, whole.len()), Ok(49));
    for cut in [header.len() - 1, header.len(), header.len() + 40, whole.len() - 1] {
        let error = refused(&whole, cut);
        assert!(error.contains(&format!("the recording has more than {cut} bytes")), "{error}");
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

    // One event: a server may be configured to take requests that are as long as a line.
    let mut contents = event.happening.scene.contents.clone().unwrap();
    contents.request.set("RequestAttributes", "a".repeat(16 << 20));
    let authority = Arc::clone(&event.happening.scene.authority);
    let scene = Arc::new(crate::Scene { contents: Some(contents), authority });
    let long = told(Happening { scene, ..event.happening.clone() });
    let mut file = Vec::new();
    let mut writer = recorder(&mut file, &story);
    put(&mut writer, &event, &BTreeMap::new());
    let refused = writer.event::<Error>(&long, &mut |_| Ok(None)).unwrap_err().to_string();
    assert!(refused.contains(&format!("event {}", event.happening.notification.id)), "{refused}");
    assert!(refused.contains("a line of a recording has at most 16777216 bytes"), "{refused}");
    assert_eq!(open(&file).unwrap().event_count(), 1);
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
        match open(&changed) {
            Ok(mut recording) => {
                read += 1;
                for event in recording.play(b"stand-in") {
                    let _ = redaction.redact(&event.unwrap().happening);
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
    let issued = event.replace("crl-issued", "cert-issued").replace("32", "1");
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
        (
            format!("{header}{{\"event\":{{{issued},\"hash\":\"{zeros}\"}},\"crls\":{{\"RawCRL.0\":null}}}}"),
            "`cert-issued` reports no CRLs",
        ),
        (format!("{header}{{\"crl\":\"{zeros}\",\"size\":9,\"part\":{{\"base64\":\"MAA=\"}}}}"), "ends too early"),
    ] {
        let error = open(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert_eq!(open(header.as_bytes()).unwrap().event_count(), 0);
    // The version before.
    let old = "{\"recording\":1,\"ca\":\"x\",\"properties\":{},\"redacted\":true}\n";
    assert!(open(old.as_bytes()).unwrap().redacted);
}
