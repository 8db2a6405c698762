//! What goes wrong around an exit module.

use std::sync::Arc;

use module::ExitEvent;

use super::{Miss, Outcome, call_failed, took};
use crate::bench::ExitBench;
use crate::scene::Happening;

const NOTHING_TO_KILL: &str = "it has no process of its own";

pub(super) fn killed(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let (first, second) = (bench.story.one(event)?, bench.story.one(event)?);
    bench.tell(&first).map_err(|error| call_failed("the event before", &error))?;
    let processes = bench.kill();
    if processes == 0 {
        return Err(Miss::LeftOut(NOTHING_TO_KILL.into()));
    }
    bench.deliver(&second, 1).map_err(|error| comeback("the event after", &error))?;
    Ok(if processes == 1 { "1 process".into() } else { format!("{processes} processes") })
}

pub(super) fn killed_in_call(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let (first, second) = (bench.story.one(event)?, bench.story.one(event)?);
    if bench.tell_and_kill(&first) == 0 {
        return Err(Miss::LeftOut(NOTHING_TO_KILL.into()));
    }
    let attempts = bench.deliver(&first, 2).map_err(|error| comeback("the event it was killed in", &error))?;
    bench.deliver(&second, 1).map_err(|error| comeback("the event after", &error))?;
    Ok(format!("answered at attempt {attempts}"))
}

pub(super) fn slow_server(bench: &mut ExitBench<'_>) -> Outcome {
    let mask = bench.ready()?;
    let events = [bench.sample(false)?, ExitEvent::CrlIssued];
    let mut longest = std::time::Duration::ZERO;
    for event in events.into_iter().filter(|event| mask.wants(*event) && !bench.broken.contains(event)) {
        let happening = bench.story.one(event)?;
        let pace = Arc::clone(&bench.slow);
        let time = bench.tell_at(&happening, pace).map_err(|error| call_failed(&happening.title, &error))?;
        longest = longest.max(time);
    }
    Ok(format!("answered in {}", took(longest)))
}

pub(super) fn missing_properties(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(true)?;
    let happening = bench.story.bare(event)?;
    odd(
        bench,
        &happening,
        "CERTSRV_E_PROPERTY_EMPTY (in a message: an absent member) is an answer, not a failure: have a value to go on with",
    )
}

pub(super) fn strange_names(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(true)?;
    let happening = bench.story.strange(event)?;
    odd(bench, &happening, "read and write UTF-8; hand names over as arguments or parameters, never inside a command")
}

pub(super) fn huge_values(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(true)?;
    let happening = bench.story.huge(event)?;
    odd(bench, &happening, "read whole lines, however long; cut or spread what does not fit where it is stored")
}

pub(super) fn huge_crl(bench: &mut ExitBench<'_>) -> Outcome {
    if !bench.ready()?.wants(ExitEvent::CrlIssued) {
        return Err(Miss::LeftOut("crl-issued is not in its mask".into()));
    }
    if bench.broken.contains(&ExitEvent::CrlIssued) {
        return Err(Miss::LeftOut("it answers no crl-issued event".into()));
    }
    let happening = bench.story.huge_crl()?;
    odd(bench, &happening, "write CRLs to a file as they are; a list of its entries does not fit everywhere")
}

pub(super) fn late_delivery(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let happening = bench.story.late(event)?;
    odd(bench, &happening, "do not judge an event by its age: it is delivered whenever it can be")
}

fn odd(bench: &mut ExitBench<'_>, happening: &Happening, remedy: &str) -> Outcome {
    match bench.tell(happening) {
        Ok(time) => Ok(format!("{}, in {}", happening.notification.event, took(time))),
        Err(error) => Err(Miss::Failed {
            happened: format!("{}, {}: {error}", happening.notification.event, happening.title),
            remedy: remedy.to_owned(),
        }),
    }
}

fn comeback(what: &str, error: &module::ModuleError) -> Miss {
    Miss::Failed {
        happened: format!("{what}: {error}"),
        remedy:
            "keep nothing only in memory that the next process needs; do not leave locks or half-written files that \
                 stop it"
                .into(),
    }
}
