//! Applies the events that were taken here, and those that other processes handed over.

use tokio::{sync::mpsc, task::JoinSet};

use super::part::has_part_in;
use crate::{
    calls::hub::{Arrival, Hub},
    delivery::{
        hub_queue::{Lanes, Queued},
        log::{self, Log, Share},
    },
};

/// Applies everything that is queued for the hub, until no sender is left. Events of one line keep their order, and lines
/// go beside each other, so that one with thousands of subscribers does not keep the alarms of others waiting.
pub(crate) async fn drain(hub: Hub, lanes: Lanes, log: Log, share: Share) {
    apply_beside(hub, lanes, !log.is_read_back(), share).await;
}

async fn apply_beside(hub: Hub, lanes: Lanes, is_local: bool, share: Share) {
    let mut running = JoinSet::new();
    for lane in lanes {
        running.spawn(apply_in_order(hub.clone(), lane, is_local, share.clone()));
    }
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended {
            tracing::error!(
                %error,
                "a part of the hub has failed, calls of some lines do not arrive: restart the server"
            );
        }
    }
}

async fn apply_in_order(hub: Hub, mut lane: mpsc::UnboundedReceiver<Queued>, is_local: bool, share: Share) {
    while let Some(queued) = lane.recv().await {
        // An asker of an event that is left out learns that nobody has it.
        if !has_part_in(&share, queued.event()) {
            continue;
        }
        match queued {
            Queued::Committed(committed) if is_local => {
                let position = log::position(committed.sequence, committed.at);
                let arrival = Arrival::logged(committed.event, position).taken_here();
                hub.apply(arrival.traced(committed.traceparent.as_deref()));
            }
            Queued::Committed(committed) => {
                let arrival = Arrival::direct(committed.event).taken_here();
                hub.apply(arrival.traced(committed.traceparent.as_deref()));
            }
            Queued::Direct(event, traceparent, heard) => {
                // The asker may have given up.
                let _ = heard.send(hub.apply_unrecorded(event, traceparent.as_deref()));
            }
            Queued::HandedOver(event, age) => {
                if hub.apply(Arrival::direct(event).aged(age)) {
                    metrics::counter!("iutsai_taken_over_total").increment(1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Alert, AlertId, Event, House, Line};
    use stomp::Version;
    use tokio::time::timeout;

    use super::*;
    use crate::{
        calls::hub::{Slow, Subscription, queue, queue_before},
        clock,
        delivery::hub_queue::{HubQueue, lane_of},
    };

    fn call(line: &Line) -> Event {
        let house = House::new("1203").unwrap();
        Event::Alert(Alert::new(AlertId::generate(), line.clone(), house, clock::now()))
    }

    fn subscription() -> Subscription {
        Subscription {
            id: "calls".into(),
            version: Version::V1_2,
            acknowledges: false,
            replay_ended: false,
            house: None,
            viewer: None,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_line_whose_subscribers_take_long_keeps_no_other_waiting() {
        let (hub, (release, released)) = (Hub::new(), std::sync::mpsc::channel());
        let slow = Line::new("101-1").unwrap();
        let mut lines = (2..).map(|number| Line::new(format!("101-{number}")).unwrap());
        let quick = lines.find(|line| lane_of(line) != lane_of(&slow)).unwrap();
        let (to_slow, _slow) = queue_before(Slow::until(released), 1);
        let (to_quick, mut frames) = queue(1);
        let _slow_line = hub.subscribe(&slow, subscription(), to_slow);
        let _quick_line = hub.subscribe(&quick, subscription(), to_quick);
        let (queue, lanes) = HubQueue::new();
        let applying = tokio::spawn(apply_beside(hub, lanes, true, Share::default()));
        for line in [&slow, &quick] {
            queue.push(Queued::HandedOver(call(line), Duration::ZERO));
        }
        let frame = timeout(Duration::from_secs(10), frames.next()).await;
        drop((release, queue));
        assert!(frame.is_ok_and(|frame| frame.is_some()), "the alarm of the other line waits");
        applying.await.unwrap();
    }
}
