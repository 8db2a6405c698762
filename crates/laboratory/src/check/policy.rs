//! The checks of policy modules, in the order they are run.

use std::sync::Arc;

use module::{Decision, HResult, ModuleError};
use pki::{Extension, extension, oid};

use super::Group::{Contract, Decisions, Faults, Load, Start};
use super::exit::stopped;
use super::{
    Check, Miss, Outcome, Try, broke_down, call_failed, check_description, failed, load, process, start_failed, took,
};
use crate::bench::{Answer, PolicyBench};
use crate::flight::Temper;
use crate::scene::Scene;
use crate::story::{ALWAYS, Subject, nothing_set};
use crate::view::AtOnce;

const fn check(
    name: &'static str,
    group: super::Group,
    rule: &'static str,
    section: &'static str,
    try_it: fn(&mut PolicyBench<'_>) -> Outcome,
) -> Check {
    Check { name, group, rule, section, try_it: Try::Policy(try_it) }
}

/// Ordinary requests that a module is asked about until it writes to one.
const REQUESTS: usize = 16;

const POLICY: &str = "contract.md, Policy modules";
const WRITING: &str = "contract.md, Reading and writing";
const PROTOCOL: &str = "protocol.md, What the server calls";

#[rustfmt::skip]
static CHECKS: &[Check] = &[
    check("initialize", Start, "initialize succeeds, in time", POLICY, initialize),
    check("description", Start, "the description is one line of 1 to 1,024 bytes", POLICY, description),

    check("new-request", Decisions, "an ordinary request is decided on", POLICY, new_request),
    check("person", Decisions, "the request of a person is decided on", POLICY, person),
    check("no-subject", Decisions, "a request without a subject name is decided on", POLICY, no_subject),
    check("no-names", Decisions, "a request without alternative names is decided on", POLICY, no_names),
    check("sub-ca", Decisions, "the request of a certification authority is decided on", POLICY, sub_ca),
    check("resubmitted", Decisions, "a pending request that a manager resubmits is decided on", POLICY, resubmitted),
    check("asked-twice", Decisions, "the same request is decided on a second time", POLICY, asked_twice),

    check("writes", Contract, "what it writes may be written: names, types, validity, lengths", WRITING, writes),
    check("unknown-method", Contract, "a method that no version has is answered with an error, and the module goes on", PROTOCOL, process::unknown_method_of_policy),
    check("stop", Contract, "told to stop, the module lets go of everything in time", POLICY, stop),

    check("refused-writes", Faults, "a write that is refused never ends in issue", WRITING, refused_writes),
    check("failing-server", Faults, "call-backs that fail do not break it down", WRITING, failing_server),
    check("killed", Faults, "killed between two requests, it goes on with the next", POLICY, killed),
    check("slow-server", Faults, "call-backs that take long do not make it fail", WRITING, slow_server),
    check("missing-properties", Faults, "properties without a value do not break it down", WRITING, missing_properties),
    check("strange-names", Faults, "names beyond ASCII, with quotes and shell signs, are decided on", WRITING, strange_names),
    check("huge-values", Faults, "a request as large as the contract allows is decided on", "properties.md", huge_values),

    check("latency", Load, "99 of 100 requests are answered within half the time limit", "protocol.md, Time limits, failures, restarts", load::decision_latency),
    check("memory", Load, "memory does not grow with the number of requests", "protocol.md, Limits", load::decision_memory),
];

/// Every check of policy modules.
pub fn policy_checks() -> &'static [Check] {
    CHECKS
}

fn initialize(bench: &mut PolicyBench<'_>) -> Outcome {
    match bench.start_anew() {
        Ok(time) => Ok(format!("in {}", took(time))),
        Err(error) => Err(start_failed(&error)),
    }
}

fn description(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let said = match process::describe(bench)? {
        Some(text) => text,
        None => bench.description().unwrap_or_default(),
    };
    check_description(&said)
}

fn new_request(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let scene = bench.ordinary()?;
    decided(bench, &scene, true)
}

fn person(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let subject = bench.story.person();
    ask_for(bench, &subject)
}

fn no_subject(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let subject = Subject { name: String::new(), ..bench.story.server() };
    ask_for(bench, &subject)
}

fn no_names(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let subject = Subject { names: Vec::new(), attributes: Vec::new(), ..bench.story.server() };
    ask_for(bench, &subject)
}

fn sub_ca(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let wishes: Vec<Extension> = vec![
        extension::basic_constraints(true, Some(0)),
        extension::key_usage(pki::KeyUsage::KEY_CERT_SIGN | pki::KeyUsage::CRL_SIGN),
        Extension::new(oid::CERTIFICATE_POLICIES, extension::certificate_policies(&[oid::ANY_POLICY]).value),
    ];
    let subject = Subject {
        name: "CN=Example Issuing CA,O=Example".into(),
        names: Vec::new(),
        extensions: wishes,
        attributes: Vec::new(),
        requester: "unix:mallory".into(),
        properties: nothing_set(),
    };
    ask_for(bench, &subject)
}

fn resubmitted(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let row = bench.story.waiting("")?;
    let scene = bench.story.ask(&row);
    decided(bench, &scene, false)
}

fn asked_twice(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let scene = bench.ordinary()?;
    decided(bench, &scene, true)?;
    decided(bench, &scene, true)
}

