//! The open calls of one house, shown as one. A person in need presses more than once.

use std::iter;

use domain::{House, Incident, Kind, Line, Millis, Resident, Stance, collections::sort_by};

/// A flat, named with its line.
pub type Flat = (Line, House);

/// The number of cards that are shown in full, the own call's among them. Further houses have a line each.
pub const FULL_CARDS: usize = 2;

/// The open calls of one house.
#[derive(Clone, Debug, PartialEq)]
pub struct HouseCalls {
    /// The call that was made last.
    pub newest: Incident,
    /// The other open calls, the newest first.
    earlier: Vec<Incident>,
}

impl HouseCalls {
    /// Groups open calls by the house that made them. Houses with a call that nobody comes to are first, and among them
    /// the one that has waited longest. `open` has the newest call first.
    #[must_use]
    pub fn by_urgency<'a>(open: impl Iterator<Item = &'a Incident>) -> Vec<Self> {
        let mut houses: Vec<Self> = Vec::new();
        for call in open {
            match houses.iter_mut().find(|house| house.is_of(&call.alert.line, &call.alert.house)) {
                Some(house) => house.earlier.push(call.clone()),
                None => houses.push(Self { newest: call.clone(), earlier: Vec::new() }),
            }
        }
        let place = |house: &Self| (house.is_answered(), house.since());
        sort_by(&mut houses, |one, other| place(one).cmp(&place(other)));
        houses
    }

    /// Returns the calls, the newest first.
    pub fn calls(&self) -> impl Iterator<Item = &Incident> {
        iter::once(&self.newest).chain(&self.earlier)
    }

    /// Returns how many calls there are.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.earlier.len()
    }

    /// Returns the flat that calls.
    #[must_use]
    pub fn flat(&self) -> Flat {
        (self.newest.alert.line.clone(), self.newest.alert.house.clone())
    }

    /// Returns whether this flat made the calls.
    #[must_use]
    pub fn is_of(&self, line: &Line, house: &House) -> bool {
        self.newest.alert.line == *line && self.newest.alert.house == *house
    }

    /// Returns when the oldest of the open calls was made.
    #[must_use]
    pub fn since(&self) -> Millis {
        self.earlier.last().unwrap_or(&self.newest).alert.at
    }

    /// Returns whether somebody comes to every call. A call that nobody comes to still sounds, so the house still calls.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.calls().all(|call| call.coming().next().is_some())
    }

    /// Returns whether the viewer's house is on the way to one of the calls, or there.
    #[must_use]
    pub fn is_helped_by(&self, viewer: &Resident) -> bool {
        let Some((line, house)) = viewer.flat() else { return false };
        let line = Some(line).filter(|line| **line != self.newest.alert.line);
        self.calls().flat_map(Incident::coming).any(|one| one.line.as_ref() == line && one.house == *house)
    }

    /// Returns whether one of the calls is about an intruder.
    #[must_use]
    pub fn is_about_intruder(&self) -> bool {
        self.calls().any(|call| call.alert.kind == Some(Kind::Intruder))
    }

    /// Returns the kinds of the calls, the newest first.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for kind in self.calls().filter_map(|call| call.alert.kind) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }

    /// Returns whether every call is a drill.
    #[must_use]
    pub fn is_drill(&self) -> bool {
        self.calls().all(|call| call.alert.drill)
    }

    /// Returns the calls as one, which is the newest, with the last words, the last known location and everybody who
    /// comes to any of them, since the oldest was made. It is a drill only if every call is.
    #[must_use]
    pub fn as_one(&self) -> Incident {
        let mut one = self.newest.clone();
        for earlier in &self.earlier {
            if one.alert.text.trim().is_empty() {
                one.alert.text.clone_from(&earlier.alert.text);
            }
            one.alert.at = earlier.alert.at;
            one.alert.drill &= earlier.alert.drill;
            one.alert.alone &= earlier.alert.alone;
            one.steps.extend(earlier.steps.iter().cloned());
            if one.location.is_none() {
                (one.location, one.located) = (earlier.location, earlier.located);
            }
            for response in earlier.coming() {
                let name = (&response.line, &response.house);
                match one.responses.iter_mut().find(|known| (&known.line, &known.house) == name) {
                    Some(known) if known.stance == Stance::Withdrawn => known.clone_from(response),
                    Some(_) => {}
                    None => one.responses.push(response.clone()),
                }
            }
        }
        one
    }
}

#[cfg(test)]
mod tests;
