//! Lines of the module protocol, and what stands in them, read by either side.

#![no_main]

use libfuzzer_sys::fuzz_target;
use module::wire::body::{Notify, NotifyBatch, VerifyRequest};
use module::wire::{CallBack, Greeting, Incoming, Initialize, Progress, Verdict, hresult, value};
use module::{PropertyType, Role};
use serde_json::Value as Json;

/// The largest batch that is told of.
const BATCH: usize = 1_000;

fuzz_target!(|bytes: &[u8]| {
    match Incoming::parse(bytes) {
        Ok(Incoming::Call { method, params, .. }) => {
            server_reads(&method, &params);
            module_reads(&params);
        }
        Ok(Incoming::Answer { result: Ok(result), .. }) => answers(&result),
        Ok(Incoming::Answer { result: Err(_), .. }) | Err(_) => {}
    }
    if let Ok(json) = serde_json::from_slice(bytes) {
        let _ = hresult(&json);
        for kind in [PropertyType::Long, PropertyType::Date, PropertyType::Binary, PropertyType::String] {
            if let Ok(read) = value::from_json(&json, kind) {
                let again = value::from_json(&value::to_json(&read), kind);
                assert_eq!(again.as_ref(), Ok(&read));
            }
        }
        module_reads(&json);
        answers(&json);
    }
});

/// A call of the module.
fn server_reads(method: &str, params: &Json) {
    if let Ok(call) = CallBack::parse(method, params) {
        let again = CallBack::parse(call.method(), &call.params(1));
        assert_eq!(again, Ok(call));
    }
}

/// A call of the server.
fn module_reads(params: &Json) {
    let _ = Initialize::from_json(params);
    let _ = VerifyRequest::from_json(params);
    let _ = NotifyBatch::from_json(params);
    if let Ok(notify) = Notify::from_json(params) {
        let json = serde_json::to_value(&notify).expect("what was read can be written");
        assert_eq!(Notify::from_json(&json), Ok(notify));
    }
}

/// The results of both sides.
fn answers(result: &Json) {
    for role in [Role::Exit, Role::Policy] {
        if let Ok(greeting) = Greeting::read(result, role) {
            assert_eq!(Greeting::read(&greeting.to_json(), role), Ok(greeting));
        }
    }
    if let Ok(progress) = Progress::read(result, BATCH) {
        assert!(progress.delivered <= BATCH);
        assert_eq!(Progress::read(&progress.to_json(), BATCH), Ok(progress));
    }
    if let Ok(verdict) = Verdict::read(result) {
        assert_eq!(Verdict::read(&verdict.to_json()), Ok(verdict));
    }
    for kind in [PropertyType::Long, PropertyType::Date, PropertyType::Binary, PropertyType::String] {
        let _ = CallBack::read_value(result, kind);
    }
    let _ = CallBack::read_text(result);
    let _ = CallBack::read_list(result);
    let _ = CallBack::read_extension(result);
}
