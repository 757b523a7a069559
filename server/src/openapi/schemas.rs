//! The schemas of `domain::api`, for the OpenAPI document. The AsyncAPI document is made of the same parts.

use domain::{Kind, event::TEXT_LENGTH_LIMIT, people::NAME_LENGTH_LIMIT, push::Language};
use serde_json::json;
use utoipa::openapi::{
    KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
    schema::{AdditionalProperties, ArrayBuilder, OneOfBuilder},
};

/// Every schema with its name.
pub(crate) fn all() -> Vec<(&'static str, Schema)> {
    vec![
        (
            "SignIn",
            object(&[("name", text()), ("password", text()), ("code", text())], &["name", "password"]),
        ),
        (
            "SignedIn",
            object(
                &[("token", text()), ("resident", reference("Resident")), ("socket", text())],
                &["token", "resident"],
            ),
        ),
        ("Resident", resident()),
        ("CallRequest", call_request()),
        ("AcceptRequest", accept_request()),
        ("LocationRequest", location_request()),
        ("ProgressRequest", object(&[("note", text_up_to(TEXT_LENGTH_LIMIT))], &[])),
        ("Recorded", recorded()),
        ("Readiness", readiness()),
        ("Statistics", statistics()),
        ("Percentiles", percentiles()),
        ("Problem", problem()),
        ("ServerKey", object(&[("key", text())], &["key"])),
        ("Subscribe", subscribe()),
        ("Device", device()),
        ("EscalationRules", escalation_rules()),
    ]
}

/// A UUID as text.
pub(crate) fn uuid() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .build()
        .into()
}

fn resident() -> Schema {
    let role = words(&["resident", "administrator"]);
    let fields = [("name", text()), ("line", name()), ("house", name()), ("role", role)];
    object(&fields, &["name", "role"])
}

fn escalation_rules() -> Schema {
    let fields = [
        ("complex", flag()),
        ("neighbours", integer()),
        ("building", integer()),
        ("administrators", integer()),
        ("arrival", integer()),
    ];
    object(&fields, &[])
}

fn call_request() -> Schema {
    let fields = [
        ("line", name()),
        ("house", name()),
        ("text", text_up_to(TEXT_LENGTH_LIMIT)),
        ("lat", number_or_text()),
        ("lng", number_or_text()),
        ("accuracy", number_or_text()),
        ("kind", words(&Kind::ALL.map(Kind::as_str))),
        ("drill", flag()),
        ("alone", flag()),
    ];
    object(&fields, &["line", "house"])
}

fn accept_request() -> Schema {
    let fields =
        [("line", name()), ("acceptHouse", name()), ("targetHouse", name()), ("alert", uuid().into())];
    object(&fields, &["line", "acceptHouse", "targetHouse"])
}

fn location_request() -> Schema {
    let degrees = || -> RefOr<Schema> {
        let nothing = Schema::from(ObjectBuilder::new().schema_type(Type::Null).build());
        Schema::from(OneOfBuilder::new().item(number_or_text()).item(nothing).build()).into()
    };
    let fields = [("lat", degrees()), ("lng", degrees()), ("accuracy", number_or_text())];
    object(&fields, &["lat", "lng"])
}

fn recorded() -> Schema {
    let fields = [("id", uuid().into()), ("state", words(&["published", "stored"])), ("warning", text())];
    object(&fields, &["id", "state"])
}

fn readiness() -> Schema {
    let states = words(&["absent", "starting", "ready", "degraded", "failed"]);
    let fields = [("state", states), ("reason", text()), ("shard", integer()), ("shards", integer())];
    let role = object(&fields, &["state"]);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::from(RefOr::T(role))))
        .build()
        .into()
}

