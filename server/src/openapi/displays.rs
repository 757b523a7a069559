//! The paths of `/api/displays`.

use utoipa::openapi::{
    HttpMethod, PathItem, PathsBuilder,
    path::{Operation, OperationBuilder},
};

use super::parts::{described, in_path, refused, signed_in};
use crate::problem::Kind;

/// The kinds of problem of every request about screens.
const KINDS: [Kind; 3] = [Kind::NOT_SIGNED_IN, Kind::NOT_YOURS, Kind::UNAVAILABLE];

/// Adds the paths.
pub(super) fn add(paths: PathsBuilder) -> PathsBuilder {
    let all =
        PathItem::builder().operation(HttpMethod::Get, list()).operation(HttpMethod::Post, make()).build();
    paths
        .path("/api/displays", all)
        .path("/api/displays/{id}/revoke", PathItem::new(HttpMethod::Post, revoke()))
}

fn list() -> Operation {
    let answer = described("`displays`, each with id, name, made_by, made_at and seen_at.");
    let list = begun("The screens that show the board without anybody signed in, the newest first.");
    refused(list.response("200", answer), &KINDS).build()
}

fn make() -> Operation {
    let answer = described("The `display` and its `link`, which is in this answer and nowhere else.");
    let make = begun("Makes a screen with a `name`.");
    refused(make.response("201", answer), &[&KINDS[..], &[Kind::INVALID]].concat()).build()
}

fn revoke() -> Operation {
    let revoke =
        begun("Revokes the link of a screen. A board that is open with it closes within five seconds.");
    let revoke = revoke.parameter(in_path("id")).response("200", described("Done."));
    refused(revoke, &[&KINDS[..], &[Kind::NOT_KNOWN]].concat()).build()
}

fn begun(meaning: &str) -> OperationBuilder {
    signed_in(OperationBuilder::new().description(Some(meaning)))
}
