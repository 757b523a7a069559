//! A press that the server has not answered yet. It outlives a reload and a sign-in, because its tab remembers it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Location, Millis, Resident, api::CallRequest};

use crate::storage::Memory;

/// Where the tab remembers it.
const KEY: &str = "iutsai-press";

/// How old a press may be to be sent without asking again: 10 minutes, in milliseconds.
pub(super) const SENT_UNASKED_FOR: Millis = 10 * 60 * 1000;

/// A press, until it is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    /// The `Idempotency-Key` of every try, which becomes the call's id.
    pub(super) key: Uuid,
    /// What is sent. Once it was sent it must not change: the key stands for it.
    pub(super) request: CallRequest,
    /// When it was pressed, by the server's clock.
    pub(super) pressed_at: Millis,
}

/// What to do with a press that was found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Send it: it has just been pressed.
    Send,
    /// Ask: it may be over.
    Ask,
    /// Leave it: another house pressed it, and only they can send it.
    NotTheirs,
}

impl Pending {
    pub(super) fn recall() -> Option<Self> {
        Memory::Tab.recall(KEY)
    }

    pub(super) fn remember(&self) {
        Memory::Tab.remember(KEY, self);
    }

    pub(super) fn forget() {
        Memory::Tab.forget(KEY);
    }

    /// Adds where the caller is. Only before the first try.
    pub(super) fn locate(&mut self, location: Location) {
        self.request.lat = Some(location.lat.into());
        self.request.lng = Some(location.lng.into());
        self.request.accuracy = location.accuracy.map(Into::into);
    }

    /// What to do with it now that `viewer` is signed in.
    pub(super) fn found(&self, viewer: &Resident, now: Millis) -> Found {
        if viewer.flat() != Some((&self.request.line, &self.request.house)) {
            Found::NotTheirs
        } else if now.saturating_sub(self.pressed_at) < SENT_UNASKED_FOR {
            Found::Send
        } else {
            Found::Ask
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{AT, house, line, named_line, resident};

    fn pending() -> Pending {
        let request = CallRequest {
            line: line(),
            house: house("1203"),
            text: None,
            lat: None,
            lng: None,
            accuracy: None,
            kind: None,
            drill: false,
        };
        Pending { key: Uuid::from_u128(7), request, pressed_at: AT }
    }

    #[test]
    fn it_is_sent_unasked_for_ten_minutes() {
        let found = |now| pending().found(&resident("1203"), now);
        assert_eq!(found(AT), Found::Send);
        assert_eq!(found(AT - 5_000), Found::Send, "the clock may have been corrected");
        assert_eq!(found(AT + SENT_UNASKED_FOR - 1), Found::Send);
        assert_eq!(found(AT + SENT_UNASKED_FOR), Found::Ask);
    }

    #[test]
    fn nobody_sends_it_for_another_house() {
        assert_eq!(pending().found(&resident("1204"), AT), Found::NotTheirs);
        let elsewhere = Resident { line: Some(named_line("101-2")), ..resident("1203") };
        assert_eq!(pending().found(&elsewhere, AT), Found::NotTheirs);
    }

    #[test]
    fn it_comes_back_from_memory_as_it_was_with_its_location() {
        let mut pending = pending();
        pending.locate(Location::new(37.5, 127.0, Some(12.0)).expect("a location"));
        let text = serde_json::to_string(&pending).expect("JSON");
        let back: Pending = serde_json::from_str(&text).expect("the same shape");
        assert_eq!(back.key, pending.key);
        assert_eq!(back.pressed_at, AT);
        assert_eq!(back.request.location(), Location::new(37.5, 127.0, Some(12.0)));
        assert_eq!(serde_json::to_string(&back.request).ok(), serde_json::to_string(&pending.request).ok());
    }
}
