//! Batches of events to a process: what counts as delivered, and what does not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use hosts::Guard;
use module::{
    Delivered, EventId, ExitEvent, ExitModule, HResult, ModuleError, Notification, RequestId, ServerExit, Undelivered,
};
use support::{FakeServer, Script, notification};

fn script(how: &str, settings: &[(&str, &str)]) -> Script {
    let script = Script::torture("batches.py", settings);
    let command = script.settings.value("command").unwrap().replace("\"]", &format!("\",\"{how}\"]"));
    Script { settings: script.settings.iter().chain([("command", command.as_str())]).collect(), ..script }
}

/// Hands over as many events, each about a request of its own number.
fn tell(module: &Guard<dyn ExitModule>, count: u64) -> Delivered {
    let notification = |id| Notification {
        id: EventId(id),
        request: Some(RequestId(i64::try_from(id).unwrap())),
        ..notification(ExitEvent::CertPending)
    };
    let events: Vec<(Notification, FakeServer)> = (1..=count)
        .map(|id| {
            let server = FakeServer::new().request("RequestID", i32::try_from(id).unwrap());
            (notification(id), server.request("RequesterName", "x".repeat(200)))
        })
        .collect();
    let events: Vec<(&Notification, &dyn ServerExit)> =
        events.iter().map(|(notification, server)| (notification, server as &dyn ServerExit)).collect();
    module.notify_batch(&events)
}

fn failed(told: Delivered) -> ModuleError {
    match told {
        Delivered { count: 0, failure: Some(Undelivered::Failed(error)) } => error,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_batch_is_as_large_as_both_sides_want() {
    for (settings, largest) in [(&[][..], 3), (&[("batch_max", "2")], 2), (&[("batch_max", "1")], 1)] {
        let script = script("all", settings);
        let module = script.exit();
        module.initialize("Example CA", &FakeServer::new()).unwrap();
        assert_eq!(module.batch_max(), largest);
        assert_eq!(tell(&module, 5), Delivered::all(5));
        let seen = script.seen();
        let expected: &[&str] = match largest {
            3 => &["batch 1 of 3", "batch 2 of 3", "batch 3 of 3", "batch 4 of 2", "batch 5 of 2"],
            2 => &["batch 1 of 2", "batch 2 of 2", "batch 3 of 2", "batch 4 of 2", "cert-pending 1"],
            _ => &["cert-pending 1"; 5],
        };
        assert_eq!(seen, expected);
        drop(module);
        script.assert_nothing_left();
    }
}

#[test]
fn the_front_is_delivered_and_the_first_of_the_rest_has_failed() {
    let script = script("half", &[]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::new()).unwrap();
    let failure = Undelivered::Failed(ModuleError::new(HResult::ERROR_FILE_EXISTS, "no more"));
    assert_eq!(tell(&module, 3), Delivered { count: 1, failure: Some(failure) });
    // Alone, the event that failed is not part of a batch any more.
    assert_eq!(tell(&module, 1), Delivered::all(1));
    assert_eq!(script.lives().len(), 1);
}

#[test]
fn an_answer_that_cannot_be_delivers_nothing() {
    for (how, text) in [
        ("more", "`delivered` is 4"),
        ("negative", "`delivered` is -1"),
        ("missing", "`delivered` is null"),
        ("silent", "no `error` says why"),
        ("both", "and one failed"),
        ("error", "no more"),
    ] {
        let script = script(how, &[]);
        let module = script.exit();
        module.initialize("Example CA", &FakeServer::new()).unwrap();
        let error = failed(tell(&module, 3));
        assert!(error.message.contains(text), "{how}: {error}");
        assert_eq!(tell(&module, 1), Delivered::all(1), "{how}: it is well otherwise");
        assert_eq!(script.lives().len(), 1, "{how}");
    }
}

#[test]
fn a_process_that_dies_of_a_batch_has_delivered_none_of_it() {
    let script = script("die", &[]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::new()).unwrap();
    assert_eq!(failed(tell(&module, 3)).code, HResult::RPC_E_DISCONNECTED);
    assert_eq!(tell(&module, 1), Delivered::all(1));
    assert_eq!(script.lives().len(), 2);
}

#[test]
fn a_process_that_wants_fewer_than_the_one_before_gets_fewer() {
    let script = script("shrink", &[]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::new()).unwrap();
    failed(tell(&module, 3));
    assert_eq!(tell(&module, 3), Delivered::all(3));
    assert_eq!(script.seen()[3..], ["cert-pending 1"; 3]);
}

#[test]
fn each_event_has_its_own_context() {
    let script = script("contexts", &[]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::new()).unwrap();
    assert_eq!(tell(&module, 3), Delivered::all(3));
    assert_eq!(script.seen()[3..], ["request 1", "request 2", "request 3", "0x80070006"]);
}

#[test]
fn a_batch_that_is_too_long_is_sent_in_parts() {
    // One event is about 550 bytes.
    let script = script("all", &[("message_bytes_max", "1200")]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::new()).unwrap();
    assert_eq!(tell(&module, 3), Delivered::all(3));
    let seen = script.seen();
    assert!(seen.len() == 3 && !seen.contains(&"batch 1 of 3".to_owned()), "{seen:?}");
}
