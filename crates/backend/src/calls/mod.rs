//! The commands: who may do what to which call, and the road from a request to a durable event.

mod claims;
pub(crate) mod expiry;
pub(crate) mod fanout;
pub(crate) mod figures;
pub mod hub;
pub mod receipts;
mod refusal;

use std::time::Duration;

use domain::{
    Accept, Actor, Alert, AlertId, Event, EventId, House, Incident, Line, Millis, Moved, Progress, Resident,
    Response, Role, Status,
    api::{AcceptRequest, CallRequest, LocationRequest, ProgressRequest, Recorded},
    event::{LATE_AFTER, OPEN_FOR, TEXT_LENGTH_LIMIT},
    record,
};
use serde::Serialize;
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
use claims::Claims;
use hub::{Hub, Known};
pub use refusal::Refusal;

/// How long a call that was just answered may take to other nodes' hubs.
const ON_ITS_WAY: Duration = Duration::from_millis(400);

/// The warning of a press whose location cannot be one.
const NO_LOCATION: &str =
    "lat and lng are no location (degrees, -90 to 90 and -180 to 180): the call went out without one";

/// The warning of a press whose key stands for an earlier call. Programs get it after 24 hours.
const OLD_KEY: &str = "the Idempotency-Key belongs to a call that began more than 24 hours ago: this is a new call with a new id";

/// The name that stands for the service where a resident's would; no account can have it.
const SERVICE: &str = "@service";

/// Takes commands. Clones are the same.
#[derive(Clone)]
pub struct Calls {
    hub: Hub,
    delivery: Delivery,
    claims: Claims,
}

impl Calls {
    /// Records commands by `delivery`; `hub` knows the calls they are about.
    #[must_use]
    pub fn new(hub: Hub, delivery: Delivery) -> Self {
        Self { hub, delivery, claims: Claims::default() }
    }

    /// Calls the neighbours: `POST /alert`. When this returns a [`Recorded`], the call is on the disk.
    ///
    /// The key of a call that began more than a day ago makes a new call, with an id of its own and a warning.
    ///
    /// # Errors
    /// [`Refusal`]; the call is then stored nowhere.
    pub async fn press(
        &self,
        by: &Resident,
        request: CallRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        self.press_or_repeat(by, request, key, OPEN_FOR).await
    }

    /// Calls the neighbours for a person who has confirmed it on a page. The page may have been left open or restored, and
    /// the key in it used before, so a confirmed press makes a call or returns the one it just made.
    ///
    /// A key makes a new call if its call is over, is older than ten minutes, or was made with other words.
    ///
    /// # Errors
    /// [`Refusal`]; the call is then stored nowhere.
    pub async fn confirm(
        &self,
        by: &Resident,
        request: CallRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        let known =
            |key: Uuid| by.flat().and_then(|(line, house)| self.hub.call_of(line, house, AlertId(key)));
        let key = key.filter(|key| known(*key).is_none_or(|call| call.is_repeatable(clock::now())));
        match self.press_or_repeat(by, request.clone(), key, LATE_AFTER).await {
            Err(Refusal::KeyReused | Refusal::IdTaken) => {
                self.press_or_repeat(by, request, None, LATE_AFTER).await
            }
            outcome => outcome,
        }
    }

