//! Asking a policy module about the requests of a recording.

use std::io::{BufRead, Seek};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use module::{ModuleError, Role};

use super::{Recorded, Recording, text_of};
use crate::Error;
use crate::bench::{Answer, PolicyBench};
use crate::check::{Group, start_failed};
use crate::decisions::{Decisions, Judged, Judgement};
use crate::report::{Entry, Report};
use crate::run::{Options, measurements, verdict};
use crate::scene::Scene;
use crate::specimen::Specimen;
use crate::story::Story;

/// Bytes of what is told of all decisions.
const DECISIONS_BYTES_MAX: usize = 256 << 20;

/// Asks a policy module about every request of a recording as if it had just come in, and puts what it decides beside what was
/// decided then. With the decisions comes a report on the run: with `same` a decision that is not the one of then is a failure
/// in it, and otherwise nothing but that the module does not start.
///
/// # Errors
/// [`Error::Unusable`] for an exit module, for a recording that has no requests as they were asked about, and where more was
/// decided than can be told of; those of [`Recording::events`].
pub fn decide<S: BufRead + Seek>(
    specimen: &Specimen,
    recording: &mut Recording<S>,
    same: bool,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<(Decisions, Report), Error> {
    if specimen.role() != Role::Policy {
        return Err(Error::Unusable("requests are decided on by policy modules, and this is an exit module".into()));
    }
    let all = recording.asked_count();
    if all == 0 {
        let text = "the recording has no request as policy was asked about it: record the first decisions on requests \
                    (cert-issued, cert-pending, cert-denied) with this version of Exeunt";
        return Err(Error::Unusable(text.into()));
    }
    let story = Story::new(options.seed, options.now)?;
    let crl = story.authority().crl(1, None, &[])?.der().to_vec();
    let started = Instant::now();
    let mut bench = PolicyBench::new(specimen, story, options);
    bench.ca.clone_from(&recording.ca);
    (options.said)();

    let first = bench.start_anew();
    let begun = initialized(first.as_ref().err(), started, options)?;
    let mut requests = Vec::with_capacity(all);
    let (mut lost, mut bytes) = (false, 0);
    if first.is_ok() {
        for event in recording.play(&crl) {
            let Recorded { happening, asked, .. } = event?;
            let Some(asked) = &asked else { continue };
            let Some(then) = Judgement::then(&happening, asked) else { continue };
            progress(requests.len(), all, "verify_request");
            let scene = Scene { contents: Some(asked.clone()), authority: Arc::clone(&happening.scene.authority) };
            // One that broke down is waited for, once: from then on it is asked without.
            let answer = if lost { bench.ask(&scene, true) } else { bench.ask_when_reached(&scene) };
            lost = !answer.reached;
            let Answer { decision, refused, took, left, .. } = answer;
            bench.latencies.push(took);
            let judged = Judged {
                event: happening.notification.id.0,
                request: happening.notification.request.map_or(0, |id| id.0),
                submitted: asked.request.moment("SubmittedWhen"),
                requester: text_of(&asked.request, "RequesterName").unwrap_or_default().to_owned(),
                subject: text_of(&asked.request, "DistinguishedName").unwrap_or_default().to_owned(),
                then,
                now: Judgement::now(&decision, asked, left.as_ref()),
                refused,
                microseconds: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            };
            bytes += judged.bytes();
            if bytes > DECISIONS_BYTES_MAX {
                let text = format!(
                    "what was decided takes more than {DECISIONS_BYTES_MAX} bytes: record fewer events at a time (--from, \
                     --to, --limit)"
                );
                return Err(Error::Unusable(text));
            }
            requests.push(judged);
        }
    }
    progress(all, all, "");
    bench.shut_down();
    let decisions = Decisions {
        module: specimen.name().to_owned(),
        kind: specimen.kind().to_owned(),
        when: Timestamp::now(),
        same: requests.iter().filter(|judged| judged.is_same()).count(),
        different: requests.iter().filter(|judged| !judged.is_same()).count(),
        requests,
    };
    let entries = std::iter::once(begun).chain(decisions.entries(same)).collect();
    let report = Report::new(specimen, options, entries, measurements(&bench), started.elapsed());
    Ok((decisions, report))
}

/// The entry on the start.
fn initialized(error: Option<&ModuleError>, started: Instant, options: &Options) -> Result<Entry, Error> {
    let outcome = match error {
        None => Ok("in time".to_owned()),
        Some(error) => Err(start_failed(error)),
    };
    let verdict = verdict(outcome)?;
    let said = (options.said)();
    let mut entry = Entry {
        name: "initialize".into(),
        group: Group::Start,
        rule: "initialize succeeds, in time".into(),
        section: "laboratory.md, Recordings".into(),
        verdict,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        said: Vec::new(),
    };
    if entry.is_failure() {
        entry.said = said;
    }
    Ok(entry)
}
