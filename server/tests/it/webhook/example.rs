//! The receiver that `docs/operations/webhook.md` shows, as it is in its file.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{SECRET, now, press, resolve, signature};
use crate::support::{CALLER, Outcome, program, sign_in};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations/webhook-receiver.mjs");
const PATIENCE: Duration = Duration::from_secs(60);

/// The receiver, which ends when it is dropped.
struct Receiver {
    url: String,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Receiver {
    async fn start() -> Self {
        let mut command = Command::new("node");
        command.arg(FILE).env("WEBHOOK_SECRET", SECRET).env("PORT", "0").kill_on_drop(true);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("node is installed");
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut receiver = Self { url: String::new(), output, _process: process };
        let line = receiver.line().await;
        receiver.url = line.strip_prefix("listening on ").unwrap().to_owned();
        receiver
    }

    /// The next line that it prints.
    async fn line(&mut self) -> String {
        timeout(PATIENCE, self.output.next_line()).await.expect("it prints a line").unwrap().unwrap()
    }

    /// Sends it a message that is signed for `timestamp`, with this body in place of the one that was signed.
    async fn send(&self, id: &str, timestamp: u64, body: &'static str) -> u16 {
        let timestamp = timestamp.to_string();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .post(&self.url)
            .header("webhook-id", id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", signature(id, &timestamp, BODY.as_bytes()))
            .body(body);
        request.send().await.expect("it answers").status().as_u16()
    }
}

const BODY: &str = r#"{"type":"call","data":{"line":"101-2","house":"0501","local":"2026-11-29T14:03:20"}}"#;
const FORGED: &str =
    r#"{"type":"call","data":{"line":"101-2","house":"0502","local":"2026-11-29T14:03:20"}}"#;

#[tokio::test]
async fn the_documented_receiver_takes_what_the_server_sends() -> Outcome {
    let mut receiver = Receiver::start().await;
    let server = program()
        .env("IUTSAI_WEBHOOK_URL", &receiver.url)
        .env("IUTSAI_WEBHOOK_SECRET", SECRET)
        .env("IUTSAI_PUBLIC_URL", "https://iutsai.example")
        .start()
        .await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let call = press(&caller).await?;
    let line = receiver.line().await;
    assert!(line.starts_with("101-1 1203호에서 도움을 요청했어요 · "), "{line}");
    assert!(line.ends_with(&format!(" https://iutsai.example/call/{call}")), "{line}");
    resolve(&caller, call).await?;
    let line = receiver.line().await;
    assert!(line.starts_with("101-1 1203호 요청이 끝났어요 · "), "{line}");
    Ok(())
}

#[tokio::test]
async fn the_documented_receiver_refuses_what_is_forged_or_old_and_drops_doubles() {
    let mut receiver = Receiver::start().await;
    assert_eq!(receiver.send("forged", now(), FORGED).await, 401);
    assert_eq!(receiver.send("old", now() - 301, BODY).await, 401);
    assert_eq!(receiver.send("one", now(), BODY).await, 204);
    assert_eq!(receiver.send("one", now(), BODY).await, 204);
    assert_eq!(receiver.send("two", now(), BODY).await, 204);
    // Two lines for two ids, and none for what was refused.
    for _ in 0..2 {
        assert_eq!(receiver.line().await, "101-2 0501호에서 도움을 요청했어요 · 14:03");
    }
    assert!(
        timeout(Duration::from_secs(1), receiver.output.next_line()).await.is_err(),
        "nothing more is printed"
    );
}
