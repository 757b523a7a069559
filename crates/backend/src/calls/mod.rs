//! The commands: who may do what to which call, and the road from a request to a durable event.

mod budget;
mod claims;
pub(crate) mod expiry;
pub(crate) mod fanout;
pub(crate) mod figures;
pub mod hub;
mod press;
pub mod receipts;
mod refusal;
mod rules;

use std::time::Duration;

use domain::{
    Accept, Actor, AlertId, Event, EventId, House, Incident, Line, Moved, Progress, Resident, Status,
    api::{AcceptRequest, LocationRequest, ProgressRequest, Recorded},
    record,
};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    clock,
    delivery::{
        Delivery, NotRecorded,
        outbox::{Entry, Origin},
    },
};
use budget::Budgets;
use claims::Claims;
use hub::{Hub, Known};
pub use refusal::Refusal;
use rules::{actor, after_own_words, digest, is_caller, line_of, origin, own_flat, short_enough};

/// How long a call that was just answered may take to other nodes' hubs.
const ON_ITS_WAY: Duration = Duration::from_millis(400);

/// The name that stands for the service where a resident's would; no account can have it.
const SERVICE: &str = "@service";

/// Takes commands. Clones are the same.
#[derive(Clone)]
pub struct Calls {
    hub: Hub,
    delivery: Delivery,
    claims: Claims,
    budgets: Budgets,
}

impl Calls {
    /// Records commands by `delivery`; `hub` knows the calls they are about.
    #[must_use]
    pub fn new(hub: Hub, delivery: Delivery) -> Self {
        Self { hub, delivery, claims: Claims::default(), budgets: Budgets::default() }
    }

    /// Comes to help: `POST /accept`.
    ///
    /// # Errors
    /// [`Refusal`]; the accept is then stored nowhere.
    pub async fn accept(
        &self,
        by: &Resident,
        request: AcceptRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        own_flat(by, &request.line, &request.accept_house)?;
        if request.accept_house == request.target_house {
            return Err(Refusal::Invalid(
                "a house cannot accept its own call: acceptHouse and targetHouse are the same".into(),
            ));
        }
        let origin = origin(by, key, "/accept".into());
        let (id, digest) = (EventId(origin.id), digest(&request));
        self.once(Some(by), origin, digest, async || {
            // Repeated after another node took it, or after the outbox was lost, it is no accept of a call that is over.
            let repeated = self.hub.accept(&request.line, id, &request.accept_house);
            let alert = match request.alert.or(repeated.as_ref().and_then(|accept| accept.alert)) {
                Some(alert) => alert,
                None => self.newest_open_of(&request.line, &request.target_house).await?,
            };
            if repeated.is_none() {
                self.still_open(alert, &request.line)?;
            }
            let of_target = |incident: &Incident| incident.alert.house == request.target_house;
            let known = self.hub.named(alert).into_iter().find(of_target);
            let at = after_own_words(known.as_ref(), &request.accept_house);
            Ok(Event::Accept(Accept {
                id,
                line: request.line,
                accept: request.accept_house,
                accept_line: None,
                target: request.target_house,
                alert: Some(alert),
                at,
            }))
        })
        .await
    }

    /// Says how far a call is: `POST /alert/{id}/cancel`, `/resolve`, `/withdraw` and `/arrived`.
    ///
    /// # Errors
    /// [`Refusal`]; it is then stored nowhere.
    pub async fn progress(
        &self,
        by: &Resident,
        alert: AlertId,
        progress: Progress,
        request: ProgressRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        short_enough("note", request.note.as_deref())?;
        let path = progress.path().ok_or_else(|| Refusal::NotYours("only the service writes this".into()))?;
        let origin = origin(by, key, format!("/alert/{alert}/{path}"));
        let (id, digest) = (EventId(origin.id), digest(&request));
        self.once(Some(by), origin, digest, async || {
            let known = self.incident_for(by, alert)?;
            let line = line_of(by, known.as_ref())?;
            let actor = actor(by, known.as_ref(), progress)?;
            let at = match &actor {
                Actor::House(house) => after_own_words(known.as_ref(), house),
                Actor::Administrator | Actor::Service => clock::now(),
            };
            let note = request.note;
            Ok(Event::Status(Status { id, line, alert, status: progress, by: actor, note, at }))
        })
        .await
    }

    /// Tells where the caller is now: `POST /alert/{id}/location`.
    ///
    /// # Errors
    /// [`Refusal`]; it is then stored nowhere.
    pub async fn moved(
        &self,
        by: &Resident,
        alert: AlertId,
        request: LocationRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        let location = record::location(Some(&request.lat), Some(&request.lng), request.accuracy.as_ref());
        let location = location.ok_or_else(|| {
            Refusal::Invalid("lat and lng must be degrees, -90 to 90 and -180 to 180".into())
        })?;
        let origin = origin(by, key, format!("/alert/{alert}/location"));
        let digest = digest(&request);
        self.once(Some(by), origin, digest, async || {
            let known = self.incident_for(by, alert)?;
            let line = line_of(by, known.as_ref())?;
            if known.as_ref().is_some_and(|incident| !is_caller(by, incident)) {
                return Err(Refusal::NotYours("only the house that called tells where it is".into()));
            }
            // Where a person is after the call is nobody's business.
            if let Some(over) = known.filter(|incident| !incident.is_open(clock::now())) {
                return Err(Refusal::no_open_call(&over.alert.house));
            }
            Ok(Event::Moved(Moved { line, alert, location, at: clock::now() }))
        })
        .await
    }

