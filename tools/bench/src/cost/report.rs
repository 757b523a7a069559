//! The tables in Markdown, the calculation with its formula, and the file with the same figures.

use serde_json::{Value, json};

use super::{
    Settings,
    model::{Model, Population},
    stage::Costs,
};
use crate::{
    summary::distribution,
    words::{gibibytes, mebibytes},
};
use testkit::measure::{machine, spread::milliseconds};

/// The machine, the settings and the head of the table.
pub(super) fn print_preface(settings: &Settings) {
    println!("machine   {}; load {}", machine::facts(), machine::load());
    println!(
        "settings  {} presses a second for {} s at each point; {} broker(s); each call acknowledged",
        settings.rate, settings.seconds, settings.brokers
    );
    println!();
    println!(
        "| lines | residents | partitions | nodes | MiB empty | MiB with sockets | idle us/s | us/press | brokers' \
         us/press | database's us/press | press to last p50 | p99 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
}

/// One line of the table.
pub(super) fn print_row(costs: &Costs) {
    let point = costs.point;
    println!(
        "| {} | {} | {} | {} | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} | {} | {} |",
        point.lines,
        point.residents,
        point.partitions,
        point.nodes,
        mebibytes(costs.empty),
        mebibytes(costs.open),
        costs.idle_us,
        costs.press_us,
        costs.brokers_us,
        costs.database_us,
        milliseconds(costs.last.percentile(50)),
        milliseconds(costs.last.percentile(99)),
    );
}

/// Prints the meaning of the columns.
pub(super) fn print_legend() {
    println!();
    println!(
        "Microseconds are of one core, and those of a press without those that pass without presses. Figures of nodes \
         are the sum of all. Presser and listeners share the machine and are not in them."
    );
}

/// The costs that follow, and what the population needs by them.
pub(super) fn print_model(model: &Model, population: &Population) {
    println!();
    println!("| cost of | KiB of memory | us of a core |");
    println!("|---|---|---|");
    println!("| a node (n, i) | {:.0} | {:.0} a second |", model.node_kib, model.node_idle_us);
    println!("| an account, at each node (a) | {:.2} | |", model.account_kib);
    println!("| a socket (s, j) | {:.2} | {:.2} a second |", model.socket_kib, model.socket_idle_us);
    println!("| a press (p) | | {:.0} |", model.press_us);
    println!("| a frame with its acknowledgement (f) | | {:.1} |", model.frame_us);
    println!("| a press, at each further node (r) | | {:.0} |", model.further_node_us);
    println!("| a press, at all brokers | | {:.0} |", model.brokers_us);
    println!("| a press, at the database | | {:.0} |", model.database_us);
    println!();
    let Population { population: people, of_line, peak, cores, memory_gib, share } = population;
    println!(
        "Assumed: P = {people} residents with an account and a socket each, L = {of_line} on a line, Q = {peak} \
         presses a second of all, nodes with {cores} cores, {share} % of which they may use, and {memory_gib} GiB."
    );
    println!("Memory of each of N nodes = n + a P + s P / N");
    println!("Cores of all N nodes = (i N + j P + Q (p + f L + r (N - 1))) / 1 000 000");
    println!();
    println!("{}", conclusion(model, population));
}

fn conclusion(model: &Model, population: &Population) -> String {
    let Some(need) = model.need(population) else {
        let one = model.with(1, population);
        return format!(
            "No number of such nodes is enough. One node would need {:.2} GiB and {:.2} cores.",
            gibibytes(one.memory_kib),
            one.cores
        );
    };
    let sockets = population.population.div_ceil(need.nodes);
    format!(
        "N = {} nodes, each with {sockets} sockets and {:.2} GiB, and {:.2} cores of all of them; {:.2} cores of \
         the brokers and {:.2} of the database.",
        need.nodes,
        gibibytes(need.memory_kib),
        need.cores,
        need.broker_cores,
        need.database_cores
    )
}

/// Returns everything as JSON.
pub(super) fn to_json(settings: &Settings, costs: &[Costs], model: &Model) -> Value {
    let points: Vec<Value> = costs.iter().map(point).collect();
    let population = &settings.population;
    let need = model.need(population).map(|need| {
        json!({
            "nodes": need.nodes,
            "memory_kib_of_node": need.memory_kib,
            "cores": need.cores,
            "broker_cores": need.broker_cores,
            "database_cores": need.database_cores,
        })
    });
    json!({
        "rate": settings.rate,
        "seconds": settings.seconds,
        "brokers": settings.brokers,
        "points": points,
        "costs": model.to_json(),
        "assumed": {
            "population": population.population,
            "of_line": population.of_line,
            "presses_per_second": population.peak,
            "cores_of_node": population.cores,
            "memory_gib_of_node": population.memory_gib,
            "share_percent": population.share,
        },
        "need": need,
    })
}

fn point(costs: &Costs) -> Value {
    json!({
        "lines": costs.point.lines,
        "residents": costs.point.residents,
        "partitions": costs.point.partitions,
        "nodes": costs.point.nodes,
        "accounts": costs.accounts,
        "empty_mib": mebibytes(costs.empty),
        "open_mib": mebibytes(costs.open),
        "idle_us_per_s": costs.idle_us,
        "us_per_press": costs.press_us,
        "brokers_us_per_press": costs.brokers_us,
        "database_us_per_press": costs.database_us,
        "last_ms": distribution(&costs.last),
        "post_ms": distribution(&costs.answered),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conclusion_has_the_nodes_or_what_one_would_need() {
        let model = Model { node_kib: 1_048_576.0, press_us: 10_000.0, ..Model::default() };
        let population =
            Population { population: 1_001, of_line: 1, peak: 150, cores: 1, memory_gib: 1, share: 100 };
        let enough = "N = 2 nodes, each with 501 sockets and 1.00 GiB, and 1.50 cores of all of them; 0.00 cores \
                      of the brokers and 0.00 of the database.";
        assert_eq!(conclusion(&model, &population), enough);
        let model = Model { node_kib: 1_048_577.0, ..model };
        let never = "No number of such nodes is enough. One node would need 1.00 GiB and 1.50 cores.";
        assert_eq!(conclusion(&model, &population), never);
    }
}
