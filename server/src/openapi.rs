//! `GET /openapi.json`, the HTTP interface in OpenAPI. It is kept by hand beside the routes, because its types are
//! `domain`'s, which know no OpenAPI. A test asks the running program for every path in it.

mod commands;
mod displays;
mod figures;
mod office;
mod parts;
mod persons;
mod push;
pub(crate) mod schemas;

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::header;
use utoipa::openapi::{
    Components, Content, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, Ref,
    path::{Operation, OperationBuilder},
    response::ResponseBuilder,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use self::parts::{described, refused, signed_in};
use crate::{auth::COOKIE, problem::Kind};

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document_of_all().to_json().expect("a document made of texts is always JSON"));

/// Answers with the document.
pub(crate) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

fn document_of_all() -> OpenApi {
    let info = InfoBuilder::new()
        .title("이웃사이 (Iutsai)")
        .description(Some(
            "Emergency calls between the neighbours of one stair. Calls come over STOMP at /an-ws, which /asyncapi.json \
             describes. Every error is application/problem+json.",
        ))
        .version(env!("CARGO_PKG_VERSION"));
    let components = schemas::all()
        .into_iter()
        .fold(Components::builder(), |components, (name, schema)| components.schema(name, schema))
        .security_scheme(
            "bearer",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        )
        .security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))))
        .build();
    OpenApiBuilder::new().info(info.build()).paths(paths()).components(Some(components)).build()
}

fn paths() -> PathsBuilder {
    let rooms: [fn(PathsBuilder) -> PathsBuilder; 6] =
        [commands::add, persons::add, office::add, figures::add, displays::add, push::add];
    rooms
        .into_iter()
        .fold(PathsBuilder::new(), |paths, add| add(paths))
        .path("/an-ws", PathItem::new(HttpMethod::Get, upgrade()))
        .path("/healthz", PathItem::new(HttpMethod::Get, plain("200 if the process answers.")))
        .path("/readyz", PathItem::new(HttpMethod::Get, ready()))
        .path("/metrics", PathItem::new(HttpMethod::Get, metrics()))
        .path("/openapi.json", PathItem::new(HttpMethod::Get, plain("This document.")))
        .path(
            "/asyncapi.json",
            PathItem::new(HttpMethod::Get, plain("The socket and the topics in AsyncAPI 3.0.")),
        )
}

fn upgrade() -> Operation {
    let meaning = "A WebSocket for STOMP 1.2 and 1.1 (subprotocols v12.stomp, v11.stomp, or none). SUBSCRIBE to \
                   /sub/line/LINE (administrators also to /sub/lines, for every line), and to /sub/line/LINE/reach for \
                   how many households a call could alarm now; SEND {\"armed\"} to /pub/armed, ACK each alert, ACK it \
                   again with the header sounded:true when it sounds, SEND {\"alert\"} to /pub/seen (with \
                   \"house\", the one that called, if two houses used the id).";
    let operation =
        OperationBuilder::new().description(Some(meaning)).response("101", described("The socket is open."));
    refused(operation, &[Kind::FOREIGN_ORIGIN, Kind::UPGRADE_REQUIRED, Kind::SOCKETS_FULL]).build()
}

fn ready() -> Operation {
    let report = || Content::new(Some(Ref::from_schema_name("Readiness")));
    OperationBuilder::new()
        .description(Some("Each role's state."))
        .response(
            "200",
            ResponseBuilder::new().description("Every role works.").content("application/json", report()),
        )
        .response(
            "503",
            ResponseBuilder::new()
                .description("One cannot do its work.")
                .content("application/json", report()),
        )
        .build()
}

fn metrics() -> Operation {
    let operation = OperationBuilder::new().description(Some("Prometheus metrics, for administrators."));
    let operation = signed_in(operation).response("200", described("Prometheus' text format."));
    refused(operation, &[Kind::NOT_SIGNED_IN, Kind::NOT_YOURS]).build()
}

fn plain(meaning: &str) -> Operation {
    OperationBuilder::new().description(Some(meaning)).response("200", described("OK.")).build()
}
