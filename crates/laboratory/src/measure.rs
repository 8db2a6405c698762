//! How fast a module is: its start, one call after the other, batches, its memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use module::{Delivered, ExitEvent, ExitModule, ModuleError, Notification, PolicyModule, Role, ServerExit};

use crate::flight::{InFlight, Temper};
use crate::processes;
use crate::scene::Happening;
use crate::specimen::Specimen;
use crate::story::ca_name;
use crate::view::{AtOnce, Observed, View};
use crate::{Error, Story};

/// The most events of one batch here, whatever the module would take.
const BATCH_MAX: usize = 64;

/// Calls before the first that counts.
const WARM_UP: usize = 16;

/// One round of a module.
#[derive(Clone, Debug)]
pub struct Round {
    /// From nothing until `initialize` was answered.
    pub start: Duration,
    /// How long each call took, one after the other.
    pub times: Vec<Duration>,
    /// Events a second in the batches the module takes; requests a second of a policy module, one after the other.
    pub rate: f64,
    /// Events in a batch.
    pub batch: usize,
    /// What the module's processes take after the calls, in bytes, pages that they share counted in parts; where it has
    /// none, what this process grew by until the first calls were answered.
    pub memory_bytes: u64,
}

/// Starts a module anew, and calls it for about `time` in each way. What is measured is the way to the module and back, with the
/// row of one ordinary certificate; the laboratory's own part is the same for every module.
///
/// # Errors
/// [`Error::Unusable`] where the module fails a call: a figure is never made up.
pub fn measure(specimen: &Specimen, story: &mut Story, time: Duration) -> Result<Round, Error> {
    match specimen.role() {
        Role::Exit => measure_exit(specimen, story, time),
        Role::Policy => measure_policy(specimen, story, time),
    }
}

fn measure_exit(specimen: &Specimen, story: &mut Story, time: Duration) -> Result<Round, Error> {
    let before = processes::own_resident_bytes();
    let begun = Instant::now();
    let guard = specimen.exit();
    let alone = View::paced(specimen.reader().clone(), story.alone(), Arc::new(AtOnce), Arc::default());
    let mask = guard.initialize(ca_name(), &*alone).map_err(|error| failed(specimen, "initialize", &error))?;
    alone.close();
    let start = begun.elapsed();

    let event = [ExitEvent::CertIssued].into_iter().chain(mask.events()).find(|event| mask.wants(*event));
    let event = event.ok_or_else(|| Error::Unusable(format!("`{}` wants no event", specimen.name())))?;
    let mut happening = story.one(event)?;
    for _ in 0..WARM_UP {
        deliver(specimen, &guard, &mut happening, story, 1)?;
    }
    let grown = grown(before);
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let (took, _) = deliver(specimen, &guard, &mut happening, story, 1)?;
        times.push(took);
    }
    let batch = guard.batch_max().clamp(1, BATCH_MAX);
    let (mut delivered, begun) = (0, Instant::now());
    while begun.elapsed() < time {
        delivered += deliver(specimen, &guard, &mut happening, story, batch)?.1;
    }
    let rate = delivered as f64 / begun.elapsed().as_secs_f64();
    Ok(Round {
        start,
        times,
        rate,
        batch,
        memory_bytes: processes::proportional_bytes(specimen.mark()).unwrap_or(grown),
    })
}

/// Tells the module of so many events at once, new ones about the same row: how long it took, and how many there were.
fn deliver(
    specimen: &Specimen,
    module: &dyn ExitModule,
    happening: &mut Happening,
    story: &mut Story,
    count: usize,
) -> Result<(Duration, usize), Error> {
    let notifications: Vec<Notification> = (0..count)
        .map(|_| {
            let next = story.tell(happening.notification.event, "measured", None).notification;
            Notification { id: next.id, hash: next.hash, ..happening.notification.clone() }
        })
        .collect();
    let observed = Arc::new(Observed::default());
    let open = |_: &Notification| {
        let (reader, scene) = (specimen.reader().clone(), Arc::clone(&happening.scene));
        View::paced(reader, scene, Arc::new(AtOnce), Arc::clone(&observed))
    };
    let views: Vec<Arc<View>> = notifications.iter().map(open).collect();
    let events: Vec<(&Notification, &dyn ServerExit)> = notifications
        .iter()
        .zip(&views)
        .map(|(notification, view)| (notification, &**view as &dyn ServerExit))
        .collect();
    let begun = Instant::now();
    let Delivered { count, failure } = module.notify_batch(&events);
    let took = begun.elapsed();
    views.iter().for_each(|view| view.close());
    match failure {
        Some(failure) => Err(failed(specimen, happening.notification.event.name(), &failure.into())),
        None => Ok((took, count)),
    }
}

fn measure_policy(specimen: &Specimen, story: &mut Story, time: Duration) -> Result<Round, Error> {
    let before = processes::own_resident_bytes();
    let begun = Instant::now();
    let guard = specimen.policy();
    let alone = View::paced(specimen.reader().clone(), story.alone(), Arc::new(AtOnce), Arc::default());
    guard.initialize(ca_name(), &*alone).map_err(|error| failed(specimen, "initialize", &error))?;
    alone.close();
    let start = begun.elapsed();

    let row = story.new_row()?;
    let scene = story.ask(&row);
    let ask = || {
        let reader = specimen.reader().clone();
        let mut flight = InFlight::tempered(reader, &scene, Temper::Good, Arc::new(AtOnce), Arc::default());
        let asked = Instant::now();
        guard.verify_request(&mut flight, true).map_err(|error| failed(specimen, "verify_request", &error))?;
        Ok::<_, Error>(asked.elapsed())
    };
    for _ in 0..WARM_UP {
        ask()?;
    }
    let grown = grown(before);
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time {
        times.push(ask()?);
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok(Round {
        start,
        times,
        rate,
        batch: 1,
        memory_bytes: processes::proportional_bytes(specimen.mark()).unwrap_or(grown),
    })
}

/// What this process grew by.
fn grown(before: u64) -> u64 {
    processes::own_resident_bytes().saturating_sub(before)
}

fn failed(specimen: &Specimen, call: &str, error: &ModuleError) -> Error {
    Error::Unusable(format!("`{}` failed {call}: {}; try it with `exeunt module test`", specimen.name(), error.message))
}
