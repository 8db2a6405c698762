//! One guard for every module, whatever its kind: time limit, concurrency, panics, restarts, counting.

mod exit;
mod instance;
mod places;
mod policy;
mod workers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use module::{HResult, ModuleError, ModuleKind, Settings, Undelivered};

use crate::{Gauge, com, process, webhook};
use instance::Instances;
use places::Places;
use workers::Workers;

/// What a guarded module may take up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest one call may take; then it fails with `ERROR_TIMEOUT` and its thread is given up. Exit modules
    /// only: a policy module runs on its caller's thread, and its host keeps the time.
    pub call: Duration,
    /// The longest `initialize` may take, at first and after each restart.
    pub initialize: Duration,
    /// The longest the guard waits, when it is dropped or shut down, for the module to let go of what it holds.
    pub release: Duration,
    /// Calls at once; further ones wait for a place, at most for `call`.
    pub concurrency: usize,
    /// Threads that may be given up at one time; with that many, calls fail at once until one returns.
    pub abandoned_max: usize,
    /// The longest error text; longer ones are cut.
    pub error_bytes_max: usize,
    /// The wait before a second restart in a row; it doubles with each further one. The first restart is immediate.
    pub backoff_min: Duration,
    /// The longest wait before a restart.
    pub backoff_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(30),
            initialize: Duration::from_secs(60),
            release: Duration::from_secs(15),
            concurrency: 1,
            abandoned_max: 4,
            error_bytes_max: 8192,
            backoff_min: Duration::from_millis(250),
            backoff_max: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// The settings for a host that keeps the time of its calls itself: with this limit for a call, where they name
    /// none of their own.
    pub fn handed_down(&self, kind: &dyn ModuleKind, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        if keeps_time(kind) && settings.value(process::CALL_LIMIT).is_none() {
            settings.set(process::CALL_LIMIT, self.call.as_millis().max(1).to_string());
        }
        settings
    }

    /// Raises the time limits above those that a host of this kind keeps itself, so that the host ends its module's
    /// process before the guard gives a thread up. `settings` are those the module is made with: see
    /// [`handed_down`](Self::handed_down).
    pub fn around(mut self, kind: &dyn ModuleKind, settings: &Settings) -> Result<Self, ModuleError> {
        if let Some(inner) = inner_limits(kind, settings)? {
            self.call = self.call.max(inner.call);
            self.initialize = self.initialize.max(inner.initialize);
            self.release = self.release.max(inner.release);
        }
        if kind.name() == webhook::WebhookKind::NAME {
            let inner = webhook::call_limit(settings)?;
            self.call = self.call.max(inner);
            self.initialize = self.initialize.max(inner);
        }
        Ok(self)
    }
}

/// Whether the host of this kind ends overdue calls itself.
fn keeps_time(kind: &dyn ModuleKind) -> bool {
    match kind.name() {
        process::ProcessKind::NAME | com::ComKind::NAME | webhook::WebhookKind::NAME => true,
        #[cfg(feature = "wasm")]
        crate::wasm::WasmKind::NAME => true,
        _ => false,
    }
}

/// The longest that a host which keeps the time takes with these settings.
fn inner_limits(kind: &dyn ModuleKind, settings: &Settings) -> Result<Option<process::TimeLimits>, ModuleError> {
    match kind.name() {
        process::ProcessKind::NAME => process::time_limits(settings).map(Some),
        com::ComKind::NAME => com::time_limits(settings).map(Some),
        #[cfg(feature = "wasm")]
        crate::wasm::WasmKind::NAME => crate::wasm::time_limits(settings).map(Some),
        _ => Ok(None),
    }
}

/// A module behind its guard: `Guard<dyn ExitModule>` is an exit module, `Guard<dyn PolicyModule>` a policy module.
///
/// **Time.** Calls to an exit module run on threads of the guard. A call that exceeds its limit fails with
/// `ERROR_TIMEOUT`; its thread, which nothing can end, is given up and goes away when the call returns.
/// **Panics** are caught: the call fails with `RPC_E_SERVERFAULT`.
/// **Restarts.** After a hang or a panic the instance is dropped, and the next call is made to a fresh one, which is
/// initialised through the server view of that call. Restarts in a row are spaced by exponential backoff, and calls
/// meanwhile fail at once with `RPC_E_DISCONNECTED`.
/// **Refusals.** What the module never saw, because no place was free, it is not to be started again yet or could not be,
/// or too many threads are given up, is [`Undelivered::Refused`] in the answer of `notify_batch`: no attempt.
/// **Mask.** The events a module wants are those of the first `initialize`: a fresh instance that names others is
/// logged, and sent what the first one asked for.
/// **Contexts** are the engine's: the guard takes a handle of its own with `share`, and it is the engine's view that
/// answers `ERROR_INVALID_HANDLE` once `notify` has returned, to a thread given up too.
///
/// Dropping the guard drops the module, on a thread of its own, and waits [`Limits::release`] at most for it.
pub struct Guard<M: ?Sized + Send + Sync + 'static> {
    name: Arc<str>,
    limits: Limits,
    gauge: Arc<Gauge>,
    places: Places,
    workers: Workers,
    instances: Instances<M>,
}

