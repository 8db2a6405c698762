//! The connection: messages out, and who waits for which answer.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exeunt_module::wire::{self, CallError, Limits};
use exeunt_module::{HResult, ModuleError};
use serde_json::Value as Json;

use crate::Broken;
use crate::inbox::Inbox;

/// The longest message before `initialize` names the limit, in bytes: the server's own default.
const MESSAGE_BYTES_MAX: u64 = 16 << 20;

/// The longest message whatever the server says, in bytes: the largest limit an operator can set.
const MESSAGE_BYTES_EVER: u64 = 1 << 30;

/// Call-backs that may wait for their answers: what the server bears for one call.
const CALL_BACKS_MAX: usize = 256;

/// The server keeps this much of an error's text, in bytes.
const ERROR_BYTES_MAX: usize = 8192;

/// What a call may take before `initialize` says it, in milliseconds.
const CALL_MS: u64 = 30_000;

/// A conversation with the server.
pub(crate) struct Link {
    pub(crate) inbox: Inbox,
    /// None after the end: handles that outlive it keep no pipe open.
    writer: Mutex<Option<Box<dyn Write + Send>>>,
    call_backs: Mutex<CallBacks>,
    message_bytes_max: AtomicU64,
    call_ms: AtomicU64,
}

#[derive(Default)]
struct CallBacks {
    waiting: HashMap<u64, SyncSender<Result<Json, ModuleError>>>,
    last: u64,
    closed: bool,
}

impl Link {
    pub(crate) fn new(writer: impl Write + Send + 'static) -> Self {
        Self {
            inbox: Inbox::default(),
            writer: Mutex::new(Some(Box::new(writer))),
            call_backs: Mutex::default(),
            message_bytes_max: AtomicU64::new(MESSAGE_BYTES_MAX),
            call_ms: AtomicU64::new(CALL_MS),
        }
    }

    /// Takes the limits that `initialize` names. The line that is awaited meanwhile may be longer.
    pub(crate) fn limit(&self, limits: &Limits) {
        self.message_bytes_max.store(limits.message_bytes_max.min(MESSAGE_BYTES_EVER), Ordering::Relaxed);
        self.call_ms.store(limits.timeout_ms, Ordering::Relaxed);
    }

    /// The longest message, in bytes.
    pub(crate) fn message_bytes_max(&self) -> u64 {
        self.message_bytes_max.load(Ordering::Relaxed)
    }

    /// The longest the server waits for a call.
    pub(crate) fn call_limit(&self) -> Duration {
        Duration::from_millis(self.call_ms.load(Ordering::Relaxed))
    }

    /// Calls the server and waits for its answer. The time is the server's: it ends a process that is overdue.
    pub(crate) fn call(&self, method: &str, params: &Json) -> Result<Json, ModuleError> {
        let (sender, answer) = sync_channel(1);
        let id = {
            let mut call_backs = self.call_backs();
            if call_backs.closed {
                return Err(disconnected());
            }
            if call_backs.waiting.len() >= CALL_BACKS_MAX {
                let text = format!("{CALL_BACKS_MAX} calls to the server wait for their answers; make fewer at once");
                return Err(ModuleError::new(HResult::E_OUTOFMEMORY, text));
            }
            call_backs.last += 1;
            let id = call_backs.last;
            call_backs.waiting.insert(id, sender);
            id
        };
        let sent = wire::call(Some(id), method, params).and_then(|line| self.send(&line));
        if let Err(error) = sent {
            self.call_backs().waiting.remove(&id);
            return Err(error);
        }
        answer.recv().unwrap_or_else(|_| Err(disconnected()))
    }

    /// Tells the server something that needs no answer.
    pub(crate) fn tell(&self, method: &str, params: &Json) -> Result<(), ModuleError> {
        wire::call(None, method, params).and_then(|line| self.send(&line))
    }

    /// Answers a call of the server. One whose answer is too long fails instead.
    pub(crate) fn answer(&self, id: &Json, result: Result<Json, CallError>) {
        let result = result.map_err(shortened);
        let sent = wire::answer(id, result).and_then(|line| self.send(&line));
        if let Err(error) = sent
            && error.code == HResult::CERTSRV_E_ENCODING_LENGTH
        {
            // What cannot be sent at all has ended the conversation already.
            let _ = wire::answer(id, Err(error.into())).and_then(|line| self.send(&line));
        }
    }

    /// An answer of the server has arrived.
    pub(crate) fn answered(&self, id: u64, result: Result<Json, ModuleError>) -> Result<(), Broken> {
        let waiting = self.call_backs().waiting.remove(&id);
        let waiting = waiting.ok_or_else(|| Broken(format!("the server answered call {id}, which is not open")))?;
        // The caller waits, or has left with its conversation.
        let _ = waiting.send(result);
        Ok(())
    }

    /// Ends the conversation: nobody waits for an answer any more.
    pub(crate) fn close(&self, end: Result<(), Broken>) {
        {
            let mut call_backs = self.call_backs();
            call_backs.closed = true;
            call_backs.waiting.clear();
        }
        self.inbox.close(end);
    }

    /// The module has returned and is dropped: how the conversation ended.
    pub(crate) fn finish(&self) -> Result<(), Broken> {
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.inbox.finish()
    }

    fn send(&self, line: &[u8]) -> Result<(), ModuleError> {
        let limit = self.message_bytes_max();
        if line.len() as u64 > limit {
            let text = format!("the message of {} bytes exceeds `message_bytes_max` ({limit})", line.len());
            return Err(ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, text));
        }
        let written = match &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(writer) => writer.write_all(line).and_then(|()| writer.flush()),
            None => return Err(disconnected()),
        };
        written.map_err(|error| {
            self.close(lost(&error));
            disconnected()
        })
    }

    fn call_backs(&self) -> MutexGuard<'_, CallBacks> {
        self.call_backs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn disconnected() -> ModuleError {
    ModuleError::new(HResult::RPC_E_DISCONNECTED, "the server has ended the conversation")
}

/// A server that was killed leaves a closed pipe: an end like that of the input.
fn lost(error: &io::Error) -> Result<(), Broken> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Broken(format!("the server cannot be answered: {error}"))),
    }
}

fn shortened(error: CallError) -> CallError {
    match error {
        CallError::Contract(mut error) => {
            error.message.truncate(error.message.floor_char_boundary(ERROR_BYTES_MAX));
            CallError::Contract(error)
        }
        other => other,
    }
}
