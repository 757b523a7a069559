//! By the webhook calls are sent to an address of the operator's, signed, and again until they arrive. The receiver is
//! the push tests' own service.

mod example;
mod settings;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{AlertId, api::ProgressRequest};
use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};
use serde_json::{Value, json};
use testkit::{
    Error,
    client::{Session, Step},
    measure::counters::Counters,
    server::{Program, Server},
};
use tokio::time::{Instant, sleep};

use crate::{
    push::{
        NO_MORE_WITHIN,
        service::{Answer, Pushed, Service},
    },
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, program, sign_in},
};

/// 32 octets, 0 to 31.
pub(crate) const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The address of the webhook at the service. Its query is a secret of the receiver's.
pub(crate) const PATH: &str = "/calls?token=s3cret";
/// The time for which a test waits for a word of the log or a value of a metric.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(100);

/// The program with a webhook at the service.
pub(crate) fn hooked(program: Program, service: &Service) -> Program {
    let url = format!("{}{PATH}", service.origin());
    program.env("IUTSAI_WEBHOOK_URL", url).env("IUTSAI_WEBHOOK_SECRET", SECRET)
}

/// Returns the signature that a program with the secret makes.
pub(crate) fn signature(id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = PKey::hmac(&STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap()).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    signer.update(format!("{id}.{timestamp}.").as_bytes()).unwrap();
    signer.update(body).unwrap();
    format!("v1,{}", STANDARD.encode(signer.sign_to_vec().unwrap()))
}

/// Returns the present time in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Checks the signature and the age of a message as a receiver does, and returns its body.
pub(crate) fn read(message: &Pushed) -> Value {
    let (id, timestamp) = (message.header("webhook-id"), message.header("webhook-timestamp"));
    assert_eq!(message.header("webhook-signature"), signature(id, timestamp, &message.body));
    assert!(now().abs_diff(timestamp.parse().unwrap()) < 120, "{timestamp}");
    serde_json::from_slice(&message.body).unwrap()
}

/// Presses with words and a location.
pub(crate) async fn press(by: &Session) -> Result<AlertId, Error> {
    let mut call = by.call("a secret")?;
    (call.lat, call.lng) = (Some(json!(37.566_535)), Some(json!(126.977_969)));
    Ok(AlertId(by.press(&call, None).await?.ok()?.id))
}

/// Ends a call.
pub(crate) async fn resolve(by: &Session, call: AlertId) -> Outcome {
    by.progress(call, Step::Resolve, &ProgressRequest::default(), None).await?.ok().map(drop)
}

/// Waits until a metric has a value of which `is_wanted` is true.
async fn wait_for_metric(administrator: &Session, name: &str, is_wanted: impl Fn(f64) -> bool) -> Outcome {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let value = Counters::read(administrator).await?.get(name);
        if is_wanted(value) {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "{name} is {value}");
        sleep(GLANCE).await;
    }
}

