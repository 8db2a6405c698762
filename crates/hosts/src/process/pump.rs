//! The thread of a process: moves its bytes, notices its end, and ends it.
//!
//! It never waits for anybody: all pipes are non-blocking, and what it has for a caller goes into that caller's queue.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use module::{HResult, ModuleError};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::Signal;
use serde_json::Value as Json;

use super::child::Process;
use super::lines::{Lines, TooLong};
use super::log::{Level, Log};
use super::outbox::Unsent;
use super::session::{Fault, Order, Shared};
use module::wire::Incoming;

/// How long a process that closed its output may take to end, so that its status can be given as the reason.
pub(super) const LAST_GASP: Duration = Duration::from_millis(250);

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Chunks read from one pipe before the others and the orders get their turn.
const CHUNKS_IN_A_ROW: usize = 16;

pub(super) struct Pump {
    process: Process,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    shared: Arc<Shared>,
    lines: Lines,
    log: Log,
    chunk: Vec<u8>,
    /// When a process that closed its output is given up.
    silent: Option<Instant>,
    terminated: bool,
}

/// Which descriptors are ready.
#[derive(Clone, Copy, Debug, Default)]
struct Ready {
    woken: bool,
    ended: bool,
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl Pump {
    pub(super) fn start(
        process: Process,
        stdout: OwnedFd,
        stderr: OwnedFd,
        shared: Arc<Shared>,
    ) -> Result<(), ModuleError> {
        let pump = Self {
            process,
            stdout: Some(stdout),
            stderr: Some(stderr),
            lines: Lines::new(shared.message_bytes_max),
            log: Log::new(Arc::clone(&shared.module)),
            chunk: vec![0; CHUNK_BYTES],
            silent: None,
            terminated: false,
            shared,
        };
        let name = format!("io:{}", pump.shared.module);
        std::thread::Builder::new().name(name).spawn(move || pump.run()).map(drop).map_err(|error| {
            ModuleError::new(HResult::E_OUTOFMEMORY, format!("no thread for the module's process: {error}"))
        })
    }

    /// From the start of the process to its end.
    fn run(mut self) {
        let _gone = Gone(Arc::clone(&self.shared));
        tracing::debug!(module = %self.shared.module, pid = self.process.id(), "the module's process was started");
        loop {
            let timeout = match self.due(Instant::now()) {
                Due::Over => break,
                Due::In(timeout) => timeout,
            };
            let ready = match self.wait(timeout) {
                Ok(ready) => ready,
                Err(error) => {
                    self.give_up(HResult::E_FAIL, format!("the pipes of the module's process fail: {error}"));
                    break;
                }
            };
            if ready.woken {
                self.shared.waker.clear();
            }
            if ready.stdin
                && let Err(Unsent::Closed) = self.shared.outbox.flush()
            {
                self.input_closed();
            }
            if ready.stderr {
                self.read_stderr(CHUNKS_IN_A_ROW);
            }
            if ready.stdout {
                self.read_stdout(CHUNKS_IN_A_ROW);
            }
            if ready.ended {
                // What it said before it ended still counts; a pipe holds a megabyte at most.
                self.read_stdout(CHUNKS_IN_A_ROW);
                break;
            }
        }
        self.finish();
    }

    /// Carries out what is due, and says how long to wait for more.
    fn due(&mut self, now: Instant) -> Due {
        match self.shared.order() {
            Order::Kill => Due::Over,
            Order::Run => match self.silent {
                Some(until) if until <= now => {
                    let text = "the module has closed its standard output".to_owned();
                    self.give_up(HResult::RPC_E_DISCONNECTED, text);
                    Due::Over
                }
                until => Due::In(until.map(|until| until - now)),
            },
            Order::Stop { kill, .. } if kill <= now => {
                tracing::warn!(module = %self.shared.module, "the module's process did not end when asked: it is killed");
                Due::Over
            }
            Order::Stop { terminate, kill } if terminate <= now => {
                if !self.terminated {
                    self.terminated = true;
                    self.process.signal(Signal::TERM);
                }
                Due::In(Some(kill - now))
            }
            Order::Stop { terminate, .. } => {
                // The flush closes the pipe when there is nothing left to write.
                if let Err(Unsent::Closed) = self.shared.outbox.flush() {
                    self.shared.outbox.close();
                }
                Due::In(Some(terminate - now))
            }
        }
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<Ready, Errno> {
        let waiting = self.shared.outbox.waiting();
        let mut polled = Vec::with_capacity(5);
        polled.push(PollFd::new(self.shared.waker.fd(), PollFlags::IN));
        polled.push(PollFd::new(self.process.ended(), PollFlags::IN));
        polled.extend(waiting.as_ref().map(|pipe| PollFd::from_borrowed_fd((**pipe).as_fd(), PollFlags::OUT)));
        polled.extend(self.stdout.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        polled.extend(self.stderr.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        match rustix::event::poll(&mut polled, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error),
        }
        let mut events = polled.iter().map(|polled| !polled.revents().is_empty());
        let mut next = |is_polled: bool| is_polled && events.next().unwrap_or(false);
        Ok(Ready {
            woken: next(true),
            ended: next(true),
            stdin: next(waiting.is_some()),
            stdout: next(self.stdout.is_some()),
            stderr: next(self.stderr.is_some()),
        })
    }

    fn read_stdout(&mut self, chunks_max: usize) {
        for _ in 0..chunks_max {
            let Some(pipe) = &self.stdout else { return };
            match rustix::io::read(pipe, &mut self.chunk) {
                Ok(0) => {
                    self.stdout = None;
                    self.silent = Some(Instant::now() + LAST_GASP);
                    return;
                }
                Ok(count) => {
                    // A process that is being stopped is listened to only so that its pipe does not fill.
                    if self.shared.order() == Order::Run {
                        self.lines.push(self.chunk.get(..count).unwrap_or_default());
                        self.read_lines();
                    }
                }
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                Err(error) => {
                    self.give_up(HResult::E_FAIL, format!("the module's standard output cannot be read: {error}"));
                    return;
                }
            }
        }
    }

    /// Every whole line, until the module is given up.
    fn read_lines(&mut self) {
        let fault = loop {
            let message = match self.lines.next() {
                Ok(None) => return,
                Ok(Some(line)) if line.trim_ascii().is_empty() => continue,
                Ok(Some(line)) => Incoming::parse(line).map_err(|error| error.to_string()),
                Err(TooLong) => Err(format!("a line of more than {} bytes", self.shared.message_bytes_max)),
            };
            match message.map_err(Fault::Sent).and_then(|message| self.take(message)) {
                Ok(()) => {}
                Err(Fault::Sent(what)) => break what,
                Err(Fault::Unanswered(Unsent::Closed)) => self.input_closed(),
                Err(Fault::Unanswered(Unsent::Full)) => {
                    let text = "the module does not read its standard input, and too much waits for it";
                    return self.give_up(HResult::ERROR_TIMEOUT, text.to_owned());
                }
            }
        };
        self.give_up(HResult::ERROR_INVALID_DATA, format!("the module sent {fault}"));
    }

    fn take(&mut self, message: Incoming) -> Result<(), Fault> {
        match message {
            Incoming::Answer { id, result } => self.shared.answered(id, result),
            Incoming::Call { id, method, params } if method == "log" => {
                let text = |name| params.get(name).and_then(Json::as_str).unwrap_or_default();
                self.log.message(Level::named(text("level")), text("message"));
                match id {
                    None => Ok(()),
                    Some(id) => self.shared.answer(&id, Ok(serde_json::json!({}))).map_err(Fault::Unanswered),
                }
            }
            Incoming::Call { id, method, params } => self.shared.called_back(id, method, params),
        }
    }

    fn read_stderr(&mut self, chunks_max: usize) {
        for _ in 0..chunks_max {
            let Some(pipe) = &self.stderr else { return };
            match rustix::io::read(pipe, &mut self.chunk) {
                Ok(count) if count > 0 => self.log.stderr(self.chunk.get(..count).unwrap_or_default()),
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                // A module may do without its standard error.
                Ok(_) | Err(_) => self.stderr = None,
            }
        }
    }

    fn input_closed(&mut self) {
        self.shared.outbox.close();
        if self.shared.order() == Order::Run && self.silent.is_none() {
            self.silent = Some(Instant::now() + LAST_GASP);
        }
    }

    fn give_up(&mut self, code: HResult, text: String) {
        self.shared.fail(ModuleError::new(code, text));
    }

    /// Ends what is left, and tells everybody why.
    fn finish(mut self) {
        let asked = matches!(self.shared.order(), Order::Stop { .. });
        let status = self.process.reap();
        self.read_stderr(CHUNKS_IN_A_ROW);
        self.log.stderr_ended();
        let text = format!("the module's process {status}{}", self.log.last_words());
        let ended = ModuleError::new(HResult::RPC_E_DISCONNECTED, text);
        self.shared.fail(ended.clone());
        if asked {
            tracing::debug!(module = %self.shared.module, "{}", ended.message);
        } else {
            let reason = self.shared.end().map_or_else(String::new, |end| end.message);
            tracing::warn!(module = %self.shared.module, "the module broke down: {reason}");
        }
    }
}

/// What the clock asks for.
enum Due {
    /// The end of the process.
    Over,
    /// Nothing for so long; none for ever.
    In(Option<Duration>),
}

/// Tells the callers that the process is gone, however the pump leaves. It outlives the pump's process.
struct Gone(Arc<Shared>);

impl Drop for Gone {
    fn drop(&mut self) {
        let reason = "the pump of the module's process has failed";
        self.0.gone(ModuleError::new(HResult::E_UNEXPECTED, reason));
    }
}