fn writes(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    if bench.written == 0 && bench.refused.is_empty() {
        // Nothing was asked of it yet (`--only`), or it writes nothing.
        let scene = bench.ordinary()?;
        let answer = bench.ask(&scene, true);
        keep(bench, &answer);
    }
    match bench.refused.as_slice() {
        [] if bench.written == 0 => Ok("it writes nothing".into()),
        [] => Ok(format!("{} writes, none refused", bench.written)),
        [first, rest @ ..] => failed(
            if rest.is_empty() { first.clone() } else { format!("{first} (and {} more)", rest.len()) },
            "set what docs/modules/properties.md calls writable; move NotBefore only later and NotAfter only earlier",
        ),
    }
}

fn stop(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let limit = bench.specimen.stop();
    let (time, left) = bench.shut_down();
    stopped(time, left, limit)
}

fn refused_writes(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    // What it denies it may not write to: it is asked about other names until it does.
    for _ in 0..REQUESTS {
        let scene = bench.ordinary()?;
        let answer = bench.ask_in(&scene, true, Temper::RefusesWrites, Arc::new(AtOnce));
        match answer.decision {
            _ if answer.refused.is_empty() => {}
            Ok(Decision::Issue) => {
                return failed(
                    format!("it answered `issue`, though a write was refused: {}", answer.refused.join("; ")),
                    "answer with the error of the call that failed, or deny: the certificate would lack what it wanted to set",
                );
            }
            other => return Ok(worded(&other)),
        }
    }
    Err(Miss::LeftOut(match bench.written {
        0 => "it writes nothing".into(),
        _ => format!("it wrote nothing to {REQUESTS} requests"),
    }))
}

fn failing_server(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let scene = bench.ordinary()?;
    let answer = bench.ask_in(&scene, true, Temper::FailsCallBacks, Arc::new(AtOnce));
    if let Some(error) = answer.decision.as_ref().err().filter(|error| broke_down(error)) {
        return Err(call_failed("a server whose call-backs fail", error));
    }
    Ok(worded(&answer.decision))
}

fn killed(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let scene = bench.ordinary()?;
    decided(bench, &scene, true)?;
    let processes = bench.kill();
    if processes == 0 {
        return Err(Miss::LeftOut("it has no process of its own".into()));
    }
    let answer = bench.ask_until_back(&scene);
    judged(bench, &answer)
}

fn slow_server(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let scene = bench.ordinary()?;
    let pace = Arc::clone(&bench.slow);
    let answer = bench.ask_in(&scene, true, Temper::Good, pace);
    judged(bench, &answer).map(|words| format!("{words}, in {}", took(answer.took)))
}

fn missing_properties(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let mut scene = bench.ordinary()?;
    if let Some(contents) = &mut scene.contents {
        for properties in [&mut contents.request, &mut contents.certificate] {
            let names: Vec<String> = properties.iter().map(|(name, _)| name.to_owned()).collect();
            for name in names.iter().filter(|name| !ALWAYS.contains(&name.as_str())) {
                properties.remove(name);
            }
        }
        contents.attributes.clear();
        contents.extensions.clear();
    }
    let answer = bench.ask(&scene, true);
    match &answer.decision {
        Err(error) if broke_down(error) => Err(Miss::Failed {
            happened: error.to_string(),
            remedy:
                "CERTSRV_E_PROPERTY_EMPTY (in a message: an absent member) is an answer: deny what lacks what it needs"
                    .into(),
        }),
        other => Ok(worded(other)),
    }
}

fn strange_names(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let subject = bench.story.strange_subject();
    ask_for(bench, &subject)
}

fn huge_values(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let subject = bench.story.huge_subject()?;
    ask_for(bench, &subject)
}

fn ask_for(bench: &mut PolicyBench<'_>, subject: &Subject) -> Outcome {
    let row = bench.story.row_of(subject)?;
    let scene = bench.story.ask(&row);
    decided(bench, &scene, true)
}

fn decided(bench: &mut PolicyBench<'_>, scene: &Scene, new: bool) -> Outcome {
    let answer = bench.ask(scene, new);
    judged(bench, &answer)
}

/// An error where a decision was asked for is a failed request. One that follows from a refused write is told once, by the
/// check of the writes.
fn judged(bench: &mut PolicyBench<'_>, answer: &Answer) -> Outcome {
    keep(bench, answer);
    match &answer.decision {
        Err(error) if broke_down(error) || answer.refused.is_empty() => {
            let Miss::Failed { happened, remedy } = call_failed("verify_request", error) else {
                return Err(Miss::LeftOut(error.to_string()));
            };
            let remedy = if broke_down(error) {
                remedy
            } else if error.code == HResult::E_INVALIDARG {
                "decide: issue, pend or deny; an error is never a decision. If it is a call-back that failed: names and types are \
                 in docs/modules/properties.md"
                    .into()
            } else {
                "decide: issue, pend or deny. With an error the request has failed, and nobody can resubmit it".into()
            };
            failed(happened, remedy)
        }
        other => Ok(worded(other)),
    }
}

fn keep(bench: &mut PolicyBench<'_>, answer: &Answer) {
    bench.written += answer.written;
    for text in &answer.refused {
        if !bench.refused.contains(text) {
            bench.refused.push(text.clone());
        }
    }
}

fn worded(decision: &Result<Decision, ModuleError>) -> String {
    let text = |word: &str, message: &str| {
        if message.is_empty() { word.to_owned() } else { format!("{word}: {message}") }
    };
    match decision {
        Ok(Decision::Issue) => "issue".into(),
        Ok(Decision::Pend { message }) => text("pend", message),
        Ok(Decision::Deny { message, .. }) => text("deny", message),
        Err(error) => format!("an error: {error}"),
    }
}
