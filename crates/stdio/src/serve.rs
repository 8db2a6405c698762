//! From the first message to the last: one conversation with the server.

use std::io::{self, IsTerminal, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use exeunt_module::wire::{CallError, Initialize, Versions, method};
use exeunt_module::{ExitModule, HResult, ModuleError, PolicyModule, Role, Settings};
use serde_json::Value as Json;

use crate::inbox::Call;
use crate::link::Link;
use crate::role::{self, ExitRole, Later, PolicyRole, Served};
use crate::{log, reader, streams};

/// The most threads that serve calls, whatever the operator's window.
const THREADS_MAX: usize = 256;

/// Why a conversation ended otherwise than in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub(crate) String);

/// Which threads call the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threads {
    /// As many as the operator's `window` allows calls at once, one of them the thread that serves.
    #[default]
    Window,
    /// The thread that serves and no other: the module is made, called and dropped in it. Calls that the window lets
    /// through meanwhile wait.
    One,
}

/// How a module is served. The default is what [`run_exit`](crate::run_exit) does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serve {
    threads: Threads,
}

impl Serve {
    /// On as many threads as the window allows calls.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which threads call the module.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Serves an exit module on the standard streams: see [`run_exit`](crate::run_exit).
    pub fn exit<M: ExitModule>(self, mut make: impl FnMut(&Settings) -> Result<M, ModuleError>) -> ExitCode {
        self.on_standard_streams(Role::Exit, move |settings| Ok(ExitRole { module: make(settings)?, later: None }))
    }

    /// As [`exit`](Self::exit), for a module that may know more events than this version: `later` tells it of them.
    pub fn exit_and_later<M: ExitModule>(
        self,
        mut make: impl FnMut(&Settings) -> Result<M, ModuleError>,
        later: Later<M>,
    ) -> ExitCode {
        let make = move |settings: &Settings| Ok(ExitRole { module: make(settings)?, later: Some(later) });
        self.on_standard_streams(Role::Exit, make)
    }

    /// Serves a policy module on the standard streams: see [`run_policy`](crate::run_policy).
    pub fn policy<M: PolicyModule>(self, mut make: impl FnMut(&Settings) -> Result<M, ModuleError>) -> ExitCode {
        self.on_standard_streams(Role::Policy, move |settings| make(settings).map(PolicyRole))
    }

    /// Serves an exit module on these streams until `reader` ends or says `shutdown`. Returns when the module is dropped.
    ///
    /// A thread of its own reads; it stays behind when the conversation ends because `writer` fails while `reader` is silent.
    pub fn exit_on<M: ExitModule>(
        self,
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        mut make: impl FnMut(&Settings) -> Result<M, ModuleError>,
    ) -> Result<(), Broken> {
        let make = move |settings: &Settings| Ok(ExitRole { module: make(settings)?, later: None });
        self.converse(reader, writer, None, make)
    }

    /// Serves a policy module on these streams: as [`exit_on`](Self::exit_on) otherwise.
    pub fn policy_on<M: PolicyModule>(
        self,
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        mut make: impl FnMut(&Settings) -> Result<M, ModuleError>,
    ) -> Result<(), Broken> {
        self.converse(reader, writer, None, move |settings| make(settings).map(PolicyRole))
    }

    fn on_standard_streams<S: Served>(
        self,
        role: Role,
        make: impl FnMut(&Settings) -> Result<S, ModuleError>,
    ) -> ExitCode {
        if io::stdin().is_terminal() {
            explain(role);
            return ExitCode::from(2);
        }
        let ended = streams::take()
            .map_err(|error| Broken(format!("the standard streams: {error}")))
            .and_then(|(reader, writer)| self.converse(reader, writer, Some(end_process), make));
        match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(broken) => {
                eprintln!("{broken}");
                ExitCode::FAILURE
            }
        }
    }

    /// The conversation: greeting, calls, end. `overdue` is called when the module does not return after the end.
    fn converse<S: Served>(
        self,
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        overdue: Option<fn(Duration)>,
        make: impl FnMut(&Settings) -> Result<S, ModuleError>,
    ) -> Result<(), Broken> {
        let link = Arc::new(Link::new(writer));
        let _sink = log::install(&link);
        reader::start(reader, Arc::clone(&link), overdue)?;

        let mut make = Some(make);
        while let Some(call) = link.inbox.next() {
            let Some(mut make) = make.take_if(|_| call.method == method::INITIALIZE) else {
                link.answer(&call.id, Err(not_initialised(&call)));
                continue;
            };
            match self.greet(&link, &call.params, &mut make) {
                Ok((module, answer, threads)) => {
                    link.answer(&call.id, Ok(answer));
                    let renew = || self.greet(&link, &call.params, &mut make).map(|(module, ..)| module);
                    match serve(&link, module, threads, renew) {
                        Ok(module) => logged(|| module.shut_down()),
                        Err(error) => link.close(Err(Broken(format!("the module cannot be made anew: {error}")))),
                    }
                }
                Err(error) => link.answer(&call.id, Err(error.into())),
            }
        }
        link.finish()
    }

    /// Makes the module and initialises it: the module, its answer, and the threads it is called on.
    fn greet<S: Served>(
        self,
        link: &Arc<Link>,
        params: &Json,
        make: &mut impl FnMut(&Settings) -> Result<S, ModuleError>,
    ) -> Result<(S, Json, usize), ModuleError> {
        let question = Initialize::from_json(params)?;
        let protocol = agreed(question.protocol)?;
        check_role(question.role, S::ROLE)?;
        link.limit(&question.limits);
        let threads = match self.threads {
            Threads::Window => usize::try_from(question.limits.window).unwrap_or(THREADS_MAX).clamp(1, THREADS_MAX),
            Threads::One => 1,
        };
        let settings: Settings = question.settings.iter().collect();
        let module = guarded(|| make(&settings))?;
        let answer = role::initialize(&module, link, question, protocol)?;
        Ok((module, answer, threads))
    }
}

