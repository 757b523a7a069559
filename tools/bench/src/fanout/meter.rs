//! The cost of a measurement to the measured program.

use std::time::Duration;

use super::board::Board;
use crate::processes::{Processes, Usage};
use testkit::Error;

/// The time after which a program has done what opening the sockets left it to do.
const SETTLING: Duration = Duration::from_secs(1);
const KIBIBYTE: f64 = 1_024.0;

/// The cost of one measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// The processor's microseconds during the presses, for each frame that a subscriber read.
    pub(super) of_frame: Option<f64>,
    /// The kibibytes by which the resident memory grew for each socket, before the first press.
    pub(super) of_socket: Option<f64>,
    /// The mebibytes of resident memory after the presses.
    pub(super) resident: f64,
}

/// The use until each step of a measurement.
#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    /// Before the sockets were opened.
    empty: Usage,
    /// When all of them were open and idle.
    idle: Usage,
    /// Before the first counted press.
    begun: Usage,
    /// After the last one.
    ended: Usage,
    /// The frames that subscribers read between the last two.
    frames: usize,
    sockets: usize,
}

/// Looks at a program at each step, if its processes are known.
pub(super) struct Meter {
    processes: Option<Processes>,
    steps: Steps,
}

impl Meter {
    /// Looks before the first socket is opened.
    ///
    /// # Errors
    /// As [`Processes::usage`].
    pub(super) fn start(processes: Option<Processes>) -> Result<Self, Error> {
        let mut meter = Self { processes, steps: Steps::default() };
        meter.steps.empty = meter.usage()?;
        Ok(meter)
    }

    /// Looks when so many sockets are open.
    ///
    /// # Errors
    /// As [`Processes::usage`].
    pub(super) async fn sockets_are_open(&mut self, sockets: usize) -> Result<(), Error> {
        tokio::time::sleep(SETTLING).await;
        self.steps.sockets = sockets;
        self.steps.idle = self.usage()?;
        Ok(())
    }

    /// Looks before the first counted press.
    ///
    /// # Errors
    /// As [`Processes::usage`].
    pub(super) fn presses_begin(&mut self, board: &Board) -> Result<(), Error> {
        self.steps.frames = board.frames();
        self.steps.begun = self.usage()?;
        Ok(())
    }

    /// Looks after the last press.
    ///
    /// # Errors
    /// As [`Processes::usage`].
    pub(super) fn end(mut self, board: &Board) -> Result<Option<Cost>, Error> {
        self.steps.frames = board.frames() - self.steps.frames;
        self.steps.ended = self.usage()?;
        Ok(self.processes.is_some().then(|| self.steps.cost()))
    }

    fn usage(&self) -> Result<Usage, Error> {
        self.processes.as_ref().map_or(Ok(Usage::default()), Processes::usage)
    }
}

impl Steps {
    fn cost(&self) -> Cost {
        let of = |value: f64, count: usize| (count > 0).then(|| value / count as f64);
        let used = self.ended.processor.saturating_sub(self.begun.processor);
        // An allocator may give memory back meanwhile, which shows as less than nothing.
        let grown = self.idle.resident as f64 - self.empty.resident as f64;
        Cost {
            of_frame: of(used.as_secs_f64() * 1e6, self.frames),
            of_socket: of(grown / KIBIBYTE, self.sockets),
            resident: self.ended.resident as f64 / (KIBIBYTE * KIBIBYTE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(milliseconds: u64, resident: u64) -> Usage {
        Usage { processor: Duration::from_millis(milliseconds), resident }
    }

    #[test]
    fn the_cost_of_a_socket_is_without_presses_and_that_of_a_frame_without_sockets() {
        let steps = Steps {
            empty: usage(100, 1 << 20),
            idle: usage(900, 3 << 20),
            begun: usage(1_000, 4 << 20),
            ended: usage(1_500, 5 << 20),
            frames: 1_000,
            sockets: 64,
        };
        let cost = Cost { of_frame: Some(500.0), of_socket: Some(32.0), resident: 5.0 };
        assert_eq!(steps.cost(), cost);
        assert_eq!(Steps { frames: 0, ..steps }.cost().of_frame, None);
    }
}
