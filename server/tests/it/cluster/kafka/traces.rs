//! The trace of a call in the header of its record, and on another node.

use domain::{header, topic};

use super::brokers::Brokers;
use crate::{
    support::{CALLER, NEIGHBOUR, Outcome, sign_in},
    traces::{
        TRACE,
        collector::{Collector, Kept, named},
        press, traced,
    },
};

/// Returns whether two processes have delivered the call, and Kafka has it.
fn is_whole(spans: &[Kept]) -> bool {
    let of = |name: &str| spans.iter().filter(|kept| kept.span.name == name).collect::<Vec<_>>();
    let deliveries = of("deliver");
    let first = deliveries.first().map(|kept| kept.instance.clone());
    !of("publish").is_empty() && deliveries.iter().any(|kept| Some(&kept.instance) != first.as_ref())
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_record_carries_the_trace_of_its_press_to_another_node() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let collector = Collector::start().await;
    let here = traced(brokers.program(), collector.address()).start().await?;
    let there = traced(brokers.program(), collector.address()).start().await?;
    let caller = sign_in(&here.client()?, CALLER).await?;
    let (mut neighbour, _) = sign_in(&there.client()?, NEIGHBOUR).await?.listen().await?;

    let call = press(&caller, TRACE, true).await?;
    neighbour.wait_for("the alarm on the other node", |message| message.is_alert(call)).await?;
    let spans = collector.wait_for(TRACE, "a delivery on both nodes", is_whole).await;
    let request = named(&spans, "POST /alert");
    for kept in spans.iter().filter(|kept| kept.span.name != request.span.name) {
        assert_eq!(kept.span.parent_span_id, request.span.span_id, "{}", kept.span.name);
    }
    let written = brokers.headers(topic::ALERT, header::TRACEPARENT);
    let span = u64::from_be_bytes(request.span.span_id.as_slice().try_into().unwrap());
    assert_eq!(written, [Some(format!("00-{TRACE:032x}-{span:016x}-01"))]);
    here.end().await?;
    there.end().await
}
