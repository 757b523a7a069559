//! The schedule of faults, all from the seed.

use std::{collections::BTreeMap, time::Duration};

use super::{
    fault::{Fault, Harm, Kind, Moment, Reach, Target},
    random::Random,
    town::LINES,
};

/// The time in which nothing fails, because everybody is there first.
const QUIET: Duration = Duration::from_millis(1500);

/// The time for a repaired part before it is hit again.
const COMES_BACK: Duration = Duration::from_millis(300);
/// A broker of a cluster takes longer to start.
const BROKER_COMES_BACK: Duration = Duration::from_secs(5);

/// The parts that may fail.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// Servers.
    pub(super) nodes: usize,
    /// Brokers of a cluster; none where each server is its own log.
    pub(super) brokers: usize,
    /// The kinds of faults that may come.
    pub(super) kinds: Vec<Kind>,
}

/// A fault and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    /// When it comes, since the beginning.
    pub(super) at: Duration,
    /// When it is mended.
    pub(super) until: Duration,
    /// The fault.
    pub(super) fault: Fault,
}

/// Draws so many faults, in the order of their times.
pub(super) fn draw(random: &mut Random, parts: &Parts, faults: usize) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut busy = BTreeMap::<Target, Duration>::new();
    let mut at = QUIET;
    while planned.len() < faults && !parts.kinds.is_empty() {
        at += random.milliseconds(400, 1800);
        let fault = fault(random, parts);
        let until = at + lasts(random, &fault);
        let targets = targets(&fault, parts);
        // A target that is busy makes way for another draw, at a later time, so the loop always ends.
        if targets.iter().any(|target| busy.get(target).is_some_and(|until| at < *until)) {
            continue;
        }
        for target in targets {
            let back = match target {
                Target::Broker(_) if parts.brokers > 0 => BROKER_COMES_BACK,
                _ => COMES_BACK,
            };
            busy.insert(target, until + back);
        }
        planned.push(Planned { at, until, fault });
    }
    planned
}

/// When the last fault is mended.
pub(super) fn length(planned: &[Planned]) -> Duration {
    planned.iter().map(|planned| planned.until).max().unwrap_or(QUIET)
}

fn fault(random: &mut Random, parts: &Parts) -> Fault {
    let node = random.below(parts.nodes);
    let broker = random.below(parts.brokers.max(1));
    let moment = if random.percent(60) { Moment::AfterAnswer } else { Moment::AsItComes };
    match random.pick(&parts.kinds) {
        Kind::Kill => Fault::Kill { node, moment },
        Kind::Stop => Fault::Stop { node },
        Kind::KillBroker => Fault::KillBroker { broker },
        Kind::StopBroker => Fault::StopBroker { broker },
        Kind::KillLeader => Fault::KillLeader { line: random.below(LINES) },
        Kind::Path => Fault::Path {
            broker: random.percent(40).then_some(broker),
            harm: *random.pick(&[Harm::Drop, Harm::Stall, Harm::Reset]),
        },
        Kind::Database => Fault::StopDatabase,
        Kind::FullDisk => Fault::FillDisk { node },
        Kind::SlowDisk => Fault::SlowDisk { delay: random.milliseconds(20, 300) },
        Kind::HangDisk => Fault::HangDisk,
        Kind::MoveOutbox => Fault::MoveOutbox { node },
        Kind::RestoreBackup => Fault::RestoreBackup { node },
        Kind::ForeignReader => Fault::ReadOutbox { node },
        Kind::Clock => {
            // Up to an hour and a half. A call stays open for a day, so nobody may lose one by it.
            let seconds = i64::try_from(random.below(5400)).expect("a small number");
            let sign = if random.percent(50) { 1000 } else { -1000 };
            Fault::MoveClock { milliseconds: sign * seconds }
        }
        Kind::PowerCut => Fault::PowerCut { reach: reach(random, parts, node, broker), moment },
        Kind::Restart => Fault::Restart { node },
        Kind::Reload => Fault::Reload,
    }
}

fn reach(random: &mut Random, parts: &Parts, node: usize, broker: usize) -> Reach {
    if parts.brokers == 0 {
        return Reach::Node(node);
    }
    *random.pick(&[Reach::Everything, Reach::Node(node), Reach::Broker(broker)])
}

