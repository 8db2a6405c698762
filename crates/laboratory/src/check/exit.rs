//! The checks of exit modules, in the order they are run.

use module::{ExitEvent, ExitEvents};

use super::Group::{Contract, Events, Faults, Load, Start};
use super::{
    Check, Miss, Outcome, Try, call_failed, check_description, events, failed, fault, load, process, start_failed, took,
};
use crate::bench::ExitBench;

const fn check(
    name: &'static str,
    group: super::Group,
    rule: &'static str,
    section: &'static str,
    try_it: fn(&mut ExitBench<'_>) -> Outcome,
) -> Check {
    Check { name, group, rule, section, try_it: Try::Exit(try_it) }
}

const EXIT: &str = "contract.md, Exit modules";
const EVENTS: &str = "contract.md, Events";
const PROMISES: &str = "contract.md, Promises";
const READING: &str = "contract.md, Reading and writing";
const PROTOCOL: &str = "protocol.md, What the server calls";

#[rustfmt::skip]
static CHECKS: &[Check] = &[
    check("initialize", Start, "initialize succeeds, in time", EXIT, initialize),
    check("mask", Start, "initialize answers with the events the module wants, at least one, and none that its manifest leaves out", EXIT, mask),
    check("mask-kept", Start, "a fresh instance asks for the same events", EXIT, mask_kept),
    check("description", Start, "the description is one line of 1 to 1,024 bytes", EXIT, description),

    check("cert-issued", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::CertIssued)),
    check("cert-pending", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::CertPending)),
    check("cert-denied", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::CertDenied)),
    check("cert-revoked", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::CertRevoked)),
    check("cert-retrieve-pending", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::CertRetrievePending)),
    check("crl-issued", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::CrlIssued)),
    check("cert-imported", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::CertImported)),
    check("shutdown", Events, "the event is answered with success", EVENTS, |b| events::all_of(b, ExitEvent::Shutdown)),

    check("repeat", Contract, "a repeat, with a higher attempt, is answered with success", PROMISES, events::repeat),
    check("same-attempt", Contract, "a repeat after a crash, with the same attempt, is answered with success", PROMISES, events::same_attempt),
    check("repeat-elsewhere", Contract, "a fresh instance answers an event that the one before it has seen", PROMISES, events::repeat_elsewhere),
    check("batch", Contract, "several events at once are answered one by one, as far as they were handled", "protocol.md, notify_batch", events::batch),
    check("unasked-event", Contract, "an event outside the mask is answered with success", PROTOCOL, events::unasked),
    check("unknown-event", Contract, "an event that no version has yet is answered with a result", PROTOCOL, process::unknown_event),
    check("unknown-method", Contract, "a method that no version has is answered with an error, and the module goes on", PROTOCOL, process::unknown_method),
    check("context", Contract, "nothing is read after the call has been answered", READING, context),
    check("stop", Contract, "told to stop, the module lets go of everything in time", "protocol.md, Process", stop),

    check("killed", Faults, "killed between two events, it goes on with the next", PROMISES, fault::killed),
    check("killed-in-call", Faults, "killed in the middle of an event, it handles the repeat", PROMISES, fault::killed_in_call),
    check("slow-server", Faults, "call-backs that take long do not make it fail", READING, fault::slow_server),
    check("missing-properties", Faults, "properties without a value do not make it fail", READING, fault::missing_properties),
    check("strange-names", Faults, "names beyond ASCII, with quotes and shell signs, do not make it fail", READING, fault::strange_names),
    check("huge-values", Faults, "values as long as the contract allows do not make it fail", "properties.md", fault::huge_values),
    check("huge-crl", Faults, "a CRL of 20,000 entries does not make it fail", "properties.md", fault::huge_crl),
    check("late-delivery", Faults, "an event that is delivered years later does not make it fail", PROMISES, fault::late_delivery),

    check("latency", Load, "99 of 100 events are answered within half the time limit", "protocol.md, Time limits, failures, restarts", load::latency),
    check("memory", Load, "memory does not grow with the number of events", "protocol.md, Limits", load::memory),
];