/// The fields that most clients need; there are more, and each is a number or holds numbers.
fn statistics() -> Schema {
    let counts = [
        "calls",
        "drills",
        "cancelled",
        "resolved",
        "expired",
        "unfinished",
        "accepted",
        "unaccepted",
        "taken_back",
        "nobody_came",
        "waiting",
        "false_alarms",
        "escalated",
    ];
    let times = ["to_reached_ms", "to_first_accept_ms", "to_arrived_ms", "to_resolved_ms"];
    let mut fields = vec![
        ("from", integer()),
        ("to", integer()),
        ("timezone", text()),
        ("as_of", integer()),
        ("positions", map_of(map_of(integer()))),
        ("by_hour", list_of(integer())),
        ("by_weekday", list_of(integer())),
        ("by_line", map_of(integer())),
        ("by_kind", map_of(integer())),
        ("previous", Schema::from(ObjectBuilder::new().schema_type(Type::Object).build()).into()),
    ];
    fields.extend(counts.map(|count| (count, integer())));
    fields.extend(times.map(|time| (time, reference("Percentiles"))));
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    object(&fields, &required)
}

/// Nearest rank; the values are absent where nothing is counted.
fn percentiles() -> Schema {
    let fields = ["count", "p50", "p90", "p99", "max"].map(|name| (name, integer()));
    object(&fields, &["count"])
}

fn subscribe() -> Schema {
    let keys = object(&[("p256dh", text()), ("auth", text())], &["p256dh", "auth"]);
    let language = words(&Language::ALL.map(Language::code));
    let fields = [
        ("endpoint", text()),
        ("keys", keys.into()),
        ("device", text()),
        ("language", language),
        ("replaces", text()),
    ];
    object(&fields, &["endpoint", "keys"])
}

fn device() -> Schema {
    let fields = [
        ("id", uuid().into()),
        ("device", text()),
        ("service", text()),
        ("created", integer()),
        ("accepted", integer()),
        ("worked", integer()),
        ("silent", Schema::from(ObjectBuilder::new().schema_type(Type::Boolean).build()).into()),
    ];
    object(&fields, &["id", "device", "service", "created", "silent"])
}

/// A whole number.
pub(crate) fn integer() -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::Integer).build()).into()
}

/// A list of these.
pub(crate) fn list_of(items: RefOr<Schema>) -> RefOr<Schema> {
    Schema::from(ArrayBuilder::new().items(items).build()).into()
}

fn map_of(values: RefOr<Schema>) -> RefOr<Schema> {
    let map = ObjectBuilder::new().schema_type(Type::Object);
    Schema::from(map.additional_properties(Some(AdditionalProperties::from(values))).build()).into()
}

fn problem() -> Schema {
    let status = ObjectBuilder::new().schema_type(Type::Integer).build().into();
    let fields = [("type", text()), ("title", text()), ("status", status), ("detail", text())];
    object(&fields, &["type", "title", "status", "detail"])
}

/// An object of these fields.
pub(crate) fn object(fields: &[(&str, RefOr<Schema>)], required: &[&str]) -> Schema {
    let object =
        fields.iter().fold(ObjectBuilder::new().schema_type(Type::Object), |object, (name, schema)| {
            object.property(*name, schema.clone())
        });
    required.iter().fold(object, |object, name| object.required(*name)).build().into()
}

fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// Any text.
pub(crate) fn text() -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::String).build()).into()
}

/// Text of so many characters at most.
pub(crate) fn text_up_to(characters: usize) -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::String).max_length(Some(characters)).build()).into()
}

/// The name of a line or a house.
pub(crate) fn name() -> RefOr<Schema> {
    text_up_to(NAME_LENGTH_LIMIT)
}

/// A flag as JSON has it, or as the words and numbers that other programs write.
fn flag() -> RefOr<Schema> {
    let flag = Schema::from(ObjectBuilder::new().schema_type(Type::Boolean).build());
    let number = Schema::from(ObjectBuilder::new().schema_type(Type::Integer).build());
    Schema::from(OneOfBuilder::new().item(flag).item(number).item(text()).build()).into()
}

/// One of these words.
pub(crate) fn words(words: &[&str]) -> RefOr<Schema> {
    let values = words.iter().map(|word| json!(word));
    Schema::from(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()).into()
}

/// A number, or text that is one.
pub(crate) fn number_or_text() -> RefOr<Schema> {
    let number = Schema::from(ObjectBuilder::new().schema_type(Type::Number).build());
    Schema::from(OneOfBuilder::new().item(number).item(text()).build()).into()
}
