//! Traces by OpenTelemetry, from the request of the browser to the last socket. They are off by default, and a
//! collector that does not answer keeps no call.

pub(crate) mod collector;

use std::time::Duration;

use domain::{
    AlertId,
    api::{ProgressRequest, Recorded},
    header,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use reqwest::Method;
use serde_json::json;
use testkit::{
    Error,
    client::{Session, Socket, Step},
    measure::counters::Counters,
    server::{Program, Server},
};
use tokio::{net::TcpListener, sync::mpsc, time::Instant};
use uuid::Uuid;

use self::collector::{Collector, named, names};
use crate::support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, program, sign_in};

/// The trace and the span that the browser's request names.
pub(crate) const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const SPAN: u64 = 0x00f0_67aa_0ba9_02b7;
/// Another trace.
const OTHER: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
/// The time for which a test waits for a word of the log or a value of a metric.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);
/// The words of the log when spans begin to be lost.
const LOST: &str = "traces cannot be delivered";

/// The program that sends its traces there.
pub(crate) fn traced(program: Program, address: &str) -> Program {
    program.env("IUTSAI_OTLP_ENDPOINT", address)
}

/// Presses with words and a location, as a part of a trace that is sampled or not.
pub(crate) async fn press(by: &Session, trace: u128, sampled: bool) -> Result<Uuid, Error> {
    let mut call = by.call("a secret")?;
    (call.lat, call.lng) = (Some(json!(37.566_535)), Some(json!(126.977_969)));
    let traceparent = format!("00-{trace:032x}-{SPAN:016x}-0{}", u8::from(sampled));
    let request = by.request(Method::POST, "/alert").json(&call).header(header::TRACEPARENT, traceparent);
    Ok(by.client().send::<Recorded>(request).await?.ok()?.id)
}

/// Presses, waits until a neighbour has the call, and ends it.
async fn press_until_heard(caller: &Session, neighbour: &mut Socket) -> Outcome {
    let call = press(caller, TRACE, true).await?;
    neighbour.wait_for("the alarm", |message| message.is_alert(call)).await?;
    caller.progress(AlertId(call), Step::Cancel, &ProgressRequest::default(), None).await?.ok().map(drop)
}

#[tokio::test]
async fn a_press_is_one_trace_from_the_request_to_the_last_socket() -> Outcome {
    let collector = Collector::start().await;
    let server = traced(program(), collector.address()).start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut first, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let (mut second, _) = sign_in(&client, SECOND_NEIGHBOUR).await?.listen().await?;
    let call = press(&caller, TRACE, true).await?;
    for socket in [&mut first, &mut second] {
        socket.wait_for("the alarm", |message| message.is_alert(call)).await?;
    }
    let ways = ["POST /alert", "record", "deliver"];
    let spans = collector
        .wait_for(TRACE, "the way of the call", |spans| ways.iter().all(|way| names(spans).contains(way)))
        .await;
    assert_eq!(spans.len(), ways.len(), "{:?}", names(&spans));
    let (request, delivery) = (named(&spans, "POST /alert"), named(&spans, "deliver"));
    assert_eq!(request.span.parent_span_id, SPAN.to_be_bytes());
    assert_eq!(request.attribute("http.response.status_code"), Some(Value::IntValue(202)));
    for step in ["record", "deliver"] {
        let step = &named(&spans, step).span;
        assert_eq!(step.parent_span_id, request.span.span_id, "{}", step.name);
        assert!(step.start_time_unix_nano >= request.span.start_time_unix_nano, "{}", step.name);
    }
    assert_eq!(delivery.attribute("iutsai.call"), Some(Value::StringValue(call.to_string())));
    for count in ["iutsai.frames", "iutsai.frames.written"] {
        assert_eq!(delivery.attribute(count), Some(Value::IntValue(2)), "{count}");
    }
    assert!(delivery.span.events.iter().any(|event| event.name == "first socket"));
    Ok(())
}

