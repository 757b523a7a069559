//! The cost of each thing as it follows from the points, and the needs of a population.

use serde_json::{Value, json};

use super::{point::Point, stage::Costs};

const KIBIBYTE: f64 = 1_024.0;
/// The most nodes that are considered.
const MOST_NODES: u32 = 10_000;
const SECOND_US: f64 = 1e6;

/// The population to calculate for. Everything here is assumed, and nothing measured.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Population {
    /// Residents, each with an account and a socket
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000, help_heading = "Calculation")]
    pub population: u32,

    /// Residents of a line
    #[arg(long, value_name = "NUMBER", default_value_t = 100, help_heading = "Calculation")]
    pub of_line: u32,

    /// Presses per second of all of them
    #[arg(long, value_name = "NUMBER", default_value_t = 100, help_heading = "Calculation")]
    pub peak: u32,

    /// Cores of a node
    #[arg(long, value_name = "NUMBER", default_value_t = 2, help_heading = "Calculation")]
    pub cores: u32,

    /// Memory of a node, in GiB
    #[arg(long, value_name = "NUMBER", default_value_t = 4, help_heading = "Calculation")]
    pub memory_gib: u32,

    /// The part of its cores that a node may use, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 50, help_heading = "Calculation")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
    pub share: u32,
}

/// The cost of each thing, in kibibytes, and in microseconds of one core.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Model {
    pub(super) node_kib: f64,
    pub(super) account_kib: f64,
    pub(super) socket_kib: f64,
    pub(super) node_idle_us: f64,
    pub(super) socket_idle_us: f64,
    pub(super) press_us: f64,
    pub(super) frame_us: f64,
    pub(super) further_node_us: f64,
    pub(super) brokers_us: f64,
    pub(super) database_us: f64,
}

/// The needs of a population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Need {
    pub(super) nodes: u32,
    /// The memory of each node, in kibibytes.
    pub(super) memory_kib: f64,
    /// The cores of all nodes together.
    pub(super) cores: f64,
    pub(super) broker_cores: f64,
    pub(super) database_cores: f64,
}

impl Model {
    /// Calculates the costs from the points, the first of which all others are compared with. A thing that was measured
    /// in one number only costs nothing.
    pub(super) fn of(costs: &[Costs]) -> Self {
        let Some(base) = costs.first() else { return Self::default() };
        let of_nodes = alike(costs, |point, other| point.nodes = other.nodes);
        let of_residents = alike(costs, |point, other| point.residents = other.residents);
        let of_sockets =
            alike(costs, |point, other| (point.lines, point.residents) = (other.lines, other.residents));
        let nodes = f64::from(base.point.nodes);
        let account = slope(&of_sockets, |costs| costs.accounts as f64, |costs| kib(costs.empty)) / nodes;
        let socket_idle = slope(&of_sockets, sockets, |costs| costs.idle_us);
        let frame = slope(&of_residents, |costs| f64::from(costs.point.residents), |costs| costs.press_us);
        let further = slope(&of_nodes, |costs| f64::from(costs.point.nodes), |costs| costs.press_us);
        let most = of_sockets.iter().max_by_key(|costs| costs.point.sockets());
        let socket = most.map_or(0.0, |most| (kib(most.open) - kib(most.empty)) / sockets(most));
        let residents = f64::from(base.point.residents);
        Self {
            node_kib: (kib(base.empty) / nodes - account * base.accounts as f64).max(0.0),
            account_kib: account,
            socket_kib: socket.max(0.0),
            node_idle_us: ((base.idle_us - socket_idle * sockets(base)) / nodes).max(0.0),
            socket_idle_us: socket_idle,
            press_us: (base.press_us - frame * residents - further * (nodes - 1.0)).max(0.0),
            frame_us: frame,
            further_node_us: further,
            brokers_us: base.brokers_us,
            database_us: base.database_us,
        }
    }

    /// Returns the fewest nodes that have the memory and the cores; `None` if no number of them has.
    pub(super) fn need(&self, population: &Population) -> Option<Need> {
        let memory = f64::from(population.memory_gib) * KIBIBYTE * KIBIBYTE;
        let of_node = f64::from(population.cores) * f64::from(population.share) / 100.0;
        (1..=MOST_NODES)
            .map(|nodes| self.with(nodes, population))
            .find(|need| need.memory_kib <= memory && need.cores <= of_node * f64::from(need.nodes))
    }

    /// Returns what the population needs on so many nodes.
    pub(super) fn with(&self, nodes: u32, population: &Population) -> Need {
        let count = f64::from(nodes);
        let (people, peak) = (f64::from(population.population), f64::from(population.peak));
        let memory_kib = self.node_kib + self.account_kib * people + self.socket_kib * people / count;
        let idle = self.node_idle_us * count + self.socket_idle_us * people;
        let frames = self.frame_us * f64::from(population.of_line);
        let press = self.press_us + frames + self.further_node_us * (count - 1.0);
        Need {
            nodes,
            memory_kib,
            cores: (idle + press * peak) / SECOND_US,
            broker_cores: self.brokers_us * peak / SECOND_US,
            database_cores: self.database_us * peak / SECOND_US,
        }
    }

    /// Returns it as JSON.
    pub(super) fn to_json(self) -> Value {
        json!({
            "node_kib": self.node_kib,
            "account_kib": self.account_kib,
            "socket_kib": self.socket_kib,
            "node_idle_us_per_s": self.node_idle_us,
            "socket_idle_us_per_s": self.socket_idle_us,
            "press_us": self.press_us,
            "frame_us": self.frame_us,
            "further_node_us_per_press": self.further_node_us,
            "brokers_us_per_press": self.brokers_us,
            "database_us_per_press": self.database_us,
        })
    }
}

/// Returns the points that are the first one but for what `differ` takes over from them.
fn alike(costs: &[Costs], differ: fn(&mut Point, &Point)) -> Vec<&Costs> {
    let base = costs.first().map(|base| base.point).unwrap_or_default();
    let is_alike = |costs: &&Costs| {
        let mut point = base;
        differ(&mut point, &costs.point);
        point == costs.point
    };
    costs.iter().filter(is_alike).collect()
}

fn kib(octets: u64) -> f64 {
    octets as f64 / KIBIBYTE
}

fn sockets(costs: &Costs) -> f64 {
    costs.point.sockets() as f64
}

/// Returns by how much `y` grows with `x` between the points with the least and the most of it, which is never
/// negative.
fn slope(costs: &[&Costs], x: impl Fn(&Costs) -> f64, y: impl Fn(&Costs) -> f64) -> f64 {
    let by_x = |one: &&&Costs, other: &&&Costs| x(one).total_cmp(&x(other));
    match (costs.iter().min_by(by_x), costs.iter().max_by(by_x)) {
        (Some(least), Some(most)) if x(most) > x(least) => {
            ((y(most) - y(least)) / (x(most) - x(least))).max(0.0)
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests;
