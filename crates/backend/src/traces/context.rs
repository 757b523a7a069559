//! The trace that work belongs to, as the W3C header `traceparent` carries it.

use std::{collections::HashMap, future::Future};

use domain::header;
use opentelemetry::{
    Context,
    propagation::TextMapPropagator as _,
    trace::{SpanContext, TraceContextExt as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::tracer;

tokio::task_local! {
    /// The trace of the request that this task works for.
    static CURRENT: Trace;
}

/// The span that what happens next is a part of. Only those that are sent away have one.
#[derive(Clone, Debug)]
pub struct Trace(pub(super) SpanContext);

impl Trace {
    /// Returns the trace of the request that is being worked for.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Reads what a `traceparent` names; `None` if it is not sampled or not readable, and while traces are off.
    #[must_use]
    pub fn read(traceparent: Option<&str>) -> Option<Self> {
        tracer()?;
        parse(traceparent?).filter(SpanContext::is_sampled).map(Self)
    }

    /// Returns the value of the header.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.0.trace_id(), self.0.span_id())
    }

    /// Does work for this trace.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }

    /// Returns the parent of new spans.
    pub(super) fn as_parent(&self) -> Context {
        Context::new().with_remote_span_context(self.0.clone())
    }
}

/// Takes the trace of the present task along into another one.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let trace = Trace::current();
    async move {
        match trace {
            Some(trace) => trace.scope(work).await,
            None => work.await,
        }
    }
}

/// Reads a header. Its flags may be those of a trace that is not sampled.
pub(super) fn parse(traceparent: &str) -> Option<SpanContext> {
    let carrier = HashMap::from([(header::TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_header_is_written_as_it_was_read_and_anything_else_is_none() {
        let span = parse(WRITTEN).expect("a trace");
        assert!(span.is_sampled());
        assert_eq!(Trace(span).traceparent(), WRITTEN);
        let unsampled = parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
        assert!(unsampled.is_some_and(|span| !span.is_sampled()));
        for odd in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "house 1203",
        ] {
            assert!(parse(odd).is_none(), "{odd}");
        }
    }

    #[tokio::test]
    async fn a_task_that_is_spawned_for_a_request_keeps_its_trace() {
        assert!(Trace::current().is_none());
        let trace = Trace(parse(WRITTEN).expect("a trace"));
        let spawned = async {
            let carried = carried(async { Trace::current().map(|trace| trace.traceparent()) });
            tokio::spawn(carried).await.expect("it ends")
        };
        assert_eq!(trace.scope(spawned).await.as_deref(), Some(WRITTEN));
        assert!(carried(async { Trace::current() }).await.is_none());
    }
}
