//! A STOMP session, with its client's subscriptions, acknowledgements and reports. It knows no socket, only frames in
//! and frames out.

use std::sync::Arc;

use backend::{
    audit::{Act, Audit, By},
    calls::hub::{Hub, Queue, Snapshot, Subscription, SubscriptionHandle, Viewer},
    calls::receipts::Receipts,
    delivery::log::Share,
    reach::{Armed, Listening, Reach},
    service::Backend,
};
use domain::{
    CallKey, House, Line, Resident, Role, body::Body, destination, header, reach, seen::Seen, shard::SOCKET,
};
use stomp::{Acknowledgement, Command, Frame, Version};

use super::acknowledgements::{self, Unacknowledged};

/// The most subscriptions of a session. A page has two, of the calls and of the reach of its line, and an administrator's
/// has one for every line.
const SUBSCRIPTIONS: usize = 64;
/// The longest `id` of a subscription, in octets, because it stands in every message.
const ID_LENGTH: usize = 128;

/// One client's session.
pub(super) struct Session {
    resident: Resident,
    /// The person once more, shared with the record of those who were shown a location.
    viewer: Arc<Viewer>,
    version: Version,
    hub: Hub,
    reports: Reports,
    reach: Reach,
    share: Share,
    queue: Queue,
    subscriptions: Subscriptions,
    /// The client would sound a call, as it last reported.
    would_sound: bool,
    /// Held while the client would sound a call of its own line.
    armed: Option<Armed>,
    /// A subscription of this session has asked for `ack:client`, where one ACK covers several messages.
    is_cumulative: bool,
}

/// Where a session leaves word of what its person has received.
struct Reports {
    /// The houses that calls have reached.
    receipts: Receipts,
    /// The records of locations that the office was shown.
    audit: Audit,
    /// The person and the address, as the audit names them.
    by: By,
}

/// The subscriptions of a session, which has one or two nearly always and no room for more.
#[derive(Default)]
struct Subscriptions(Vec<Subscribed>);

struct Subscribed {
    /// The client's own name for it.
    id: String,
    scope: Scope,
    acknowledges: bool,
    /// Only of `ack:client`.
    unacknowledged: Option<Unacknowledged>,
    _handle: Handle,
}

impl Subscriptions {
    fn get(&self, id: &str) -> Option<&Subscribed> {
        self.0.iter().find(|subscribed| subscribed.id == id)
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Subscribed> {
        self.0.iter_mut().find(|subscribed| subscribed.id == id)
    }

    /// Adds a subscription, in place of an earlier one of the same `id`.
    fn insert(&mut self, subscribed: Subscribed) {
        match self.get_mut(&subscribed.id) {
            Some(earlier) => *earlier = subscribed,
            None => {
                self.0.reserve_exact(1);
                self.0.push(subscribed);
            }
        }
    }

    fn remove(&mut self, id: &str) -> Option<Subscribed> {
        let place = self.0.iter().position(|subscribed| subscribed.id == id)?;
        Some(self.0.remove(place))
    }
}

/// Ends a subscription when it is dropped.
enum Handle {
    Calls { _ends: SubscriptionHandle },
    Reach { _ends: Listening },
}

/// The lines of a subscription.
#[derive(PartialEq, Eq)]
enum Scope {
    Line(Line),
    EveryLine,
    /// The number of households of a line that can be reached, and none of its calls.
    Reach(Line),
}

impl Scope {
    /// Returns the scope of a destination; `None` if nobody can subscribe to it.
    fn of(destination: &str) -> Option<Self> {
        if destination == destination::LINES {
            return Some(Self::EveryLine);
        }
        let calls = destination::line_of(destination).map(Self::Line);
        calls.or_else(|| destination::reach_of(destination).map(Self::Reach))
    }

