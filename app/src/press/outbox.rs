//! The outbox of `public/outbox.js`, as the page uses it. The browser may have no such storage, or one that is full,
//! forbidden or slow. Every use fails soon enough, and nothing here can hold up a call.

use std::time::Duration;

use crate::{json, reactive::spawn_local};

use domain::{
    Millis,
    json::{Json, Read},
};
use futures_util::future::{self, Either};
use gloo_timers::future::sleep;
use js_sys::{Array, JSON, Promise};
use leptos::logging;
use uuid::Uuid;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::pending::{Outcome, Pending};

/// The time for the storage before the page goes on without it.
const PATIENCE: Duration = Duration::from_secs(1);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = keep, catch)]
    fn js_keep(press: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = all, catch)]
    fn js_all() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = fix, catch)]
    fn js_fix(key: &str, body: Option<&str>) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = want, catch)]
    fn js_want(key: &str, wanted_at: f64, body: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = markHeard, catch)]
    fn js_mark_heard(key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = recordOutcome, catch)]
    fn js_record_outcome(key: &str, outcome: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = forget, catch)]
    fn js_forget(key: &str, outcome: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiOutbox, js_name = listen, catch)]
    fn js_listen(receive: &JsValue) -> Result<(), JsValue>;
}

/// Why the storage was of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It refused, so nothing has changed in it.
    Refused,
    /// It has not answered yet. It may still do what was asked.
    Silent,
}

/// A message of another tab, or the service worker, about a press.
#[derive(Debug)]
pub(super) struct PressMessage {
    /// Which press.
    pub(super) key: Uuid,
    /// The server's answer; without one the person has dropped it.
    pub(super) outcome: Option<Outcome>,
}

/// Keeps a press on the device.
///
/// # Errors
/// [`Failure`], when it is not known to be on the disk.
pub(super) async fn keep(press: &Pending) -> Result<(), Failure> {
    stored(js_keep(&to_js(&press.to_json()))).await.map(drop)
}

/// Returns every press that is kept, of all people.
pub(super) async fn all() -> Vec<Pending> {
    let mut presses = Vec::new();
    if let Some(kept) = stored(js_all()).await.ok().and_then(|kept| kept.dyn_into::<Array>().ok()) {
        for press in kept.iter() {
            presses.extend(from_js::<Pending>(&press));
        }
    }
    presses
}

/// Fixes the body of a press before it is sent, as `body` if it may still change, and returns the one that counts.
/// `None` if the press is gone.
///
/// # Errors
/// [`Failure`], when it is not known which one counts.
pub(super) async fn fix(key: Uuid, body: Option<&str>) -> Result<Option<String>, Failure> {
    stored(js_fix(&key.to_string(), body)).await.map(|body| body.as_string())
}

/// The person wants it sent, at this time of the device's clock, with this body. It differs from the one before in its location
/// alone, so that the server takes it for the same press.
#[expect(clippy::cast_precision_loss, reason = "JavaScript's times are no finer")]
pub(super) async fn want(key: Uuid, now: Millis, body: &str) {
    // Where that cannot be written, this page still sends it.
    stored(js_want(&key.to_string(), now as f64, body)).await.map(drop).unwrap_or_default();
}

/// Marks that neighbours have received it, though it is not recorded, because the next page must know.
pub(super) fn mark_heard(key: Uuid) {
    // Where that cannot be written, this page still knows.
    try_to(js_mark_heard(&key.to_string()));
}

/// The server's answer is kept until the person has read it, here or when they come back.
pub(super) fn record_outcome(key: Uuid, outcome: &Outcome) {
    try_to(js_record_outcome(&key.to_string(), &to_js(&outcome.to_json())));
}

/// Removes a press that is over. Other tabs get the outcome; without one the person has dropped it.
///
/// # Errors
/// [`Failure`], when it may still be there. It is found again then, and is the same call.
pub(super) async fn forget(key: Uuid, outcome: Option<&Outcome>) -> Result<(), Failure> {
    let outcome = outcome.map_or(JsValue::UNDEFINED, |outcome| to_js(&outcome.to_json()));
    stored(js_forget(&key.to_string(), &outcome)).await.map(drop)
}

/// Removes a press that the person has dropped. One that stays all the same is found and shown once more.
pub(super) fn drop_press(key: Uuid) {
    try_to(js_forget(&key.to_string(), &JsValue::UNDEFINED));
}

/// Lets the storage do something that the page does not wait for.
fn try_to(asked: Result<Promise, JsValue>) {
    spawn_local(async move { stored(asked).await.map(drop).unwrap_or_default() });
}

/// Calls back when another tab, or the service worker, has got an answer or dropped a press; as long as the page lives.
pub(super) fn listen(receive: impl Fn(PressMessage) + 'static) {
    let receive = Closure::<dyn Fn(JsValue)>::new(move |message| {
        if let Some(message) = from_js(&message) {
            receive(message);
        }
    });
    if let Err(error) = js_listen(&receive.into_js_value()) {
        logging::warn!("the messages of other tabs are not received: {error:?}");
    }
}

/// Returns what the storage brings within [`PATIENCE`].
async fn stored(asked: Result<Promise, JsValue>) -> Result<JsValue, Failure> {
    let answer = match asked {
        Ok(promise) => future::select(JsFuture::from(promise), sleep(PATIENCE)).await,
        Err(error) => Either::Left((Err(error), sleep(PATIENCE))),
    };
    match answer {
        Either::Left((answer, _)) => answer.map_err(|error| {
            logging::warn!("the outbox refuses: {error:?}");
            Failure::Refused
        }),
        Either::Right(_) => {
            logging::warn!("the outbox does not answer");
            Err(Failure::Silent)
        }
    }
}

impl Read for PressMessage {
    fn read(json: &Json) -> Option<Self> {
        Some(Self { key: json.field("key")?, outcome: json.field("outcome")? })
    }
}

fn to_js(json: &str) -> JsValue {
    JSON::parse(json).unwrap_or_default()
}

fn from_js<T: Read>(value: &JsValue) -> Option<T> {
    let text = JSON::stringify(value).ok()?.as_string()?;
    let read = json::read(&text);
    if read.is_none() {
        logging::warn!("the outbox holds something unreadable");
    }
    read
}
