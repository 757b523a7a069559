//! Sends spans away by OTLP over HTTP, in a thread of its own. Its queue is bounded, and a span that finds no room is
//! dropped, so a receiver that is away or slow costs spans and no call.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use openssl::error::ErrorStack;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_http::HttpError;
use opentelemetry_otlp::{ExporterBuildError, Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter},
};
use tokio::{runtime::Handle, task::JoinError};
use uuid::Uuid;

use super::{Settings, TRACER};
use crate::outgoing::{client::HttpClient, reach::Reach};

/// The name of the service and of what makes its spans.
const SERVICE: &str = "iutsai";
/// The spans that wait to be sent.
const QUEUE: usize = 2_048;
/// The spans that are sent together.
const BATCH: usize = 512;
/// The longest wait of a span until it is sent.
const EVERY: Duration = Duration::from_secs(1);
/// The longest wait for the receiver, further attempts included.
const SENT_WITHIN: Duration = Duration::from_secs(10);
/// The time for the last spans at the end.
const FLUSHED_WITHIN: Duration = Duration::from_secs(2);
/// The pause between two warnings that spans are lost.
const WARN_EVERY: Duration = Duration::from_secs(10 * 60);

/// Traces cannot be begun.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The way to the receiver.
    #[error("the way to the receiver of traces cannot be opened: {0}")]
    Client(#[from] ErrorStack),
    /// The address, or a variable of OpenTelemetry's own.
    #[error("traces cannot be sent: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Ends the sending of spans.
pub struct Traces(SdkTracerProvider);

/// Begins to make spans and to send them, over connections of `runtime`. A process begins once.
///
/// # Errors
/// [`TracesError`] if they can never be sent.
pub fn start(settings: &Settings, runtime: Handle) -> Result<Traces, TracesError> {
    let client = HttpClient::new(Reach::Everywhere, 1)?;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Transport { client, runtime })
        .with_endpoint(settings.endpoint.as_str())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(SENT_WITHIN)
        .build()?;
    let queue = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(EVERY)
        .build();
    let processor = BatchSpanProcessor::builder(Reporting::new(exporter)).with_batch_config(queue).build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.ratio))))
        .with_resource(resource())
        .build();
    // A second start in one process keeps the first tracer, and has no spans to send.
    let _ = TRACER.set(provider.tracer(SERVICE));
    tracing::info!(endpoint = settings.endpoint, ratio = settings.ratio, "calls are traced");
    Ok(Traces(provider))
}

impl Traces {
    /// Sends what waits, within two seconds, and makes no more spans.
    pub async fn stop(self) {
        let flushing = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FLUSHED_WITHIN));
        match flushing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last spans were not delivered"),
            Err(error) => tracing::warn!(%error, "the last spans were not delivered"),
        }
    }
}

fn resource() -> Resource {
    Resource::builder()
        .with_service_name(SERVICE)
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", Uuid::now_v7().to_string()),
        ])
        .build()
}

/// The service's own client, for the exporter's thread, which is of no runtime.
struct Transport {
    client: HttpClient,
    runtime: Handle,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

#[async_trait]
impl opentelemetry_http::HttpClient for Transport {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let answer = client.send(request.map(Full::new)).await;
            answer.map_err(|error| error.to_string())
        });
        let answer = sending.await.map_err(|error: JoinError| error.to_string())??;
        Ok(answer.map(|()| Bytes::new()))
    }
}

/// An exporter that reports now and then that it loses spans.
#[derive(Debug)]
struct Reporting<E> {
    exporter: E,
    /// When that was reported last; `None` while spans are delivered.
    reported: Mutex<Option<Instant>>,
}

impl<E> Reporting<E> {
    fn new(exporter: E) -> Self {
        Self { exporter, reported: Mutex::new(None) }
    }

    fn delivered(&self, spans: u64) {
        metrics::counter!("iutsai_spans_sent_total").increment(spans);
        if self.reported.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::info!("traces are delivered again");
        }
    }

    fn lost(&self, spans: u64, error: &OTelSdkError) {
        metrics::counter!("iutsai_spans_lost_total").increment(spans);
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.is_none_or(|reported| reported.elapsed() >= WARN_EVERY) {
            *reported = Some(Instant::now());
            tracing::warn!(%error, spans, "traces cannot be delivered, dropping them; calls go on");
        }
    }
}

impl<E: SpanExporter> SpanExporter for Reporting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let outcome = self.exporter.export(batch).await;
        match &outcome {
            Ok(()) => self.delivered(spans),
            Err(error) => self.lost(spans, error),
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
