//! Pauses before the next attempt, which end early when the browser reports that there is a network again.

use std::{cell::Cell, rc::Rc, time::Duration};

use futures_channel::oneshot;
use futures_util::future;
use gloo_timers::future::{TimeoutFuture, sleep};
use leptos::prelude::window_event_listener_untyped;

use crate::backoff::COMMAND;

/// Waits before a command is sent again, after it has failed this often; not less than `at_least`, which the server
/// asked for, not even when the network comes back.
pub(crate) async fn wait_to_retry(failures: u32, at_least: Duration) {
    sleep(at_least).await;
    let backoff = COMMAND.wait(failures, js_sys::Math::random());
    pause(backoff.saturating_sub(at_least)).await;
}

/// Waits, or until the browser is online again.
async fn pause(duration: Duration) {
    let (sender, online) = oneshot::channel::<()>();
    let sender = Rc::new(Cell::new(Some(sender)));
    let listener = window_event_listener_untyped("online", move |_| drop(sender.take()));
    let millis = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
    future::select(TimeoutFuture::new(millis), online).await;
    listener.remove();
}