impl<M: ?Sized + Send + Sync + 'static> Guard<M> {
    fn over(name: &str, factory: instance::Factory<M>, limits: Limits, gauge: Arc<Gauge>) -> Self {
        let name: Arc<str> = name.into();
        Self {
            places: Places::new(limits.concurrency.max(1)),
            workers: Workers::new(Arc::clone(&name), Arc::clone(&gauge)),
            instances: Instances::new(Arc::clone(&name), factory, &limits),
            name,
            limits,
            gauge,
        }
    }

    /// What was counted.
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// Counts one call, from before its wait for a place to its end.
    fn counted<T>(&self, call: impl FnOnce() -> Result<T, Undelivered>) -> Result<T, Undelivered> {
        let started = Instant::now();
        self.gauge.call_started();
        match call() {
            Ok(value) => {
                self.gauge.call_ended(started.elapsed(), None);
                Ok(value)
            }
            Err(Undelivered::Refused(error)) => {
                let error = self.presentable(error);
                self.gauge.call_refused(&error);
                Err(Undelivered::Refused(error))
            }
            Err(Undelivered::Failed(error)) => {
                let error = self.presentable(error);
                self.gauge.call_ended(started.elapsed(), Some(&error));
                Err(Undelivered::Failed(error))
            }
        }
    }

    /// A module's error fit to be stored: its code is a failure, its text not longer than the limit.
    fn presentable(&self, error: ModuleError) -> ModuleError {
        ModuleError::new(error.code, cut(error.message, self.limits.error_bytes_max))
    }
}

impl<M: ?Sized + Send + Sync + 'static> Drop for Guard<M> {
    fn drop(&mut self) {
        self.instances.close(self.limits.release);
    }
}

fn overdue(what: &str, limit: Duration) -> ModuleError {
    ModuleError::new(HResult::ERROR_TIMEOUT, format!("{what} took longer than {} ms", limit.as_millis()))
}

fn panicked(what: &str, text: &str) -> ModuleError {
    ModuleError::new(HResult::RPC_E_SERVERFAULT, format!("{what} panicked: {text}"))
}

/// The text of a panic.
fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a text").to_owned()
}

/// The text, or its first bytes up to a character's end and a mark.
fn cut(mut text: String, bytes_max: usize) -> String {
    const MARK: &str = " [cut]";
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max.saturating_sub(MARK.len())));
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_host_keeps_the_operators_time_and_the_guard_stays_above_it() {
        let kind = process::ProcessKind;
        let limits = Limits { call: Duration::from_secs(2), ..Limits::default() };
        let own: Settings = [("command", "m"), ("timeout_ms", "7000")].into_iter().collect();
        assert_eq!(limits.handed_down(&kind, &own), own);
        let plain: Settings = [("command", "m")].into_iter().collect();
        let settings = limits.handed_down(&kind, &plain);
        assert_eq!(settings.value("timeout_ms"), Some("2000"));
        let around = limits.clone().around(&kind, &settings).unwrap();
        assert!(around.call > Duration::from_secs(20) && around.initialize > Duration::from_secs(20), "{around:?}");
        assert!(limits.around(&kind, &Settings::default()).is_err());
    }

    #[test]
    fn every_host_that_knows_a_time_limit_is_handed_the_operators() {
        let limits = Limits { call: Duration::from_secs(2), ..Limits::default() };
        for kind in crate::kinds() {
            let knows = kind.settings().iter().any(|setting| setting.name == process::CALL_LIMIT);
            let handed = limits.handed_down(kind.as_ref(), &Settings::default());
            assert_eq!(handed.value(process::CALL_LIMIT), knows.then_some("2000"), "{}", kind.name());
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("short".into(), 8192), "short");
        assert_eq!(cut("ä".repeat(10), 13), "äää [cut]");
        assert!(cut("x".repeat(10_000), 8192).len() <= 8192);
    }
}
