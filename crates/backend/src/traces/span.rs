//! The spans of a call. None of them has a name, a house, a line, a text or a location.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::Event;
use opentelemetry::{
    Context, KeyValue,
    trace::{Span as _, SpanBuilder, SpanKind, Status, Tracer as _},
};
use opentelemetry_sdk::trace::Span;

use super::{
    context::{Trace, parse},
    tracer,
};

/// The attribute with the call's id.
const CALL: &str = "iutsai.call";
/// The attribute with a record's topic.
const TOPIC: &str = "messaging.destination.name";

/// The kinds of spans, as OpenTelemetry has them.
pub(crate) mod kind {
    pub(crate) use opentelemetry::trace::SpanKind::{Internal, Producer};
}

/// The span of a request over HTTP. It ends when it is dropped.
pub struct Request {
    span: Span,
    trace: Trace,
}

impl Request {
    /// Begins the span of a request for this route, as a part of what `traceparent` names; `None` while traces are off,
    /// and where this one is not sampled.
    #[must_use]
    pub fn begin(method: &str, route: &str, traceparent: Option<&str>) -> Option<Self> {
        let tracer = tracer()?;
        let of_client = traceparent.and_then(parse);
        let parent = of_client.map_or_else(Context::new, |span| Trace(span).as_parent());
        let builder = SpanBuilder::from_name(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route.to_owned()),
            ]);
        let span = tracer.build_with_context(builder, &parent);
        let trace = Trace(span.span_context().clone());
        span.is_recording().then(|| Self { span, trace })
    }

    /// Returns the trace of what is done for it.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.trace.clone()
    }

    /// Ends it with the status of the answer.
    pub fn answered(mut self, status: u16) {
        self.span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            self.span.set_status(Status::error("the server did not do what was asked"));
        }
    }
}

/// A step on the way of an event. It ends when it is dropped.
pub(crate) struct Step(Span);

impl Step {
    /// Marks it as failed, for this reason.
    pub(crate) fn fail(&mut self, why: &dyn Display) {
        self.0.set_status(Status::error(why.to_string()));
    }
}

impl Trace {
    /// Begins a step with a record of this topic.
    pub(crate) fn step(&self, name: &'static str, kind: SpanKind, topic: &str) -> Option<Step> {
        let attributes = [KeyValue::new(TOPIC, topic.to_owned())];
        self.begin(name.into(), kind, attributes.into()).map(Step)
    }

    /// Begins the delivery of an event to the sockets of this node. `taken_here` is true where this node took it.
    pub(crate) fn deliver(&self, event: &Event, taken_here: bool) -> Option<Delivering> {
        let kind = if taken_here { SpanKind::Internal } else { SpanKind::Consumer };
        let mut attributes = vec![KeyValue::new(TOPIC, event.topic())];
        attributes.extend(event.alert().map(|call| KeyValue::new(CALL, call.to_string())));
        let span = self.begin("deliver".into(), kind, attributes)?;
        let (span, queued, written) = (Mutex::new(span), AtomicI64::new(0), AtomicI64::new(0));
        Some(Delivering(Arc::new(Delivery { span, queued, written })))
    }

    fn begin(&self, name: Cow<'static, str>, kind: SpanKind, attributes: Vec<KeyValue>) -> Option<Span> {
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_attributes(attributes);
        Some(tracer()?.build_with_context(builder, &self.as_parent()))
    }
}

/// A part of the delivery of an event. The hub has one while it pushes frames, and each socket that a frame waits for
/// has one until it is written. The span ends with the last of them.
#[derive(Clone)]
pub(crate) struct Delivering(Arc<Delivery>);

struct Delivery {
    span: Mutex<Span>,
    /// The frames that a socket has taken, or has in its queue.
    queued: AtomicI64,
    /// Those that went out.
    written: AtomicI64,
}

impl Delivering {
    /// A socket has taken a frame, or has it in its queue.
    pub(crate) fn queued(&self) {
        self.0.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// A socket has written its frame. The first one is an event of the span.
    pub(crate) fn written(&self) {
        if self.0.written.fetch_add(1, Ordering::Relaxed) == 0 {
            let mut span = self.0.span.lock().unwrap_or_else(PoisonError::into_inner);
            span.add_event("first socket", Vec::new());
        }
    }
}

impl fmt::Debug for Delivering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivering").finish_non_exhaustive()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let (queued, written) = (*self.queued.get_mut(), *self.written.get_mut());
        let span = self.span.get_mut().unwrap_or_else(PoisonError::into_inner);
        span.set_attribute(KeyValue::new("iutsai.frames", queued));
        span.set_attribute(KeyValue::new("iutsai.frames.written", written));
        span.end();
    }
}
