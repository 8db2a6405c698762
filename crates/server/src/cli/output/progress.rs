//! A progress bar on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a long act is. Gone when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(what: &str, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_message(what.to_owned());
        Self { bar }
    }

    /// `done` of `all` steps; 0 of all where it is not known how many there are.
    pub fn update(&self, done: u64, all: u64) {
        if self.bar.length() != Some(all) && all > 0 {
            let style = ProgressStyle::with_template("{msg} [{bar:30}] {human_pos}/{human_len} {eta}");
            self.bar.set_style(style.expect("the template is good").progress_chars("=> "));
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
