//! The paths of `/api/push`.

use utoipa::openapi::{
    Content, HttpMethod, PathItem, PathsBuilder, Ref, RefOr, Required, Schema,
    path::{Operation, OperationBuilder},
    request_body::RequestBodyBuilder,
    response::ResponseBuilder,
    schema::ArrayBuilder,
};

use super::parts::{described, id, refused, signed_in};
use crate::problem::Kind;

/// The kinds of problem of every request about push.
const KINDS: [Kind; 3] = [Kind::NOT_SIGNED_IN, Kind::BUSY, Kind::UNAVAILABLE];

/// Adds the paths.
pub(super) fn add(paths: PathsBuilder) -> PathsBuilder {
    let test = "Sends the device a message that it shows. 204: its push service has it.";
    let shown = "The device has shown a message.";
    paths
        .path("/api/push/key", PathItem::new(HttpMethod::Get, key()))
        .path(
            "/api/push/subscriptions",
            PathItem::builder()
                .operation(HttpMethod::Get, list())
                .operation(HttpMethod::Post, subscribe())
                .build(),
        )
        .path(
            "/api/push/subscriptions/{id}",
            PathItem::new(HttpMethod::Delete, of_device("Removes the device.")),
        )
        .path("/api/push/subscriptions/{id}/test", PathItem::new(HttpMethod::Post, of_device(test)))
        .path("/api/push/subscriptions/{id}/shown", PathItem::new(HttpMethod::Post, of_device(shown)))
}

fn key() -> Operation {
    let key = answered("The public key to subscribe with.", Ref::from_schema_name("ServerKey"));
    let operation = signed_in(OperationBuilder::new().description(Some("The key that signs pushes.")));
    refused(operation.response("200", key), &KINDS).build()
}

fn list() -> Operation {
    let device: RefOr<Schema> = Ref::from_schema_name("Device").into();
    let devices = Schema::from(ArrayBuilder::new().items(device).build());
    let devices = answered("The devices, the oldest first.", devices);
    let meaning = "The devices of the person who is signed in that are reached while no page is open.";
    let operation = signed_in(OperationBuilder::new().description(Some(meaning)));
    refused(operation.response("200", devices), &KINDS).build()
}

fn subscribe() -> Operation {
    let body = RequestBodyBuilder::new()
        .content("application/json", Content::new(Some(Ref::from_schema_name("Subscribe"))))
        .required(Some(Required::True));
    let device = answered("The device.", Ref::from_schema_name("Device"));
    let meaning = "Adds a device by what its PushSubscription gives as JSON, or brings it up to date. `replaces` is \
                   the endpoint that the browser has replaced by this one; the device keeps its name and language.";
    let operation = signed_in(OperationBuilder::new().description(Some(meaning)))
        .request_body(Some(body.build()))
        .response("200", device);
    refused(operation, &[&KINDS[..], &[Kind::INVALID, Kind::NOT_YOURS]].concat()).build()
}

fn of_device(meaning: &str) -> Operation {
    let operation = signed_in(OperationBuilder::new().description(Some(meaning)))
        .parameter(id())
        .response("204", described("Done."));
    refused(operation, &[&KINDS[..], &[Kind::NOT_FOUND, Kind::NOT_YOURS]].concat()).build()
}

fn answered(meaning: &str, schema: impl Into<RefOr<Schema>>) -> utoipa::openapi::Response {
    let content = Content::new(Some(schema));
    ResponseBuilder::new().description(meaning).content("application/json", content).build()
}