    /// Records a press, or returns the call that the same press made no longer than `repeats_for` ago.
    async fn press_or_repeat(
        &self,
        by: &Resident,
        request: CallRequest,
        key: Option<Uuid>,
        repeats_for: Millis,
    ) -> Result<Recorded, Refusal> {
        own_flat(by, &request.line, &request.house)?;
        short_enough("text", request.text.as_deref())?;
        let location = request.location();
        let left_out = (location.is_none() && request.tells_location()).then_some(NO_LOCATION);
        let mut origin = origin(by, key, "/alert".into());
        let (digest, former_digest) = (digest_of_press(&request), digest(&request));
        let mut alert = Alert {
            id: AlertId(origin.id),
            line: request.line,
            house: request.house,
            text: request.text.unwrap_or_default(),
            location,
            kind: request.kind,
            drill: request.drill,
            at: clock::now(),
        };
        let _claim = self.claims.claim(&origin, digest).await?;
        let received = Instant::now();
        let earlier = self.delivery.find(&origin).await;
        let began = earlier.as_ref().map(|(known, _)| known.at);
        let began = began.or_else(|| self.hub.began(&alert.line, &alert.house, alert.id));
        let is_too_old = began.is_some_and(|began| alert.at.saturating_sub(began) > repeats_for);
        if is_too_old {
            origin.id = Uuid::now_v7();
            alert.id = AlertId(origin.id);
        }
        let recorded = match earlier.filter(|_| !is_too_old) {
            Some((known, _)) if known.digest != digest && known.digest != former_digest => {
                return Err(Refusal::KeyReused);
            }
            Some((_, state)) => Recorded { id: origin.id, state, warning: None },
            None => self.record(origin, digest, Event::Alert(alert), received).await?,
        };
        let warnings: Vec<&str> = [left_out, is_too_old.then_some(OLD_KEY)].into_iter().flatten().collect();
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        Ok(Recorded { warning, ..recorded })
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
        self.once(origin, digest, async || {
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
        self.once(origin, digest, async || {
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
        self.once(origin, digest, async || {
            let known = self.incident_for(by, alert)?;
            let line = line_of(by, known.as_ref())?;
            if known.as_ref().is_some_and(|incident| by.house.as_ref() != Some(&incident.alert.house)) {
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
        self.once(origin, Sha256::digest(value).into(), async || Ok(event)).await.map(drop)
    }

    /// Does a request once: a repetition gets the same answer, also while the first is under way.
    async fn once(
        &self,
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
        self.record(origin, digest, event().await?, received).await
    }

    /// Records what no earlier request on this node's disk has recorded.
    async fn record(
        &self,
        origin: Origin,
        digest: [u8; 32],
        event: Event,
        received: Instant,
    ) -> Result<Recorded, Refusal> {
        // Another node may have taken it: then it must be the same, and keeps its time.
        let event = match self.hub.known(&event) {
            Known::Nothing(event) | Known::Same(event) => event,
            Known::Otherwise => return Err(Refusal::KeyReused),
            Known::Taken => return Err(Refusal::IdTaken),
        };
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
        let own = named.iter().position(|incident| by.house.as_ref() == Some(&incident.alert.house));
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

fn own_flat(by: &Resident, line: &Line, house: &House) -> Result<(), Refusal> {
    match by.flat() {
        Some((own_line, own_house)) if own_line == line && own_house == house => Ok(()),
        Some((own_line, own_house)) => {
            Err(Refusal::NotYours(format!("you are signed in for house {own_house} of line {own_line} only")))
        }
        None => Err(Refusal::NotYours("this account has no flat: sign in as a resident".into())),
    }
}

/// The line a command is about: the call's, or the resident's own where the call is not known here.
fn line_of(by: &Resident, known: Option<&Incident>) -> Result<Line, Refusal> {
    let line = known.map(|incident| &incident.alert.line).or(by.line.as_ref());
    line.cloned().ok_or_else(|| Refusal::Unknown("no call with this id is known here".into()))
}

/// Returns the time of a house's next word about a call: now, or right after its newest word if that lies ahead, as after a
/// clock was set back or by the clock of another node. The fold takes the greatest time for the house's last word.
fn after_own_words(known: Option<&Incident>, house: &House) -> Millis {
    let own = |response: &&Response| response.line.is_none() && response.house == *house;
    let words = known.into_iter().flat_map(|incident| incident.responses.iter().filter(own));
    words.map(|response| response.at.saturating_add(1)).fold(clock::now(), Millis::max)
}

/// In whose name it is said, if that one may say it.
fn actor(by: &Resident, known: Option<&Incident>, progress: Progress) -> Result<Actor, Refusal> {
    let caller = known.map(|incident| {
        by.house.as_ref() == Some(&incident.alert.house) && by.line.as_ref() == Some(&incident.alert.line)
    });
    let administrator = by.role == Role::Administrator;
    let house = by.house.clone().map(Actor::House);
    let allowed = match (progress, caller) {
        (Progress::Cancelled, Some(false)) => Err("only the house that called cancels it"),
        (Progress::Resolved, _) if administrator => return Ok(Actor::Administrator),
        (Progress::Resolved, Some(false)) => {
            Err("only the house that called, or an administrator, resolves it")
        }
        (Progress::Withdrawn | Progress::Arrived, Some(true)) => {
            Err("the house that called is there already")
        }
        _ => house.ok_or("this account has no flat: sign in as a resident"),
    };
    allowed.map_err(|reason| Refusal::NotYours(reason.into()))
}

fn short_enough(field: &str, text: Option<&str>) -> Result<(), Refusal> {
    match text.map_or(0, |text| text.chars().count()) {
        length if length > TEXT_LENGTH_LIMIT => Err(Refusal::Invalid(format!(
            "{field} has {length} characters and may have {TEXT_LENGTH_LIMIT}: shorten it and send again"
        ))),
        _ => Ok(()),
    }
}

fn origin(by: &Resident, key: Option<Uuid>, route: String) -> Origin {
    Origin { id: key.unwrap_or_else(Uuid::now_v7), resident: by.name.clone(), route }
}

/// A press is the same wherever the caller is found to be: the page's form repeats itself with a location added. The versions
/// before put the location into the digest, too.
fn digest_of_press(request: &CallRequest) -> [u8; 32] {
    digest(&CallRequest { lat: None, lng: None, accuracy: None, ..request.clone() })
}

fn digest(request: &impl Serialize) -> [u8; 32] {
    let bytes = serde_json::to_vec(request).expect("requests are JSON already");
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::{LineIncidents, Seen};

    use super::*;

    #[test]
    fn a_houses_next_word_comes_after_its_last_one_whatever_the_clock_shows() {
        let ahead = clock::now() + 60 * 60 * 1000;
        let (line, [caller, helper, other]) =
            (Line::new("101-1").unwrap(), ["1203", "1204", "1301"].map(|house| House::new(house).unwrap()));
        let alert = Alert {
            id: AlertId::generate(),
            line: line.clone(),
            house: caller.clone(),
            text: String::new(),
            location: None,
            kind: None,
            drill: false,
            at: ahead,
        };
        let accept = Accept {
            id: EventId::generate(),
            line: line.clone(),
            accept: helper.clone(),
            accept_line: None,
            target: caller,
            alert: Some(alert.id),
            at: ahead + 5,
        };
        let mut incidents = LineIncidents::new(line, 1);
        incidents.apply(Event::Alert(alert), Seen::Direct);
        incidents.apply(Event::Accept(accept), Seen::Direct);
        let incident = incidents.incidents().pop().unwrap();
        assert_eq!(after_own_words(Some(&incident), &helper), ahead + 6);
        assert!(after_own_words(Some(&incident), &other) < ahead);
        assert!(after_own_words(None, &helper) < ahead);
    }
}
