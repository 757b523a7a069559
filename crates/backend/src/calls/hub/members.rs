//! The subscribers of a line, as a list that deliveries share. A change while a delivery has the list is made in a copy,
//! so the delivery goes on with those who listened when its event came.

use std::sync::Arc;

use domain::House;

use super::{Queue, Subscription};

/// A subscriber of a line.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) number: u64,
    pub(super) subscription: Arc<Subscription>,
    /// `None` once it takes no more frames; the handle still counts the subscriber until the socket is closed.
    pub(super) queue: Option<Queue>,
    /// The number of its kind.
    pub(super) kind: usize,
    /// It is of another line, and gets only the calls that were escalated to that one.
    pub(super) is_guest: bool,
}

/// The subscribers of a line in the order of their numbers. Clones share the list until one of them changes.
#[derive(Clone, Default)]
pub(super) struct Members(Arc<Vec<Member>>);

impl Member {
    /// Returns whether it belongs to a house other than this one of the line.
    pub(super) fn is_neighbour_of(&self, house: Option<&House>) -> bool {
        let own = self.subscription.house.as_ref();
        own.is_some() && (self.is_guest || own != house)
    }
}

impl Members {
    pub(super) fn as_slice(&self) -> &[Member] {
        &self.0
    }

    pub(super) fn get(&self, number: u64) -> Option<&Member> {
        self.find(number).ok().map(|place| &self.0[place])
    }

    /// Adds a member. Numbers ascend, so its place is at the end nearly always.
    pub(super) fn insert(&mut self, member: Member) {
        let found = self.find(member.number);
        let members = Arc::make_mut(&mut self.0);
        match found {
            Ok(place) => members[place] = member,
            Err(place) => members.insert(place, member),
        }
    }

    /// Adds members of any numbers that are not here yet.
    pub(super) fn extend(&mut self, new: Vec<Member>) {
        if new.is_empty() {
            return;
        }
        let members = Arc::make_mut(&mut self.0);
        members.extend(new);
        members.sort_by_key(|member| member.number);
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Member> {
        let place = self.find(number).ok()?;
        let members = Arc::make_mut(&mut self.0);
        let removed = members.remove(place);
        release(members);
        Some(removed)
    }

    /// Removes those that do not stay, and returns them.
    pub(super) fn retain(&mut self, stays: impl Fn(&Member) -> bool) -> Vec<Member> {
        if self.0.iter().all(&stays) {
            return Vec::new();
        }
        let members = Arc::make_mut(&mut self.0);
        let removed = members.extract_if(.., |member| !stays(member)).collect();
        release(members);
        removed
    }

    /// Drops the queue of a member, which takes no more frames.
    pub(super) fn drop_queue(&mut self, number: u64) {
        if let Ok(place) = self.find(number) {
            Arc::make_mut(&mut self.0)[place].queue = None;
        }
    }

    /// Returns the place of a member, or the place that it would have.
    fn find(&self, number: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |member| member.number)
    }
}

/// Gives back room that is left over when most of a crowd has gone.
fn release(members: &mut Vec<Member>) {
    if members.capacity() > 4 * members.len() {
        members.shrink_to(2 * members.len());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use stomp::Version;

    use super::*;
    use crate::calls::hub::{QueueReceiver, queue};

    /// A member of this house, whose queue holds so many frames.
    pub(in crate::calls::hub) fn member(
        number: u64,
        house: &str,
        capacity: usize,
    ) -> (Member, QueueReceiver) {
        let (queue, receiver) = queue(capacity);
        let subscription = Subscription {
            id: "calls".into(),
            version: Version::V1_2,
            acknowledges: true,
            replay_ended: false,
            house: House::new(house).ok(),
            viewer: None,
        };
        let subscription = Arc::new(subscription);
        (Member { number, subscription, queue: Some(queue), kind: 0, is_guest: false }, receiver)
    }

    fn members(numbers: &[u64]) -> Members {
        let mut members = Members::default();
        numbers.iter().for_each(|number| members.insert(member(*number, "1203", 1).0));
        members
    }

    fn numbers(members: &Members) -> Vec<u64> {
        members.as_slice().iter().map(|member| member.number).collect()
    }

    #[test]
    fn members_stand_in_the_order_of_their_numbers_however_they_come() {
        let mut members = members(&[3, 1, 8]);
        members.extend([9, 2, 5].map(|number| member(number, "1203", 1).0).into());
        assert_eq!(numbers(&members), [1, 2, 3, 5, 8, 9]);
        assert!(members.get(5).is_some_and(|member| member.number == 5) && members.get(4).is_none());
        assert!(members.remove(5).is_some() && members.remove(5).is_none());
        let removed = members.retain(|member| member.number < 8);
        assert_eq!(removed.iter().map(|member| member.number).collect::<Vec<_>>(), [8, 9]);
        assert_eq!(numbers(&members), [1, 2, 3]);
    }

    #[test]
    fn a_list_that_a_delivery_has_stays_as_it_was() {
        let mut members = members(&[1, 2, 3]);
        let shared = members.clone();
        members.remove(2);
        members.drop_queue(3);
        members.insert(member(4, "1203", 1).0);
        assert_eq!((numbers(&shared), numbers(&members)), (vec![1, 2, 3], vec![1, 3, 4]));
        assert!(shared.get(3).is_some_and(|member| member.queue.is_some()));
        assert!(members.get(3).is_some_and(|member| member.queue.is_none()));
    }

    #[test]
    fn nothing_is_copied_for_a_change_of_nothing() {
        let mut members = members(&[1, 2, 3]);
        let shared = members.clone();
        members.remove(7);
        members.drop_queue(7);
        members.extend(Vec::new());
        assert!(members.retain(|_| true).is_empty());
        assert!(Arc::ptr_eq(&members.0, &shared.0));
    }

    #[test]
    fn the_room_of_a_crowd_that_has_gone_is_given_back() {
        let mut members = members(&(0..1_000).collect::<Vec<u64>>());
        (0..990).for_each(|number| drop(members.remove(number)));
        assert!(members.0.capacity() <= 40, "{}", members.0.capacity());
    }
}
