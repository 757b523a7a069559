//! The paths of the statistics.

use domain::statistics::Preset;
use utoipa::openapi::{
    Content, HttpMethod, PathItem, PathsBuilder, Ref,
    path::{Operation, OperationBuilder},
    response::ResponseBuilder,
};

use super::{
    parts::{described, in_query, refused, signed_in},
    schemas,
};
use crate::problem::Kind;

/// Adds the paths.
pub(super) fn add(paths: PathsBuilder) -> PathsBuilder {
    paths
        .path("/api/statistics", PathItem::new(HttpMethod::Get, statistics()))
        .path("/api/statistics.csv", PathItem::new(HttpMethod::Get, table("The same figures as a table.")))
        .path(
            "/api/incidents.csv",
            PathItem::new(HttpMethod::Get, table("A row for each call of the period.")),
        )
}

fn statistics() -> Operation {
    let figures = ResponseBuilder::new()
        .description("The figures of the period, and under `previous` those of the one before.")
        .content("application/json", Content::new(Some(Ref::from_schema_name("Statistics"))));
    let meaning = "What happened in a period, for administrators. Drills enter `drills` and `drill` only.";
    question(OperationBuilder::new().description(Some(meaning)))
        .response("200", figures.build())
        .response("304", described("Nothing has changed since the answer with the ETag of If-None-Match."))
        .build()
}

fn table(meaning: &str) -> Operation {
    let table = ResponseBuilder::new()
        .description("Comma-separated values in UTF-8 with a byte order mark.")
        .content("text/csv", Content::new(Some(schemas::text())));
    question(OperationBuilder::new().description(Some(meaning))).response("200", table.build()).build()
}

/// Which calls of which time are asked for.
fn question(operation: OperationBuilder) -> OperationBuilder {
    let period = format!("{}, in the place of the days.", Preset::ALL.map(Preset::as_str).join(", "));
    let kind =
        format!("Only calls of this kind: {}.", domain::Kind::ALL.map(domain::Kind::as_str).join(", "));
    let operation = signed_in(operation)
        .parameter(in_query("from", "The first day, such as 2026-11-01, or milliseconds since 1970."))
        .parameter(in_query("to", "The first day that is not meant, or milliseconds since 1970."))
        .parameter(in_query("until", "The last day that is meant, in the place of `to`."))
        .parameter(in_query("period", &period))
        .parameter(in_query("line", "Only calls of this line."))
        .parameter(in_query("kind", &kind));
    let kinds = [Kind::NOT_SIGNED_IN, Kind::NOT_YOURS, Kind::ROLE_ABSENT, Kind::INVALID, Kind::UNAVAILABLE];
    refused(operation, &kinds)
}
