//! `iutsai republish`, which refills a log that was lost from this node's outbox, while its server is stopped.

use std::path::PathBuf;

use backend::delivery::{
    log::KafkaSettings,
    outbox::{Outbox, Purpose},
    republish::{RepublishError, Republished, republish},
};

use crate::config::{self, KafkaConfig};

/// Where the outbox and the log are, as `iutsai serve` has them.
#[derive(clap::Args)]
pub(crate) struct Republish {
    /// Directory of the outbox
    #[arg(long, env = "IUTSAI_DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// Kafka's settings.
    #[command(flatten)]
    kafka: KafkaConfig,
}

/// Publishes everything the outbox keeps again, and prints how much that was.
///
/// # Errors
/// One sentence about what is wrong.
pub(crate) fn run(republish: &Republish) -> Result<(), String> {
    let kafka = config::log(&republish.kafka)?.kafka().ok_or(
        "there is no Kafka to fill: name it with KAFKA_BOOTSTRAP_SERVERS; without Kafka the outbox itself is the log",
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start threads: {error}"))?;
    let done = runtime.block_on(refill(republish, kafka))?;
    println!(
        "published {} records again; Kafka refused {}. Neighbours see them, and nothing sounds.",
        done.published, done.refused
    );
    Ok(())
}

async fn refill(republish_from: &Republish, kafka: KafkaSettings) -> Result<Republished, String> {
    let directory = &republish_from.data_dir;
    if !directory.join("outbox.db").is_file() {
        return Err(format!(
            "there is no outbox in {}; name its directory with --data-dir",
            directory.display()
        ));
    }
    let stopped = |error| format!("{error}; republishing needs the server to be stopped");
    let outbox = Outbox::open(directory, Purpose::Relayed, |_| {}).await.map_err(stopped)?;
    let progress = |done: Republished| eprintln!("{} so far", done.published + done.refused);
    let outcome = republish(&outbox, kafka, progress).await;
    outbox.close().await;
    outcome.map_err(|error| match error {
        RepublishError::Outbox(error) => error.to_string(),
        RepublishError::Log(error) => {
            format!("{error}; run this again when Kafka answers, doubles do no harm")
        }
    })
}
