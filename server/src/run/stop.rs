//! The stop of the server, stage by stage. Each stage is logged, and none can hold up the end without a limit.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use backend::traces::Traces;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// The time for requests to finish.
const REQUESTS_PATIENCE: Duration = Duration::from_secs(10);
/// The time for sockets to close.
const SOCKETS_PATIENCE: Duration = Duration::from_secs(4);
/// The time for the backend to flush and close its files.
const BACKEND_PATIENCE: Duration = Duration::from_secs(10);

/// All that must be stopped again.
pub(super) struct Running {
    pub(super) state: AppState,
    pub(super) stop_accepting: CancellationToken,
    pub(super) servers: Vec<JoinHandle<()>>,
    pub(super) traces: Option<Traces>,
}

impl Running {
    pub(super) async fn stop(self) {
        let Self { state, stop_accepting, servers, traces } = self;
        stop_accepting.cancel();
        state.boards.stop();
        let requests = async {
            for server in servers {
                if let Err(error) = server.await {
                    tracing::error!(%error, "a listener had failed");
                }
            }
            state.commands.close();
            state.commands.wait().await;
        };
        stage("no request is open any more", Some(REQUESTS_PATIENCE), requests).await;
        let sockets = async {
            let left = state.sockets.stop(SOCKETS_PATIENCE).await;
            if left > 0 {
                tracing::warn!(left, "sockets did not close in time");
            }
        };
        stage("every socket is closed", None, sockets).await;
        stage("the outbox and the database are closed", Some(BACKEND_PATIENCE), state.backend.stop()).await;
        if let Some(traces) = traces {
            stage("the last traces are sent", None, traces.stop()).await;
        }
    }
}

/// Runs one stage of the stop, bounded by `patience` unless it bounds itself, and logs its outcome.
async fn stage(done: &'static str, patience: Option<Duration>, work: impl Future<Output = ()>) {
    let begun = Instant::now();
    let in_time = match patience {
        Some(patience) => timeout(patience, work).await.is_ok(),
        None => {
            work.await;
            true
        }
    };
    let ms = begun.elapsed().as_millis();
    if in_time {
        tracing::info!(ms, "stopping: {done}");
    } else {
        tracing::warn!(ms, "stopping, not in time, going on: {done}");
    }
}