    /// Returns whether the calls of a line come by it.
    fn covers(&self, line: &Line) -> bool {
        match self {
            Self::Line(own) => own == line,
            Self::EveryLine => true,
            Self::Reach(_) => false,
        }
    }
}

/// The consequence of a frame.
pub(super) enum Step {
    /// An answer, if one is due.
    Answer(Option<Frame>),
    /// An answer, then the snapshot of a subscription, in place of an earlier one of the same `id`.
    Begin(Option<Frame>, Snapshot),
    /// An answer, and the `id` of the subscription that has ended. No more of its snapshot is sent.
    End(Option<Frame>, String),
    /// An answer, then the end.
    Goodbye(Option<Frame>),
}

impl Session {
    /// A session of this person, whose messages go to `queue`.
    #[must_use]
    pub(super) fn new(resident: Resident, version: Version, backend: &Backend, by: By, queue: Queue) -> Self {
        let reports = Reports { receipts: backend.receipts.clone(), audit: backend.audit.clone(), by };
        Self {
            viewer: Arc::new(Viewer::from(&resident)),
            resident,
            version,
            hub: backend.hub.clone(),
            reports,
            reach: backend.reach.clone(),
            share: backend.share.clone(),
            queue,
            subscriptions: Subscriptions::default(),
            would_sound: false,
            armed: None,
            is_cumulative: false,
        }
    }

    /// The version of its frames.
    #[must_use]
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Does what a frame asks for. A receipt is given only afterwards.
    ///
    /// # Errors
    /// The ERROR frame to answer with; the connection ends after it (STOMP 1.2, "ERROR").
    pub(super) fn handle(&mut self, frame: &Frame) -> Result<Step, Frame> {
        let outcome = match self.elsewhere(frame) {
            Some(error) => Err(error),
            None => self.obey(frame).map_err(Frame::error),
        };
        outcome.map_err(|error| match frame.get("receipt") {
            Some(receipt) => error.header("receipt-id", receipt),
            None => error,
        })
    }

    /// Returns whether [`Session::sent`] must get every message. If not, the hub writes them without this session.
    #[must_use]
    pub(super) fn inspects(&self) -> bool {
        self.is_cumulative || self.resident.role == Role::Administrator
    }

    /// Notes a message that was sent, because some subscriptions acknowledge several with one ACK, and the office is
    /// recorded when it is shown a location.
    pub(super) fn sent(&mut self, frame: &[u8]) {
        if let Some(call) = self.shown_to_office(frame) {
            self.reports.audit.looked(Act::LocationSeen, &self.reports.by, &call);
        }
        if !self.is_cumulative {
            return;
        }
        let Some((subscription, message_id)) = acknowledgements::names(frame, self.version) else { return };
        let subscribed = self.subscriptions.get_mut(&subscription);
        if let Some(unacknowledged) = subscribed.and_then(|subscribed| subscribed.unacknowledged.as_mut()) {
            unacknowledged.sent(message_id);
        }
    }

    /// Returns the flat whose location a message shows to somebody of the office, with the call's id. A flat's own and
    /// those that residents of the line are shown are not the office's.
    fn shown_to_office(&self, frame: &[u8]) -> Option<CallKey> {
        if self.resident.role != Role::Administrator {
            return None;
        }
        let Body::Event { event, .. } = acknowledgements::body(frame, self.version)? else { return None };
        let call = event.located()?;
        (self.resident.flat() != Some((&call.line, &call.house))).then_some(call)
    }

    fn obey(&mut self, frame: &Frame) -> Result<Step, String> {
        let receipt = frame.get("receipt").map(Frame::receipt);
        if frame.get("transaction").is_some() {
            return Err(
                "Transactions are not supported; send the frame without the transaction header.".into()
            );
        }
        match frame.command {
            Command::Subscribe => {
                return Ok(match self.subscribe(frame)? {
                    Some(snapshot) => Step::Begin(receipt, snapshot),
                    None => Step::Answer(receipt),
                });
            }
            Command::Disconnect => return Ok(Step::Goodbye(receipt)),
            Command::Unsubscribe => return Ok(Step::End(receipt, self.unsubscribe(frame)?)),
            Command::Ack => {
                let has_sounded = frame.get(header::SOUNDED) == Some(header::YES);
                self.acknowledge(acknowledged_id(frame, self.version)?, has_sounded);
            }
            // A refused message is not sent again, because the next connection's snapshot has it.
            Command::Nack => acknowledged_id(frame, self.version).map(drop)?,
            Command::Send => self.record_report(frame)?,
            Command::Begin | Command::Commit | Command::Abort => {
                return Err(format!("Transactions are not supported, so {} is not.", frame.command));
            }
            Command::Connect | Command::Stomp => return Err("The session is open already.".into()),
            Command::Connected | Command::Message | Command::Receipt | Command::Error => {
                return Err(format!("{} is a server's frame.", frame.command));
            }
        }
        Ok(Step::Answer(receipt))
    }