    /// Records what the service itself writes about a call.
    ///
    /// # Errors
    /// [`Refusal`]; the event is then stored nowhere.
    pub(crate) async fn by_service(&self, event: Event) -> Result<(), Refusal> {
        let id = event.id().ok_or_else(|| Refusal::Invalid("the event has no id".into()))?;
        let origin = Origin { id, resident: SERVICE.into(), route: event.topic().into() };
        let (_, value) = record::write(&event);
        self.once(None, origin, Sha256::digest(value).into(), async || Ok(event)).await.map(drop)
    }

    /// Does a request once: a repetition gets the same answer, also while the first is under way. `by` is `None` for the
    /// service itself.
    async fn once(
        &self,
        by: Option<&Resident>,
        origin: Origin,
        digest: [u8; 32],
        event: impl AsyncFnOnce() -> Result<Event, Refusal>,
    ) -> Result<Recorded, Refusal> {
        let _claim = self.claims.claim(&origin, digest).await?;
        let received = Instant::now();
        match self.delivery.find(&origin).await {
            Some((known, _)) if known.digest != digest => return Err(Refusal::KeyReused),
            Some((_, state)) => return Ok(Recorded { id: origin.id, state, warning: None }),
            None => {}
        }
        self.record(by, origin, digest, event().await?, received).await
    }

    /// Records what no earlier request on this node's disk has recorded.
    async fn record(
        &self,
        by: Option<&Resident>,
        origin: Origin,
        digest: [u8; 32],
        event: Event,
        received: Instant,
    ) -> Result<Recorded, Refusal> {
        let asked = Instant::now();
        // Another node may have taken it: then it must be the same, and keeps its time.
        let event = match self.hub.known(&event) {
            Known::Nothing(event) => {
                if let Some(by) = by {
                    self.budgets.admit(by, &event, &self.hub).await?;
                }
                event
            }
            Known::Same(event) => event,
            Known::Otherwise => return Err(Refusal::KeyReused),
            Known::Taken => return Err(Refusal::IdTaken),
        };
        // Whoever was made to wait is not late from the beginning.
        let received = received + asked.elapsed();
        let (topic, value) = record::write(&event);
        metrics::counter!("iutsai_commands_total", "topic" => topic).increment(1);
        let at = event.at().unwrap_or_else(clock::now);
        let (id, line) = (origin.id, event.line().to_string());
        let entry = Entry { origin, digest, topic: topic.into(), line, value, at };
        match self.delivery.record(entry, event, received).await {
            Ok(state) => Ok(Recorded { id, state, warning: None }),
            Err(NotRecorded { heard: true, why }) => Err(Refusal::HeardOnly(why)),
            Err(NotRecorded { heard: false, why }) => Err(Refusal::NotDurable(why)),
        }
    }

    /// The newest open call of a house. One that another node recorded just now may still be on its way to this hub.
    async fn newest_open_of(&self, line: &Line, house: &House) -> Result<AlertId, Refusal> {
        if let Some(open) = self.hub.newest_open_of(line, house) {
            return Ok(open.alert.id);
        }
        tokio::time::sleep(ON_ITS_WAY).await;
        let open = self.hub.newest_open_of(line, house);
        Ok(open.ok_or_else(|| Refusal::no_open_call(house))?.alert.id)
    }

    /// The call, if it is known here, and the resident's to act on. One that nobody here knows yet may be
    /// under way: the command is taken, and the fold applies it only if line and actor fit.
    fn incident_for(&self, by: &Resident, alert: AlertId) -> Result<Option<Incident>, Refusal> {
        let mut named = self.hub.named(alert);
        if named.is_empty() {
            return Ok(None);
        }
        named.retain(|incident| by.may_hear(&incident.alert.line));
        let own = named.iter().position(|incident| is_caller(by, incident));
        match own.or(named.len().checked_sub(1)) {
            Some(index) => Ok(Some(named.swap_remove(index))),
            None => Err(Refusal::NotYours("the call is not of your line".into())),
        }
    }

    /// An accept of a call that is known to be over would send somebody out for nothing.
    fn still_open(&self, alert: AlertId, line: &Line) -> Result<(), Refusal> {
        let named = self.hub.named(alert);
        let mut on_line = named.iter().filter(|incident| incident.alert.line == *line).peekable();
        match on_line.peek() {
            None if named.is_empty() => Ok(()),
            None => Err(Refusal::NotYours("the call is not of your line".into())),
            Some(known) => {
                let house = known.alert.house.clone();
                let open = on_line.any(|incident| incident.is_open(clock::now()));
                if open { Ok(()) } else { Err(Refusal::no_open_call(&house)) }
            }
        }
    }
}
