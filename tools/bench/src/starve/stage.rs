//! The server and its people, who are callers, listeners, newcomers, and attackers.

use std::{sync::Arc, time::Duration};

use domain::AlertId;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{
    Settings,
    attack::{Attack, Load},
    crew::{Crew, Standing},
    honest,
    report::Row,
    watch::Watch,
};
use crate::{
    callers::{Callers, FLATS_OF_LINE, SOCKETS_OF_FLAT},
    fanout::{board::Board, crowd::Crowd},
};
use testkit::{
    Error, budgets,
    client::Session,
    server::{Program, Server},
    town::{Residents, Town},
};

/// Uncounted presses before the first measurement.
const WARM_UP: u32 = 20;
/// The time for which an attack is under way before anything is measured.
const BUILDING_UP: Duration = Duration::from_secs(2);
/// The number of residents of the line who open their first socket during each measurement.
const NEWCOMERS: usize = 4;

/// Which houses of the callers' line, the first of the town, do what; each number is the first house of that kind.
#[derive(Clone, Copy, Debug)]
struct Plan {
    listeners: usize,
    standing: usize,
    hostile: usize,
    newcomers: usize,
    houses: usize,
}

impl Plan {
    fn of(settings: &Settings) -> Self {
        let presses = u32::try_from(settings.rows()).unwrap_or(u32::MAX).saturating_mul(settings.presses);
        let callers = budgets::flats(presses.saturating_add(WARM_UP), settings.interval());
        let standing = callers + (settings.neighbours as usize).div_ceil(SOCKETS_OF_FLAT);
        let newcomers = standing + 2;
        let houses = (newcomers + NEWCOMERS * settings.rows()).max(FLATS_OF_LINE);
        Self { listeners: callers, standing, hostile: standing + 1, newcomers, houses }
    }
}

/// Everything that is there during all measurements.
pub(super) struct Stage<'a> {
    settings: &'a Settings,
    listeners: &'a Runtime,
    load: &'a Runtime,
    server: Server,
    residents: Residents,
    plan: Plan,
    callers: Callers,
    board: Arc<Board>,
    crowds: Vec<Crowd>,
    /// The number of measurements so far.
    rows: usize,
}

impl<'a> Stage<'a> {
    /// Starts the server, and lets everybody listen and the callers warm up.
    pub(super) async fn set(
        settings: &'a Settings,
        listeners: &'a Runtime,
        load: &'a Runtime,
    ) -> Result<Self, Error> {
        let plan = Plan::of(settings);
        let (near, far) = (settings.neighbours as usize, (settings.sockets - settings.neighbours) as usize);
        let lines = 1 + far.div_ceil(plan.houses * SOCKETS_OF_FLAT);
        let server = Program::new(&settings.program).start().await?;
        let town = Town::new(lines, plan.houses).sessions(SOCKETS_OF_FLAT);
        let residents = server.populate(&town).await?;
        let neighbours = (plan.listeners..plan.standing).flat_map(|house| residents.devices(0, house));
        let neighbours: Vec<Session> = neighbours.take(near).cloned().collect();
        let elsewhere = (1..lines).flat_map(|line| (0..plan.houses).map(move |house| (line, house)));
        let elsewhere = elsewhere.flat_map(|(line, house)| residents.devices(line, house));
        let elsewhere: Vec<Session> = elsewhere.take(far).cloned().collect();
        let callers = (0..plan.listeners).map(|house| residents.of(0, house).clone());
        let mut callers = Callers::new(callers.collect());
        let board = Arc::new(Board::default());
        let crowds = vec![
            Crowd::gather(listeners, &board, 0, &neighbours, true).await?,
            // Nobody presses there, so their numbers are never looked for.
            Crowd::gather(listeners, &board, near + NEWCOMERS, &elsewhere, true).await?,
        ];
        let warm = honest::press_all(&mut callers, &board, near, WARM_UP, settings.interval()).await;
        if let Some(failure) = warm.failures.into_iter().next() {
            return Err(Error::Usage(format!("the service does not work before any attack: {failure}")));
        }
        Ok(Self { settings, listeners, load, server, residents, plan, callers, board, crowds, rows: 0 })
    }

