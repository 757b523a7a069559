//! Measures for Web Push the time from a press until the push service has the message for the last device of the line,
//! the server's processor time for it, and the time until other callers have their answer meanwhile.
//!
//! The push service is this process, on loopback, so one monotonic clock measures both ends, and its work is in the
//! numbers because it shares the machine's cores with the server. The devices are in the database as the server would
//! have written them. Their families do not press; other flats of the line do, in turn, and every call is cancelled.

mod report;
mod service;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use domain::{AlertId, api::ProgressRequest};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::{
    callers::{Callers, SOCKETS_OF_FLAT},
    runtime,
};
use report::Figures;
use service::Service;
use testkit::{
    Error, budgets,
    client::{Session, Step},
    descriptors,
    measure::{memory::Memory, processor, spread::Spread},
    server::{Process, Program, Server},
    town::{Device, Residents, Town},
};

/// The time between two presses of the callers on the other line.
const EVERY: Duration = Duration::from_millis(50);
/// The urgency of an alarm, and of the quiet message after its end.
const ALARM: &str = "high";
const QUIET: &str = "normal";
/// Sockets and files of this process: the server keeps 64 connections to the push service.
const DESCRIPTORS: u64 = 500;

/// The settings of `iutsai-bench push`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// The program to start, on a new data directory
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Number of devices that each press alarms
    #[arg(long, value_name = "NUMBER", default_value_t = 5_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub subscriptions: u32,

    /// Number of presses that alarm them, twice: alone, and while others press
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub presses: u32,

    /// Number of presses on another line before there are any devices
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub before: u32,

    /// Time after which a message that has not come ends the run
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub deadline_s: u64,
}

/// Measures and prints.
///
/// # Errors
/// Whatever kept it from measuring; and [`Error::Usage`] when more messages came than there are devices.
pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    descriptors::allow(DESCRIPTORS)?;
    let pusher = runtime::of_threads(1, "start the push service's thread")?;
    let presser = runtime::of_this_thread()?;
    presser.block_on(measure(settings, &pusher))
}

async fn measure(settings: &Settings, pusher: &Runtime) -> Result<(), Error> {
    let service = Service::start(pusher).await?;
    let server = Program::new(&settings.program).env("IUTSAI_PUSH_HOSTS", "loopback").start().await?;
    let plan = Plan::of(settings);
    let residents = server.populate(&Town::new(2, plan.houses).administrators(1)).await?;
    report::print_preface(settings);
    let mut bench = Bench {
        settings,
        service,
        process: server.process()?,
        callers: Callers::new((0..plan.callers).map(|house| residents.of(0, house).clone()).collect()),
        others: Callers::new((0..plan.houses).map(|house| residents.of(1, house).clone()).collect()),
    };
    let figures = bench.run(&server, &residents, plan).await?;
    report::print(&figures);
    server.end().await
}

/// The use of the houses. The callers are the first houses of one line, and the devices belong to its other houses. On
/// the other line everybody presses.
#[derive(Clone, Copy, Debug)]
struct Plan {
    callers: usize,
    houses: usize,
}

impl Plan {
    fn of(settings: &Settings) -> Self {
        let callers = budgets::flats(settings.presses.saturating_mul(2), EVERY);
        let families = (settings.subscriptions as usize).div_ceil(SOCKETS_OF_FLAT);
        Self { callers, houses: (callers + families).max(budgets::flats(u32::MAX, EVERY)) }
    }

    /// Returns the devices, eight to a house.
    fn devices(self, count: usize, residents: &Residents, origin: &str) -> Vec<Device> {
        let owner = |number: usize| residents.of(0, self.callers + number / SOCKETS_OF_FLAT);
        let device = |number: usize| Device {
            account: owner(number).resident().name.clone(),
            endpoint: format!("{origin}/{number}"),
        };
        (0..count).map(device).collect()
    }
}

/// Everything that is there during all measurements.
struct Bench<'a> {
    settings: &'a Settings,
    service: Service,
    process: Process,
    callers: Callers,
    others: Callers,
}

/// The times of one press that alarmed the devices.
struct Round {
    answered: Duration,
    first: Duration,
    last: Duration,
    processor: Duration,
}

