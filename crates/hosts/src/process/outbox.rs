//! What goes to the module's standard input. Nobody ever waits to write: what the pipe does not take at once is kept,
//! within a limit, and written by the pump.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::event::EventfdFlags;
use rustix::io::Errno;

/// Wakes the pump.
#[derive(Debug)]
pub(super) struct Waker(OwnedFd);

impl Waker {
    pub(super) fn new() -> Result<Self, Errno> {
        rustix::event::eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).map(Self)
    }

    pub(super) fn wake(&self) {
        // A counter that is full wakes as well.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Takes the wake-ups that have gathered.
    pub(super) fn clear(&self) {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.0, &mut count);
    }

    pub(super) const fn fd(&self) -> &OwnedFd {
        &self.0
    }
}

/// Why a message cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// The module does not read, and the limit is reached.
    Full,
    /// The module has closed its standard input, or we have.
    Closed,
}

#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    waker: Arc<Waker>,
    backlog_bytes_max: usize,
}

#[derive(Debug)]
struct State {
    pipe: Option<Arc<OwnedFd>>,
    backlog: VecDeque<u8>,
    closing: bool,
}

impl Outbox {
    pub(super) const fn new(pipe: Arc<OwnedFd>, waker: Arc<Waker>, backlog_bytes_max: usize) -> Self {
        let state = State { pipe: Some(pipe), backlog: VecDeque::new(), closing: false };
        Self { state: Mutex::new(state), waker, backlog_bytes_max }
    }

    /// Sends a line, now or as soon as the module reads.
    pub(super) fn send(&self, line: &[u8]) -> Result<(), Unsent> {
        let mut state = self.state.lock();
        let Some(pipe) = state.pipe.clone().filter(|_| !state.closing) else { return Err(Unsent::Closed) };
        let mut rest = line;
        if state.backlog.is_empty() {
            rest = write_some(&pipe, line)?;
        }
        if rest.is_empty() {
            return Ok(());
        }
        if state.backlog.len() + rest.len() > self.backlog_bytes_max {
            return Err(Unsent::Full);
        }
        state.backlog.extend(rest);
        self.waker.wake();
        Ok(())
    }

    /// Writes what has gathered, as far as the pipe takes it; closes the pipe after it when that was asked for.
    pub(super) fn flush(&self) -> Result<(), Unsent> {
        let mut state = self.state.lock();
        let Some(pipe) = state.pipe.clone() else { return Ok(()) };
        while !state.backlog.is_empty() {
            let (first, _) = state.backlog.as_slices();
            let written = first.len() - write_some(&pipe, first)?.len();
            if written == 0 {
                return Ok(());
            }
            state.backlog.drain(..written);
        }
        // A single huge message must not be paid for ever.
        state.backlog.shrink_to(1 << 16);
        if state.closing {
            state.pipe = None;
        }
        Ok(())
    }

    /// Closes the pipe once everything is written.
    pub(super) fn close_when_empty(&self) {
        self.state.lock().closing = true;
        self.waker.wake();
    }

    /// Closes the pipe now; what has gathered is lost.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.pipe = None;
        state.backlog = VecDeque::new();
    }

    /// The pipe, if there is something to write to it.
    pub(super) fn waiting(&self) -> Option<Arc<OwnedFd>> {
        let state = self.state.lock();
        state.pipe.clone().filter(|_| !state.backlog.is_empty())
    }
}

/// Writes as much as the pipe takes without waiting, and gives back the rest.
fn write_some<'a>(pipe: &OwnedFd, bytes: &'a [u8]) -> Result<&'a [u8], Unsent> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(pipe, rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(_) => return Err(Unsent::Closed),
        }
    }
    Ok(rest)
}
