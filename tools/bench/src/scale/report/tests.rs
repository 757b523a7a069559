//! Which press belongs to which part of a run, and what is a fault.

use super::*;

fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

fn press(due: u64, missing: usize) -> Press {
    let last = (missing == 0).then(|| Duration::from_millis(due));
    let answered = Ok(Duration::from_millis(1));
    Press { due: at(due), answered, cancelled: Ok(()), last, expected: 30, missing, retries: 0 }
}

/// A fan-out is killed at 10 s, its two clients are back at 14 s, and a producer is killed at 30 s.
fn report(presses: Vec<Press>) -> Report {
    let times = vec![at(1), at(4)];
    let back = Back { times, expected: 2, refused: 0, elsewhere: Vec::new() };
    Report { presses, nodes: Vec::new(), back, killed: [at(10), at(30)], took: at(40) }
}

#[test]
fn presses_belong_to_the_part_in_which_they_were_due() {
    let report = report([1, 9, 10, 13, 14, 29, 30, 39].map(|due| press(due, 0)).into());
    let counts: Vec<usize> = report.phases().iter().map(|phase| phase.presses).collect();
    assert_eq!(counts, [2, 2, 2, 2, 8]);
    let slowest = report.phases()[1].last.percentile(100);
    assert_eq!(slowest, Some(Duration::from_millis(13)));
    assert_eq!(report.faults(), Vec::<String>::new());
}

#[test]
fn a_missing_delivery_a_lost_press_and_a_client_that_is_away_are_faults() {
    let mut report = report(vec![press(1, 3), press(2, 0)]);
    report.presses[1].answered = Err("nobody answers".into());
    report.presses[0].cancelled = Err("no such call".into());
    report.back.expected = 3;
    report.back.elsewhere = vec!["too slow".into()];
    assert_eq!(
        report.faults(),
        [
            "3 of 60 deliveries are missing",
            "1 presses found no producer, the first because: nobody answers",
            "1 calls could not be cancelled, the first because: no such call",
            "1 of 3 clients of the killed fan-out are not back",
            "1 sockets of other fan-outs ended, the first because: too slow",
        ]
    );
}
