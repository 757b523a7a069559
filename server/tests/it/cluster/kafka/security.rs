//! Kafka behind TLS and a password. The settings reach librdkafka, and a wrong one loses no call.

use std::time::{Duration, Instant};

use domain::api::State;
use serde_json::Value;
use testkit::{client::Client, server::Program};

use super::{brokers::Brokers, published};
use crate::support::{CALLER, NEIGHBOUR, Outcome, program, sign_in};

/// The program on the brokers' listener that wants TLS and this password.
fn by_password(brokers: &Brokers, password: &str) -> Program {
    program()
        .env("KAFKA_BOOTSTRAP_SERVERS", format!("127.0.0.1:{}", brokers.file(1, "secure-port")))
        .env("KAFKA_SECURITY_PROTOCOL", "sasl_ssl")
        .env("KAFKA_SASL_MECHANISM", "PLAIN")
        .env("KAFKA_SASL_USERNAME", "iutsai")
        .env("KAFKA_SASL_PASSWORD", password)
        .env("KAFKA_SSL_CA_LOCATION", brokers.directory().join("authority.pem"))
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn calls_are_published_by_tls_with_a_password_and_stored_with_a_wrong_one() -> Outcome {
    let brokers = Brokers::start(1, &["--secure"]);
    let server = by_password(&brokers, "neighbour").start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let call = published(&caller, "by TLS").await?;
    socket.wait_for("the call", |message| message.is_alert(call)).await?;
    server.end().await?;

    let server = by_password(&brokers, "stranger").start_unready().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let recorded = caller.press(&caller.call("by nothing")?, None).await?.ok()?;
    assert_eq!(recorded.state, State::Stored);
    for role in ["producer", "fanout"] {
        is_degraded(&client, role).await?;
    }
    let log = server.log()?;
    assert!(!log.contains("stranger"), "the password is in the log: {log}");
    server.end().await
}

/// Waits until `/readyz` shows that a role does its work with something missing.
async fn is_degraded(client: &Client, role: &str) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (_, report) = client.readiness().await?;
        let ready: Value = serde_json::from_str(&report).unwrap();
        if ready[role]["state"] == "degraded" {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "{role}: {report}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
