//! Starts the server part by part, and stops it in stages. Each is logged, and none can hold up the end without a
//! limit.

use std::{
    future::Future,
    io::Write,
    net::{IpAddr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use backend::{
    backup,
    database::DatabaseError,
    delivery::log::{KafkaSettings, Share},
    people::{
        PeopleError,
        accounts::{DEMO_PASSWORD, DEMO_RESIDENTS},
        oidc::Provider,
    },
    service::{self, Backend},
    traces::{self, Traces},
};
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    board::Board,
    budgets::Budgets,
    client_address::TrustedProxies,
    config::{Log, Settings},
    connections::{BoundedListener, Connections, Peer},
    descriptors, metrics,
    origin::Origins,
    router::router,
    runtimes::{Handles, Runtimes},
    signals::Signals,
    sockets::Sockets,
    state::AppState,
};

/// The time for requests to finish.
const REQUESTS_PATIENCE: Duration = Duration::from_secs(10);
/// The time for sockets to close.
const SOCKETS_PATIENCE: Duration = Duration::from_secs(4);
/// The time for the backend to flush and close its files.
const BACKEND_PATIENCE: Duration = Duration::from_secs(10);
/// Partitions of a topic that is created, at least.
const PARTITIONS: i32 = 2;

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

/// All that must be stopped again.
struct Running {
    state: AppState,
    stop_accepting: CancellationToken,
    servers: Vec<JoinHandle<()>>,
    traces: Option<Traces>,
}

async fn start(settings: Settings, metrics: PrometheusHandle, runtimes: Handles) -> Result<Running, String> {
    // They are sent where pages are made, because those wait for calls.
    let begin = |settings| traces::start(settings, runtimes.pages.clone());
    let traces = settings.traces.as_ref().map(begin).transpose().map_err(|error| error.to_string())?;
    let backend = Backend::start(service::Settings {
        data_dir: settings.data_dir.clone(),
        database_url: settings.database_url.clone(),
        kafka: kafka(&settings.log).map(|kafka| KafkaSettings {
            partitions: settings.shards.partitions(PARTITIONS),
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

async fn listen(
    settings: Settings,
    metrics: PrometheusHandle,
    runtimes: Handles,
    backend: &Backend,
) -> Result<Running, String> {
    let has_demo = match backend.accounts.has_demo().await {
        Ok(has_demo) => has_demo,
        // A server without a demo must be able to start while its database is away.
        Err(PeopleError::Database(DatabaseError::Away(_))) => settings.demo,
        Err(error) => return Err(error.to_string()),
    };
    if has_demo && !settings.demo_anywhere {
        refuse_demo_beyond(settings.listen.ip())?;
    }
    let (demo, address, metrics_address) = (settings.demo, settings.listen, settings.metrics_listen);
    let state = state(settings, metrics, backend.clone())?;
    let stop_accepting = CancellationToken::new();
    // The public listener is the calls' runtime's, and so is every connection until it is upgraded.
    let all = router(state.clone(), &runtimes);
    let (local, server) =
        accept_on(&runtimes.calls, address, &state.connections, all, &stop_accepting).await?;
    let mut servers = vec![server];
    if let Some(address) = metrics_address {
        let open = metrics::open_router(state.clone());
        let (local, server) =
            accept_on(&runtimes.pages, address, &state.connections, open, &stop_accepting).await?;
        tracing::info!("metrics are served freely on http://{local}/metrics");
        servers.push(server);
    }
    tokio::spawn(metrics::upkeep(state.metrics.clone()));
    tokio::spawn(state.sockets.clone().close_changed(state.backend.sessions.clone()));
    tokio::spawn(state.board.clone().watch(state.backend.hub.clone()));
    announce(local, demo).map_err(|error| format!("cannot print the address on stdout: {error}"))?;
    Ok(Running { state, stop_accepting, servers, traces: None })
}

impl Running {
    async fn stop(self) {
        let Self { state, stop_accepting, servers, traces } = self;
        stop_accepting.cancel();
        state.board.stop();
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

fn state(settings: Settings, metrics: PrometheusHandle, backend: Backend) -> Result<AppState, String> {
    let room = descriptors::room().map_err(|error| format!("cannot read the descriptor limit: {error}"))?;
    tracing::info!(sockets = room.sockets, "room for this many sockets");
    let provider = settings.oidc.as_ref().map(|oidc| Provider::new(oidc.provider.clone())).transpose();
    let provider =
        provider.map_err(|error| format!("cannot prepare TLS for the housing service: {error}"))?;
    let leptos = LeptosOptions::builder()
        .output_name("iutsai")
        .site_root(settings.site_dir.display().to_string())
        .site_pkg_dir("pkg")
        .site_addr(settings.listen)
        .build();
    Ok(AppState {
        backend,
        budgets: Arc::new(Budgets::default()),
        proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
        origins: Origins::new(&settings),
        provider,
        board: Board::default(),
        sockets: Sockets::new(room.sockets),
        connections: Connections::new(room.clients),
        commands: TaskTracker::new(),
        metrics,
        leptos,
        settings: Arc::new(settings),
    })
}

/// Returns how the backend reaches Kafka, to read all of it; `None` for a node that is its own log.
pub(crate) fn kafka(log: &Log) -> Option<KafkaSettings> {
    match log {
        Log::Local => None,
        Log::Cluster { bootstrap_servers, security } => Some(KafkaSettings {
            bootstrap_servers: bootstrap_servers.clone(),
            security: security.clone(),
            partitions: PARTITIONS,
            share: Share::default(),
        }),
    }
}

/// Accepts connections on `runtime` until `stop`; then lets open requests finish.
async fn accept_on(
    runtime: &Handle,
    address: SocketAddr,
    connections: &Connections,
    router: Router,
    stop: &CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!("cannot listen on {address}: {error}; choose another address, or stop what listens there")
    };
    let listener = runtime.spawn(TcpListener::bind(address)).await.map_err(|error| failed(&error))?;
    let listener = listener.map_err(|error| failed(&error))?;
    let local = listener.local_addr().map_err(|error| failed(&error))?;
    let listener = BoundedListener::new(listener, connections.clone());
    let service = router.into_make_service_with_connect_info::<Peer>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = runtime.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the listener ended");
        }
    });
    Ok((local, server))
}

/// The demo's password is known to everybody.
fn refuse_demo_beyond(address: IpAddr) -> Result<(), String> {
    if address.is_loopback() {
        return Ok(());
    }
    Err(format!(
        "the database has demo accounts, whose password everybody knows, so the server does not listen on {address}; \
         use 127.0.0.1, a database without them, or pass --demo-anywhere"
    ))
}

/// Prints the address and, in a demo, who can sign in. Tests and scripts read the first line.
fn announce(address: SocketAddr, demo: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "iutsai listens on http://{address}")?;
    if demo {
        let names: Vec<_> = DEMO_RESIDENTS.iter().map(|(name, _)| *name).collect();
        writeln!(out, "demo: sign in as {} with the password {DEMO_PASSWORD}", names.join(", "))?;
    }
    out.flush()
}
