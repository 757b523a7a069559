//! One point, which is a cluster with sockets that are idle first and then get calls.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Runtime, time::sleep};

use super::{Settings, point::Point};
use crate::{
    cluster::{Cluster, Plan},
    fanout::{
        board::Board,
        crowd::{self, Crowd},
    },
    pressing::{Load, Press, Pressing},
    processes::Usage,
    sources::Sources,
};
use testkit::{
    Error, budgets,
    client::Client,
    measure::spread::Spread,
    town::{Residents, Town},
};

const ROLES: &str = "web,producer,fanout";
/// The partitions that the program makes.
const PARTITIONS: u32 = 2;
/// The time after which a node has done what opening the sockets left it to do.
const SETTLING: Duration = Duration::from_secs(2);
/// The time for which everything is idle, in which each socket is pinged some times.
const IDLE: Duration = Duration::from_secs(5);
/// The time after which a listener without the call counts as not reached.
const PATIENCE: Duration = Duration::from_secs(30);

/// The costs at a point.
#[derive(Clone, Debug, Default)]
pub(super) struct Costs {
    pub(super) point: Point,
    pub(super) accounts: usize,
    /// Octets of resident memory of all nodes without sockets, and with all of them.
    pub(super) empty: u64,
    pub(super) open: u64,
    /// The processor's microseconds of all nodes in a second without presses.
    pub(super) idle_us: f64,
    /// The processor's microseconds of all nodes, of the brokers and of the database for a press, less those without
    /// presses.
    pub(super) press_us: f64,
    pub(super) brokers_us: f64,
    pub(super) database_us: f64,
    pub(super) last: Spread,
    pub(super) answered: Spread,
}

/// The use of everything until one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    nodes: Usage,
    brokers: Usage,
    database: Usage,
}

/// Measures a point.
///
/// # Errors
/// The error of the part that could not be started, and [`Error::Usage`] when somebody did not get a call.
pub(super) async fn measure(settings: &Settings, listeners: &Runtime, point: Point) -> Result<Costs, Error> {
    let (lines, callers) = (point.lines as usize, callers(settings, point));
    let town = Town::new(lines, callers + point.residents as usize);
    let plan = Plan {
        program: &settings.program,
        scripts: &settings.scripts,
        brokers: settings.brokers,
        partitions: (point.partitions > PARTITIONS).then_some(point.partitions),
        roles: vec![ROLES; point.nodes as usize],
        town: &town,
    };
    let (cluster, accounts) = Cluster::start(&plan).await?;
    let residents = accounts.signed_in(&cluster.nodes[0].client);
    let board = Arc::new(Board::default());
    let empty = used(&cluster)?;
    let crowd = open(listeners, &cluster, &residents, point, callers, &board).await?;
    sleep(SETTLING).await;
    let open = used(&cluster)?;
    sleep(IDLE).await;
    let idle = used(&cluster)?;
    let begun = board.now();
    let presses = press(settings, &cluster, &residents, point, callers, &board).await?;
    let took = board.now().saturating_sub(begun);
    let ended = used(&cluster)?;
    let faults = crate::lines::faults_of(&board);
    crowd.leave().await;
    cluster.end().await?;
    if let Some(fault) = faults.first() {
        return Err(Error::Usage(format!("at {point:?}: {fault}")));
    }
    let mut costs = costs(&empty, &open, &idle, &ended, presses.len(), took);
    costs.point = point;
    costs.accounts = lines * (callers + point.residents as usize);
    costs.last.extend(presses.iter().filter_map(|press| press.last));
    costs.answered.extend(presses.iter().filter_map(|press| press.answered.as_ref().ok().copied()));
    Ok(costs)
}

/// Returns how many flats of each line press. The others listen.
fn callers(settings: &Settings, point: Point) -> usize {
    let of_line = settings.rate.saturating_mul(settings.seconds).div_ceil(point.lines);
    of_line.div_ceil(budgets::ALERTS_AT_ONCE).max(1) as usize
}

fn used(cluster: &Cluster) -> Result<Used, Error> {
    let mut nodes = Usage::default();
    for node in &cluster.nodes {
        let usage = node.processes()?.usage()?;
        nodes.processor += usage.processor;
        nodes.resident += usage.resident;
    }
    Ok(Used { nodes, brokers: cluster.brokers()?.usage()?, database: cluster.postgres()?.usage()? })
}

