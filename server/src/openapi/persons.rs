//! The sign-in, the invitation, and the requests of a person about what is held.

use utoipa::openapi::{
    Content, HttpMethod, PathItem, PathsBuilder, Ref, Required,
    path::{Operation, OperationBuilder},
    request_body::RequestBodyBuilder,
    response::ResponseBuilder,
};

use super::parts::{described, in_path, refused, signed_in};
use crate::problem::Kind;

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

/// Adds the paths.
pub(super) fn add(mut paths: PathsBuilder) -> PathsBuilder {
    for (method, path, meaning) in OF_PERSON {
        paths = paths.path(path, PathItem::new(method, of_person(meaning)));
    }
    paths.path("/join/{code}", join()).path("/api/session", session())
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
        .description(
            "Who is signed in, with the header `iutsai-location: off` if this person keeps the location back; also \
             `socket`, the path of the socket, where the lines are divided among nodes.",
        )
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
