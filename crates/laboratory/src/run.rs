//! A run: every check of a module's role, one after the other.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use module::{Role, nearest};
use parking_lot::Mutex;

use crate::Error;
use crate::bench::{Bench, ExitBench, PolicyBench};
use crate::check::{Check, Miss, Outcome, Try, exit_checks, policy_checks};
use crate::report::{Entry, Measurements, Report, Verdict};
use crate::specimen::Specimen;
use crate::story::Story;
use crate::view::Pace;

/// How a run is done.
#[derive(Clone)]
pub struct Options {
    /// Names and numbers follow from it; keys are always new.
    pub seed: u64,
    /// When everything happens.
    pub now: Timestamp,
    /// Checks by name; all where it is empty.
    pub only: Vec<String>,
    /// Calls of the load, before the time limit of the load ends it.
    pub calls: usize,
    /// The pace of a slow server's call-backs.
    pub slow: Arc<dyn Pace>,
    /// What the module wrote to its log since it was last asked: shown with what failed.
    pub said: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
}

impl Options {
    /// All checks, a load of 200 calls, a twentieth of a second for each call-back of a slow server, and no log.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        let slow = Arc::new(Slow { each: Duration::from_millis(50), left: Mutex::new(Duration::from_secs(2)) });
        Self { seed, now, only: Vec::new(), calls: 200, slow, said: Arc::new(Vec::new) }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("seed", &self.seed).field("now", &self.now).field("only", &self.only).finish()
    }
}

/// Every call-back takes its time, until some is used up: a module that makes hundreds is not to wait for minutes.
#[derive(Debug)]
struct Slow {
    each: Duration,
    left: Mutex<Duration>,
}

impl Pace for Slow {
    fn hold(&self) {
        let wait = {
            let mut left = self.left.lock();
            let wait = self.each.min(*left);
            *left -= wait;
            wait
        };
        std::thread::sleep(wait);
    }
}

/// Runs the checks of the module's role. `progress` is told how many are done, of how many, and which is next.
///
/// # Errors
/// [`Error::Unusable`] for a check of that name that there is not; [`Error::Machine`] where the laboratory itself cannot
/// work.
pub fn run(
    specimen: &Specimen,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize, &str),
) -> Result<Report, Error> {
    let list = match specimen.role() {
        Role::Exit => exit_checks(),
        Role::Policy => policy_checks(),
    };
    let chosen = choose(list, &options.only)?;
    let story = Story::new(options.seed, options.now)?;
    let started = Instant::now();
    let (entries, measurements) = match specimen.role() {
        Role::Exit => {
            let mut bench = ExitBench::new(specimen, story, options);
            let entries = try_all(&mut bench, &chosen, options, progress, |bench, check| match check.try_it {
                Try::Exit(try_it) => try_it(bench),
                Try::Policy(_) => Err(Miss::LeftOut("for policy modules".into())),
            })?;
            (entries, measurements(&bench))
        }
        Role::Policy => {
            let mut bench = PolicyBench::new(specimen, story, options);
            let entries = try_all(&mut bench, &chosen, options, progress, |bench, check| match check.try_it {
                Try::Policy(try_it) => try_it(bench),
                Try::Exit(_) => Err(Miss::LeftOut("for exit modules".into())),
            })?;
            (entries, measurements(&bench))
        }
    };
    Ok(Report::new(specimen, options, entries, measurements, started.elapsed()))
}

fn try_all<M: ?Sized + Send + Sync + 'static>(
    bench: &mut Bench<'_, M>,
    chosen: &[&Check],
    options: &Options,
    progress: &mut dyn FnMut(usize, usize, &str),
    try_it: impl Fn(&mut Bench<'_, M>, &Check) -> Outcome,
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::with_capacity(chosen.len());
    // What it said before is nobody's.
    (options.said)();
    for (index, check) in chosen.iter().enumerate() {
        progress(index, chosen.len(), check.name);
        let started = Instant::now();
        let verdict = verdict(try_it(bench, check))?;
        let failed = matches!(verdict, Verdict::Failed { .. });
        if failed {
            // Whatever state it left the instance in is not the next check's business.
            bench.retire();
        }
        let said = (options.said)();
        entries.push(Entry::of(check, verdict, started.elapsed(), if failed { said } else { Vec::new() }));
    }
    bench.retire();
    progress(chosen.len(), chosen.len(), "");
    Ok(entries)
}

pub(crate) fn verdict(outcome: Outcome) -> Result<Verdict, Error> {
    match outcome {
        Ok(seen) => Ok(Verdict::Passed { seen }),
        Err(Miss::Failed { happened, remedy }) => Ok(Verdict::Failed { happened, remedy }),
        Err(Miss::LeftOut(why)) => Ok(Verdict::LeftOut { why }),
        Err(Miss::Broken(error)) => Err(error),
    }
}

pub(crate) fn measurements<M: ?Sized + Send + Sync + 'static>(bench: &Bench<'_, M>) -> Measurements {
    Measurements::new(bench.start, &bench.latencies, bench.memory)
}

fn choose<'a>(list: &'a [Check], only: &[String]) -> Result<Vec<&'a Check>, Error> {
    if let Some(unknown) = only.iter().find(|name| !list.iter().any(|check| check.name == name.as_str())) {
        let meant = nearest::question_or_all(unknown, "there are", list.iter().map(|check| check.name));
        return Err(Error::Unusable(format!("there is no check `{unknown}`{meant}")));
    }
    Ok(list.iter().filter(|check| only.is_empty() || only.iter().any(|name| name == check.name)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own_and_says_what_it_keeps() {
        for list in [exit_checks(), policy_checks()] {
            let names: BTreeSet<&str> = list.iter().map(|check| check.name).collect();
            assert_eq!(names.len(), list.len());
            assert!(list.iter().map(|check| check.group).is_sorted(), "groups stand together");
            for check in list {
                assert!(check.rule.len() > 20 && check.rule.is_ascii() && !check.rule.ends_with('.'), "{}", check.name);
                let (page, _) = check.section.split_once(',').unwrap_or((check.section, ""));
                assert!(page.ends_with(".md"), "{}", check.section);
            }
        }
    }

    #[test]
    fn a_check_that_is_not_there_is_named_with_those_that_are() {
        let error = |name: &str| choose(exit_checks(), &[name.into()]).err().unwrap().to_string();
        assert_eq!(error("repaet"), "there is no check `repaet` (is it `repeat`?)");
        assert!(error("everything").contains("`everything`; there are: initialize, mask"), "{}", error("everything"));
        let names: Vec<&str> =
            choose(exit_checks(), &["stop".into(), "mask".into()]).unwrap().iter().map(|check| check.name).collect();
        assert_eq!(names, ["mask", "stop"]);
    }
}
