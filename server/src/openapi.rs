//! `GET /openapi.json`, the HTTP interface in OpenAPI. It is kept by hand beside the routes, because its types are
//! `domain`'s, which know no OpenAPI. A test asks the running program for every path in it.

mod displays;
mod push;
mod schemas;

use std::{collections::BTreeMap, sync::LazyLock};

use axum::response::IntoResponse;
use domain::Progress;
use http::header;
use utoipa::openapi::{
    Components, Content, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, Ref,
    Required,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    response::ResponseBuilder,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

use crate::{auth::COOKIE, problem::Kind};

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document_of_all().to_json().expect("a document made of texts is always JSON"));

/// Answers with the document.
pub async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

fn document_of_all() -> OpenApi {
    let info = InfoBuilder::new()
        .title("이웃사이 (Iutsai)")
        .description(Some(
            "Emergency calls between the neighbours of one stair. Calls are heard over STOMP at /an-ws. Every error is \
             application/problem+json.",
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
    let mut paths = PathsBuilder::new()
        .path("/alert", post(press()))
        .path("/accept", post(accept()))
        .path("/alert/{id}/location", post(locate()));
    for progress in Progress::ALL {
        let (Some(path), meaning) = (progress.path(), meaning(progress)) else { continue };
        let operation = command(meaning, "ProgressRequest", Required::False, &[Kind::UNKNOWN_CALL]);
        paths = paths.path(format!("/alert/{{id}}/{path}"), post(operation));
    }
    for (path, meaning) in OFFICE {
        paths = paths.path(path, post(of_office(path, meaning)));
    }
    for (method, path, meaning) in OF_PERSON {
        paths = paths.path(path, PathItem::new(method, of_person(meaning)));
    }
    push::add(displays::add(paths))
        .path("/api/people", PathItem::new(HttpMethod::Get, of_office("/api/people", PEOPLE)))
        .path("/api/escalation", escalation())
        .path("/join/{code}", join())
        .path("/api/session", session())
        .path("/an-ws", PathItem::new(HttpMethod::Get, upgrade()))
        .path("/healthz", PathItem::new(HttpMethod::Get, plain("Whether the process answers.")))
        .path("/readyz", PathItem::new(HttpMethod::Get, ready()))
        .path("/api/statistics", PathItem::new(HttpMethod::Get, statistics()))
        .path("/api/statistics.csv", PathItem::new(HttpMethod::Get, table("The same figures as a table.")))
        .path(
            "/api/incidents.csv",
            PathItem::new(HttpMethod::Get, table("A row for each call of the period.")),
        )
        .path("/metrics", PathItem::new(HttpMethod::Get, metrics()))
        .path("/openapi.json", PathItem::new(HttpMethod::Get, plain("This document.")))
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
        operation = operation.parameter(call_id()).parameter(house_of_call()).parameter(line_of_call());
        kinds.push(Kind::SEVERAL_CALLS);
    }
    refused(operation, &kinds).build()
}

fn session() -> PathItem {
    let sign_in = RequestBodyBuilder::new()
        .content("application/json", Content::new(Some(Ref::from_schema_name("SignIn"))))
        .required(Some(Required::True));
    let signed_in_answer = ResponseBuilder::new()
        .description("Signed in.")
        .content("application/json", Content::new(Some(Ref::from_schema_name("SignedIn"))));
    let start = OperationBuilder::new()
        .description(Some(
            "Signs in, with the `code` of the authenticator app where the account has a second factor; the token goes \
             into Authorization: Bearer, or STOMP's passcode.",
        ))
        .request_body(Some(sign_in.build()))
        .response("200", signed_in_answer.build());
    let resident = ResponseBuilder::new()
        .description("Who is signed in.")
        .content("application/json", Content::new(Some(Ref::from_schema_name("Resident"))));
    let read = signed_in(OperationBuilder::new().description(Some("Who is signed in.")))
        .response("200", resident.build());
    let end = signed_in(OperationBuilder::new().description(Some("Signs out.")))
        .response("204", described("Signed out; sockets of the session close."));
    let kinds = [
        Kind::SIGN_IN_REFUSED,
        Kind::CODE_NEEDED,
        Kind::CODE_REFUSED,
        Kind::ACCOUNT_LOCKED,
        Kind::TOO_MANY,
        Kind::UNAVAILABLE,
    ];
    PathItem::builder()
        .operation(HttpMethod::Post, refused(start, &kinds).build())
        .operation(HttpMethod::Get, refused(read, &[Kind::NOT_SIGNED_IN, Kind::UNAVAILABLE]).build())
        .operation(HttpMethod::Delete, refused(end, &[Kind::UNAVAILABLE]).build())
        .build()
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
    let operation = signed_in(operation)
        .parameter(in_query("from", "The first day, such as 2026-11-01, or milliseconds since 1970."))
        .parameter(in_query("to", "The first day that is not meant, or milliseconds since 1970."))
        .parameter(in_query("until", "The last day that is meant, in the place of `to`."))
        .parameter(in_query("period", "28d, 7d, this-month, last-month or 90d, in the place of the days."))
        .parameter(in_query("line", "Only calls of this line."))
        .parameter(in_query("kind", "Only calls of this kind: fire, medical, intruder or other."));
    let kinds = [Kind::NOT_SIGNED_IN, Kind::NOT_YOURS, Kind::ROLE_ABSENT, Kind::INVALID, Kind::UNAVAILABLE];
    refused(operation, &kinds)
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

/// The requests of a person about what is held.
const OF_PERSON: [(HttpMethod, &str, &str); 3] = [
    (
        HttpMethod::Get,
        "/me/data.json",
        "Everything that is held about the person who is signed in, as an attachment. The download is recorded.",
    ),
    (
        HttpMethod::Post,
        "/me/location",
        "The `choice` give, pause or withdraw about the use of the own location; give has the `version` of the words.",
    ),
    (
        HttpMethod::Post,
        "/me/leave",
        "Deletes the own account, with its `password`, and a `code` where it has a second factor. 204.",
    ),
];

fn of_person(meaning: &str) -> Operation {
    let operation = signed_in(OperationBuilder::new().description(Some(meaning)));
    let kinds = [
        Kind::NOT_SIGNED_IN,
        Kind::CODE_NEEDED,
        Kind::CODE_REFUSED,
        Kind::LAST_ADMINISTRATOR,
        Kind::INVALID,
        Kind::TOO_MANY,
        Kind::BUSY,
        Kind::UNAVAILABLE,
    ];
    let done = described("Done; nothing is changed where it is refused.");
    refused(operation.response("200", done), &kinds).build()
}

fn join() -> PathItem {
    let show = OperationBuilder::new()
        .description(Some("The page of an invitation."))
        .parameter(in_path("code"))
        .response("200", described("HTML."))
        .response("410", described("HTML: the invitation was used, has expired, or never was."));
    let answer = ResponseBuilder::new()
        .description("The account is made and signed in.")
        .content("application/json", Content::new(Some(Ref::from_schema_name("SignedIn"))));
    let meaning = "Uses an invitation with a `name`, a `password` and the version of the `consent` to the use of \
                   the location.";
    let join = OperationBuilder::new()
        .description(Some(meaning))
        .parameter(in_path("code"))
        .response("201", answer.build())
        .response("303", described("Fields of a form were sent: on to the start page, with a cookie."));
    let kinds = [
        Kind::CODE_NEEDED,
        Kind::INVITATION_GONE,
        Kind::NAME_TAKEN,
        Kind::INVALID,
        Kind::BUSY,
        Kind::UNAVAILABLE,
    ];
    PathItem::builder()
        .operation(HttpMethod::Get, show.build())
        .operation(HttpMethod::Post, refused(join, &kinds).build())
        .build()
}

fn in_path(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schemas::text()))
        .build()
}

fn plain(meaning: &str) -> Operation {
    OperationBuilder::new().description(Some(meaning)).response("200", described("OK.")).build()
}

fn signed_in(operation: OperationBuilder) -> OperationBuilder {
    let none: [&str; 0] = [];
    operation
        .security(SecurityRequirement::new("bearer", none))
        .security(SecurityRequirement::new("cookie", none))
}

/// Adds the problems that an operation may answer with. Those of one status are one response.
fn refused(operation: OperationBuilder, kinds: &[Kind]) -> OperationBuilder {
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for kind in kinds {
        let description = format!("{} (/problems/{})", kind.title(), kind.slug());
        by_status.entry(kind.status().as_u16()).or_default().push(description);
    }
    by_status.into_iter().fold(operation, |operation, (status, descriptions)| {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(descriptions.join("; "))
            .content("application/problem+json", problem);
        operation.response(status.to_string(), response.build())
    })
}

fn described(what: &str) -> utoipa::openapi::Response {
    ResponseBuilder::new().description(what).build()
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

fn in_query(name: &str, meaning: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(meaning))
        .schema(Some(schemas::name()))
        .build()
}

fn call_id() -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schemas::uuid()))
        .build()
}
