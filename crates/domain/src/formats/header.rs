//! The names of headers, those of records in Kafka, of STOMP's MESSAGE, and of a command over HTTP.

/// A record's header with the event's id.
pub const ID: &str = "id";

/// The header with a call's age in milliseconds. On a record, the time from the receipt of its event to its
/// publication, by the clock of the node that published it; on a MESSAGE, the time from the receipt until the frame
/// was sent.
pub const AGE: &str = "age";

/// The header of a request, and then of the record of what it asked for, with the trace that both belong to (W3C Trace
/// Context). It is absent where calls are not traced.
pub const TRACEPARENT: &str = "traceparent";

/// A record's header that marks it, with [`YES`], as one that refills a log or is about a call that is over. It is
/// shown, and does not sound.
pub const REPUBLISHED: &str = "republished";

/// The record headers without which the original service's consumer fails on every attempt (Spring for Apache Kafka,
/// "Mapping Types").
pub const TYPE_IDS: [(&str, &str); 3] = [
    ("__TypeId__", "java.util.HashMap"),
    ("__ContentTypeId__", "java.lang.Object"),
    ("__KeyTypeId__", "java.lang.Object"),
];

/// A MESSAGE's header with the name of its body's type.
pub const TYPE: &str = "type";
/// A MESSAGE's header that marks it, with [`YES`], as part of a snapshot or of a rebuild.
pub const REPLAY: &str = "replay";
/// A MESSAGE's header that marks it, with [`YES`], as too old to sound.
pub const LATE: &str = "late";
/// An ACK's header that reports, with [`YES`], that the device has begun to sound the call. A server that does not
/// know it counts one more delivery.
pub const SOUNDED: &str = "sounded";
/// A CONNECTED's header that shows, with [`YES`], that this server has the destinations `/sub/line/{line}/reach` and
/// `/pub/armed`. One of a former version ends a conversation in which they are named.
pub const REACH: &str = "reach";
/// An ERROR's header with the path at which a socket gets what this node does not keep, because the lines are divided
/// among nodes.
pub const ADDRESS: &str = "address";
/// The value of a header that is set.
pub const YES: &str = "true";

/// The HTTP header of a command that makes repeating it safe; the key becomes the event's id.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The HTTP header of `GET /api/session` that shows, with [`OFF`], that the signed-in person keeps the location back.
/// A page then neither asks the browser for it nor sends it.
pub const LOCATION: &str = "iutsai-location";
/// The value of a header about something that is turned off.
pub const OFF: &str = "off";
