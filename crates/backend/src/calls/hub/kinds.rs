//! The kinds of subscriptions of a line. Those of one kind get the same frames, so a kind is looked up when a
//! subscription begins, and not for each frame.

use std::collections::HashMap;

use stomp::{Command, HeaderLine, Version};

use super::Subscription;

/// The parts in which kinds differ. They are the client's name for the subscription, the version, and whether it
/// acknowledges.
type Name = (String, Version, bool);

/// The parts in which whole frames differ, but for the header `subscription`. They are the version, and whether the
/// subscription acknowledges.
pub(super) type Form = (Version, bool);

/// A kind of subscription.
pub(super) struct Kind {
    pub(super) version: Version,
    pub(super) acknowledges: bool,
    /// The header `subscription`.
    pub(super) line: HeaderLine,
    name: Name,
    /// The number of subscriptions of this kind.
    subscriptions: usize,
}

impl Kind {
    /// Returns the form of its frames.
    pub(super) fn form(&self) -> Form {
        (self.version, self.acknowledges)
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
    /// Adds a subscription, and returns the number of its kind.
    pub(super) fn add(&mut self, subscription: &Subscription) -> usize {
        let Subscription { id, version, acknowledges, .. } = subscription;
        let name = (id.clone(), *version, *acknowledges);
        if let Some(&number) = self.numbers.get(&name) {
            self.kinds[number].subscriptions += 1;
            return number;
        }
        let kind = Kind {
            version: *version,
            acknowledges: *acknowledges,
            line: HeaderLine::new(Command::Message, *version, "subscription", id),
            name: name.clone(),
            subscriptions: 1,
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

    /// Returns a bound of the numbers.
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_nobody_has_any_more_gives_its_number_away() {
        let subscription = |id: &str| Subscription {
            id: id.into(),
            version: Version::V1_2,
            acknowledges: true,
            replay_ended: false,
            house: None,
            viewer: None,
        };
        let mut kinds = Kinds::default();
        let calls = kinds.add(&subscription("calls"));
        assert_eq!(kinds.add(&subscription("calls")), calls);
        let other = kinds.add(&subscription("other"));
        assert_ne!(other, calls);
        kinds.remove(calls);
        kinds.remove(other);
        assert_eq!(kinds.add(&subscription("calls")), calls, "one of two has gone");
        assert_eq!(kinds.add(&subscription("third")), other);
        assert_eq!(kinds.len(), 2);
    }
}
