//! One answer from the committing thread to the caller who waits for it.
//!
//! The caller sleeps at once. A channel would first spin and yield, which with more callers than processors takes time from
//! those who could go on: some 3 % of the processors where 64 callers were profiled on two.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// The side that answers. Dropped without an answer, it wakes the caller with none.
pub(super) struct Answering<T>(Arc<Shared<T>>);

/// The side that waits.
pub(super) struct Awaited<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

enum State<T> {
    Open,
    Ended(Option<T>),
}

/// Both sides of one answer.
pub(super) fn pair<T>() -> (Answering<T>, Awaited<T>) {
    let shared = Arc::new(Shared { state: Mutex::new(State::Open), changed: Condvar::new() });
    (Answering(Arc::clone(&shared)), Awaited(shared))
}

impl<T> Answering<T> {
    pub(super) fn give(self, answer: T) {
        *self.0.state.lock() = State::Ended(Some(answer));
    }
}

impl<T> Drop for Answering<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if matches!(*state, State::Open) {
            *state = State::Ended(None);
        }
        drop(state);
        self.0.changed.notify_one();
    }
}

impl<T> Awaited<T> {
    /// The answer; none when there will be none.
    pub(super) fn wait(self) -> Option<T> {
        let mut state = self.0.state.lock();
        loop {
            if let State::Ended(answer) = &mut *state {
                return answer.take();
            }
            self.0.changed.wait(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_woken_with_the_answer_or_without() {
        let (answering, awaited) = pair();
        let waiting = std::thread::spawn(move || awaited.wait());
        answering.give(7);
        assert_eq!(waiting.join().expect("it does not panic"), Some(7));

        let (answering, awaited) = pair::<u8>();
        let waiting = std::thread::spawn(move || awaited.wait());
        drop(answering);
        assert_eq!(waiting.join().expect("it does not panic"), None);
    }
}