    /// Makes one measurement, which is the presses of the residents under these attacks.
    pub(super) async fn row(&mut self, name: &str, attacks: &[Attack]) -> Result<Row, Error> {
        let watch = Watch::begin(self.listeners, self.server.process()?)?;
        let standing = self.stand().await?;
        let crew = self.crew(&standing)?;
        let load = Load::start(self.load, attacks, &crew);
        if !attacks.is_empty() {
            tokio::time::sleep(BUILDING_UP).await;
        }
        let (newcomers, turned_away) = self.welcome().await;
        let ears = self.settings.neighbours as usize + NEWCOMERS;
        let (presses, every) = (self.settings.presses, self.settings.interval());
        let presses = honest::press_all(&mut self.callers, &self.board, ears, presses, every).await;
        let attempts = load.stop().await;
        for crowd in newcomers {
            crowd.leave().await;
        }
        crew.take_back().await?;
        honest::cancel(&standing.caller, standing.call).await?;
        let memory = watch.end().await?;
        Ok(Row { name: name.into(), presses, turned_away, attempts, memory })
    }

    /// A call of an honest flat stays open for the attackers to answer.
    async fn stand(&self) -> Result<Standing, Error> {
        let (caller, id) = (self.residents.of(0, self.plan.standing).clone(), Uuid::now_v7());
        honest::call(&caller, id).await?;
        Ok(Standing { caller, call: AlertId(id) })
    }

    fn crew(&self, standing: &Standing) -> Result<Crew, Error> {
        // Each gets its own connections, because a pooled connection stays on the threads that opened it.
        let client = self.server.client()?;
        let devices = self.residents.devices(0, self.plan.hostile).iter().map(|device| device.at(&client));
        Crew::gather(devices.collect(), self.settings.strangers, self.settings.at_once.into(), standing)
    }

    /// Opens a first socket for a few residents of the line. A resident who gets none misses the alarms.
    async fn welcome(&mut self) -> (Vec<Crowd>, Vec<String>) {
        let first = self.plan.newcomers + NEWCOMERS * self.rows;
        self.rows += 1;
        let (mut crowds, mut turned_away) = (Vec::new(), Vec::new());
        for newcomer in 0..NEWCOMERS {
            let device = self.residents.of(0, first + newcomer).clone();
            let number = self.settings.neighbours as usize + newcomer;
            match Crowd::gather(self.listeners, &self.board, number, &[device], true).await {
                Ok(crowd) => crowds.push(crowd),
                Err(error) => turned_away.push(error.to_string()),
            }
        }
        (crowds, turned_away)
    }

    /// Returns why sockets of residents ended that should not have, in one sentence if any did.
    pub(super) fn ended(&self) -> Option<String> {
        let ended = self.board.ended();
        let first = ended.first()?;
        Some(format!("{} sockets of residents were closed, the first because: {first}", ended.len()))
    }

    /// Closes every socket and ends the server.
    pub(super) async fn leave(self) -> Result<(), Error> {
        for crowd in self.crowds {
            crowd.leave().await;
        }
        self.server.end().await
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn no_house_does_two_things() {
        for more in [&[][..], &["--neighbours", "1", "--presses", "1", "--only", "deaf"]] {
            let arguments = ["starve", "--program", "iutsai"].iter().chain(more);
            let settings = Arguments::parse_from(arguments).settings;
            let plan = Plan::of(&settings);
            assert!(plan.listeners >= 1 && plan.standing > plan.listeners, "{plan:?}");
            assert_eq!((plan.hostile, plan.newcomers), (plan.standing + 1, plan.standing + 2));
            assert!(plan.houses >= plan.newcomers + NEWCOMERS * settings.rows(), "{plan:?}");
        }
    }
}
