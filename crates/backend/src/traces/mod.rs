//! Traces of calls by OpenTelemetry, from the request of the browser to the last socket. They are off unless an address
//! is configured, and nothing waits for them.
//!
//! [`context`] is the part that a request, an entry of the outbox and a record carry, and [`span`] has the spans.
//! [`export`] sends them away in the background.

mod context;
mod export;
mod span;

use std::sync::OnceLock;

use opentelemetry_sdk::trace::SdkTracer;

pub use context::{Trace, carried};
pub use export::{Traces, TracesError, start};
pub use span::Request;
pub(crate) use span::{Delivering, kind};

/// The settings of traces.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The whole address that spans are sent to, by OTLP over HTTP.
    pub endpoint: String,
    /// The part of the calls that are traced, from 0 to 1, where the request does not decide it.
    pub ratio: f64,
}

/// Makes the spans; absent while traces are off.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

fn tracer() -> Option<&'static SdkTracer> {
    TRACER.get()
}
