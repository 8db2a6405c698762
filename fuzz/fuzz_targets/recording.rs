//! Recordings. One that is read and written again reads the same to every module, and is the same file when it is written
//! once more.

#![no_main]

use std::io::Cursor;
use std::sync::Arc;

use laboratory::{CrlReference, Error, Reader, Recorded, Recorder, Recording, Scene, Told, View};
use libfuzzer_sys::fuzz_target;
use module::property::{PROPERTIES, Scope};
use module::{HResult, ModuleError, Role, ServerExit};

/// More than the CRLs of any input are.
const CRL_BYTES_MAX: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut recording) = Recording::open(Cursor::new(bytes)) else { return };
    let events = read(&mut recording);
    assert_eq!(events.len(), recording.event_count());
    assert_eq!(events.iter().filter(|event| event.asked.is_some()).count(), recording.asked_count());
    for event in recording.play(b"no CRL") {
        event.expect("what was checked can be played");
    }

    let written = write(&mut recording, &events);
    let mut again = Recording::open(Cursor::new(written.as_slice())).expect("what was written can be read");
    let events_again = read(&mut again);
    assert_eq!((&again.ca, events_again.len()), (&recording.ca, events.len()));
    for (was, is) in events.iter().zip(&events_again) {
        assert_eq!((&was.happening.notification, &was.crls), (&is.happening.notification, &is.crls));
        same(Role::Exit, &was.happening.scene, &is.happening.scene);
        let asked = |event: &Recorded| Scene { contents: event.asked.clone(), authority: Arc::default() };
        same(Role::Policy, &Arc::new(asked(was)), &Arc::new(asked(is)));
        for digest in was.crls.iter().flat_map(|crls| crls.values().flatten()) {
            assert_eq!(again.crl(digest), recording.crl(digest));
        }
    }
    assert_eq!(String::from_utf8(write(&mut again, &events_again)), String::from_utf8(written));
});

fn read(recording: &mut Recording<Cursor<&[u8]>>) -> Vec<Recorded> {
    recording.events().collect::<Result<_, _>>().expect("what was checked can be read")
}

fn write(recording: &mut Recording<Cursor<&[u8]>>, events: &[Recorded]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut recorder = Recorder::begin(&mut file, &recording.ca, &recording.properties, None, Some(CRL_BYTES_MAX))
        .expect("a header that was read can be written");
    for event in events {
        let mut crls = Vec::new();
        for (property, digest) in event.crls.iter().flatten() {
            let bytes = digest.and_then(|digest| recording.crl(&digest).expect("a CRL that was checked can be read"));
            crls.push(CrlReference {
                property: property.clone(),
                number: 1,
                key: 0,
                delta: property.starts_with("RawDelta"),
                size: bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
                sha256: digest.unwrap_or_default(),
                kept: bytes.is_some(),
            });
        }
        let told = Told { happening: event.happening.clone(), asked: event.asked.clone(), crls };
        recorder
            .event::<Error>(&told, &mut |reference| recording.crl(&reference.sha256))
            .expect("an event that was read can be written");
    }
    file
}

/// A module of this role reads the same of both.
fn same(role: Role, was: &Arc<Scene>, is: &Arc<Scene>) {
    let view = |scene: &Arc<Scene>| View::new(Reader { role, name: "fuzz".into() }, Arc::clone(scene));
    let (was, is) = (view(was), view(is));
    for property in PROPERTIES {
        let read = |server: &dyn ServerExit| match property.scope {
            Scope::Request => code(server.request_property(property.name, property.kind)),
            _ => code(server.certificate_property(property.name, property.kind)),
        };
        assert_eq!(read(&*was), read(&*is), "{}", property.name);
    }
    let attributes = code(was.attributes());
    assert_eq!(attributes, code(is.attributes()));
    for name in attributes.iter().flatten() {
        assert_eq!(code(was.request_attribute(name)), code(is.request_attribute(name)), "{name}");
    }
    let extensions = code(was.extensions());
    assert_eq!(extensions, code(is.extensions()));
    for oid in extensions.iter().flatten() {
        assert_eq!(code(was.certificate_extension(oid)), code(is.certificate_extension(oid)), "{oid}");
    }
}

fn code<T>(result: Result<T, ModuleError>) -> Result<T, HResult> {
    result.map_err(|error| error.code)
}
