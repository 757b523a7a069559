//! Shows the progress of the batch, as a line that changes on a terminal, and as plain lines elsewhere.

use std::{
    io::IsTerminal as _,
    sync::atomic::{AtomicU64, Ordering},
};

use backend::statistics::batch::Progress;
use indicatif::ProgressBar;

/// So often a plain line is written, in records.
const LINE_EVERY: u64 = 50_000;

/// A place where progress is shown.
pub(super) struct Shown {
    bar: Option<ProgressBar>,
    /// Up to how many records a plain line was written.
    written: AtomicU64,
}

impl Shown {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
        Self { bar, written: AtomicU64::new(0) }
    }

    pub(super) fn show(&self, done: Progress) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} records counted", done.records));
            bar.tick();
            return;
        }
        if done.records >= self.written.load(Ordering::Relaxed) + LINE_EVERY {
            self.written.store(done.records, Ordering::Relaxed);
            eprintln!("{} records counted", done.records);
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
