//! The page about a person. It shows who was shown where they were, what is held, and what they can do about it.

mod held;
mod leaving;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{
    Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{Error, client::Session, server::Server};

use crate::support::send;
use domain::api::CallRequest;

/// The time within which the record of the uses is written, which is some seconds.
const RECORDED_WITHIN: Duration = Duration::from_secs(20);

/// A call from the caller's own flat, with a location.
pub(crate) fn located(caller: &Session) -> Result<CallRequest, Error> {
    let mut request = caller.call("")?;
    (request.lat, request.lng) = (Some(json!(37.5)), Some(json!(127)));
    Ok(request)
}

/// Everything that is held about somebody.
pub(crate) async fn data(of: &Session) -> Value {
    send(of.request(Method::GET, "/me/data.json")).await.json().await.unwrap()
}

/// Returns the data held about somebody, as soon as so many people were shown the location.
pub(crate) async fn data_with_uses(of: &Session, count: usize) -> Value {
    let deadline = tokio::time::Instant::now() + RECORDED_WITHIN;
    loop {
        let data = data(of).await;
        if data["location_uses"].as_array().unwrap().len() == count {
            return data;
        }
        assert!(tokio::time::Instant::now() < deadline, "there are not {count} uses: {data}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Gives, pauses or withdraws the consent; returns the status.
pub(crate) async fn choose(by: &Session, choice: &str) -> u16 {
    let body = json!({ "choice": choice, "version": "2026-12", "language": "ko" });
    send(by.request(Method::POST, "/me/location").json(&body)).await.status().as_u16()
}

async fn open(server: &Server, file: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(server.data_dir().join(file));
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn count(server: &Server, query: &'static str) -> i64 {
    let mut database = open(server, "iutsai.db").await;
    let row = sqlx::query(query).fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    row.get(0)
}
