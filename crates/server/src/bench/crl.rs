//! A large base CRL.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use engine::store::Change;
use engine::{CrlPublication, Issued, Request, RequestBody, Revocation, Store, right};
use jiff::{SignedDuration, Timestamp};
use module::{Disposition, HResult, RequestId};
use pki::Serial;
use store::SqliteStore;

use super::Options;
use super::figure::{Figure, Report};
use super::subject::{Subject, memory_peak_megabytes};
use crate::Error;
use crate::init::DATABASE;

/// Rows written in one transaction.
const ROWS: u32 = 2_000;

pub fn run(options: &Options, entries: u64, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, Error> {
    let rounds = options.rounds();
    let all = entries + rounds as u64;
    let mut subject = Subject::open(options)?;
    subject.stop();
    fill(&subject, entries, &mut |done| progress(done, all))?;
    subject.start()?;

    let by = subject.by::<right::Administer>()?;
    let order = CrlPublication { base: true, ..CrlPublication::default() };
    let (mut times, mut writing, mut memory, mut size) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        forget_memory_peak()?;
        let begun = Instant::now();
        let rows = subject.engine()?.publish_crls(&by, &order, &mut |_, _| {})?;
        times.push(begun.elapsed().as_secs_f64());
        memory.extend(memory_peak_megabytes());
        let base = rows.iter().find(|row| row.min_base.is_none());
        let base = base.ok_or_else(|| Error::failed("no base CRL was made"))?;
        if base.entries != entries {
            return Err(Error::failed(format!("the CRL has {} entries, not {entries}", base.entries)));
        }
        size = base.size;
        writing.push(write_alone(&subject, size)?);
        progress(entries + round as u64 + 1, all);
    }
    let name = "writing its bytes";
    let figures = vec![
        Figure::new(format!("{name} to one file, durably"), "s", &writing),
        Figure::new("base CRL: read, made, signed, stored, written", "s", &times).beside(name, &times, &writing),
        Figure::new("memory at its peak", "MB", &memory),
    ];
    let setting = format!("{} key, {entries} entries, {} MB, {rounds} rounds", options.key, size / 1_000_000);
    Ok(Report::new("crl", setting, figures))
}

/// Revoked certificates, straight into the database.
fn fill(subject: &Subject, entries: u64, progress: &mut dyn FnMut(u64)) -> Result<(), Error> {
    let store = SqliteStore::open(&subject.path().join(DATABASE), store::Options::default())?;
    let now = Timestamp::now();
    let mut done = 0;
    while done < entries {
        let count = u32::try_from((entries - done).min(u64::from(ROWS))).unwrap_or(ROWS);
        let first = store.reserve_request_ids(count)?;
        let requests =
            (0..count).map(|at| revoked(RequestId(first.0 + i64::from(at)), now)).collect::<Result<_, _>>()?;
        store.commit(Change { requests, ..Change::default() })?;
        done += u64::from(count);
        progress(done);
    }
    Ok(())
}

fn revoked(id: RequestId, now: Timestamp) -> Result<Request, Error> {
    let mut random = [0; 20];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::failed("the random generator failed"))?;
    let ago = now.checked_sub(SignedDuration::from_hours(1)).unwrap_or(now);
    let ago = Timestamp::from_second(ago.as_second()).unwrap_or(ago);
    Ok(Request {
        id,
        version: 1,
        disposition: Disposition::Revoked,
        status: HResult::S_OK,
        message: "Revoked".into(),
        submitted: ago,
        resolved: Some(ago),
        requester: "bench".into(),
        caller: "bench".into(),
        request_type: 0,
        flags: 0,
        profile: None,
        key: None,
        subject: Vec::new(),
        alternative_names: String::new(),
        not_before: Some(ago),
        not_after: now.checked_add(SignedDuration::from_hours(24 * 90)).ok(),
        properties: std::collections::BTreeMap::new(),
        issued: Some(Issued {
            serial: Serial::from_random(&random)?,
            sha1: [0; 20],
            ca_certificate: 0,
            ca_key: 0,
            distinguished_name: format!("CN=host{id}.example.org"),
        }),
        revocation: Some(Revocation { when: ago, effective: ago, reason: 1 }),
        publish_expired: false,
        body: Arc::new(RequestBody::default()),
    })
}

/// The least that has to be done for so many bytes: one file, written and synced.
fn write_alone(subject: &Subject, bytes: u64) -> Result<f64, Error> {
    let failed = |error: std::io::Error| Error::failed(error.to_string());
    let chunk = vec![0x5a; 1 << 20];
    let begun = Instant::now();
    let mut file = tempfile::tempfile_in(subject.path()).map_err(failed)?;
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left.min(chunk.len() as u64)).unwrap_or(chunk.len());
        file.write_all(chunk.get(..length).unwrap_or_default()).map_err(failed)?;
        left -= length as u64;
    }
    file.sync_all().map_err(failed)?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The kernel counts the peak anew.
fn forget_memory_peak() -> Result<(), Error> {
    std::fs::write("/proc/self/clear_refs", "5")
        .map_err(|error| Error::failed(format!("the memory peak cannot be reset: {error}")))
}
