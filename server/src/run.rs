//! The run of a server, from its start to its stop.

mod listen;
mod stop;

use std::os::unix::fs::DirBuilderExt;

use backend::{
    backup,
    delivery::log::{KafkaSettings, Share},
    service::{self, Backend},
    traces,
};
use metrics_exporter_prometheus::PrometheusHandle;

use self::{listen::listen, stop::Running};
use crate::{
    config::Settings,
    metrics,
    runtimes::{Handles, Runtimes},
    signals::Signals,
};

/// Serves until a signal stops it.
///
/// # Errors
/// One sentence about what kept it from starting.
pub(crate) fn serve(settings: Settings) -> Result<(), String> {
    let metrics = metrics::install().map_err(|error| format!("cannot begin to count: {error}"))?;
    let runtimes = Runtimes::start().map_err(|error| format!("cannot start threads: {error}"))?;
    runtimes.run(|handles| live(settings, metrics, handles))
}

async fn live(settings: Settings, metrics: PrometheusHandle, runtimes: Handles) -> Result<(), String> {
    let mut signals = Signals::install().map_err(|error| format!("cannot listen for signals: {error}"))?;
    let mut directory = std::fs::DirBuilder::new();
    directory.recursive(true).mode(0o700).create(&settings.data_dir).map_err(|error| {
        let path = settings.data_dir.display();
        format!(
            "cannot make the data directory {path}: {error}; set IUTSAI_DATA_DIR to one that can be written"
        )
    })?;
    backup::refuse_unfinished(&settings.data_dir).map_err(|error| error.to_string())?;
    let running = tokio::select! {
        running = start(settings, metrics, runtimes) => running?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped while it started");
            return Ok(());
        }
    };
    let signal = signals.next().await;
    tracing::info!(signal, "stopping; a second signal ends the process at once");
    tokio::select! {
        () = running.stop() => {}
        _ = signals.next() => std::process::exit(1),
    }
    Ok(())
}

async fn start(settings: Settings, metrics: PrometheusHandle, runtimes: Handles) -> Result<Running, String> {
    // They are sent where pages are made, because those wait for calls.
    let begin = |settings| traces::start(settings, runtimes.pages.clone());
    let traces = settings.traces.as_ref().map(begin).transpose().map_err(|error| error.to_string())?;
    let backend = Backend::start(service::Settings {
        data_dir: settings.data_dir.clone(),
        database_url: settings.database_url.clone(),
        kafka: settings.log.kafka().map(|kafka| KafkaSettings {
            partitions: settings.shards.partitions(kafka.partitions),
            share: Share::new(settings.shards, settings.shard),
            ..kafka
        }),
        producer: settings.roles.producer,
        fanout: settings.roles.fanout,
        statistics: settings.roles.statistics,
        zone: settings.zone.clone(),
        batch: settings.batch.clone(),
        push: settings.push.clone(),
        webhook: settings.webhook.clone(),
        clocks: settings.clocks,
        canary: settings.canary,
        demo: settings.demo,
        requires_second_factor: settings.requires_second_factor,
        seal: settings.seal.clone(),
        calls_runtime: runtimes.calls.clone(),
        sockets_runtime: runtimes.sockets.clone(),
    });
    let backend = backend.await.map_err(|error| error.to_string())?;
    match listen(settings, metrics, runtimes, &backend).await {
        Ok(running) => Ok(Running { traces, ..running }),
        Err(sentence) => {
            backend.stop().await;
            Err(sentence)
        }
    }
}
