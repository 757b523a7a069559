//! The open calls of every line, as the office's board has them.

use super::*;

#[tokio::test]
async fn the_board_has_the_open_calls_of_every_line_and_wakes_with_each_change() {
    let hub = Hub::new();
    let mut wakes = hub.wakes();
    let (first, second) = (call("1203", 0), call("1204", 1));
    let elsewhere = Alert { line: Line::new("102-1").unwrap(), ..call("0704", 2) };
    for alert in [&first, &second, &elsewhere] {
        hub.apply(Arrival::direct(Event::Alert(alert.clone())));
    }
    assert!(wakes.next().await);
    let a_while_ago = clock::now() - 3_600_000;
    let open = |hub: &Hub| hub.open_calls(a_while_ago, clock::now());
    let ids = |open: &OpenCalls| open.calls.iter().map(|call| call.incident.alert.id).collect::<Vec<_>>();
    assert_eq!(ids(&open(&hub)), [elsewhere.id, second.id, first.id]);
    assert_eq!((open(&hub).ended, open(&hub).last_end), (0, None));
    hub.apply(Arrival::direct(ended(&second)));
    assert!(wakes.next().await);
    let now = open(&hub);
    assert_eq!((ids(&now), now.ended, now.truncated), (vec![elsewhere.id, first.id], 1, false));
    assert!(now.last_end.is_some());
}
