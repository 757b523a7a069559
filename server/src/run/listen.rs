//! The listeners, with the addresses that the server is reached at.

use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
};

use axum::Router;
use backend::{
    database::DatabaseError,
    people::{
        PeopleError,
        accounts::{DEMO_PASSWORD, DEMO_RESIDENTS},
    },
    service::Backend,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::stop::Running;
use crate::{
    config::Settings,
    connections::{BoundedListener, Connections, Peer},
    metrics,
    router::router,
    runtimes::Handles,
    state::AppState,
};

/// Listens for the backend that has started, unless it has demo accounts that others could reach.
///
/// # Errors
/// One sentence about what kept it from listening.
pub(super) async fn listen(
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
    let state = AppState::new(settings, metrics, backend.clone())?;
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
    tokio::spawn(state.sockets.clone().ring_alarms());
    tokio::spawn(state.boards.clone().watch(state.backend.hub.clone()));
    announce(local, demo).map_err(|error| format!("cannot print the address on stdout: {error}"))?;
    Ok(Running { state, stop_accepting, servers, traces: None })
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