/// Serves calls until there are no more: the module that served the last. One that panicked may have left anything behind,
/// a poisoned lock, a state half changed: calls under way end with it, and those that wait go to another.
fn serve<S: Served>(
    link: &Arc<Link>,
    mut module: S,
    threads: usize,
    mut renew: impl FnMut() -> Result<S, ModuleError>,
) -> Result<S, ModuleError> {
    loop {
        take_calls(link, &module, threads);
        if !link.inbox.renew() {
            return Ok(module);
        }
        logged(move || drop(module));
        module = renew()?;
    }
}

/// Serves calls on so many threads, the calling one among them, until there are none for this module.
fn take_calls<S: Served>(link: &Arc<Link>, module: &S, threads: usize) {
    thread::scope(|scope| {
        for number in 1..threads {
            let worker = thread::Builder::new().name(format!("call-{number}"));
            // One thread fewer is slower and no less right.
            if worker.spawn_scoped(scope, || work(link, module)).is_err() {
                break;
            }
        }
        work(link, module);
    });
}

fn work<S: Served>(link: &Arc<Link>, module: &S) {
    let _sink = log::enter(link);
    while let Some(Call { id, method, params }) = link.inbox.next() {
        link.answer(&id, role::call(module, link, &method, &params));
    }
}

fn agreed(server: Versions) -> Result<u32, ModuleError> {
    let ours = Versions::SPOKEN;
    ours.agreed(server).ok_or_else(|| {
        ModuleError::invalid(format!(
            "the server speaks protocol {} to {}, this module {} to {}: install a build of the module that fits",
            server.min, server.max, ours.min, ours.max
        ))
    })
}

fn check_role(asked: Role, ours: Role) -> Result<(), ModuleError> {
    let text = match (asked, ours) {
        (Role::Exit, Role::Policy) => "the program is a policy module: say --role policy",
        (Role::Policy, Role::Exit) => "the program is an exit module: say --role exit",
        _ => return Ok(()),
    };
    Err(ModuleError::invalid(text))
}

fn not_initialised(call: &Call) -> CallError {
    match call.method.as_str() {
        method::INITIALIZE | method::NOTIFY | method::VERIFY_REQUEST | method::DESCRIBE | method::PING => {
            let text = "`initialize` is called first, and once for each process";
            ModuleError::new(HResult::E_UNEXPECTED, text).into()
        }
        other => CallError::UnknownMethod(other.to_owned()),
    }
}

/// Runs the module's code; a panic is a failure with its text.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, ModuleError>) -> Result<T, ModuleError> {
    caught(call).unwrap_or_else(Err)
}

/// Runs the module's code in a call of the server: once it has panicked, no further call is for this instance.
pub(crate) fn watched<T>(link: &Link, call: impl FnOnce() -> Result<T, ModuleError>) -> Result<T, ModuleError> {
    caught(call).unwrap_or_else(|panic| {
        link.inbox.retire();
        Err(panic)
    })
}

/// Runs what nobody waits for: a panic is for the log.
fn logged(end: impl FnOnce()) {
    if let Err(panic) = caught(end) {
        log::log(log::Level::Error, &panic.message);
    }
}

fn caught<T>(call: impl FnOnce() -> T) -> Result<T, ModuleError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("without a text");
        ModuleError::new(HResult::RPC_E_SERVERFAULT, format!("the module panicked: {text}"))
    })
}

/// The server has gone and the module does not return: nobody is left who would end the process.
fn end_process(waited: Duration) {
    eprintln!("the module did not return within {} s after the server had gone", waited.as_secs());
    std::process::exit(1);
}

/// For a person who starts the program by hand.
fn explain(role: Role) {
    let program = std::env::current_exe().map_or_else(|_| "PROGRAM".to_owned(), |path| path.display().to_string());
    let (kind, role) = match role {
        Role::Exit => ("an exit module", ""),
        Role::Policy => ("a policy module", " --role policy"),
    };
    eprintln!(
        "This program is {kind} of Exeunt: the server starts it and speaks with it over its standard input and output.\n\
         Try it:      exeunt module test {program}{role}\n\
         Install it:  exeunt module add {program}{role}\n\
         Where it has an exeunt-module.toml, give the folder of that in the place of the program."
    );
}
