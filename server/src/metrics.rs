//! What is counted, for Prometheus: to administrators at `/metrics`, or to anybody on an address of its own.

use std::time::Duration;

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use axum_prometheus::{BaseMetricLayer, EndpointLabel, Generic, MetricLayerBuilder};
use http::header;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{auth::Administrator, state::AppState};

/// Seconds, from a press that was published at once to one that waited for a disk.
const DURATIONS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const UPKEEP: Duration = Duration::from_secs(5);
