//! Playing a recording to a module.

use std::io::{BufRead, Seek};
use std::time::Instant;

use module::{ExitEvent, Role};

use super::Recording;
use crate::Error;
use crate::bench::{ExitBench, NOT_STARTED};
use crate::check::{Group, Outcome, call_failed, start_failed, stopped, took};
use crate::report::{Entry, Report};
use crate::run::{Options, measurements, verdict};
use crate::specimen::Specimen;
use crate::story::Story;

/// Plays a recording to an exit module: every event of its mask, in order, and what came of each kind. It reads the CRLs of the
/// recording, and the laboratory's where that has none.
///
/// # Errors
/// [`Error::Unusable`] for a policy module, which [`decide`](super::decide) is for; those of [`Recording::events`].
pub fn replay<S: BufRead + Seek>(
    specimen: &Specimen,
    recording: &mut Recording<S>,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<Report, Error> {
    if specimen.role() != Role::Exit {
        return Err(Error::Unusable("events are played to exit modules, and this is a policy module".into()));
    }
    let story = Story::new(options.seed, options.now)?;
    let crl = story.authority().crl(1, None, &[])?.der().to_vec();
    let started = Instant::now();
    let mut bench = ExitBench::new(specimen, story, options);
    bench.ca.clone_from(&recording.ca);
    (options.said)();

    let mut entries = Vec::new();
    let mut enter = |name: &str, group, rule: &str, begun: Instant, outcome: Outcome| -> Result<(), Error> {
        let verdict = verdict(outcome)?;
        let (name, rule, section) = (name.into(), rule.into(), "laboratory.md, Recordings".into());
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut entry = Entry { name, group, rule, section, verdict, milliseconds, said: Vec::new() };
        let said = (options.said)();
        if entry.is_failure() {
            entry.said = said;
        }
        entries.push(entry);
        Ok(())
    };

    let first = bench.start_anew().map(|(_, time)| format!("in {}", took(time)));
    let first = first.map_err(|error| start_failed(&error));
    let initialised = first.is_ok();
    enter("initialize", Group::Start, "initialize succeeds, in time", started, first)?;

    // In order over all kinds, as they happened; what came of each kind is told together.
    let mut kinds: Vec<(ExitEvent, Tally)> = Vec::new();
    let begun = Instant::now();
    let all = recording.event_count();
    for (index, event) in recording.play(&crl).enumerate() {
        let happening = event?.happening;
        progress(index, all, happening.notification.event.name());
        let event = happening.notification.event;
        let at = kinds.iter().position(|(known, _)| *known == event);
        let at = at.unwrap_or_else(|| {
            kinds.push((event, Tally::default()));
            kinds.len() - 1
        });
        let Some((_, tally)) = kinds.get_mut(at) else { continue };
        tally.seen += 1;
        let wanted = bench.mask.is_some_and(|mask| mask.wants(event));
        if !initialised || !wanted {
            continue;
        }
        match bench.tell(&happening) {
            Ok(time) => {
                tally.told += 1;
                bench.latencies.push(time);
            }
            Err(error) => {
                tally.failed += 1;
                tally.first.get_or_insert((happening.notification.id.0, error));
            }
        }
    }
    progress(all, all, "");
    for (event, tally) in kinds {
        let rule = "every recorded event of the kind is answered with success";
        enter(event.name(), Group::Events, rule, begun, tally.outcome(initialised))?;
    }
    if initialised {
        let begun = Instant::now();
        let (time, left) = bench.stop();
        let rule = "told to stop, the module lets go of everything in time";
        enter("stop", Group::Contract, rule, begun, stopped(time, left, specimen.stop()))?;
    }
    Ok(Report::new(specimen, options, entries, measurements(&bench), started.elapsed()))
}

/// What came of one kind of event.
#[derive(Debug, Default)]
struct Tally {
    seen: usize,
    told: usize,
    failed: usize,
    first: Option<(u64, module::ModuleError)>,
}

impl Tally {
    fn outcome(self, initialised: bool) -> Outcome {
        use crate::check::Miss;

        let Self { seen, told, failed, first } = self;
        match first {
            Some((id, error)) => {
                let what =
                    if failed == 1 { format!("event {id}") } else { format!("{failed} of {seen}, first event {id}") };
                Err(call_failed(&what, &error))
            }
            None if !initialised => Err(Miss::LeftOut(NOT_STARTED.into())),
            None if told == 0 => Err(Miss::LeftOut(format!("{}, not in its mask", events(seen)))),
            None => Ok(events(told)),
        }
    }
}

fn events(count: usize) -> String {
    if count == 1 { "1 event".into() } else { format!("{count} events") }
}
