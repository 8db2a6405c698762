//! How a guest's call reaches the server.
//!
//! The server view of a call is borrowed, and for a policy module mutably: it cannot go into the store that the guest runs
//! in. So a guest's call is left here as an errand, and the guest waits; whoever drives the guest, on the same thread, finds
//! the errand, carries it out with the view it holds, and drives on. No other thread and no copy of the view is needed, and
//! where no call holds a view, there is nothing an errand could reach.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;

use module::property::{self, Scope};
use module::{HResult, ModuleError, PropertyType, ServerExit, ServerPolicy, Value};
use parking_lot::Mutex;

/// What a call may read, and write.
pub(super) enum View<'a> {
    /// Nothing: `description`, `shut-down`, and the start of an instance.
    None,
    /// The certification authority: `initialize`. The view may be that of a request, when an instance is made for it.
    Authority(&'a dyn ServerExit),
    /// The call of an exit module.
    Exit(&'a dyn ServerExit),
    /// The call of a policy module.
    Policy(&'a mut dyn ServerPolicy),
}

impl View<'_> {
    /// What can be read of the request.
    pub(super) fn request(&self) -> Result<&dyn ServerExit, ModuleError> {
        match self {
            Self::None => Err(no_context()),
            Self::Authority(_) => Err(authority_only()),
            Self::Exit(server) => Ok(*server),
            Self::Policy(server) => Ok(&**server),
        }
    }

    /// `GetCertificateProperty`, which reads the certification authority too.
    pub(super) fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        match self {
            Self::Authority(server) => match property::certificate_property(name).map(|(property, _)| property.scope) {
                Some(Scope::Ca | Scope::CaIndexed) => server.certificate_property(name, kind),
                Some(_) | None => Err(authority_only()),
            },
            _ => self.request()?.certificate_property(name, kind),
        }
    }

    /// What can be written.
    pub(super) fn writer(&mut self) -> Result<&mut dyn ServerPolicy, ModuleError> {
        match self {
            Self::Policy(server) => Ok(&mut **server),
            Self::None => Err(no_context()),
            Self::Authority(_) | Self::Exit(_) => {
                let text = "only a policy module writes, while it verifies a request";
                Err(ModuleError::new(HResult::E_ACCESSDENIED, text))
            }
        }
    }
}

fn no_context() -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_HANDLE, "this call has no context")
}

fn authority_only() -> ModuleError {
    let text = "`initialize` reads the certification authority only";
    ModuleError::new(HResult::CERTSRV_E_PROPERTY_EMPTY, text)
}

type Errand = Box<dyn FnOnce(&mut View<'_>) + Send>;

/// Where a guest leaves its errand. A guest has one thread: there is one errand at a time.
#[derive(Clone, Default)]
pub(super) struct Desk(Arc<Mutex<Option<Errand>>>);

impl Desk {
    /// Asks the server, and waits for the answer.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut View<'_>) -> Result<T, ModuleError> + Send + 'static,
    ) -> Result<T, ModuleError> {
        let answer = Arc::new(Mutex::new(None));
        let place = Arc::clone(&answer);
        *self.0.lock() = Some(Box::new(move |view| *place.lock() = Some(errand(view))));
        poll_fn(|_| answer.lock().take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Runs a guest on this thread and does its errands, until it has ended; none where it has not by the deadline.
    pub(super) fn serve<T>(&self, guest: impl Future<Output = T>, view: &mut View<'_>, deadline: Instant) -> Option<T> {
        let mut guest = pin!(guest);
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(result) = guest.as_mut().poll(&mut context) {
                return Some(result);
            }
            let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            let errand = self.0.lock().take();
            match errand {
                Some(errand) => errand(view),
                None => std::thread::park_timeout(left),
            }
        }
    }
}

/// Wakes the thread that drives a guest.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn errands_are_done_in_turn_and_only_while_the_guest_is_served() {
        let desk = Desk::default();
        let guest = async {
            let first = desk.ask(|view| view.request().map(|_| ())).await;
            let second = desk.ask(|_| Ok(2)).await;
            (first.map_err(|error| error.code), second)
        };
        let served = desk.serve(guest, &mut View::None, Instant::now() + PATIENCE);
        assert_eq!(served, Some((Err(HResult::ERROR_INVALID_HANDLE), Ok(2))));
    }

    #[test]
    fn a_guest_that_waits_for_ever_or_asks_for_ever_is_given_up() {
        let desk = Desk::default();
        let limit = Duration::from_millis(20);
        assert_eq!(desk.serve(std::future::pending::<()>(), &mut View::None, Instant::now() + limit), None);
        let asking = async {
            loop {
                let _ = desk.ask(|_| Ok(())).await;
            }
        };
        assert_eq!(desk.serve::<()>(asking, &mut View::None, Instant::now() + limit), None);
    }
}
