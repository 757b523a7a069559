//! The beginning and the end of a subscription (STOMP 1.2, "SUBSCRIBE" and "UNSUBSCRIBE").

use std::sync::Arc;

use backend::calls::hub::{Snapshot, Subscription};
use domain::{Line, header, shard::SOCKET};
use stomp::{Command, Frame};

use super::{
    Session, needed,
    scope::Scope,
    subscriptions::{Handle, Subscribed},
    unknown_destination,
};

impl Session {
    /// Returns the ERROR for a subscription to calls that this node does not keep. It has the address of nodes that do.
    pub(super) fn elsewhere(&self, frame: &Frame) -> Option<Frame> {
        let share = &self.state.backend.share;
        let own = share.own().filter(|_| frame.command == Command::Subscribe)?;
        let scope = Scope::of(frame.get("destination")?)?;
        self.may_subscribe(frame.get("id")?, &scope).ok()?;
        let (what, address) = match scope {
            Scope::Line(line) if !own.has(&line) => {
                let shard = share.shards().of(&line);
                (format!("The line {line} is of shard {shard}"), shard.address())
            }
            Scope::EveryLine => ("Every line is more than a shard".to_owned(), SOCKET.to_owned()),
            Scope::Line(_) | Scope::Reach(_) => return None,
        };
        metrics::counter!("iutsai_subscriptions_sent_on_total").increment(1);
        let message = format!("{what}, and this node keeps shard {own} only; connect again at {address}.");
        Some(Frame::error(message).header(header::ADDRESS, address))
    }

    /// Begins a subscription, and returns its snapshot if it has one. A client that lost count may repeat one; it gets
    /// the snapshot again.
    pub(super) fn subscribe(&mut self, frame: &Frame) -> Result<Option<Snapshot>, String> {
        let id = needed(frame, "id")?;
        let scope = needed(frame, "destination").map(Scope::of)?.ok_or_else(unknown_destination)?;
        self.may_subscribe(id, &scope)?;
        let (acknowledges, cumulative) = match frame.get("ack").unwrap_or("auto") {
            "auto" => (false, false),
            "client-individual" => (true, false),
            "client" => (true, true),
            _ => return Err("The ack header may be auto, client or client-individual.".into()),
        };
        let replay_ended = match frame.get("replay") {
            None => false,
            Some("24h") => true,
            Some(_) => return Err("The replay header may be 24h, or absent.".into()),
        };
        // The repeated one ends before its successor begins, so that no event comes twice.
        let earlier = self.subscriptions.remove(id).and_then(|repeated| repeated.unacknowledged);
        let unacknowledged = cumulative.then(|| earlier.unwrap_or_default());
        let (own, house) = self.resident.flat().filter(|(own, _)| scope.covers(own)).unzip();
        let (house, viewer) = (house.cloned(), Some(self.resident.clone()));
        let id: Arc<str> = id.into();
        let subscription =
            Subscription { id: id.clone(), version: self.version, acknowledges, replay_ended, house, viewer };
        let hub = &self.state.backend.hub;
        let begun = match &scope {
            Scope::Line(line) => hub.subscribe(line, subscription, self.queue.clone()),
            Scope::EveryLine => hub.subscribe_everywhere(own, subscription, self.queue.clone()),
            Scope::Reach(line) => {
                return self.follow_reach(id, line.clone(), acknowledges).map(|()| None);
            }
        };
        self.is_cumulative |= cumulative;
        let handle = Handle::Calls(begun.handle);
        self.subscriptions.insert(Subscribed { id, scope, acknowledges, unacknowledged, handle });
        self.count_armed();
        Ok(Some(begun.snapshot))
    }

    /// Begins a subscription to how many households of a line can be reached. A repeated one gets the number again.
    fn follow_reach(&mut self, id: Arc<str>, line: Line, acknowledges: bool) -> Result<(), String> {
        if acknowledges {
            return Err("The ack header of this destination may only be auto.".into());
        }
        let house = self.resident.flat().filter(|(own, _)| **own == line).map(|(_, house)| house.clone());
        let name = (id.clone(), self.version);
        let listening = self.state.backend.reach.listen(&line, house, name, self.queue.clone());
        self.subscriptions.insert(Subscribed {
            id,
            scope: Scope::Reach(line),
            acknowledges: false,
            unacknowledged: None,
            handle: Handle::Reach { _ends: listening },
        });
        Ok(())
    }

    fn may_subscribe(&self, id: &str, scope: &Scope) -> Result<(), String> {
        scope.check_for(&self.resident)?;
        self.subscriptions.check_room(id, scope)
    }

    /// Ends a subscription and returns its `id`. An unknown one is not an error, because nothing is sent for it
    /// either way.
    pub(super) fn unsubscribe(&mut self, frame: &Frame) -> Result<String, String> {
        let id = needed(frame, "id")?;
        self.subscriptions.remove(id);
        self.count_armed();
        Ok(id.to_owned())
    }
}
