//! Costs that are put into points come out of them again, and a population needs as much as the formula gives.

use super::*;
use crate::cost::point::plan;

const MODEL: Model = Model {
    node_kib: 50_000.0,
    account_kib: 2.0,
    socket_kib: 16.0,
    node_idle_us: 800.0,
    socket_idle_us: 3.0,
    press_us: 900.0,
    frame_us: 20.0,
    further_node_us: 150.0,
    brokers_us: 300.0,
    database_us: 40.0,
};

fn population() -> Population {
    Population { population: 1_000_000, of_line: 100, peak: 100, cores: 2, memory_gib: 4, share: 50 }
}

/// The costs that a service with the costs of [`MODEL`] has at a point.
fn at(point: Point) -> Costs {
    let (sockets, nodes) = (point.sockets() as f64, f64::from(point.nodes));
    let accounts = point.sockets() + point.lines as usize;
    let empty = (MODEL.node_kib + MODEL.account_kib * accounts as f64) * nodes;
    let frames = MODEL.frame_us * f64::from(point.residents);
    Costs {
        point,
        accounts,
        empty: (empty * KIBIBYTE) as u64,
        open: ((empty + MODEL.socket_kib * sockets) * KIBIBYTE) as u64,
        idle_us: MODEL.node_idle_us * nodes + MODEL.socket_idle_us * sockets,
        press_us: MODEL.press_us + frames + MODEL.further_node_us * (nodes - 1.0),
        brokers_us: MODEL.brokers_us,
        database_us: MODEL.database_us,
        ..Costs::default()
    }
}

fn values(model: &Model) -> Vec<f64> {
    let json = model.to_json();
    json.as_object().unwrap().values().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn the_costs_of_a_service_are_found_in_its_points() {
    let points = plan(&[10, 100, 1_000], &[10, 100, 1_000], &[2, 8], &[1, 3]);
    let costs: Vec<Costs> = points.into_iter().map(at).collect();
    let found = Model::of(&costs);
    for (found, wanted) in values(&found).into_iter().zip(values(&MODEL)) {
        assert!((found - wanted).abs() < wanted * 0.001, "{found} instead of {wanted}");
    }
}

#[test]
fn nothing_is_calculated_of_nothing() {
    assert_eq!(Model::of(&[]), Model::default());
    let one = Model::of(&[at(Point { lines: 10, residents: 10, partitions: 2, nodes: 1 })]);
    assert_eq!((one.frame_us, one.further_node_us, one.account_kib), (0.0, 0.0, 0.0));
}

#[test]
fn a_population_gets_the_fewest_nodes_with_its_memory_and_its_cores() {
    // 2 000 000 KiB of accounts and 50 000 of the node itself leave 2 144 304 of 4 GiB for 16 000 000 of sockets.
    let need = MODEL.need(&population()).unwrap();
    assert_eq!(need.nodes, 8);
    assert_eq!(need.memory_kib, 4_050_000.0);
    // 8 nodes and the sockets take 3.0064 cores, and 100 presses of 900 + 2 000 + 7 * 150 us 0.395.
    assert!((need.cores - 3.4014).abs() < 0.0001, "{need:?}");
    assert!((need.broker_cores - 0.03).abs() < 0.0001, "{need:?}");
    let fewer = MODEL.with(7, &population());
    assert!(fewer.memory_kib > 4.0 * KIBIBYTE * KIBIBYTE, "{fewer:?}");
}

#[test]
fn a_node_without_memory_for_the_accounts_is_not_enough_however_many_there_are() {
    assert_eq!(MODEL.need(&Population { memory_gib: 1, ..population() }), None);
}