/// Every check of exit modules.
pub fn exit_checks() -> &'static [Check] {
    CHECKS
}

fn initialize(bench: &mut ExitBench<'_>) -> Outcome {
    match bench.start_anew() {
        Ok((_, time)) => Ok(format!("in {}", took(time))),
        Err(error) => Err(start_failed(&error)),
    }
}

fn mask(bench: &mut ExitBench<'_>) -> Outcome {
    let mask = bench.ready()?;
    if mask.is_empty() {
        return failed(
            "it asks for no event, and would never be told of any",
            "answer with the sum of the events it handles: cert-issued is 1, crl-issued is 0x20, all are 0x27f",
        );
    }
    let declared = bench.specimen.declared();
    let undeclared = mask.difference(declared).stored();
    if !declared.is_empty() && !undeclared.is_empty() {
        return failed(
            format!("it asks for {}, and its manifest names {}", words(mask), words(declared)),
            format!(
                "name {} in `events` of the manifest, or ask for less: operators decide by the manifest",
                words(undeclared)
            ),
        );
    }
    let spare = declared.difference(mask).stored();
    let spare = if spare.is_empty() { String::new() } else { format!("; its manifest also names {}", words(spare)) };
    Ok(format!("{}{spare}", if mask == ExitEvents::all() { "all events".into() } else { words(mask) }))
}

/// The names of the events.
fn words(events: ExitEvents) -> String {
    events.to_string().replace(',', ", ")
}

fn mask_kept(bench: &mut ExitBench<'_>) -> Outcome {
    let first = bench.ready()?;
    let (second, _) = bench.start_anew().map_err(|error| call_failed("the second initialize", &error))?;
    if first != second {
        return failed(
            format!("first it asked for `{first}`, then for `{second}`"),
            "let the events follow from the settings alone: what the first instance asks for is what it is told",
        );
    }
    Ok("twice the same".into())
}

fn description(bench: &mut ExitBench<'_>) -> Outcome {
    bench.ready()?;
    // A host may put something in its place; the module itself is asked where that can be.
    let said = match process::describe(bench)? {
        Some(text) => text,
        None => bench.description().unwrap_or_default(),
    };
    check_description(&said)
}

fn context(bench: &mut ExitBench<'_>) -> Outcome {
    use std::sync::atomic::Ordering::Relaxed;

    bench.ready()?;
    let before = bench.observed.late.load(Relaxed);
    let event = bench.sample(false)?;
    let happening = bench.story.one(event)?;
    bench.tell(&happening).map_err(|error| call_failed(&happening.title, &error))?;
    // What it started on other threads has an end when the instance is let go.
    bench.retire();
    match bench.observed.late.load(Relaxed) - before {
        0 => Ok("nothing read late".into()),
        late => failed(
            format!("{late} late: reads after the call was answered, which the server refuses (ERROR_INVALID_HANDLE)"),
            "read all that is needed before answering; hand values, not the server object, to other threads",
        ),
    }
}

fn stop(bench: &mut ExitBench<'_>) -> Outcome {
    bench.ready()?;
    let limit = bench.specimen.stop();
    let (time, left) = bench.stop();
    stopped(time, left, limit)
}

/// Whether a module let go as it should.
pub(crate) fn stopped(time: std::time::Duration, left: usize, limit: std::time::Duration) -> Result<String, Miss> {
    if time >= limit {
        return failed(
            format!("it had not let go after {}, and was ended by force", took(limit)),
            "end the program when `shutdown` comes or standard input closes; do not wait for anything long",
        );
    }
    if left > 0 {
        return failed(
            format!("{left} processes of its are still there"),
            "leave what it starts in its own process group, and end it when the module ends",
        );
    }
    Ok(format!("in {}", took(time)))
}
