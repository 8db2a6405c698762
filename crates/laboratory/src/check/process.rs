//! What only a foreign module can be asked: messages that no server of today sends.

use hosts::process::{Probe, ProcessKind};
use hosts::{com, webhook};
use module::{ModuleError, Role};

use super::{Miss, Outcome, call_failed};
use crate::bench::{Bench, ExitBench, PolicyBench};
use crate::story::ca_name;
use crate::view::View;

const NO_PROGRAM: &str = "only programs can be sent it";
const TYPED: &str = "not applicable: what it is told is typed, and has the events of its version only";

/// A program of the module's, for itself. None where the module is of another kind.
fn probe<M: ?Sized + Send + Sync + 'static>(bench: &mut Bench<'_, M>) -> Result<Option<Probe>, Miss> {
    let specimen = bench.specimen;
    if specimen.kind() != ProcessKind::NAME {
        return Ok(None);
    }
    // Two at a time might be in each other's way.
    bench.retire();
    let view = View::new(specimen.reader().clone(), bench.story.alone());
    let probe = Probe::start(specimen.name(), specimen.role(), specimen.settings(), ca_name(), &*view);
    view.close();
    probe.map(Some).map_err(|error| call_failed("initialize", &error))
}

/// What a program says when it is asked for its description; none where the module is of another kind.
pub(super) fn describe<M: ?Sized + Send + Sync + 'static>(bench: &mut Bench<'_, M>) -> Result<Option<String>, Miss> {
    let Some(probe) = probe(bench)? else { return Ok(None) };
    probe.describe().map(Some).map_err(|error| Miss::Failed {
        happened: error.to_string(),
        remedy: "answer `describe` with {\"description\": \"…\"}: one line for operators".into(),
    })
}

pub(super) fn unknown_event(bench: &mut ExitBench<'_>) -> Outcome {
    bench.ready()?;
    let specimen = bench.specimen;
    bench.retire();
    let view = View::new(specimen.reader().clone(), bench.story.alone());
    let (name, settings) = (specimen.name(), specimen.settings());
    let broken = |error: ModuleError| call_failed("initialize", &error);
    let (what, told) = match specimen.kind() {
        ProcessKind::NAME => {
            let probe = Probe::start(name, Role::Exit, settings, ca_name(), &*view).map_err(broken)?;
            ("`cert-renewed-tomorrow`, bit 0x40000000", probe.tell_of_the_unknown())
        }
        com::ComKind::NAME => {
            let probe = com::Probe::start(name, settings, ca_name(), &*view).map_err(broken)?;
            ("Notify with the event 0x40000000", probe.tell_of_the_unknown())
        }
        webhook::WebhookKind::NAME => {
            let probe = webhook::Probe::start(name, settings, ca_name(), &*view).map_err(broken)?;
            ("type `org.exeunt.cert-renewed-tomorrow`", probe.tell_of_the_unknown())
        }
        _ => return Err(Miss::LeftOut(TYPED.into())),
    };
    view.close();
    told.map_err(|error| Miss::Failed {
        happened: format!("{what}: {error}"),
        remedy: "answer events it does not know with success, and do nothing".into(),
    })?;
    Ok("answered".into())
}

pub(super) fn unknown_method(bench: &mut ExitBench<'_>) -> Outcome {
    bench.ready()?;
    ask_the_unknown(bench)
}

pub(super) fn unknown_method_of_policy(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    ask_the_unknown(bench)
}

fn ask_the_unknown<M: ?Sized + Send + Sync + 'static>(bench: &mut Bench<'_, M>) -> Outcome {
    let Some(probe) = probe(bench)? else { return Err(Miss::LeftOut(NO_PROGRAM.into())) };
    let remedy = "answer methods it does not know with the error -32601, and go on";
    let answer = probe.ask_the_unknown();
    let error = answer.map_err(|error| Miss::Failed { happened: error.to_string(), remedy: remedy.into() })?;
    let alive = probe.ping();
    alive.map_err(|error| Miss::Failed {
        happened: format!("after it, `ping` failed: {error}"),
        remedy: "answer `ping` with a result, after an unknown method too".into(),
    })?;
    Ok(format!("“{}”", error.message))
}
