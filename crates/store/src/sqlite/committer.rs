//! Group commit: one thread owns the writing connection, and writes what has gathered as one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use engine::StoreError;
use engine::store::{Committed, CrlBody};
use module::{EventId, RequestId};
use rusqlite::Connection;

use super::answer::{self, Answering};
use super::apply::Writer;
use super::change::ReadyChange;
use super::checkpoint::Checkpointer;
use super::{crl, prune};
use crate::error::{Error, Result};

/// Jobs that wait at most; a caller beyond that waits to hand its job in.
const QUEUE_MAX: usize = 4096;

/// Jobs in one transaction at most: what is lost with one database error, and how long the first waits for the last.
const GROUP_JOBS_MAX: usize = 512;

/// Where others are known to be on their way, how long the committer waits for them, and how often it looks.
const LINGER_STEPS: u32 = 5;
const LINGER_STEP: Duration = Duration::from_micros(200);

/// Jobs that nobody waits for more beyond.
const LINGER_JOBS: usize = 32;

/// Octets in one transaction at most, roughly.
const GROUP_BYTES_MAX: usize = 8 << 20;

/// Hands jobs to the committing thread. Dropped, it waits for the jobs handed in and ends the thread.
pub(crate) struct Committer {
    jobs: Option<Sender<Job>>,
    pub(crate) written: Arc<Written>,
    thread: Option<JoinHandle<()>>,
}

/// What was written since the start.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) groups: AtomicU64,
    pub(crate) jobs: AtomicU64,
}

/// Where a job's outcome goes.
type Reply<T> = Answering<Result<T, StoreError>>;

/// What the committing thread does.
enum Job {
    Commit(Box<ReadyChange>, Reply<Committed>),
    Reserve(u32, Reply<RequestId>),
    Prune {
        last: EventId,
        limit: usize,
        reply: Reply<usize>,
    },
    NewCrlBody(Reply<CrlBody>),
    AppendCrlBody {
        body: CrlBody,
        chunk: Vec<u8>,
        reply: Reply<()>,
    },
    #[cfg(test)]
    Panic(Reply<()>),
}

impl Committer {
    /// Starts the thread on a connection whose schema is the newest.
    pub(crate) fn start(connection: Connection, checkpointer: Checkpointer) -> Result<Self> {
        let (jobs, queue) = bounded(QUEUE_MAX);
        let (ready, started) = bounded(1);
        let written = Arc::<Written>::default();
        let counts = Arc::clone(&written);
        let thread = std::thread::Builder::new()
            .name("store-committer".into())
            .spawn(move || run(connection, checkpointer, &queue, &ready, &counts))
            .map_err(|error| Error::Unavailable(format!("the committing thread cannot be started: {error}")))?;
        let committer = Self { jobs: Some(jobs), written, thread: Some(thread) };
        started.recv().map_err(|_| Error::Unavailable("the committing thread ended at its start".into()))??;
        Ok(committer)
    }

    pub(crate) fn commit(&self, change: ReadyChange) -> Result<Committed, StoreError> {
        self.ask(|reply| Job::Commit(Box::new(change), reply))
    }

    pub(crate) fn reserve(&self, count: u32) -> Result<RequestId, StoreError> {
        self.ask(|reply| Job::Reserve(count, reply))
    }

    pub(crate) fn prune(&self, last: EventId, limit: usize) -> Result<usize, StoreError> {
        self.ask(|reply| Job::Prune { last, limit, reply })
    }

    pub(crate) fn new_crl_body(&self) -> Result<CrlBody, StoreError> {
        self.ask(Job::NewCrlBody)
    }

    pub(crate) fn append_crl_body(&self, body: CrlBody, chunk: Vec<u8>) -> Result<(), StoreError> {
        self.ask(|reply| Job::AppendCrlBody { body, chunk, reply })
    }

    fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, StoreError> {
        let (reply, outcome) = answer::pair();
        let gone = || StoreError::Unavailable("the committing thread has ended; restart the server".into());
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job(reply)).map_err(|_| gone())?;
        // A reply that is dropped unanswered is that of a group whose writing panicked.
        outcome.wait().unwrap_or_else(|| {
            Err(StoreError::Unavailable("writing was given up by a defect of the server; see the log".into()))
        })
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the committing thread panicked");
        }
    }
}

impl Job {
    fn size(&self) -> usize {
        match self {
            Self::Commit(change, _) => change.size,
            Self::AppendCrlBody { chunk, .. } => chunk.len(),
            Self::Reserve(..) | Self::Prune { .. } | Self::NewCrlBody(_) => 256,
            #[cfg(test)]
            Self::Panic(_) => 0,
        }
    }
}

