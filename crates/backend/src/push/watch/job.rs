//! One message to be sent, and the devices that it is for.

use std::collections::BTreeSet;

use domain::{CallKey, House, Line, Neighbour, Role};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    calls::{hub::Hub, news::is_open, receipts::Receipts},
    outgoing::turn::Turn,
    push::{
        message::{Class, Subject},
        subscriptions::Recipient,
    },
};

/// A message to be sent by one of the nodes.
pub(super) struct Job {
    pub(super) class: Class,
    pub(super) subject: Subject,
    /// The id of the word that asks for it: the alert, the withdrawal of the last helper, an accept, or the end.
    pub(super) round: Uuid,
    /// The step of the escalation, if it is one.
    pub(super) step: Option<u8>,
    pub(super) audience: Audience,
    /// This node took the word, so it sends at once.
    pub(super) taken_here: bool,
    /// Until when it is worth sending.
    pub(super) until: Instant,
}

/// Whose devices get a message.
pub(super) enum Audience {
    /// The devices of everybody who is alarmed by the line, but not of the house that calls, and those of these other
    /// lines.
    Neighbours(BTreeSet<Line>),
    /// Those of these lines.
    Lines(BTreeSet<Line>),
    /// Those of administrators, but not of the house that calls.
    Administrators,
    /// Those of one flat.
    Flat(Line, House),
}

impl Job {
    /// Names the message among the claims: the call, the round and the step of its escalation, and the class.
    pub(super) fn name(&self) -> String {
        let CallKey { line, house, id } = &self.subject.call;
        // The number of a step alone would be the name of the first alarm, which is no step.
        let step = self.step.map_or_else(|| "0".to_owned(), |step| format!("step-{step}"));
        // No name has a slash.
        format!("{line}/{house}/{id}/{}/{step}/{}", self.round, self.class.as_str())
    }

    /// Returns whether the message is for a device.
    pub(super) fn is_for(&self, device: &Recipient) -> bool {
        let CallKey { line, house, .. } = &self.subject.call;
        let is_of = |lines: &BTreeSet<Line>| device.line.as_ref().is_some_and(|line| lines.contains(line));
        match &self.audience {
            Audience::Neighbours(others) => device.is_alarmed_by(line, house) || is_of(others),
            Audience::Lines(lines) => is_of(lines),
            Audience::Administrators => {
                device.role == Role::Administrator && device.is_alarmed_by(line, house)
            }
            Audience::Flat(line, house) => device.is_of_flat(line, house),
        }
    }

    /// Returns the other lines whose people the message is for.
    pub(super) fn lines(&self) -> BTreeSet<Line> {
        match &self.audience {
            Audience::Neighbours(lines) | Audience::Lines(lines) => lines.clone(),
            Audience::Flat(..) | Audience::Administrators => BTreeSet::new(),
        }
    }

    /// Records in the call's ledger that a push service has taken the alarm for a device of a flat. The office's
    /// devices are no household's.
    pub(super) fn record(&self, receipts: &Receipts, recipient: &Recipient) {
        let call = &self.subject.call;
        if self.class == Class::Alert
            && let Some((line, house)) = recipient.line.clone().zip(recipient.house.clone())
        {
            receipts.pushed(call, Neighbour { line: Some(line), house }.seen_from(&call.line));
        }
    }

    pub(super) fn turn<'a>(&self, name: &'a str) -> Turn<'a> {
        // Where the database is away, the node that took the word sends without a claim.
        Turn { name, is_first: self.taken_here, needs_claim: !self.taken_here, until: self.until }
    }

    /// Returns a test of whether the message is still worth sending.
    pub(super) fn is_wanted(&self, hub: Hub) -> impl Fn() -> bool + Clone + Send + Sync + 'static + use<> {
        let (call, class) = (self.subject.call.clone(), self.class);
        move || class != Class::Alert || is_open(&hub, &call)
    }
}
