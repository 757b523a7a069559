//! `iutsai republish`: refills a log that was lost from this node's outbox, while its server is stopped.

use std::{path::PathBuf, time::Duration};

use backend::{
    delivery::outbox::Outbox,
    delivery::republish::{RepublishError, Republished, republish},
};

use crate::{
    config::{self, KafkaConfig, Log},
    embedded_broker::EmbeddedBroker,
    run,
};

/// How long the embedded broker may take to answer.
const BROKER_PATIENCE: Duration = Duration::from_secs(30);

/// Where the outbox and the log are, as `iutsai serve` has them.
#[derive(clap::Args)]
pub struct Republish {
    /// Directory of the outbox, and of the embedded broker's log
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// The embedded broker's program; by default `iutsai-broker` beside this one
    #[arg(long, env = "IUTSAI_BROKER_PROGRAM", value_name = "FILE")]
    broker_program: Option<PathBuf>,

    /// Kafka's settings.
    #[command(flatten)]
    kafka: KafkaConfig,
}

/// Publishes everything the outbox keeps again, and prints how much that was.
///
/// # Errors
/// One sentence about what is wrong.
pub fn run(republish: &Republish) -> Result<(), String> {
    let log = config::log(&republish.kafka, republish.broker_program.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start threads: {error}"))?;
    let done = runtime.block_on(refill(republish, &log))?;
    println!(
        "published {} records again; Kafka refused {}. Neighbours see them, and nothing sounds.",
        done.published, done.refused
    );
    Ok(())
}

async fn refill(republish_from: &Republish, log: &Log) -> Result<Republished, String> {
    let directory = &republish_from.data_dir;
    if !directory.join("outbox.db").is_file() {
        return Err(format!(
            "there is no outbox in {}; say where it is with --data-dir",
            directory.display()
        ));
    }
    let stopped = |error| format!("{error}; republishing needs the server to be stopped");
    let outbox = Outbox::open(directory).await.map_err(stopped)?;
    let mut broker = match log {
        Log::Cluster { .. } => None,
        Log::Embedded(program) => Some(
            EmbeddedBroker::start(program.clone(), directory)
                .map_err(|error| format!("cannot find a free port for the embedded broker: {error}"))?,
        ),
    };
    if let Some(broker) = &mut broker {
        broker.first_answer(BROKER_PATIENCE).await;
    }
    let kafka = run::kafka(log, broker.as_ref());
    let tell = |done: Republished| eprintln!("{} so far", done.published + done.refused);
    let outcome = republish(&outbox, kafka, tell).await;
    outbox.close().await;
    if let Some(broker) = broker {
        broker.stop().await;
    }
    outcome.map_err(|error| match error {
        RepublishError::Outbox(error) => error.to_string(),
        RepublishError::Log(error) => {
            format!("{error}; run this again when Kafka answers, doubles do no harm")
        }
    })
}
