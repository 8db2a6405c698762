//! How many calls run at once.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Places for calls, given out until they are used up.
#[derive(Debug)]
pub(super) struct Places {
    free: Mutex<usize>,
    returned: Condvar,
}

/// One place; it returns when this is dropped.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a Places);

impl Places {
    pub(super) const fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), returned: Condvar::new() }
    }

    /// Waits for a place; none by the deadline.
    pub(super) fn take(&self, deadline: Instant) -> Option<Place<'_>> {
        let mut free = self.free.lock();
        while *free == 0 {
            if self.returned.wait_until(&mut free, deadline).timed_out() && *free == 0 {
                return None;
            }
        }
        *free -= 1;
        Some(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.returned.notify_one();
    }
}
