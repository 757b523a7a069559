//! The history of one call, line by line, for a reader who wonders why it was slow.

use std::time::Duration;

use uuid::Uuid;

use super::{History, Listener, Outcome, Received, Subscription};

/// Returns the press of this call with its answer, and every subscription of the line from then until the call was
/// received in it. There is one line each, with times since the beginning. Nothing if there is no such command.
#[must_use]
pub fn story(history: &History, call: Uuid) -> Vec<String> {
    let Some(press) = history.commands.iter().find(|command| command.id == call) else { return Vec::new() };
    let answer = match &press.outcome {
        Outcome::Acknowledged { at, state } => format!("acknowledged as {state:?} at {}", seconds(*at)),
        Outcome::Refused(why) => format!("refused: {why}"),
        Outcome::CallStands { at } => format!("answered at {} that a call of the house stands", seconds(*at)),
        Outcome::Open => "never answered".into(),
    };
    let mut lines = vec![format!(
        "call {call} on {}: first tried at {}; {answer}, after {} tries",
        press.line,
        seconds(press.began),
        press.tries
    )];
    for listener in history.listeners.iter().filter(|listener| listener.line == press.line) {
        lines.push(format!("  {}", listener.name));
        lines.extend(subscriptions(listener, press.began, call).map(|line| format!("    {line}")));
    }
    lines
}

/// Returns the subscriptions from the one that was there at `since` to the first in which the call was received.
fn subscriptions(listener: &Listener, since: Duration, call: Uuid) -> impl Iterator<Item = String> {
    let mut announced = false;
    let lasted = listener
        .subscriptions
        .iter()
        .filter(move |subscription| subscription.ended.is_none_or(|ended| ended >= since));
    lasted
        .take_while(move |subscription| {
            let before = announced;
            announced |= delivery(subscription, call).is_some();
            !before
        })
        .map(move |subscription| {
            let listed =
                subscription.listed().map_or("never listed".into(), |at| format!("listed {}", seconds(at)));
            let ended = subscription.ended.map_or("not ended".into(), |at| format!("ended {}", seconds(at)));
            let announced = match delivery(subscription, call) {
                Some(received) if received.replay => {
                    format!("; received {} as a replay", seconds(received.at))
                }
                Some(received) => format!("; received {}", seconds(received.at)),
                None => String::new(),
            };
            let received = subscription.received.len();
            format!(
                "began {}, {listed}, {received} messages, {ended}{announced}",
                seconds(subscription.began)
            )
        })
}

fn delivery(subscription: &Subscription, call: Uuid) -> Option<&Received> {
    subscription.received.iter().find(|received| received.event() == Some(("alert", call)))
}

fn seconds(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}
