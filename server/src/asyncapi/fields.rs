//! The schemas of records, bodies and headers.

use domain::{Kind, Progress, body::Body, event::TEXT_LENGTH_LIMIT, header};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type, schema::OneOfBuilder};

use crate::openapi::schemas::{
    integer, list_of, name, number_or_text, object, text, text_up_to, uuid, words,
};

/// Fields by name.
pub(super) type Fields = Vec<(&'static str, RefOr<Schema>)>;

/// Returns the schema of a body, which is that of a record with its `type`, and the parts that only listeners get.
pub(super) fn body(type_name: &'static str, record: Fields, only_here: Fields, required: &[&str]) -> Schema {
    let mut fields = record;
    fields.push((header::TYPE, words(&[type_name])));
    fields.extend(only_here);
    let required: Vec<&str> = required.iter().copied().chain([header::TYPE]).collect();
    object(&fields, &required)
}

/// The fields of `an-alert`, `an-drill` and `an-canary`.
pub(super) fn alert() -> Fields {
    vec![
        ("id", uuid().into()),
        ("line", name()),
        ("house", name()),
        ("text", text_up_to(TEXT_LENGTH_LIMIT)),
        ("lat", number_or_text()),
        ("lng", number_or_text()),
        ("accuracy", number()),
        ("kind", words(&Kind::ALL.map(Kind::as_str))),
        ("alone", boolean()),
        ("at", integer()),
    ]
}

/// The fields of `an-accept`.
pub(super) fn accept() -> Fields {
    vec![
        ("id", uuid().into()),
        ("line", name()),
        ("accept", name()),
        ("acceptLine", name()),
        ("target", name()),
        ("alert", uuid().into()),
        ("at", integer()),
    ]
}

/// The fields of `an-status`.
pub(super) fn status() -> Fields {
    vec![
        ("id", uuid().into()),
        ("line", name()),
        ("alert", uuid().into()),
        ("target", name()),
        ("status", words(&Progress::ALL.map(Progress::as_str))),
        ("by", text()),
        ("byLine", name()),
        ("note", text_up_to(TEXT_LENGTH_LIMIT)),
        ("round", uuid().into()),
        ("step", integer()),
        ("lines", list_of(name())),
        ("at", integer()),
    ]
}

/// The fields of `an-location`.
pub(super) fn moved() -> Fields {
    vec![
        ("line", name()),
        ("alert", uuid().into()),
        ("target", name()),
        ("house", name()),
        ("houseLine", name()),
        ("lat", number_or_text()),
        ("lng", number_or_text()),
        ("accuracy", number_or_text()),
        ("at", integer()),
    ]
}

/// The fields of `an-receipt`. A flat of another line than the call's is `line/house`.
pub(super) fn receipt() -> Fields {
    let mut fields = vec![("line", name()), ("alert", uuid().into()), ("target", name())];
    fields.extend(["pushed", "reached", "sounded", "seen"].map(|flats| (flats, list_of(text()))));
    fields.push(("after", integer()));
    fields
}

/// The row of `an-history`.
pub(super) fn row() -> Schema {
    let ended =
        object(&[("how", words(&Progress::ALL.map(Progress::as_str))), ("at", integer())], &["how", "at"]);
    let step = [
        ("at", integer()),
        ("progress", words(&Progress::ALL.map(Progress::as_str))),
        ("by", text()),
        ("line", name()),
        ("lines", list_of(name())),
    ];
    let mut fields = vec![
        ("line", name()),
        ("house", name()),
        ("id", uuid().into()),
        ("kind", words(&Kind::ALL.map(Kind::as_str))),
        ("drill", boolean()),
        ("ended", ended.into()),
        ("steps", list_of(object(&step, &["at", "by"]).into())),
    ];
    let counts =
        ["begun", "accepts", "came", "firstAccept", "firstArrived", "escalated", "firstReached", "words"];
    fields.extend(counts.map(|count| (count, integer())));
    fields.extend(["reached", "sounded", "seen"].map(|flats| (flats, list_of(text()))));
    object(&fields, &["line", "house", "id", "drill", "begun", "accepts", "came", "words"])
}

/// The letter of `an-dead-letter`.
pub(super) fn letter() -> Schema {
    let fields = [
        ("place", text()),
        ("topic", text()),
        ("partition", integer()),
        ("offset", integer()),
        ("timestamp", integer()),
        ("reason", text()),
        ("value", nullable(text())),
        ("truncated", boolean()),
    ];
    object(&fields, &fields.each_ref().map(|(name, _)| *name))
}

/// The fields of the frame that settles which accept came first.
pub(super) fn first() -> Fields {
    vec![
        ("line", name()),
        ("alert", uuid().into()),
        ("target", name()),
        ("accept", name()),
        ("id", uuid().into()),
    ]
}

/// The headers of a record.
pub(super) fn record_headers() -> Schema {
    let mut fields: Fields = vec![
        (header::ID, uuid().into()),
        (header::AGE, text()),
        (header::REPUBLISHED, words(&[header::YES])),
        (header::TRACEPARENT, text()),
    ];
    fields.extend(header::TYPE_IDS.map(|(name, value)| (name, words(&[value]))));
    object(&fields, &header::TYPE_IDS.map(|(name, _)| name))
}

/// The headers of a MESSAGE.
pub(super) fn message_headers(types: &[&str]) -> Schema {
    let fields = [
        ("destination", text()),
        ("subscription", text()),
        ("message-id", text()),
        ("content-type", words(&["application/json"])),
        (header::TYPE, words(types)),
        ("ack", text()),
        (header::AGE, text()),
        (header::REPLAY, words(&[header::YES])),
        (header::LATE, words(&[header::YES])),
    ];
    object(&fields, &["destination", "subscription", "message-id", "content-type", header::TYPE])
}

/// Headers that are text, of which the first so many are needed.
pub(super) fn headers(needed: usize, names: &[&str]) -> Schema {
    let fields: Vec<(&str, RefOr<Schema>)> = names.iter().map(|name| (*name, text())).collect();
    object(&fields, &names[..needed])
}

/// True or false.
pub(super) fn boolean() -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::Boolean).build()).into()
}