#[tokio::test]
async fn no_span_names_a_person_a_flat_or_a_place() -> Outcome {
    let collector = Collector::start().await;
    let server = traced(program(), collector.address()).start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut neighbour, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    press_until_heard(&caller, &mut neighbour).await?;
    // A request that names no trace begins one.
    let is_cancel = |name: &str| name == "POST /alert/{id}/cancel";
    let deadline = Instant::now() + PATIENCE;
    while !names(&collector.spans()).into_iter().any(is_cancel) {
        assert!(Instant::now() < deadline, "{:?}", names(&collector.spans()));
        tokio::time::sleep(GLANCE).await;
    }
    server.end().await?;
    for kept in collector.spans() {
        // The id of a call is random, and may have the digits of a flat by chance.
        let shown = kept.span.attributes.iter().filter(|attribute| attribute.key != "iutsai.call");
        let shown: Vec<String> = shown.map(|attribute| format!("{attribute:?}")).collect();
        let shown = format!("{} {shown:?}", kept.span.name);
        for secret in ["a secret", "resident", "1203", "1204", "101-1", "37.5", "126.9"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_not_sampled_is_not_traced() -> Outcome {
    let collector = Collector::start().await;
    let server = traced(program(), collector.address()).start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    press(&caller, OTHER, false).await?;
    press(&neighbour, TRACE, true).await?;
    server.end().await?;
    assert!(!collector.of(TRACE).is_empty(), "the last spans are sent at the end");
    assert_eq!(names(&collector.of(OTHER)), Vec::<&str>::new());
    Ok(())
}

#[tokio::test]
async fn of_all_calls_only_the_wanted_part_is_traced() -> Outcome {
    let collector = Collector::start().await;
    let server = traced(program(), collector.address()).env("IUTSAI_TRACE_RATIO", "0").start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    caller.press(&caller.call("")?, None).await?.ok()?;
    press(&neighbour, TRACE, true).await?;
    server.end().await?;
    assert_eq!(collector.spans().len(), collector.of(TRACE).len(), "{:?}", names(&collector.spans()));
    assert!(!collector.of(TRACE).is_empty(), "the request decides");
    Ok(())
}

#[tokio::test]
async fn nothing_is_traced_without_the_setting() -> Outcome {
    let collector = Collector::start().await;
    // OpenTelemetry's own variables do not switch it on.
    let server = program()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address())
        .env("OTEL_TRACES_EXPORTER", "otlp")
        .start()
        .await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut neighbour, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    press_until_heard(&caller, &mut neighbour).await?;
    server.end().await?;
    assert_eq!(names(&collector.spans()), Vec::<&str>::new());
    Ok(())
}

/// A listener that takes connections and answers nothing. It reports each of them.
async fn silent() -> (String, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
            let _ = sender.send(());
        }
    });
    (address, connections)
}

#[tokio::test]
async fn a_collector_that_never_answers_keeps_no_call() -> Outcome {
    let (address, mut connections) = silent().await;
    let server = traced(program(), &address).start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut neighbour, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    press_until_heard(&caller, &mut neighbour).await?;
    let connected = tokio::time::timeout(PATIENCE, connections.recv()).await;
    assert_eq!(connected, Ok(Some(())), "spans are on their way");
    // They wait for an answer from here on, and nothing else does.
    for _ in 0..3 {
        press_until_heard(&caller, &mut neighbour).await?;
    }
    server.end().await
}

/// Waits until more spans are lost than `before`, and returns how many are.
async fn lost(administrator: &Session, before: f64) -> Result<f64, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lost = Counters::read(administrator).await?.get("iutsai_spans_lost_total");
        if lost > before {
            return Ok(lost);
        }
        assert!(Instant::now() < deadline, "{lost} spans are lost");
        tokio::time::sleep(GLANCE).await;
    }
}

fn warnings(server: &Server) -> Result<usize, Error> {
    Ok(server.log()?.lines().filter(|line| line.contains(LOST)).count())
}

#[tokio::test]
async fn a_collector_that_is_gone_keeps_no_call_and_is_reported_once() -> Outcome {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let server = traced(program(), &address).start().await?;
    let client = server.client()?;
    let (caller, administrator) = (sign_in(&client, CALLER).await?, sign_in(&client, ADMINISTRATOR).await?);
    let (mut neighbour, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    press_until_heard(&caller, &mut neighbour).await?;
    let first = lost(&administrator, 0.0).await?;
    press_until_heard(&caller, &mut neighbour).await?;
    lost(&administrator, first).await?;
    assert_eq!(warnings(&server)?, 1, "{}", server.log()?);
    Ok(())
}