    /// Returns the ERROR for a subscription to calls that this node does not keep. It has the address of nodes that do.
    fn elsewhere(&self, frame: &Frame) -> Option<Frame> {
        let own = self.share.own().filter(|_| frame.command == Command::Subscribe)?;
        let scope = Scope::of(frame.get("destination")?)?;
        self.may_subscribe(frame.get("id")?, &scope).ok()?;
        let (what, address) = match scope {
            Scope::Line(line) if !own.has(&line) => {
                let shard = self.share.shards().of(&line);
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
    fn subscribe(&mut self, frame: &Frame) -> Result<Option<Snapshot>, String> {
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
        let (house, viewer) = (house.cloned(), Some(self.viewer.clone()));
        let subscription = Subscription {
            id: id.to_owned(),
            version: self.version,
            acknowledges,
            replay_ended,
            house,
            viewer,
        };
        let begun = match &scope {
            Scope::Line(line) => self.hub.subscribe(line, subscription, self.queue.clone()),
            Scope::EveryLine => self.hub.subscribe_everywhere(own, subscription, self.queue.clone()),
            Scope::Reach(line) => {
                return self.follow_reach(id, line.clone(), acknowledges).map(|()| None);
            }
        };
        self.is_cumulative |= cumulative;
        let handle = Handle::Calls { _ends: begun.handle };
        let id = id.to_owned();
        self.subscriptions.insert(Subscribed { id, scope, acknowledges, unacknowledged, _handle: handle });
        self.count_armed();
        Ok(Some(begun.snapshot))
    }

    /// Begins a subscription to how many households of a line can be reached. A repeated one gets the number again.
    fn follow_reach(&mut self, id: &str, line: Line, acknowledges: bool) -> Result<(), String> {
        if acknowledges {
            return Err("The ack header of this destination may only be auto.".into());
        }
        let house = self.resident.flat().filter(|(own, _)| **own == line).map(|(_, house)| house.clone());
        let name = (id.to_owned(), self.version);
        let listening = self.reach.listen(&line, house, name, self.queue.clone());
        self.subscriptions.insert(Subscribed {
            id: id.to_owned(),
            scope: Scope::Reach(line),
            acknowledges: false,
            unacknowledged: None,
            _handle: Handle::Reach { _ends: listening },
        });
        Ok(())
    }

    fn may_subscribe(&self, id: &str, scope: &Scope) -> Result<(), String> {
        match scope {
            Scope::Line(line) | Scope::Reach(line) if !self.resident.may_receive(line) => {
                return Err(format!("The line {line} is not yours; subscribe to your own."));
            }
            Scope::EveryLine if self.resident.role != Role::Administrator => {
                return Err("Only administrators may subscribe to every line; subscribe to your own.".into());
            }
            _ => {}
        }
        if id.len() > ID_LENGTH {
            return Err(format!("A subscription's id may have at most {ID_LENGTH} octets."));
        }
        match self.subscriptions.get(id) {
            Some(known) if known.scope != *scope => {
                Err("The subscription's id is in use for another destination; choose another or UNSUBSCRIBE it first."
                    .into())
            }
            None if self.subscriptions.0.len() == SUBSCRIPTIONS => {
                Err(format!("One connection may have {SUBSCRIPTIONS} subscriptions; open another."))
            }
            _ => Ok(()),
        }
    }

    /// Ends a subscription and returns its `id`. An unknown one is not an error, because nothing is sent for it
    /// either way.
    fn unsubscribe(&mut self, frame: &Frame) -> Result<String, String> {
        let id = needed(frame, "id")?;
        self.subscriptions.remove(id);
        self.count_armed();
        Ok(id.to_owned())
    }

    /// Returns the message that an ACK names, if [`Session::acknowledge`] is all that it asks for.
    #[must_use]
    pub(super) fn named<'a>(&self, ack: &Acknowledgement<'a>) -> Option<&'a str> {
        if ack.get("receipt").is_some() || ack.get("transaction").is_some() {
            return None;
        }
        match self.version {
            Version::V1_2 => ack.get("id"),
            Version::V1_1 => ack.get("subscription").and_then(|_| ack.get("message-id")),
        }
    }

    /// Records the delivery receipt, because a device of the house has the call. If it `has_sounded` the call, it has
    /// begun to sound that one call, which means nothing for the messages before.
    pub(super) fn acknowledge(&mut self, id: &str, has_sounded: bool) {
        let Self { resident, hub, reports: Reports { receipts, .. }, subscriptions, .. } = self;
        let Some((own_line, house)) = resident.flat() else { return };
        let report = |id: &str| {
            let Some(call) = hub.acknowledged(own_line, id) else { return };
            if has_sounded {
                receipts.sounded(&call, own_line, house);
            } else {
                receipts.reached(&call, own_line, house);
            }
        };
        let covering = subscriptions.0.iter_mut().filter(|subscribed| subscribed.scope.covers(own_line));
        for subscribed in covering.filter(|subscribed| subscribed.acknowledges) {
            match &mut subscribed.unacknowledged {
                Some(unacknowledged) if !has_sounded => {
                    unacknowledged.acknowledge(id).iter().for_each(|id| report(id));
                }
                _ => report(id),
            }
        }
    }

    /// Handles SEND, by which a page reports that a person looked at a call, or whether it would sound one.
    fn record_report(&mut self, frame: &Frame) -> Result<(), String> {
        match needed(frame, "destination")? {
            destination::SEEN => self.record_seen(frame),
            destination::ARMED => self.record_armed(frame),
            _ => Err(unknown_destination()),
        }
    }

    fn record_armed(&mut self, frame: &Frame) -> Result<(), String> {
        let armed: reach::Armed = serde_json::from_slice(&frame.body).map_err(|error| {
            format!("The body must be {{\"armed\":true}} or {{\"armed\":false}}: {error}.")
        })?;
        self.would_sound = armed.armed;
        self.count_armed();
        Ok(())
    }

    /// Counts the house as one that can be reached while this client would sound the calls of its line, and gets them.
    fn count_armed(&mut self) {
        let flat = self.resident.flat().filter(|_| self.would_sound);
        let flat = flat.filter(|(line, _)| self.subscriptions.0.iter().any(|one| one.scope.covers(line)));
        self.armed = match (flat, self.armed.take()) {
            (None, _) => None,
            (Some(_), Some(armed)) => Some(armed),
            (Some((line, house)), None) => Some(self.reach.arm(line, house)),
        };
    }

    fn record_seen(&self, frame: &Frame) -> Result<(), String> {
        let seen: Seen = serde_json::from_slice(&frame.body).map_err(|error| {
            format!(
                "The body must be {{\"alert\":\"ID\"}}, with \"house\" if two houses used the id: {error}."
            )
        })?;
        let Some((line, house)) = self.resident.flat() else { return Ok(()) };
        // An unknown call is not the client's fault, because it may have it from another server.
        if let Some(call) = self.neighbours_call(&seen, line, house) {
            self.reports.receipts.seen(&call, line, house);
        }
        Ok(())
    }

    /// Returns the call of another flat that a person looked at, of the own line or escalated to it, if only one can be
    /// meant.
    fn neighbours_call(&self, seen: &Seen, line: &Line, own: &House) -> Option<CallKey> {
        let known = self.hub.named(seen.alert).into_iter().filter(|call| call.is_for(line));
        let mut named: Vec<CallKey> = known.map(|call| call.alert.key()).collect();
        named.retain(|call| (&call.line, &call.house) != (line, own));
        named.retain(|call| seen.house.as_str().is_none_or(|house| house == call.house.as_str()));
        match named.len() {
            1 => named.pop(),
            _ => None,
        }
    }
}

fn needed<'a>(frame: &'a Frame, name: &str) -> Result<&'a str, String> {
    frame.get(name).ok_or_else(|| format!("{} needs the header {name}.", frame.command))
}

fn unknown_destination() -> String {
    "There is no such destination; subscribe to /sub/line/LINE or /sub/line/LINE/reach (administrators also to \
     /sub/lines), send to /pub/seen or /pub/armed."
        .into()
}

/// Returns the message of an ACK or NACK, which STOMP 1.2 names by `id`, and 1.1 by `message-id`.
fn acknowledged_id(frame: &Frame, version: Version) -> Result<&str, String> {
    match version {
        Version::V1_2 => needed(frame, "id"),
        Version::V1_1 => needed(frame, "subscription").and_then(|_| needed(frame, "message-id")),
    }
}