fn lasts(random: &mut Random, fault: &Fault) -> Duration {
    match fault {
        Fault::Kill { .. } | Fault::PowerCut { .. } | Fault::Restart { .. } => random.milliseconds(0, 1200),
        Fault::Stop { .. } => random.milliseconds(100, 3000),
        Fault::KillBroker { .. } | Fault::KillLeader { .. } => random.milliseconds(300, 3000),
        Fault::StopBroker { .. } | Fault::Path { .. } | Fault::StopDatabase => random.milliseconds(200, 4000),
        Fault::FillDisk { .. } => random.milliseconds(500, 3000),
        Fault::HangDisk => random.milliseconds(5000, 30_000),
        Fault::ReadOutbox { .. } => random.milliseconds(500, 6000),
        // They are over when they return.
        Fault::MoveOutbox { .. } | Fault::RestoreBackup { .. } | Fault::Reload => Duration::ZERO,
        Fault::SlowDisk { .. } | Fault::MoveClock { .. } => random.milliseconds(1000, 8000),
    }
}

fn targets(fault: &Fault, parts: &Parts) -> Vec<Target> {
    let all = |count: usize, target: fn(usize) -> Target| (0..count).map(target);
    match fault {
        Fault::Kill { node, .. } | Fault::Stop { node } | Fault::Restart { node } => {
            vec![Target::Node(*node), Target::Disk(*node)]
        }
        Fault::KillBroker { broker } | Fault::StopBroker { broker } => vec![Target::Broker(*broker)],
        // Whichever it is by then.
        Fault::KillLeader { .. } => all(parts.brokers, Target::Broker).collect(),
        Fault::Path { .. } => vec![Target::Path],
        Fault::StopDatabase => vec![Target::Database],
        // A start on a full disk is not part of this fault, because the server is not killed meanwhile.
        Fault::FillDisk { node } => vec![Target::Node(*node), Target::Disk(*node)],
        Fault::SlowDisk { .. } | Fault::HangDisk => vec![Target::Speed],
        Fault::MoveOutbox { node } | Fault::RestoreBackup { node } => {
            vec![Target::Node(*node), Target::Disk(*node), Target::Outbox(*node)]
        }
        Fault::ReadOutbox { node } => vec![Target::Outbox(*node)],
        Fault::MoveClock { .. } => vec![Target::Clock],
        Fault::Reload => vec![Target::Proxy],
        Fault::PowerCut { reach: Reach::Broker(broker), .. } => vec![Target::Broker(*broker)],
        Fault::PowerCut { reach: Reach::Node(node), .. } => vec![Target::Node(*node), Target::Disk(*node)],
        Fault::PowerCut { reach: Reach::Everything, .. } => all(parts.nodes, Target::Node)
            .chain(all(parts.nodes, Target::Disk))
            .chain(all(parts.brokers, Target::Broker))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(nodes: usize, brokers: usize) -> Parts {
        Parts { nodes, brokers, kinds: Kind::ALL.to_vec() }
    }

    #[test]
    fn the_same_seed_draws_the_same_faults_and_another_one_others() {
        let drawn = |seed| draw(&mut Random::new(seed), &parts(3, 3), 200);
        assert_eq!(drawn(7).len(), 200);
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn two_faults_never_hit_the_same_at_one_time() {
        let parts = parts(1, 0);
        let drawn = draw(&mut Random::new(1), &parts, 200);
        for (index, one) in drawn.iter().enumerate() {
            for other in &drawn[index + 1..] {
                let hit = targets(&other.fault, &parts);
                let both = targets(&one.fault, &parts).iter().any(|target| hit.contains(target));
                assert!(!both || other.at >= one.until, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn every_kind_that_may_come_comes_and_no_other() {
        let parts = Parts { kinds: vec![Kind::Clock, Kind::Kill], ..parts(1, 0) };
        let drawn = draw(&mut Random::new(1), &parts, 50);
        let count = |is: fn(&Fault) -> bool| drawn.iter().filter(|planned| is(&planned.fault)).count();
        let clocks = count(|fault| matches!(fault, Fault::MoveClock { .. }));
        let kills = count(|fault| matches!(fault, Fault::Kill { .. }));
        assert!(clocks > 0 && kills > 0 && clocks + kills == 50, "{clocks} and {kills}");
    }
}
