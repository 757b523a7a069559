//! Metrics for Prometheus, for administrators at `/metrics`, or for anybody on an address of its own.

use std::time::Duration;

use axum::{Router, extract::State, middleware, response::IntoResponse, routing::get};
use axum_prometheus::{
    AXUM_HTTP_REQUESTS_DURATION_SECONDS, EndpointLabel, GenericMetricLayer, MakeDefaultHandle,
    MetricLayerBuilder,
};
use http::header;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{auth::Administrator, connections, state::AppState};

/// Seconds, from a press that was published at once to one that waited for a disk.
const DURATIONS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const UPKEEP: Duration = Duration::from_secs(5);
/// Counters that are 0 before anything is counted, because Prometheus sees no increase in the first value of a series. They
/// are those without a label that a rule of `docs/operations/prometheus` watches.
const FROM_THE_START: [&str; 16] = [
    "iutsai_audit_lost_total",
    "iutsai_changes_lost_total",
    "iutsai_connections_shed_total",
    "iutsai_location_failures_total",
    "iutsai_location_uses_lost_total",
    "iutsai_log_read_from_start_total",
    "iutsai_outbox_failures_total",
    "iutsai_outbox_put_back_total",
    "iutsai_outbox_refused_total",
    "iutsai_publish_failures_total",
    "iutsai_reconciled_total",
    "iutsai_records_misplaced_total",
    "iutsai_slow_sockets_total",
    "iutsai_statistics_batch_failures_total",
    "iutsai_statistics_read_from_start_total",
    "iutsai_statistics_unreadable_total",
];

/// Begins to count, in the whole process. Once only.
///
/// # Errors
/// When something counts already.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let durations = Matcher::Full(AXUM_HTTP_REQUESTS_DURATION_SECONDS.into());
    let handle =
        PrometheusBuilder::new().set_buckets_for_metric(durations, &DURATIONS)?.install_recorder()?;
    for name in FROM_THE_START {
        metrics::counter!(name).increment(0);
    }
    Ok(handle)
}

/// Keeps the recorded values small, without an end.
pub(crate) async fn upkeep(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// Counts and times requests by route, never by address, because addresses are without number.
pub(crate) fn layer() -> GenericMetricLayer<'static, (), Installed> {
    MetricLayerBuilder::<'static, (), Installed, _>::new()
        .with_endpoint_label_type(EndpointLabel::MatchedPathWithFallbackFn(|_| "(file)".into()))
        .build()
}

/// `GET /metrics`.
pub(crate) async fn for_administrators(_: Administrator, State(state): State<AppState>) -> impl IntoResponse {
    report(&state)
}

/// The whole of what `IUTSAI_METRICS_LISTEN` serves.
pub(crate) fn open_router(state: AppState) -> Router {
    let metrics = get(|State(state): State<AppState>| async move { report(&state) });
    let router = Router::new().route("/metrics", metrics);
    router.layer(middleware::from_fn(connections::mark_request)).with_state(state)
}

/// The exporter is installed by [`install`]; the layer needs none of its own.
#[derive(Clone, Copy, Default)]
pub(crate) struct Installed;

impl MakeDefaultHandle for Installed {
    type Out = ();

    fn make_default_handle(self) {}
}

/// Prometheus' text format (version 0.0.4).
fn report(state: &AppState) -> impl IntoResponse + use<> {
    metrics::gauge!("iutsai_sockets").set(state.sockets.open() as f64);
    metrics::gauge!("iutsai_sockets_of_strangers").set(state.sockets.open_of_strangers() as f64);
    metrics::gauge!("iutsai_connections").set(state.connections.open() as f64);
    metrics::gauge!("iutsai_subscriptions").set(state.backend.hub.subscribers() as f64);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render())
}
