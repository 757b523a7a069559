//! The commands of a call, which are the press, the accept, the location, and the steps of its progress.

use domain::Progress;
use utoipa::openapi::{
    Content, HttpMethod, PathItem, PathsBuilder, Ref, Required,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    response::ResponseBuilder,
};

use super::{
    parts::{described, id, in_query, refused, signed_in},
    schemas,
};
use crate::problem::Kind;

/// Adds the paths.
pub(super) fn add(paths: PathsBuilder) -> PathsBuilder {
    let mut paths = paths
        .path("/alert", post(press()))
        .path("/accept", post(accept()))
        .path("/alert/{id}/location", post(locate()));
    for progress in Progress::ALL {
        let (Some(path), meaning) = (progress.path(), meaning(progress)) else { continue };
        let operation = command(meaning, "ProgressRequest", Required::False, &[Kind::UNKNOWN_CALL]);
        paths = paths.path(format!("/alert/{{id}}/{path}"), post(operation));
    }
    paths
}

fn meaning(progress: Progress) -> &'static str {
    match progress {
        Progress::Cancelled => "The caller cancels the call; it ends.",
        Progress::Resolved => "The caller or an administrator reports that it is over; it ends.",
        Progress::Withdrawn => "A neighbour withdraws the accept.",
        Progress::Arrived => "A neighbour is there.",
        Progress::Escalated | Progress::Expired => "Only the service writes this.",
    }
}

fn press() -> Operation {
    let meaning = "A resident calls for help. 202: the call is durable.";
    command(meaning, "CallRequest", Required::True, &[Kind::CALL_STANDS])
}

fn accept() -> Operation {
    let meaning = "A neighbour is coming. Without `alert`, to the newest open call of targetHouse.";
    command(meaning, "AcceptRequest", Required::True, &[])
}

fn locate() -> Operation {
    let meaning = "The caller, or a house that is on its way, is somewhere else now. With `lat` and `lng` null such a \
                   house stops showing where it is.";
    command(meaning, "LocationRequest", Required::True, &[Kind::UNKNOWN_CALL])
}

fn post(operation: Operation) -> PathItem {
    PathItem::new(HttpMethod::Post, operation)
}

/// The liberal reading of a command.
const READING: &str = "A JSON object is read as one whatever the content type announces, and answered as JSON. Names and \
                       texts may be numbers; white space around names does not count; a kind or a text that cannot be read \
                       counts as none.";

/// Describes a command, which is sent signed in, with an Idempotency-Key, as JSON or as a form, and answered when it is
/// durable. It has its own kinds of problem beside those of every command.
fn command(meaning: &str, request: &str, body: Required, own: &[Kind]) -> Operation {
    let schema = || Content::new(Some(Ref::from_schema_name(request)));
    let body = RequestBodyBuilder::new()
        .content("application/json", schema())
        .content("application/x-www-form-urlencoded", schema())
        .description(Some(READING))
        .required(Some(body));
    let recorded = ResponseBuilder::new()
        .description("Durable: `published`, Kafka has it; `stored`, it is on the disk and Kafka gets it.")
        .content("application/json", Content::new(Some(Ref::from_schema_name("Recorded"))));
    let mut operation = signed_in(OperationBuilder::new().description(Some(meaning)))
        .parameter(idempotency_key())
        .request_body(Some(body.build()))
        .response("202", recorded.build())
        .response(
            "303",
            described("Fields of a form were sent: on to the call's page, or back with `?problem=`."),
        );
    let mut kinds = vec![
        Kind::MALFORMED,
        Kind::NOT_SIGNED_IN,
        Kind::NOT_YOURS,
        Kind::NO_OPEN_CALL,
        Kind::TOO_LARGE,
        Kind::UNSUPPORTED_MEDIA_TYPE,
        Kind::INVALID,
        Kind::TOO_MANY,
        Kind::NOT_DURABLE,
        Kind::UNAVAILABLE,
    ];
    kinds.extend(own);
    // A command that names a call may name one that is not known.
    if own.contains(&Kind::UNKNOWN_CALL) {
        operation = operation.parameter(id()).parameter(house_of_call()).parameter(line_of_call());
        kinds.push(Kind::SEVERAL_CALLS);
    }
    refused(operation, &kinds).build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A UUID made by the client; it becomes the id. The same key and body get the same answer; another body is \
             refused, except that a press may repeat itself with another location. The key of a call that began more than \
             24 hours ago makes a new call with an id of its own, and `warning` names it. The nil UUID, the max UUID and \
             nothing count as no key.",
        ))
        .schema(Some(schemas::uuid()))
        .build()
}

fn house_of_call() -> Parameter {
    let meaning = "The house that called. Without it, the own call is meant, or the only one with this id: 409 if \
                   several houses used it.";
    in_query("house", meaning)
}

fn line_of_call() -> Parameter {
    in_query("line", "The call's line, for administrators, where houses of two lines have one name.")
}
