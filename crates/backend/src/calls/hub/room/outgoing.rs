//! The way of an event's effects out of its room. Sockets are written first, because each thread that wakes before them
//! competes with them for the processors.

use std::sync::Arc;

use domain::CallKey;

use super::{Room, Way};
use crate::{
    calls::hub::{
        Changed,
        audience::{Audience, To, Towards},
        deliveries::{Delivery, deliver},
        frames::{Message, News},
        line_calls::{Opened, Trace},
        viewings::Means,
    },
    traces::Delivering,
};

/// The effects of an event on everybody who listens when it comes.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Its news, for those who listen to the line.
    news: Vec<Addressed>,
    /// Whole calls, for the lines that get them from now on.
    pub(super) opening: Vec<Addressed>,
    /// The changes, for the parts of this process that react to events.
    changes: Vec<Changed>,
}

/// A message for everybody who gets it.
pub(super) struct Addressed {
    delivery: Arc<Delivery>,
    /// The flat whose location it shows to others, with the call's id.
    located: Option<CallKey>,
}

impl Room {
    /// Returns news as they go out.
    pub(super) fn outgoing(
        &self,
        audience: &Audience,
        news: Vec<News>,
        way: Way,
        towards: Towards<'_>,
    ) -> Outgoing {
        let mut outgoing = Outgoing::default();
        for news in news {
            // Nothing reacts to a drill of a house alone.
            if news.only.is_none() && self.listeners.is_listened_to() {
                let (line, change) = (self.line.clone(), news.change.clone());
                let (freshness, taken_here) = (way.freshness(), way.taken_here);
                outgoing.changes.push(Changed { line, change, freshness, taken_here });
            }
            if news.is_withheld {
                continue;
            }
            let only = news.only.clone();
            let message = news.into_message(way.replay, way.late);
            let to = only.as_ref().map_or(To::Everybody, To::House);
            outgoing.news.extend(self.address(audience, &message, towards, to));
        }
        outgoing
    }

    /// Adds the subscribers of the lines that get a call from now on, and returns the call, as a whole, for them.
    pub(super) fn open(
        &self,
        audience: &mut Audience,
        opened: &Opened,
        way: Way,
        delivering: Option<&Delivering>,
    ) -> Vec<Addressed> {
        for line in &opened.lines {
            audience.add_guests(line, self.guests.invite(&self.line, line));
        }
        let messages = self.calls().messages_of_opened(opened);
        let towards = Towards { speaker: None, delivering };
        let of_message = |message| {
            let message = Message { replay: way.replay, late: way.late, ..message };
            self.address(audience, &message, towards, To::Guests)
        };
        messages.into_iter().filter_map(of_message).collect()
    }

    /// Returns a message for everybody who gets it; `None` if nobody does.
    fn address(
        &self,
        audience: &Audience,
        message: &Message,
        towards: Towards<'_>,
        to: To<'_>,
    ) -> Option<Addressed> {
        let delivery = Arc::new(audience.delivery(&self.destination, message, towards, to)?);
        let located = message.located().filter(|_| !matches!(to, To::House(_)));
        Some(Addressed { delivery, located })
    }

    /// Sends the effects of an event out, and records by `trace` that a socket of a house other than the speaker has its
    /// news. Nobody else is woken before the sockets are written.
    pub(super) fn send(&self, outgoing: Outgoing, trace: Option<Trace>) {
        let Outgoing { news, opening, changes } = outgoing;
        let mut gone = Vec::new();
        let is_delivered = push(&news, &mut gone);
        if let Some(trace) = trace.filter(|_| is_delivered) {
            self.calls().record_delivery(trace);
        }
        push(&opening, &mut gone);
        for changed in changes {
            self.listeners.publish(changed);
        }
        for Addressed { delivery, located } in news.into_iter().chain(opening) {
            if let Some(call) = located {
                self.viewings.publish(call, Means::Alarm, || delivery.viewers());
            }
        }
        // No delivery has the list of members any more, so it need not be copied.
        if !gone.is_empty() {
            self.audience().leave(&gone);
        }
    }
}

/// Pushes messages, one after the other, and adds the subscribers whose queues take no more. Returns whether a socket of
/// a house other than the speaker has one of them.
fn push(messages: &[Addressed], gone: &mut Vec<u64>) -> bool {
    let mut is_delivered = false;
    for Addressed { delivery, .. } in messages {
        let outcome = deliver(delivery);
        metrics::counter!("iutsai_frames_pushed_total").increment(outcome.pushed);
        is_delivered |= outcome.is_delivered;
        gone.extend(outcome.gone);
    }
    is_delivered
}
