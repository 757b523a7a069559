//! Which calls a snapshot has, and what it sends of each.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use domain::{
    AlertId, Event, House, Incident, Line, Millis, body::Body, destination, event::OPEN_FOR, message_id,
};
use uuid::Uuid;

use super::{
    Subscription,
    frames::Message,
    index::Entry,
    kinds::Form,
    line_calls::{LineCalls, Opened},
    locations::without_coordinates,
    shown::Shown,
};

/// A snapshot of a line holds so many calls at most.
const SNAPSHOT_LIMIT: usize = 200;
/// With `replay:24h`, the snapshot has the calls that ended this many milliseconds ago or later.
const REPLAY_FOR: Millis = 24 * 60 * 60 * 1000;

/// The calls of a subscriber's snapshot of one line.
pub(super) struct Listing {
    /// The oldest first, those that are over before those that are open.
    pub(super) calls: VecDeque<AlertId>,
    /// There are more calls than a snapshot holds.
    pub(super) truncated: bool,
}

/// A call's place among others, by its beginning and its id.
type Place = (Millis, AlertId);

impl LineCalls {
    /// Returns the calls of a snapshot. Those of a guest are the calls that were escalated to its line.
    pub(super) fn list(&self, subscription: &Subscription, guest: Option<&Line>, now: Millis) -> Listing {
        let own = subscription.house.as_ref().filter(|_| guest.is_none());
        let is_for = |entry: &Entry| guest.is_none_or(|line| entry.guests.contains(line));
        let is_open = |began: Millis, entry: &Entry| entry.is_open(began, now) && is_for(entry);
        let (open, mut truncated) = self.choose(own, SNAPSHOT_LIMIT, now.saturating_sub(OPEN_FOR), &is_open);
        let mut calls = Vec::new();
        // Without a replay, calls of before need not be looked at.
        if subscription.replay_ended {
            let is_recent = |began: Millis, entry: &Entry| {
                !entry.is_open(began, now)
                    && entry.end(began) > now.saturating_sub(REPLAY_FOR)
                    && is_for(entry)
            };
            let (ended, more) = self.choose(own, SNAPSHOT_LIMIT - open.len(), Millis::MIN, &is_recent);
            truncated |= more;
            calls.extend(ended);
        }
        calls.extend(open);
        // Two houses may have used one id.
        let mut ids = BTreeSet::new();
        let calls = calls.into_iter().map(|(_, id)| id).filter(|id| ids.insert(*id)).collect();
        Listing { calls, truncated }
    }

    /// Returns the open calls of the line, as those of a snapshot for a listener without a house, and whether there are more.
    pub(super) fn list_open(&self, now: Millis) -> (Vec<AlertId>, bool) {
        let is_open = |began: Millis, entry: &Entry| entry.is_open(began, now);
        let (open, truncated) = self.choose(None, SNAPSHOT_LIMIT, now.saturating_sub(OPEN_FOR), &is_open);
        // Two houses may have used one id.
        let ids = open.into_iter().map(|(_, id)| id).filter(|id| !self.is_of_another_alone(*id, None));
        let ids: BTreeSet<AlertId> = ids.collect();
        (ids.into_iter().collect(), truncated)
    }

    /// Returns how many calls of the line ended between `since` and `now`, and when the last of them did.
    pub(super) fn ended(&self, since: Millis, now: Millis) -> (usize, Option<Millis>) {
        let calls = self.index.houses().flat_map(move |(house, calls)| {
            calls.iter().filter(move |((_, id), _)| self.alone.get(id) != Some(house))
        });
        let ends = calls
            .filter(|((began, _), entry)| !entry.is_open(*began, now))
            .map(|((began, _), entry)| entry.end(*began))
            .filter(|end| (since..=now).contains(end));
        ends.fold((0, None), |(count, last), end| (count + 1, last.max(Some(end))))
    }