/// The thread: until nobody can hand in a job any more and none is left.
fn run(
    connection: Connection,
    mut checkpointer: Checkpointer,
    queue: &Receiver<Job>,
    ready: &Sender<Result<()>>,
    counts: &Written,
) {
    let mut writer = match Writer::new(&connection) {
        Ok(writer) => writer,
        Err(error) => {
            // The one who starts the thread waits for this.
            let _ = ready.send(Err(error));
            return;
        }
    };
    let _ = ready.send(Ok(()));
    let mut sound = true;
    let mut expected = 1;
    while let Ok(first) = queue.recv() {
        let mut jobs = 0;
        sound = sound || guarded(|| recover(&mut writer));
        linger(queue, expected);
        let written = guarded(|| {
            let group = gather(first, queue);
            jobs = group.len() as u64;
            write_group(&mut writer, group, sound)
        });
        expected = usize::try_from(jobs).unwrap_or(usize::MAX).saturating_add(queue.len());
        if written {
            counts.groups.fetch_add(1, Ordering::Relaxed);
            counts.jobs.fetch_add(jobs, Ordering::Relaxed);
            guarded(|| {
                checkpointer.between_groups(&connection);
                true
            });
        } else {
            // At once, not with the next job: an open transaction keeps the log from starting over.
            sound = guarded(|| recover(&mut writer));
        }
    }
}

/// False also when it panics. The thread must not end while jobs are handed in: their callers would wait for ever. What
/// panics drops the replies it holds, which wakes those who wait for them.
fn guarded(work: impl FnOnce() -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(false)
}

/// Waits for those who are on their way: as many as were served last and came meanwhile. One caller alone, who waits for
/// us, is never waited for. Without this, a committer on busy processors wakes for each job, and writes groups of two.
fn linger(queue: &Receiver<Job>, expected: usize) {
    for _ in 0..LINGER_STEPS {
        if 1 + queue.len() >= expected.min(LINGER_JOBS) {
            return;
        }
        std::thread::sleep(LINGER_STEP);
    }
}

/// The first job and those that wait behind it, up to the limits.
fn gather(first: Job, queue: &Receiver<Job>) -> Vec<Job> {
    let mut size = first.size();
    let mut group = vec![first];
    while group.len() < GROUP_JOBS_MAX && size < GROUP_BYTES_MAX {
        let Ok(job) = queue.try_recv() else { break };
        size += job.size();
        group.push(job);
    }
    group
}

/// Writes a group as one transaction, then wakes everybody who waits for it. False when it was not written.
fn write_group(writer: &mut Writer<'_>, group: Vec<Job>, sound: bool) -> bool {
    let mut answers = Vec::with_capacity(group.len());
    let outcome = if sound { write_all(writer, group, &mut answers) } else { refuse_all(group, &mut answers) };
    let outcome = outcome.map_err(|error| {
        let why = StoreError::from(error).to_string();
        tracing::error!(error = %why, jobs = answers.len(), "a group of changes was not written");
        StoreError::Unavailable(why)
    });
    let written = outcome.is_ok();
    for answer in answers {
        answer(outcome.clone());
    }
    written
}

/// Wakes one caller, with the outcome of its own job unless the group failed.
type Answer = Box<dyn FnOnce(Result<(), StoreError>)>;

fn write_all(writer: &mut Writer<'_>, group: Vec<Job>, answers: &mut Vec<Answer>) -> Result<()> {
    let mut failed = writer.begin().err();
    for job in group {
        let error = match job {
            Job::Commit(change, reply) => settle(failed.is_none().then(|| writer.apply(*change)), reply, answers),
            Job::Reserve(count, reply) => settle(failed.is_none().then(|| writer.reserve(count)), reply, answers),
            Job::Prune { last, limit, reply } => {
                settle(failed.is_none().then(|| prune::prune(writer.connection, last, limit)), reply, answers)
            }
            Job::NewCrlBody(reply) => {
                settle(failed.is_none().then(|| crl::new_body(writer.connection)), reply, answers)
            }
            Job::AppendCrlBody { body, chunk, reply } => {
                settle(failed.is_none().then(|| crl::append(writer.connection, body, &chunk)), reply, answers)
            }
            #[cfg(test)]
            #[expect(clippy::panic, reason = "a test asks for it")]
            Job::Panic(_) => panic!("as the test asked"),
        };
        failed = failed.or(error);
    }
    match failed {
        Some(error) => Err(error),
        None => writer.commit(),
    }
}

