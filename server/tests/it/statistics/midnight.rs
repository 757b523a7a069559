//! Days begin at midnight by the complex's clocks, which are in Seoul unless set otherwise.

use std::time::{Duration, Instant};

use domain::{
    Alert, AlertId, Event, House, Line, Millis,
    plausible::Word,
    statistics::{Utc, Zone as _},
};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use super::{PATIENCE, iutsai, now, with_past};
use crate::support::{ADMINISTRATOR, Outcome, send, sign_in};

const HOUR: Millis = 60 * 60 * 1000;

fn alert(number: u128, at: Millis) -> Word {
    let alert = Alert::new(
        AlertId(Uuid::from_u128(number)),
        Line::new("101-1").unwrap(),
        House::new("1203").unwrap(),
        at,
    );
    (at, Event::Alert(alert))
}

#[tokio::test]
async fn a_call_before_midnight_in_seoul_is_of_another_day_than_one_at_midnight() -> Outcome {
    // A log keeps no older past than a month.
    let day = Utc.local(now() - 10 * 24 * HOUR).date;
    let midnight = Utc.midnight(day) - 9 * HOUR;
    let words = [alert(1, midnight - 1), alert(2, midnight), alert(3, midnight + 24 * HOUR - 1)];
    let mut server = with_past(&words).await?;
    server.restart().await?;
    assert!(iutsai(server.data_dir(), &["statistics", "remove-demo"]).0);
    let administrator = sign_in(&server.client()?, ADMINISTRATOR).await?;
    let address = format!("/api/statistics?from={}&until={}", day.plus(-1), day.plus(1));
    let begun = Instant::now();
    let figures = loop {
        let response = send(administrator.request(Method::GET, &address)).await;
        let figures: Value = response.json().await.unwrap();
        if figures["calls"] == 3 {
            break figures;
        }
        assert!(begun.elapsed() < PATIENCE, "the calls are never counted: {figures}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let days = figures["by_day"].as_array().unwrap().iter();
    let days: Vec<_> =
        days.map(|day| (day["date"].as_str().unwrap().to_owned(), day["calls"].clone())).collect();
    let expected =
        [(-1, 1), (0, 2), (1, 0)].map(|(days, calls)| (day.plus(days).to_string(), Value::from(calls)));
    assert_eq!(days, expected);
    assert_eq!((&figures["by_hour"][23], &figures["by_hour"][0]), (&Value::from(2), &Value::from(1)));
    assert_eq!(figures["from"], Value::from(midnight - 24 * HOUR));
    server.end().await
}
