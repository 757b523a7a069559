//! The acts of the office, its people, and the rules of escalation.

use utoipa::openapi::{
    Content, HttpMethod, PathItem, PathsBuilder, Ref, Required,
    path::{Operation, OperationBuilder},
    request_body::RequestBodyBuilder,
    response::ResponseBuilder,
};

use super::parts::{described, in_path, refused, signed_in};
use crate::problem::Kind;

const PEOPLE: &str = "Every line, house and account, for administrators.";

/// The acts of an administrator, each by POST as JSON or as a form.
const OFFICE: [(&str, &str); 15] = [
    ("/api/audit.csv", "The records of acts as a table (text/csv), for a `reason`, which is recorded."),
    (
        "/api/audit/check",
        "Signs that the records of a `month` such as 2026-11 were looked at, with a `note`.",
    ),
    (
        "/api/drills",
        "Alarms a `line` for a drill, in the name of the office. The same `key`, a UUID, starts one drill.",
    ),
    ("/api/people/import", "Previews a table (text/csv); with the preview's digest as ?digest=, imports it."),
    ("/api/people/{name}/lock", "Locks an account: its sessions end, and nobody can sign in with it."),
    ("/api/people/{name}/unlock", "Unlocks an account."),
    (
        "/api/people/{name}/end-sessions",
        "Signs an account out everywhere; its sockets close within five seconds.",
    ),
    ("/api/people/{name}/role", "Gives an account the `role` resident or administrator."),
    ("/api/people/{name}/reset", "Makes an invitation to choose a new password."),
    ("/api/people/{name}/move-out", "Deletes the account of somebody who has moved out."),
    ("/api/houses", "Adds a `house` of a `line`, and the line where it is new, with its `building`."),
    ("/api/houses/remove", "Removes a `house` of a `line` if nobody there has an account."),
    ("/api/lines/neighbours", "Sets the `neighbours` of a `line`, separated by semicolons."),
    ("/api/lines/remove", "Removes a `line` if nobody there has an account."),
    (
        "/api/invitations",
        "Invites a `house` of a `line`, or the houses without an account of a line, or of all lines. 201.",
    ),
];

/// Adds the paths.
pub(super) fn add(mut paths: PathsBuilder) -> PathsBuilder {
    for (path, meaning) in OFFICE {
        paths = paths.path(path, PathItem::new(HttpMethod::Post, of_office(path, meaning)));
    }
    paths
        .path("/api/people", PathItem::new(HttpMethod::Get, of_office("/api/people", PEOPLE)))
        .path("/api/escalation", escalation())
}

fn of_office(path: &str, meaning: &str) -> Operation {
    let operation = signed_in(OperationBuilder::new().description(Some(meaning)));
    let operation = if path.contains("{name}") { operation.parameter(in_path("name")) } else { operation };
    let kinds = [
        Kind::NOT_SIGNED_IN,
        Kind::NOT_YOURS,
        Kind::SECOND_FACTOR_NEEDED,
        Kind::NOT_KNOWN,
        Kind::OCCUPIED,
        Kind::LAST_ADMINISTRATOR,
        Kind::OUTDATED,
        Kind::INVALID,
        Kind::UNAVAILABLE,
    ];
    refused(operation.response("200", described("Done; nothing is changed where it is refused.")), &kinds)
        .build()
}

/// Reading and setting the rules by which a call that nobody comes to alarms more people.
fn escalation() -> PathItem {
    let rules = || Content::new(Some(Ref::from_schema_name("EscalationRules")));
    let meaning = "The rules by which a call that nobody comes to alarms more people, for administrators. An absent \
                   number means off: seconds after the ring before, and minutes from an accept to an arrival.";
    let read = signed_in(OperationBuilder::new().description(Some(meaning))).response(
        "200",
        ResponseBuilder::new().description("The rules.").content("application/json", rules()),
    );
    let read = refused(read, &[Kind::NOT_SIGNED_IN, Kind::NOT_YOURS, Kind::UNAVAILABLE]).build();
    let body = RequestBodyBuilder::new().content("application/json", rules()).required(Some(Required::True));
    let set = signed_in(OperationBuilder::new().description(Some("Sets the rules.")))
        .request_body(Some(body.build()))
        .response("200", described("Done. Every node goes by it within ten seconds."));
    let kinds = [Kind::MALFORMED, Kind::NOT_SIGNED_IN, Kind::NOT_YOURS, Kind::INVALID, Kind::UNAVAILABLE];
    PathItem::builder()
        .operation(HttpMethod::Get, read)
        .operation(HttpMethod::Post, refused(set, &kinds).build())
        .build()
}
