//! Delivery of events to exit modules.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use engine::store::ModuleOptions;
use engine::{NewModule, StartFrom, right};
use module::{EventId, ExitEvents, Role, Settings};

use super::Options;
use super::figure::{Figure, Report};
use super::load::{percentile, rate};
use super::subject::Subject;
use crate::Error;

/// Callers at once while events are made.
const CALLERS: usize = 64;
/// The fewest events delivered in a round.
const EVENTS_LEAST: u64 = 2_000;
/// Submissions timed in a round.
const TIMED: u64 = 200;
/// How long a module may take to catch up.
const PATIENCE: Duration = Duration::from_secs(300);

pub fn run(options: &Options, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, Error> {
    let rounds = options.rounds();
    let all = rounds as u64 + 1;
    let subject = Subject::open(options)?;
    let by = subject.by::<right::Enrol>()?;
    while subject.engine()?.event_head()?.0.0 < EVENTS_LEAST {
        rate(CALLERS, options.round(), |number| subject.issue(&by, number))?;
    }
    progress(1, all);

    let journal = Settings::from_iter([
        ("path", subject.path().join("bench.jsonl").display().to_string()),
        ("fsync", "batch:256".into()),
    ]);
    let program = std::env::current_exe().map_err(|error| Error::failed(error.to_string()))?;
    let command = serde_json::json!([program.display().to_string(), "answer-module"]).to_string();
    let process = Settings::from_iter([("command", command)]);

    let (mut reading, mut built_in, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
    let (mut alone, mut inline): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        reading.push(read_all(&subject)?);
        built_in.push(deliver_all(&subject, "journal", &journal)?);
        foreign.push(deliver_all(&subject, "process", &process)?);
        alone.extend(answers(&subject)?);
        add(&subject, "process", &process, StartFrom::Now, true)?;
        caught_up(&subject)?;
        inline.extend(answers(&subject)?);
        subject.engine()?.remove_module(&subject.by()?, "bench")?;
        progress(round as u64 + 2, all);
    }
    let point = |times: &mut [Duration], percent| vec![percentile(times, percent)];
    let (alone50, alone99) = (point(&mut alone, 50), point(&mut alone, 99));
    let (inline50, inline99) = (point(&mut inline, 50), point(&mut inline, 99));
    let figures = vec![
        Figure::new("events read from the database", "/s", &reading),
        Figure::new("events delivered, journal", "/s", &built_in).beside("read", &built_in, &reading),
        Figure::new("events delivered, program over stdio", "/s", &foreign).beside("journal", &foreign, &built_in),
        Figure::new("answer, no module waited for, median", "ms", &alone50),
        Figure::new("answer, a program told inline, median", "ms", &inline50).beside("without", &inline50, &alone50),
        Figure::new("answer, no module waited for, 99 %", "ms", &alone99),
        Figure::new("answer, a program told inline, 99 %", "ms", &inline99).beside("without", &inline99, &alone99),
    ];
    let setting = format!("{} key, {rounds} rounds of {} events or more", options.key, EVENTS_LEAST);
    Ok(Report::new("events", setting, figures))
}

/// Every event with its request as it was, read and thrown away.
fn read_all(subject: &Subject) -> Result<f64, Error> {
    let by = subject.by::<right::Read>()?;
    let engine = subject.engine()?;
    let begun = Instant::now();
    let (mut after, mut events) = (EventId(0), 0);
    loop {
        let batch = engine.events(&by, after, ExitEvents::all(), 256)?;
        let Some((last, _)) = batch.last() else { break };
        after = last.id;
        events += batch.len();
    }
    Ok(events as f64 / begun.elapsed().as_secs_f64())
}

/// A module is installed from the beginning and hears everything.
fn deliver_all(subject: &Subject, kind: &str, settings: &Settings) -> Result<f64, Error> {
    let events = subject.engine()?.event_head()?.0.0;
    let begun = Instant::now();
    add(subject, kind, settings, StartFrom::Beginning, false)?;
    caught_up(subject)?;
    let took = begun.elapsed();
    subject.engine()?.remove_module(&subject.by()?, "bench")?;
    Ok(events as f64 / took.as_secs_f64())
}

fn add(subject: &Subject, kind: &str, settings: &Settings, start: StartFrom, inline: bool) -> Result<(), Error> {
    let new = NewModule {
        name: "bench".into(),
        kind: kind.into(),
        role: Role::Exit,
        settings: settings.clone(),
        options: ModuleOptions { inline, ..ModuleOptions::default() },
        start,
        position: None,
    };
    subject.engine()?.add_module(&subject.by()?, new)?;
    Ok(())
}

fn caught_up(subject: &Subject) -> Result<(), Error> {
    let deadline = Instant::now() + PATIENCE;
    let by = subject.by::<right::Read>()?;
    loop {
        let status = subject.engine()?.module(&by, "bench")?;
        if status.lag == 0 && status.state == engine::ModuleState::Running {
            return Ok(());
        }
        if Instant::now() > deadline || status.failed > 0 {
            let why = status.last_error.map_or_else(|| "it is too slow".into(), |(_, error)| error.to_string());
            return Err(Error::failed(format!("the module does not keep up: {why}")));
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// How long a caller waits for a certificate, one at a time.
fn answers(subject: &Subject) -> Result<Vec<Duration>, Error> {
    let by = subject.by::<right::Enrol>()?;
    (0..TIMED)
        .map(|number| {
            let begun = Instant::now();
            subject.issue(&by, number)?;
            Ok(begun.elapsed())
        })
        .collect()
}

/// An exit module that answers every message at once: what a program over stdio costs at least.
///
/// # Errors
/// The server has gone in the middle of a message.
pub fn answer_module() -> Result<(), Error> {
    let broken = |error: std::io::Error| Error::failed(error.to_string());
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(broken)?;
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        let Some(id) = message.id else { continue };
        let result = match message.method.as_deref() {
            Some("initialize") => r#"{"protocol":1,"description":"answers","events":639}"#,
            _ => "{}",
        };
        writeln!(out, r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
            .and_then(|()| out.flush())
            .map_err(broken)?;
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Message {
    id: Option<serde_json::Value>,
    method: Option<String>,
}
