//! A progress bar on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long it takes until the time that has passed is drawn again: who waits sees that something is going on.
const AGAIN: Duration = Duration::from_millis(500);

/// How far a long act is. Gone when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(what: &str, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(style("{msg} {elapsed}"));
        bar.set_message(what.to_owned());
        if shown {
            bar.enable_steady_tick(AGAIN);
        }
        Self { bar }
    }

    /// `done` of `all` steps; 0 of all where it is not known how many there are.
    pub fn update(&self, done: u64, all: u64) {
        if self.bar.length() != Some(all) && all > 0 {
            self.bar.set_style(style("{msg} [{bar:30}] {human_pos}/{human_len} {elapsed}"));
            self.bar.set_length(all);
        }
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is good").progress_chars("=> ")
}