/// Waits until the log has these words.
async fn wait_for_log(server: &Server, words: &str) -> Outcome {
    let deadline = Instant::now() + PATIENCE;
    while !server.log()?.contains(words) {
        assert!(Instant::now() < deadline, "the log has no {words:?}");
        sleep(GLANCE).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_call_and_its_end_are_sent_signed_and_without_words_or_location() -> Outcome {
    let service = Service::start().await;
    let server = hooked(program(), &service).env("IUTSAI_PUBLIC_URL", "https://iutsai.example");
    let server = server.start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;

    let call = press(&caller).await?;
    let began = service.wait_for(PATH, 1).await.remove(0);
    assert_eq!(began.header("content-type"), "application/json");
    assert_eq!(began.header("webhook-key-id").len(), 8, "it names the secret");
    let body = read(&began);
    let mut data = json!({
        "call": call.to_string(),
        "line": "101-1",
        "house": "1203",
        "kind": null,
        "drill": false,
        "since": body["timestamp"],
        "local": body["data"]["local"],
        "page": format!("https://iutsai.example/call/{call}"),
    });
    assert_eq!(body, json!({ "type": "call", "timestamp": body["timestamp"], "data": data }));

    resolve(&caller, call).await?;
    let ended = service.wait_for(PATH, 2).await.remove(1);
    let body = read(&ended);
    data["end"] = "resolved".into();
    assert_eq!(body, json!({ "type": "end", "timestamp": body["timestamp"], "data": data }));
    assert_ne!(ended.header("webhook-id"), began.header("webhook-id"));

    for message in [&began, &ended] {
        let text = format!("{:?} {}", message.headers, String::from_utf8_lossy(&message.body));
        assert!(!text.contains("a secret") && !text.contains("37.56"), "{text}");
    }
    let log = server.log()?;
    assert!(log.contains(began.header("webhook-key-id")), "{log}");
    assert!(!log.contains("AAECAwQF") && !log.contains("s3cret"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_is_silent_busy_or_broken_is_asked_again_and_no_press_waits_for_it() -> Outcome {
    let service = Service::start().await;
    let server = hooked(program(), &service).start().await?;
    let client = server.client()?;
    let (caller, office) = (sign_in(&client, CALLER).await?, sign_in(&client, ADMINISTRATOR).await?);
    let answers = [Answer::Silence, Answer::Later(3), Answer::Status(500), Answer::Status(204)];
    service.answer(PATH, &answers);

    press(&caller).await?;
    assert!(service.at(PATH).len() <= 1, "the press is answered while the receiver is silent");
    wait_for_metric(&office, "iutsai_webhook_waiting", |waiting| waiting == 1.0).await?;
    wait_for_metric(&office, "iutsai_webhook_oldest_seconds", |seconds| seconds >= 1.0).await?;
    wait_for_log(&server, "retrying for ten minutes").await?;
    assert!(client.readiness().await?.0, "a receiver that is away is no fault of the service");

    let sent = service.wait_for(PATH, 4).await;
    assert!(sent[2].at - sent[1].at >= Duration::from_secs(3), "Retry-After is honoured");
    for message in &sent {
        read(message);
        assert_eq!(message.header("webhook-id"), sent[0].header("webhook-id"), "doubles can be dropped");
        assert_eq!(message.body, sent[0].body);
    }
    assert_ne!(sent[3].header("webhook-timestamp"), sent[0].header("webhook-timestamp"));
    wait_for_metric(&office, "iutsai_webhook_waiting", |waiting| waiting == 0.0).await?;
    // Three attempts to be made again, and one that arrived.
    wait_for_metric(&office, "iutsai_webhook_total", |total| total == 4.0).await?;
    sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), 4);
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_final_and_a_410_stops_the_webhook_until_the_next_start() -> Outcome {
    let service = Service::start().await;
    let mut server = hooked(program(), &service).start().await?;
    let client = server.client()?;
    service.answer(PATH, &[Answer::Status(403), Answer::Status(410)]);
    press(&sign_in(&client, CALLER).await?).await?;
    service.wait_for(PATH, 1).await;
    wait_for_log(&server, "the webhook refuses a message").await?;
    press(&sign_in(&client, NEIGHBOUR).await?).await?;
    service.wait_for(PATH, 2).await;
    wait_for_log(&server, "the webhook answers 410").await?;

    let third = press(&sign_in(&client, SECOND_NEIGHBOUR).await?).await?;
    sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), 2, "neither the refused call nor another one is sent");
    assert!(client.readiness().await?.0);

    server.restart().await?;
    let sent = service.wait_for(PATH, 3).await.remove(2);
    assert_eq!(read(&sent)["data"]["call"], third.to_string());
    sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), 3, "what the receiver has answered is not sent again");
    Ok(())
}

#[tokio::test]
async fn a_node_that_is_killed_right_after_the_202_sends_after_its_start_and_once() -> Outcome {
    let service = Service::start().await;
    let mut server = hooked(program(), &service).start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;

    let call = press_and_kill(&mut server, &service, press(&caller)).await?;
    let sent = service.at(PATH);
    let last = sent.last().unwrap();
    let body = read(last);
    assert_eq!((&body["type"], &body["data"]["call"]), (&json!("call"), &json!(call.to_string())));
    let is_same = |message: &Pushed| message.header("webhook-id") == last.header("webhook-id");
    assert!(sent.iter().all(is_same), "an attempt before the kill had the same id");

    press_and_kill(&mut server, &service, resolve(&caller, call)).await?;
    let sent = service.at(PATH).len();
    let body = read(service.at(PATH).last().unwrap());
    assert_eq!((&body["type"], &body["data"]["call"]), (&json!("end"), &json!(call.to_string())));
    sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), sent, "each is sent once");
    server.kill().await?;
    server.restart().await?;
    sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), sent, "and a later start knows that it is done");
    Ok(())
}

/// Sends a command, kills the server right after its answer, starts it again, and waits for one more message.
async fn press_and_kill<T>(
    server: &mut Server,
    service: &Service,
    command: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let before = service.at(PATH).len();
    // Whatever comes before the end of the process has no answer.
    service.answer(PATH, &[Answer::Silence]);
    let done = command.await?;
    server.kill().await?;
    let at_the_end = service.at(PATH).len();
    if at_the_end == before {
        service.answer(PATH, &[]);
    }
    server.restart().await?;
    service.wait_for(PATH, at_the_end + 1).await;
    Ok(done)
}
