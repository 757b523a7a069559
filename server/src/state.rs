//! The state of every handler.

use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;
use backend::{people::oidc::Provider, service::Backend};
use domain::statistics::Zone;
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::task::TaskTracker;

use crate::{
    boards::Boards, budgets::Budgets, client_address::TrustedProxies, config::Settings,
    connections::Connections, descriptors, origin::Origins, sockets::Sockets,
};

/// The state that every handler can reach. Clones share it, because each layer and handler of a request takes one.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of the state.
pub struct Parts {
    /// The service.
    pub backend: Backend,
    /// The configuration.
    pub settings: Arc<Settings>,
    /// The bounds on work that may be started at once.
    pub budgets: Arc<Budgets>,
    /// Whose `X-Forwarded-For` counts.
    pub proxies: TrustedProxies,
    /// Whose pages may call.
    pub origins: Origins,
    /// The housing service by which people sign in, if there is one.
    pub provider: Option<Provider>,
    /// The open boards.
    pub boards: Boards,
    /// The open sockets.
    pub sockets: Sockets,
    /// The other connections.
    pub connections: Connections,
    /// Commands on their way. They are finished even when nobody waits for the answer any more.
    pub commands: TaskTracker,
    /// The metrics.
    pub metrics: PrometheusHandle,
    /// Where the pages find their files.
    pub leptos: LeptosOptions,
}

impl AppState {
    /// The state of a server whose backend has started.
    ///
    /// # Errors
    /// One sentence about what it lacks.
    pub(crate) fn new(
        settings: Settings,
        metrics: PrometheusHandle,
        backend: Backend,
    ) -> Result<Self, String> {
        let room =
            descriptors::room().map_err(|error| format!("cannot read the descriptor limit: {error}"))?;
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
        Ok(Self(Arc::new(Parts {
            backend,
            budgets: Arc::new(Budgets::default()),
            proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
            origins: Origins::new(&settings),
            provider,
            boards: Boards::default(),
            sockets: Sockets::new(room.sockets),
            connections: Connections::new(room.clients),
            commands: TaskTracker::new(),
            metrics,
            leptos,
            settings: Arc::new(settings),
        })))
    }

    /// Returns the complex's time zone.
    pub(crate) fn zone(&self) -> Arc<dyn Zone> {
        Arc::new(self.backend.statistics.zone().clone())
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<AppState> for TrustedProxies {
    fn from_ref(state: &AppState) -> Self {
        state.proxies.clone()
    }
}

impl FromRef<AppState> for Origins {
    fn from_ref(state: &AppState) -> Self {
        state.origins.clone()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