/// This schema, or null.
pub(super) fn nullable(schema: RefOr<Schema>) -> RefOr<Schema> {
    let null = Schema::from(ObjectBuilder::new().schema_type(Type::Null).build());
    Schema::from(OneOfBuilder::new().item(schema).item(null).build()).into()
}

fn number() -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::Number).build()).into()
}

/// Returns the schema of the body of this type.
pub(super) fn of_body(type_name: &'static str) -> Schema {
    match type_name {
        "alert" => {
            let needed = ["id", "line", "house", "text", "drill", "at"];
            body(type_name, alert(), vec![("drill", boolean())], &needed)
        }
        "accept" => {
            let only_here = vec![("text", name()), ("first", nullable(boolean()))];
            body(type_name, accept(), only_here, &["id", "line", "accept", "target", "text", "first", "at"])
        }
        "status" => {
            let needed = ["id", "line", "alert", "status", "by", "at"];
            body(type_name, status(), Vec::new(), &needed)
        }
        "location" => body(type_name, moved(), Vec::new(), &["line", "alert", "at"]),
        "receipt" => {
            let mut fields = receipt();
            fields.retain(|(name, _)| *name != "after");
            body(type_name, fields, Vec::new(), &["line", "alert", "reached", "seen"])
        }
        "first" => body(type_name, first(), Vec::new(), &["line", "alert", "accept", "id"]),
        "snapshot-end" => {
            body(type_name, vec![("line", name())], vec![("truncated", boolean())], &["truncated"])
        }
        unknown => unreachable!("{unknown} is none of {:?}", Body::TYPES),
    }
}
