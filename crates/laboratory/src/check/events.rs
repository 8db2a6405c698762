//! Events, and their repeats.

use module::{Delivered, ExitEvent, ModuleError};

use super::{Miss, Outcome, call_failed};
use crate::bench::ExitBench;

/// Every happening of one kind of event.
pub(super) fn all_of(bench: &mut ExitBench<'_>, event: ExitEvent) -> Outcome {
    if !bench.ready()?.wants(event) {
        return Err(Miss::LeftOut("not in its mask".into()));
    }
    let happenings = bench.story.of(event)?;
    let count = happenings.len();
    for happening in happenings {
        if let Err(error) = bench.tell(&happening) {
            bench.broken.push(event);
            return Err(call_failed(&happening.title, &error));
        }
    }
    if event == ExitEvent::Shutdown {
        // Nothing comes after it.
        bench.retire();
    }
    Ok(if count == 1 { "once".into() } else { format!("{count} different rows") })
}

pub(super) fn repeat(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let happening = bench.story.one(event)?;
    bench.tell(&happening).map_err(|error| call_failed("the first delivery", &error))?;
    for attempt in 2..=3 {
        let again = bench.tell(&happening.again(attempt));
        again.map_err(|error| repeated(&format!("event {}, attempt {attempt}", happening.notification.id), &error))?;
    }
    Ok(format!("{event}, three times"))
}

pub(super) fn same_attempt(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let happening = bench.story.one(event)?;
    bench.tell(&happening).map_err(|error| call_failed("the first delivery", &error))?;
    let again = bench.tell(&happening);
    again.map_err(|error| repeated(&format!("event {} again", happening.notification.id), &error))?;
    Ok(format!("{event}, twice"))
}

pub(super) fn repeat_elsewhere(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let happening = bench.story.one(event)?;
    bench.tell(&happening).map_err(|error| call_failed("the first delivery", &error))?;
    bench.start_anew().map_err(|error| call_failed("the start of a fresh instance", &error))?;
    let again = bench.tell(&happening);
    again.map_err(|error| repeated(&format!("event {} by a fresh instance", happening.notification.id), &error))?;
    let next = bench.story.one(event)?;
    bench.tell(&next).map_err(|error| call_failed("the event after it", &error))?;
    Ok(format!("{event}, before and after"))
}

/// Events of one batch.
const BATCH: usize = 8;

pub(super) fn batch(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let most = bench.batch_max();
    if most < 2 {
        return Err(Miss::LeftOut("it takes events one by one".into()));
    }
    let happenings = (0..most.min(BATCH)).map(|_| bench.story.one(event)).collect::<Result<Vec<_>, _>>()?;
    let Delivered { count, failure } = bench.tell_together(&happenings);
    match failure {
        None if count == happenings.len() => Ok(format!("{count} of {event}; it takes {most}")),
        failure => {
            let why =
                failure.map(ModuleError::from).map_or_else(|| "no error says why".into(), |error| error.to_string());
            Err(Miss::Failed {
                happened: format!("{count} of {} delivered: {why}", happenings.len()),
                remedy:
                    "handle the events in their order; `delivered` counts those of the front that are done, `error` \
                         says why the next is not"
                        .into(),
            })
        }
    }
}

pub(super) fn unasked(bench: &mut ExitBench<'_>) -> Outcome {
    let mask = bench.ready()?;
    let unasked = ExitEvent::ALL.into_iter().find(|event| !mask.wants(*event) && *event != ExitEvent::Shutdown);
    let Some(event) = unasked else {
        return Err(Miss::LeftOut("it asks for every event".into()));
    };
    let happening = bench.story.one(event)?;
    match bench.tell(&happening) {
        Ok(_) => Ok(event.name().into()),
        Err(error) => Err(Miss::Failed {
            happened: format!("{event}: {error}"),
            remedy: "answer events it does not handle with success, and do nothing".into(),
        }),
    }
}

fn repeated(what: &str, error: &ModuleError) -> Miss {
    Miss::Failed {
        happened: format!("{what}: {error}"),
        remedy: "events come at least once: keep the number of each with what was done for it, and answer a repeat \
                 with success"
            .into(),
    }
}