/// Opens a socket of each resident, at the nodes in turn.
async fn open(
    listeners: &Runtime,
    cluster: &Cluster,
    residents: &Residents,
    point: Point,
    callers: usize,
    board: &Arc<Board>,
) -> Result<Crowd, Error> {
    let sources = cluster.nodes.iter().map(|node| Sources::of(&node.client, point.sockets()));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    let (lines, each) = (point.lines as usize, point.residents as usize);
    let all = (0..lines).flat_map(|line| (0..each).map(move |number| (line, number)));
    let sockets = all.map(|(line, number)| {
        let count = line * each + number;
        let source = sources[count % sources.len()].get(count / sources.len());
        (number, crowd::open(residents.of(line, callers + number).at(source), true))
    });
    Crowd::of(listeners, board, sockets).await
}

/// Presses at the rate, on one line after the other and by one node after the other.
async fn press(
    settings: &Settings,
    cluster: &Cluster,
    residents: &Residents,
    point: Point,
    callers: usize,
    board: &Arc<Board>,
) -> Result<Vec<Press>, Error> {
    let lines = point.lines as usize;
    let turns = (0..callers).flat_map(|house| (0..lines).map(move |line| (line, house)));
    let load = Load {
        rate: settings.rate,
        callers: turns.map(|(line, house)| residents.of(line, house).clone()).collect(),
        listeners: point.residents as usize,
        patience: PATIENCE,
        is_cancelled: false,
    };
    let producers: Arc<[Client]> = cluster.nodes.iter().map(|node| node.client.clone()).collect();
    let mut pressing = Pressing::begin(load, producers, board);
    for number in 0..settings.rate.saturating_mul(settings.seconds) {
        let due = pressing.tick().await;
        pressing.press(number, due);
    }
    let presses = pressing.end().await;
    let missing: usize = presses.iter().map(|press| press.missing).sum();
    let refused = presses.iter().find_map(|press| press.answered.as_ref().err());
    match (missing, refused) {
        (0, None) => Ok(presses),
        (0, Some(why)) => Err(Error::Usage(format!("at {point:?} a press was refused: {why}"))),
        (missing, _) => Err(Error::Usage(format!("at {point:?}: {missing} deliveries are missing"))),
    }
}

/// Takes what is used without presses off what is used with them.
fn costs(empty: &Used, open: &Used, idle: &Used, ended: &Used, presses: usize, took: Duration) -> Costs {
    let of = |part: fn(&Used) -> Usage| {
        let used = |from: &Used, to: &Used| {
            part(to).processor.saturating_sub(part(from).processor).as_secs_f64() * 1e6
        };
        let idle_us = used(open, idle) / IDLE.as_secs_f64();
        let more = used(idle, ended) - idle_us * took.as_secs_f64();
        (idle_us, (more / presses.max(1) as f64).max(0.0))
    };
    let (idle_us, press_us) = of(|used| used.nodes);
    let (_, brokers_us) = of(|used| used.brokers);
    let (_, database_us) = of(|used| used.database);
    Costs {
        empty: empty.nodes.resident,
        open: open.nodes.resident,
        idle_us,
        press_us,
        brokers_us,
        database_us,
        ..Costs::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(nodes: u64, brokers: u64, resident: u64) -> Used {
        let usage = |milliseconds| Usage { processor: Duration::from_millis(milliseconds), resident };
        Used { nodes: usage(nodes), brokers: usage(brokers), database: usage(0) }
    }

    #[test]
    fn what_is_used_without_presses_is_no_part_of_a_press() {
        // The nodes use 10 ms a second in the five seconds without presses, and 10 ms for each of a hundred presses.
        let (empty, open) = (used(0, 0, 1_000), used(100, 0, 9_000));
        let (idle, ended) = (used(150, 0, 9_000), used(1_250, 200, 9_500));
        let costs = costs(&empty, &open, &idle, &ended, 100, Duration::from_secs(10));
        assert_eq!((costs.empty, costs.open), (1_000, 9_000));
        let near = |value: f64, wanted: f64| (value - wanted).abs() < 0.001;
        assert!(near(costs.idle_us, 10_000.0) && near(costs.press_us, 10_000.0), "{costs:?}");
        assert!(near(costs.brokers_us, 2_000.0) && near(costs.database_us, 0.0), "{costs:?}");
    }
}
