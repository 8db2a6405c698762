//! The contexts that are open: what a number given to `SetContext` reads and writes.
//!
//! A context belongs to one call of the server, and ends with it. Context 0 is the certification authority alone; it is
//! read through whichever call is open.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, LazyLock};

use module::property::{self, Scope};
use module::{HResult, ModuleError, Notification, ServerExit, ServerPolicy, Value};
use parking_lot::Mutex;

use crate::own_properties::OwnProperty;

static OPEN: LazyLock<Mutex<Table>> = LazyLock::new(|| Mutex::new(Table { next: 1, open: BTreeMap::new() }));

struct Table {
    next: i32,
    open: BTreeMap<i32, Arc<Context>>,
}

impl Table {
    /// Opens a context: its number, which is no open one's even after the numbers have begun again.
    fn insert(&mut self, context: &Arc<Context>) -> i32 {
        loop {
            let number = self.next;
            self.next = number.checked_add(1).unwrap_or(1);
            if let Entry::Vacant(place) = self.open.entry(number) {
                place.insert(Arc::clone(context));
                return number;
            }
        }
    }
}

/// What one call of the server gives access to.
pub struct Context {
    view: Mutex<Option<View>>,
    /// The event that an exit module is told of.
    event: Option<Notification>,
    /// The message that a policy module gives its decision.
    message: Mutex<Option<String>>,
}

enum View {
    Exit(Arc<dyn ServerExit>),
    Policy(Borrowed),
}

/// A policy module's server view, for as long as the call lasts that lends it.
struct Borrowed(*mut (dyn ServerPolicy + 'static));

// SAFETY: what it points to may be used on any thread (`ServerPolicy` is `Send` and `Sync`), and is only reached under the
// lock of its context.
unsafe impl Send for Borrowed {}

/// An open context. It ends when this is dropped, after whoever reads through it this moment.
pub struct Open {
    number: i32,
    context: Arc<Context>,
}

impl Open {
    /// Opens the context of a call that is about no request: the certification authority.
    pub fn authority(server: &dyn ServerExit) -> Self {
        Self::with(View::Exit(server.share()), None)
    }

    /// Opens the context of an exit module's event.
    pub fn event(event: &Notification, server: &dyn ServerExit) -> Self {
        Self::with(View::Exit(server.share()), Some(event.clone()))
    }

    /// Opens the context of a policy module's call, calls `then` with it, and closes it.
    pub fn policy<T>(server: &mut dyn ServerPolicy, then: impl FnOnce(&Self) -> T) -> T {
        let lent: *mut (dyn ServerPolicy + '_) = server;
        // SAFETY: only the lifetime changes. The pointer is used while `open` lives, which ends before `server` does.
        let lent: *mut (dyn ServerPolicy + 'static) = unsafe { std::mem::transmute(lent) };
        let open = Self::with(View::Policy(Borrowed(lent)), None);
        then(&open)
    }

    /// The number modules know it by: positive, and no other's in the life of the process until two thousand million
    /// have been given.
    pub const fn number(&self) -> i32 {
        self.number
    }

    /// The message that the policy module has given its decision; none where it gave none.
    pub fn message(&self) -> Option<String> {
        self.context.message.lock().clone()
    }

    fn with(view: View, event: Option<Notification>) -> Self {
        let context = Arc::new(Context { view: Mutex::new(Some(view)), event, message: Mutex::new(None) });
        let number = OPEN.lock().insert(&context);
        Self { number, context }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.lock().open.remove(&self.number);
        // Waits for a reader of a policy view on another thread.
        self.context.view.lock().take();
    }
}

/// The context with this number. For 0 the newest that is open.
pub fn find(number: i32) -> Result<Arc<Context>, ModuleError> {
    let table = OPEN.lock();
    let found = match number {
        0 => table.open.last_key_value().map(|(_, context)| context),
        number => table.open.get(&number),
    };
    found.cloned().ok_or_else(closed)
}

impl Context {
    /// Reads. The view of an exit module is read without a lock, so that several threads can.
    pub fn read<T>(&self, read: impl FnOnce(&dyn ServerExit) -> Result<T, ModuleError>) -> Result<T, ModuleError> {
        let mut view = self.view.lock();
        match view.as_mut() {
            None => Err(closed()),
            Some(View::Exit(server)) => {
                let server = Arc::clone(server);
                drop(view);
                read(&*server)
            }
            // SAFETY: the call that lent the view goes on until it has taken it back, for which it needs the lock.
            Some(View::Policy(server)) => read(unsafe { &*server.0 }),
        }
    }

    /// Writes: `E_ACCESSDENIED` outside `VerifyRequest`.
    pub fn write<T>(
        &self,
        write: impl FnOnce(&mut dyn ServerPolicy) -> Result<T, ModuleError>,
    ) -> Result<T, ModuleError> {
        let mut view = self.view.lock();
        match view.as_mut() {
            None => Err(closed()),
            Some(View::Exit(_)) => Err(read_only()),
            // SAFETY: as above; the lock makes the reference the only one.
            Some(View::Policy(server)) => write(unsafe { &mut *server.0 }),
        }
    }

    /// Reads a property of our own: `CERTSRV_E_PROPERTY_EMPTY` where the call is not one that it is about.
    pub fn own(&self, property: OwnProperty) -> Result<Value, ModuleError> {
        let value = match property {
            OwnProperty::DispositionMessage => self.message.lock().clone().map(Value::String),
            _ => self.event.as_ref().and_then(|event| property.of_event(event)),
        };
        value.ok_or_else(|| property.empty())
    }

    /// Sets a property of our own, or deletes it.
    pub fn set_own(&self, property: OwnProperty, value: Option<Value>) -> Result<(), ModuleError> {
        property.check_writable()?;
        let message = value.map(Value::into_text).transpose()?;
        match self.view.lock().as_ref() {
            None => Err(closed()),
            Some(View::Exit(_)) => Err(read_only()),
            Some(View::Policy(_)) => {
                *self.message.lock() = message;
                Ok(())
            }
        }
    }
}

/// Whether `GetCertificateProperty` reads this name in context 0.
pub fn is_of_authority(name: &str) -> bool {
    property::certificate_property(name)
        .is_some_and(|(property, _)| matches!(property.scope, Scope::Ca | Scope::CaIndexed))
}

fn read_only() -> ModuleError {
    ModuleError::new(HResult::E_ACCESSDENIED, "only a policy module writes, while it verifies a request")
}

fn closed() -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the context is not one of a call under way")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_once_until_all_have_been() {
        let context = Arc::new(Context { view: Mutex::new(None), event: None, message: Mutex::new(None) });
        let mut table = Table { next: i32::MAX - 1, open: BTreeMap::from([(1, Arc::clone(&context))]) };
        // Closed at once, and not given again; and the one that is still open is passed over.
        let numbers: Vec<i32> = std::iter::repeat_with(|| {
            let number = table.insert(&context);
            table.open.remove(&number);
            number
        })
        .take(4)
        .collect();
        assert_eq!(numbers, [i32::MAX - 1, i32::MAX, 2, 3]);
        assert!(table.open.contains_key(&1));
    }
}