    /// Returns at most `limit` of the calls that began after `since` and are `wanted`, the oldest first, and whether
    /// there are more.
    ///
    /// Houses take turns, each with its newest call, so that a house that calls hundreds of times hides nobody else's
    /// call. The own house comes before them with up to half of the limit. The index has all that this asks, because
    /// deriving every call of a day for each subscription would keep alarms from being pushed.
    fn choose(
        &self,
        own: Option<&House>,
        limit: usize,
        since: Millis,
        wanted: &dyn Fn(Millis, &Entry) -> bool,
    ) -> (Vec<Place>, bool) {
        let houses = self.index.houses().filter_map(move |(house, calls)| {
            let recent = calls.iter().rev().take_while(move |((began, _), _)| *began > since);
            let wanted = recent.filter(move |((began, _), entry)| wanted(*began, entry));
            let mut calls = wanted.map(|(place, _)| *place);
            let newest = calls.next()?;
            Some((own == Some(house), newest, calls))
        });
        let mut turns: Vec<_> = houses.collect();
        turns.sort_unstable_by_key(|(is_own, newest, _)| Reverse((*is_own, *newest)));
        let mut turns = VecDeque::from(turns);
        let mut chosen = Vec::new();
        while let Some((is_own, call, mut calls)) = turns.pop_front() {
            if chosen.len() == limit {
                chosen.sort_unstable();
                return (chosen, true);
            }
            chosen.push(call);
            let Some(next) = calls.next() else { continue };
            if is_own && chosen.len() < limit / 2 {
                turns.push_front((is_own, next, calls));
            } else {
                turns.push_back((is_own, next, calls));
            }
        }
        chosen.sort_unstable();
        (chosen, false)
    }

    /// Returns the calls of this id in one form, for a guest those that are for its line.
    pub(super) fn shown(
        &mut self,
        id: AlertId,
        guest: Option<&Line>,
        of_room: &str,
        form: Form,
        now: Millis,
    ) -> Arc<Shown> {
        let key = (id, guest.cloned(), form);
        if let Some(shown) = self.shows.get(&key, now) {
            return shown;
        }
        let own = guest.map(destination::of_line);
        let destination = own.as_deref().unwrap_or(of_room);
        let messages = self.messages_of(id, guest, now);
        let located = self.located(&messages);
        let open = self.incidents.named(id).into_iter().filter(|call| call.is_open(now));
        let until = open.map(|call| call.alert.at.saturating_add(OPEN_FOR)).min().unwrap_or(Millis::MAX);
        let shown = Arc::new(Shown::new(&messages, located, destination, form, until));
        self.shows.insert(key, shown.clone());
        shown
    }

    /// Returns the calls of this id as messages of a snapshot, for a guest those that are for its line.
    fn messages_of(&self, id: AlertId, guest: Option<&Line>, now: Millis) -> Vec<Message> {
        // Two houses may have used one id. A call that was forgotten meanwhile has no message any more.
        let named = self.incidents.named(id).into_iter();
        let named = named.filter(|call| guest.is_none_or(|line| call.is_for(line)));
        let shown = named.map(|call| if call.is_open(now) { call } else { without_coordinates(call) });
        shown.flat_map(|call| self.messages(&call, call.is_open(now))).collect()
    }

    /// Returns a call as messages for the lines that get it from now on, unless it is over.
    pub(super) fn messages_of_opened(&self, opened: &Opened) -> Vec<Message> {
        let call = self.call(opened.id, &opened.house).filter(|call| call.end.is_none());
        let messages = call.map(|call| self.messages(&call, true)).unwrap_or_default().into_iter();
        messages.map(|message| Message { guests: opened.lines.clone(), ..message }).collect()
    }

    /// Returns a call as messages in live form. They are the alert, the words from which its incident follows, the
    /// locations of the caller and of helpers while the call is open, and the receipt.
    fn messages(&self, incident: &Incident, is_open: bool) -> Vec<Message> {
        let alert = &incident.alert;
        let mut events = vec![(Event::Alert(alert.clone()), None)];
        events.extend(self.incidents.outline(alert));
        if is_open {
            let moved = self.incidents.moved(alert).into_iter().chain(self.incidents.moved_helpers(incident));
            events.extend(moved.cloned().map(|moved| (Event::Moved(moved), None)));
        }
        let receipt = self.incidents.merged_receipt(alert);
        events.extend(receipt.map(|receipt| (Event::Receipt(receipt), None)));
        let message = |(event, first): (Event, Option<bool>)| {
            let received = self.received(&event);
            let message_id = self.message_id(&event);
            let message_id = message_id.unwrap_or_else(|| message_id::direct(event.topic(), Uuid::now_v7()));
            let (body, guests) = (Body::Event { event, first }, BTreeSet::new());
            Message { body, message_id, replay: true, late: false, received, guests }
        };
        events.into_iter().map(message).collect()
    }
}
