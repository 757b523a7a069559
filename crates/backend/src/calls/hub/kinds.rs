//! The kinds of subscriptions of a line. Those of one kind get the same frames, so a kind is looked up when a
//! subscription begins, and not for each frame.

use std::{collections::HashMap, sync::Arc};

use domain::Line;
use stomp::{Command, HeaderLine, Version};

use super::Subscription;

/// The parts in which kinds differ. They are the client's name for the subscription, the version, whether it
/// acknowledges, and the line of a guest.
type Name = (Arc<str>, Version, bool, Option<Line>);

/// The parts in which whole frames differ, but for the header `subscription`. They are the version, and whether the
/// subscription acknowledges.
pub(super) type Form = (Version, bool);

/// A kind of subscription.
pub(super) struct Kind {
    pub(super) version: Version,
    pub(super) acknowledges: bool,
    /// The header `subscription`.
    pub(super) line: HeaderLine,
    /// The number of subscriptions of this kind.
    pub(super) subscriptions: usize,
    name: Name,
}

impl Kind {
    /// Returns the form of its frames.
    pub(super) fn form(&self) -> Form {
        (self.version, self.acknowledges)
    }

    /// Returns the line of guests. They get only the calls that were escalated to it.
    pub(super) fn guest(&self) -> Option<&Line> {
        self.name.3.as_ref()
    }
}

/// The kinds that there are, by their numbers.
#[derive(Default)]
pub(super) struct Kinds {
    numbers: HashMap<Name, usize>,
    kinds: Vec<Kind>,
    /// Numbers of kinds that no subscription has any more.
    free: Vec<usize>,
}

impl Kinds {
    /// Adds a subscription, which may be that of a guest of this line, and returns the number of its kind.
    pub(super) fn add(&mut self, subscription: &Subscription, guest: Option<&Line>) -> usize {
        let Subscription { id, version, acknowledges, .. } = subscription;
        let name = (id.clone(), *version, *acknowledges, guest.cloned());
        if let Some(&number) = self.numbers.get(&name) {
            self.kinds[number].subscriptions += 1;
            return number;
        }
        let kind = Kind {
            version: *version,
            acknowledges: *acknowledges,
            line: HeaderLine::new(Command::Message, *version, "subscription", id),
            subscriptions: 1,
            name: name.clone(),
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.kinds[number] = kind;
                number
            }
            None => {
                self.kinds.push(kind);
                self.kinds.len() - 1
            }
        };
        self.numbers.insert(name, number);
        number
    }

    /// Takes a subscription of the kind with this number out.
    pub(super) fn remove(&mut self, number: usize) {
        let kind = &mut self.kinds[number];
        kind.subscriptions -= 1;
        if kind.subscriptions == 0 {
            self.numbers.remove(&kind.name);
            self.free.push(number);
        }
    }

    /// Returns the kind with this number.
    pub(super) fn get(&self, number: usize) -> &Kind {
        &self.kinds[number]
    }

    /// Returns the kinds in the order of their numbers; `None` for a number that no subscription has.
    pub(super) fn all(&self) -> impl Iterator<Item = Option<&Kind>> {
        self.kinds.iter().map(|kind| Some(kind).filter(|kind| kind.subscriptions > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(id: &str) -> Subscription {
        Subscription {
            id: id.into(),
            version: Version::V1_2,
            acknowledges: true,
            replay_ended: false,
            house: None,
            viewer: None,
        }
    }

    #[test]
    fn a_kind_that_nobody_has_any_more_gives_its_number_away() {
        let mut kinds = Kinds::default();
        let calls = kinds.add(&subscription("calls"), None);
        assert_eq!(kinds.add(&subscription("calls"), None), calls);
        let other = kinds.add(&subscription("other"), None);
        assert_ne!(other, calls);
        kinds.remove(calls);
        kinds.remove(other);
        let used: Vec<bool> = kinds.all().map(|kind| kind.is_some()).collect();
        assert_eq!(used, [true, false]);
        assert_eq!(kinds.add(&subscription("calls"), None), calls, "one of two has gone");
        assert_eq!(kinds.add(&subscription("third"), None), other);
        assert_eq!(kinds.all().flatten().count(), 2);
    }

    #[test]
    fn guests_of_a_line_are_of_a_kind_of_their_own() {
        let (line, mut kinds) = (Line::new("101-2").unwrap(), Kinds::default());
        let own = kinds.add(&subscription("calls"), None);
        let guests = kinds.add(&subscription("calls"), Some(&line));
        assert_ne!(own, guests);
        assert_eq!((kinds.get(own).guest(), kinds.get(guests).guest()), (None, Some(&line)));
        assert_eq!(kinds.add(&subscription("calls"), Some(&line)), guests);
    }
}