/// Files the answer to one job; returns the error that ends the whole group, if it is one. No outcome: the group had
/// failed before.
fn settle<T: 'static>(outcome: Option<Result<T>>, reply: Reply<T>, answers: &mut Vec<Answer>) -> Option<Error> {
    let (outcome, fatal) = match outcome {
        Some(Ok(value)) => (Ok(value), None),
        Some(Err(error)) if error.is_conflict() => (Err(error.into()), None),
        Some(Err(error)) => (Err(StoreError::Unavailable(error.to_string())), Some(error)),
        None => (Err(StoreError::Unavailable("a change written with it failed".into())), None),
    };
    answers.push(Box::new(move |group| reply.give(group.and(outcome))));
    fatal
}

fn refuse_all(group: Vec<Job>, answers: &mut Vec<Answer>) -> Result<()> {
    for job in group {
        match job {
            Job::Commit(_, reply) => drop(settle(None, reply, answers)),
            Job::Reserve(_, reply) => drop(settle(None, reply, answers)),
            Job::Prune { reply, .. } => drop(settle(None, reply, answers)),
            Job::NewCrlBody(reply) => drop(settle(None, reply, answers)),
            Job::AppendCrlBody { reply, .. } => drop(settle(None, reply, answers)),
            #[cfg(test)]
            Job::Panic(reply) => drop(settle(None, reply, answers)),
        }
    }
    Err(Error::Unavailable("the database cannot be written since an earlier error; see the log".into()))
}

/// After a failed group: back to what the database has. False while that cannot be had.
fn recover(writer: &mut Writer<'_>) -> bool {
    match writer.reset() {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "the database cannot be read back after a failed write");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use engine::chain::GENESIS;
    use engine::store::{Change, NewAudit};
    use jiff::Timestamp;

    use super::super::{connection, schema, sequence};
    use super::*;

    /// A committer on a new database, and a connection to look at it.
    fn committer(directory: &tempfile::TempDir, prepare: impl FnOnce(&Connection)) -> (Committer, Connection) {
        let path = directory.path().join("ca.db");
        let writer = connection::open_writer(&path).unwrap();
        schema::migrate(&writer).unwrap();
        prepare(&writer);
        let checkpointer = Checkpointer::start(connection::open_writer(&path).unwrap(), 1000).unwrap();
        (Committer::start(writer, checkpointer).unwrap(), connection::open_reader(&path).unwrap())
    }

    fn audit(detail: &str) -> ReadyChange {
        let caller = "caller".to_owned();
        let audit =
            NewAudit { code: 5000, at: Timestamp::UNIX_EPOCH, caller, request: None, detail: detail.to_owned() };
        ReadyChange::new(Change { audit: Some(audit), ..Change::default() }).unwrap()
    }

    #[test]
    fn a_panic_hangs_nobody_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (committer, reader) = committer(&directory, |_| {});
        assert_eq!(committer.commit(audit("one")).unwrap().audit, Some(1));
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..40)
                .map(|turn| {
                    let committer = &committer;
                    scope.spawn(move || match turn % 4 {
                        0 => committer.ask(Job::Panic).map(|()| 0),
                        _ => committer.commit(audit("some")).map(|committed| committed.audit.unwrap()),
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let written: Vec<u64> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).copied().collect();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(StoreError::Unavailable(_)))));
        assert_eq!(sequence::audit_head(&reader).unwrap().0, 1 + written.len() as u64, "what failed left nothing");
        let next = committer.commit(audit("last")).unwrap().audit;
        assert_eq!(next, Some(2 + written.len() as u64), "and the next goes on");
    }

    #[test]
    fn a_full_disk_fails_the_group_and_not_the_store() {
        let directory = tempfile::tempdir().unwrap();
        let (committer, reader) = committer(&directory, |writer| {
            writer.pragma_update(None, "max_page_count", 200).unwrap();
        });
        let body = committer.new_crl_body().unwrap();
        committer.append_crl_body(body, vec![7; 1_000_000]).unwrap();
        let large = "x".repeat(400_000);
        let mut written = 0;
        let error = loop {
            match committer.commit(audit(&large)) {
                Ok(committed) => {
                    written += 1;
                    assert_eq!(committed.audit, Some(written));
                }
                Err(error) => break error,
            }
            assert!(written < 10, "the file has a limit");
        };
        assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("free space")), "{error}");
        assert_eq!(sequence::audit_head(&reader).unwrap().0, written);

        let room = Change { drop_crl_bodies: vec![body], ..Change::default() };
        committer.commit(ReadyChange::new(room).unwrap()).unwrap();
        assert_eq!(committer.commit(audit(&large)).unwrap().audit, Some(written + 1), "numbers go on without a gap");
        assert_ne!(sequence::audit_head(&reader).unwrap().1, GENESIS);
    }
}