impl Bench<'_> {
    async fn run(&mut self, server: &Server, residents: &Residents, plan: Plan) -> Result<Figures, Error> {
        let mut figures = Figures { before: self.press_before().await?, ..Figures::default() };
        figures.memory.push(("without devices", Memory::of(&self.process)?));
        let devices = plan.devices(self.settings.subscriptions as usize, residents, self.service.origin());
        server.subscribe(residents.administrator(0), &devices).await?;
        figures.memory.push(("with the devices", Memory::of(&self.process)?));
        for _ in 0..self.settings.presses {
            let (round, _) = self.round(false).await?;
            figures.answered.add(round.answered);
            figures.first.add(round.first);
            figures.last.add(round.last);
            figures.processor.push(round.processor);
        }
        for _ in 0..self.settings.presses {
            let (_, meanwhile) = self.round(true).await?;
            figures.meanwhile.extend(meanwhile);
        }
        figures.memory.push(("after the presses", Memory::of(&self.process)?));
        Ok(figures)
    }

    /// Presses on the other line while there are no devices.
    async fn press_before(&mut self) -> Result<Spread, Error> {
        let mut times = Spread::default();
        for _ in 0..self.settings.before {
            times.add(press_and_cancel(&self.others.next_flat()).await?);
            tokio::time::sleep(EVERY).await;
        }
        Ok(times)
    }

    /// Presses once, and waits until the push service has it for every device, with presses on the other line
    /// meanwhile if wanted. Then the call is cancelled, and what follows is waited for.
    async fn round(&mut self, is_busy: bool) -> Result<(Round, Vec<Duration>), Error> {
        let devices = self.settings.subscriptions as usize;
        let within = Duration::from_secs(self.settings.deadline_s);
        let (caller, id) = (self.callers.next_flat(), Uuid::now_v7());
        let call = caller.call("push")?;
        self.service.begin();
        let (before, pressed) = (processor::time_of(&self.process)?, Instant::now());
        caller.press(&call, Some(id)).await?.ok()?;
        let answered = pressed.elapsed();
        let arriving = self.service.wait(ALARM, devices, within);
        let (came, meanwhile) = if is_busy {
            press_beside(&mut self.others, arriving).await?
        } else {
            (arriving.await?, Vec::new())
        };
        let processor = processor::time_of(&self.process)?.saturating_sub(before);
        let after = |at: Option<&Instant>| at.map_or(Duration::ZERO, |at| at.duration_since(pressed));
        let (first, last) = (after(came.iter().min()), after(came.iter().max()));
        caller.progress(AlertId(id), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
        self.service.wait(QUIET, devices, within).await?;
        // A double would have come by now.
        self.service.wait(ALARM, devices, Duration::ZERO).await?;
        Ok((Round { answered, first, last, processor }, meanwhile))
    }
}

/// Presses one after the other until the work is done; returns its result and the times until the answers.
async fn press_beside<T>(
    callers: &mut Callers,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<(T, Vec<Duration>), Error> {
    tokio::pin!(work);
    let mut times = Vec::new();
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, times)),
            () = tokio::time::sleep(EVERY) => times.push(press_and_cancel(&callers.next_flat()).await?),
        }
    }
}

/// Presses and takes the call back; returns the time until the press is answered.
async fn press_and_cancel(caller: &Session) -> Result<Duration, Error> {
    let (call, id) = (caller.call("meanwhile")?, Uuid::now_v7());
    let pressed = Instant::now();
    caller.press(&call, Some(id)).await?.ok()?;
    let answered = pressed.elapsed();
    caller.progress(AlertId(id), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
    Ok(answered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_house_has_its_use_and_callers_have_no_devices() {
        let settings = Settings {
            program: PathBuf::new(),
            subscriptions: 5_000,
            presses: 10,
            before: 200,
            deadline_s: 120,
        };
        let plan = Plan::of(&settings);
        assert_eq!((plan.callers, plan.houses), (2, 627));
        let few = Plan::of(&Settings { subscriptions: 1, ..settings });
        assert_eq!(few.houses, 120, "the other line has callers enough for any time");
    }
}
