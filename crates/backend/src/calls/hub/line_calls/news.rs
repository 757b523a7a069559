//! The news that a change of the fold is for the listeners of a line, and which of them get it.

use std::collections::BTreeSet;

use domain::{AlertId, CallKey, Change, House, Line};

use super::{LineCalls, Opened};
use crate::calls::hub::{
    frames::{Message, News},
    locations::is_withheld,
};

impl LineCalls {
    /// Returns what is new. Lines for which a call is `opened` get it as a whole, and not by its news.
    pub(super) fn news(&self, changes: Vec<Change>, opened: &[Opened]) -> Vec<News> {
        let news = |change| {
            let (message_id, received) = match &change {
                Change::Event { event, .. } => (self.message_id(event), self.received(event)),
                Change::First { .. } => (None, None),
            };
            let is_withheld =
                matches!(&change, Change::Event { event, .. } if is_withheld(&self.incidents, event));
            let (guests, only) = (self.guests_of(&change, opened), self.only_house(&change));
            News { change, message_id, received, only, is_withheld, guests }
        };
        changes.into_iter().map(news).collect()
    }

    /// Returns the other lines that had the call of a change before.
    fn guests_of(&self, change: &Change, opened: &[Opened]) -> BTreeSet<Line> {
        let (id, house) = match change {
            Change::Event { event, .. } => (event.alert(), event.target()),
            Change::First { alert, accept } => (Some(*alert), Some(&accept.target)),
        };
        let Some(id) = id else { return BTreeSet::new() };
        let mut guests = self.index.guests_of(id, house);
        let is_meant = |opened: &&Opened| opened.id == id && house.is_none_or(|house| *house == opened.house);
        for opened in opened.iter().filter(is_meant) {
            guests = &guests - &opened.lines;
        }
        guests
    }

    /// Returns the only house that gets a change; `None` if the whole line does.
    fn only_house(&self, change: &Change) -> Option<House> {
        let (id, target) = match change {
            Change::Event { event, .. } => (event.alert()?, event.target()),
            Change::First { alert, accept } => (*alert, Some(&accept.target)),
        };
        let house = self.alone.get(&id)?;
        // An id alone may be that of another house's emergency.
        let is_meant = target.map_or_else(|| self.is_of_one_house(id), |target| target == house);
        is_meant.then(|| house.clone())
    }

    /// Returns whether a call is a drill of another house alone.
    pub(in crate::calls::hub) fn is_of_another_alone(&self, id: AlertId, house: Option<&House>) -> bool {
        self.alone.get(&id).is_some_and(|alone| Some(alone) != house) && self.is_of_one_house(id)
    }

    /// Returns the flats whose locations messages show, for the record of who was shown them. A drill of a house alone
    /// is shown to nobody else.
    pub(in crate::calls::hub) fn located(&self, messages: &[Message]) -> BTreeSet<CallKey> {
        let located = messages.iter().filter_map(Message::located);
        located.filter(|call| self.alone.get(&call.id) != Some(&call.house)).collect()
    }

    fn is_of_one_house(&self, id: AlertId) -> bool {
        self.incidents.named(id).len() == 1
    }
}
