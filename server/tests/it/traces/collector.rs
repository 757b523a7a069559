//! A collector of the test's own, on loopback. It keeps the spans that it is sent by OTLP over HTTP.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;
use tokio::{net::TcpListener, time::Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(50);

/// A span, and the process that made it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub instance: Option<Value>,
    pub span: Span,
}

impl Kept {
    /// An attribute.
    pub(crate) fn attribute(&self, key: &str) -> Option<Value> {
        value(&self.span.attributes, key)
    }
}

/// The collector. Clones are the same.
#[derive(Clone)]
pub(crate) struct Collector {
    address: String,
    kept: Arc<Mutex<Vec<Kept>>>,
}

impl Collector {
    /// Starts it on a free port; it ends with the test's runtime.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let kept: Arc<Mutex<Vec<Kept>>> = Arc::default();
        let router = Router::new().route("/v1/traces", post(keep)).with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, kept }
    }

    /// The setting's value.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The spans so far.
    pub(crate) fn spans(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }

    /// The spans of a trace so far.
    pub(crate) fn of(&self, trace: u128) -> Vec<Kept> {
        let mut spans = self.spans();
        spans.retain(|kept| kept.span.trace_id == trace.to_be_bytes());
        spans
    }

    /// Waits until a trace is as it should be, and returns its spans.
    pub(crate) async fn wait_for(
        &self,
        trace: u128,
        what: &str,
        is_it: impl Fn(&[Kept]) -> bool,
    ) -> Vec<Kept> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let spans = self.of(trace);
            if is_it(&spans) {
                return spans;
            }
            assert!(Instant::now() < deadline, "{what} is not in the trace: {:?}", names(&spans));
            tokio::time::sleep(GLANCE).await;
        }
    }
}

/// The names of spans.
pub(crate) fn names(spans: &[Kept]) -> Vec<&str> {
    spans.iter().map(|kept| kept.span.name.as_str()).collect()
}

/// The first span of a name.
pub(crate) fn named<'a>(spans: &'a [Kept], name: &str) -> &'a Kept {
    let found = spans.iter().find(|kept| kept.span.name == name);
    found.unwrap_or_else(|| panic!("{name} is not among {:?}", names(spans)))
}

fn value(attributes: &[KeyValue], key: &str) -> Option<Value> {
    attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value
}

async fn keep(State(kept): State<Arc<Mutex<Vec<Kept>>>>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.unwrap_or_default();
        let instance = value(&resource.attributes, "service.instance.id");
        let spans = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        let spans = spans.map(|span| Kept { instance: instance.clone(), span });
        kept.lock().unwrap().extend(spans);
    }
}
