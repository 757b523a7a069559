//! `GET /asyncapi.json`, the STOMP socket and the Kafka topics in AsyncAPI 3.0. It is the counterpart of `openapi`,
//! whose parts make up its schemas. Its examples are values of `domain`'s types, as the service writes them.

mod examples;
mod fields;
mod frames;
mod records;

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::header;
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::auth::COOKIE;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document_of_all().to_string());

/// Answers with the document.
pub(crate) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// A topic or a destination, with its messages.
struct Channel {
    /// Its key in the document.
    name: &'static str,
    /// The topic or the destination; `None` for the frames of STOMP that have none.
    address: Option<&'static str>,
    /// The key of its server.
    server: &'static str,
    meaning: &'static str,
    messages: Vec<Message>,
    /// Its bindings, if it has any.
    bindings: Option<Value>,
}

/// The way of a message, as the service sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Sent,
    Received,
    /// One process writes it, and every process reads it.
    Both,
}

/// A record or a frame.
struct Message {
    /// Its key in the document.
    name: &'static str,
    meaning: &'static str,
    way: Way,
    headers: Schema,
    /// `None` where there is no body.
    payload: Option<Schema>,
    /// Fields of the message object that only records or only frames have.
    more: Vec<(&'static str, Value)>,
    examples: Vec<Example>,
}

/// An example of a message.
struct Example {
    headers: Map<String, Value>,
    payload: Option<Value>,
}

fn document_of_all() -> Value {
    let (mut listed, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for channel in records::channels().into_iter().chain(frames::channels()) {
        listed.insert(channel.name.to_owned(), channel.to_json());
        operations.extend(channel.operations());
        let own = channel.messages.into_iter();
        messages.extend(own.map(|message| (message.name.to_owned(), message.into_json())));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "이웃사이 (Iutsai)",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Emergency calls between the neighbours of one stair, over the STOMP socket of the service \
                            and in the Kafka topics of its log. /openapi.json describes HTTP.",
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": listed,
        "operations": operations,
        "components": { "messages": messages, "securitySchemes": security_schemes() },
    })
}

fn servers() -> Value {
    let security =
        ["bearer", "cookie", "passcode"].map(|scheme| reference(&["components", "securitySchemes", scheme]));
    json!({
        "socket": {
            "host": "{host}",
            "pathname": "/an-ws",
            "protocol": "wss",
            "protocolVersion": "13",
            "description": "STOMP 1.2 and 1.1 over a WebSocket (subprotocols v12.stomp, v11.stomp, or none), ws where \
                            the server has no TLS in front. A message holds whole frames or parts of them. \
                            Transactions are not supported.",
            "variables": { "host": { "default": "127.0.0.1:3000", "description": "The address of the service." } },
            "security": security,
        },
        "log": {
            "host": "{brokers}",
            "protocol": "kafka",
            "description": "The cluster of KAFKA_BOOTSTRAP_SERVERS. Without one the service is its own log, and the \
                            topics exist in its outbox only.",
            "variables": { "brokers": { "default": "127.0.0.1:9092", "description": "A broker of the cluster." } },
        },
    })
}

fn security_schemes() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "The token of POST /api/session." },
        "cookie": { "type": "httpApiKey", "in": "cookie", "name": COOKIE },
        "passcode": { "type": "userPassword", "description": "The token as `passcode` of CONNECT, with any `login`." },
    })
}

impl Channel {
    fn to_json(&self) -> Value {
        let messages = self
            .messages
            .iter()
            .map(|message| (message.name.to_owned(), reference(&["components", "messages", message.name])));
        let mut channel = json!({
            "address": self.address,
            "description": self.meaning,
            "servers": [reference(&["servers", self.server])],
            "messages": messages.collect::<Map<_, _>>(),
        });
        if self.address.is_some_and(|address| address.contains("{line}")) {
            channel["parameters"] =
                json!({ "line": { "description": "The name of a line, such as 101-1." } });
        }
        if let Some(bindings) = &self.bindings {
            channel["bindings"] = bindings.clone();
        }
        channel
    }

    /// Returns what the service does with its messages.
    fn operations(&self) -> Vec<(String, Value)> {
        let ways = [("send", Way::Sent), ("receive", Way::Received)];
        let operation = |(action, way): (&str, Way)| {
            let messages = self.messages.iter().filter(|message| [way, Way::Both].contains(&message.way));
            let messages: Vec<Value> = messages
                .map(|message| reference(&["channels", self.name, "messages", message.name]))
                .collect();
            if messages.is_empty() {
                return None;
            }
            let channel = reference(&["channels", self.name]);
            let operation = json!({ "action": action, "channel": channel, "messages": messages });
            Some((format!("{action}-{}", self.name), operation))
        };
        ways.into_iter().filter_map(operation).collect()
    }
}

impl Message {
    fn into_json(self) -> Value {
        let Self { name, meaning, headers, payload, more, examples, .. } = self;
        let examples: Vec<Value> = examples.into_iter().map(Example::into_json).collect();
        let mut message =
            json!({ "name": name, "summary": meaning, "headers": schema(headers), "examples": examples });
        if let Some(payload) = payload {
            message["payload"] = schema(payload);
            message["contentType"] = Value::from("application/json");
        }
        for (field, value) in more {
            message[field] = value;
        }
        message
    }
}

impl Example {
    fn new<'a>(headers: impl IntoIterator<Item = (&'a str, String)>, payload: Option<Value>) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self { headers: headers.collect(), payload }
    }

    fn into_json(self) -> Value {
        let mut example = json!({ "headers": self.headers });
        if let Some(payload) = self.payload {
            example["payload"] = payload;
        }
        example
    }
}

fn schema(schema: Schema) -> Value {
    serde_json::to_value(RefOr::T(schema)).expect("a schema made of texts is always JSON")
}

/// Reads the JSON that a type of `domain` writes.
fn written(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("records and bodies are JSON")
}

fn reference(path: &[&str]) -> Value {
    json!({ "$ref": format!("#/{}", path.join("/")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document = document_of_all();
        let text = document.to_string();
        let references: Vec<&str> =
            text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(references.len() > 50, "{}", references.len());
        for path in references {
            assert!(document.pointer(path).is_some(), "{path}");
        }
    }
}
