//! The press. One confirmed press makes one call, or shows the one that it made.

use domain::{
    Alert, AlertId, Event, Millis, Resident,
    api::{CallRequest, Recorded},
    event::{LATE_AFTER, OPEN_FOR},
};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Calls, LOCATION_OFF, Refusal,
    once::answer,
    rules::{digest, digest_of_press, origin, own_flat, short_enough},
};
use crate::{
    clock,
    delivery::{Recording, outbox::Origin},
    people::location_use::LocationUse,
};

/// The warning of a press whose location cannot be one.
const NO_LOCATION: &str =
    "lat and lng are not a location (degrees, -90 to 90 and -180 to 180): the call went out without one";

/// The warning of a press whose key stands for an earlier call. Programs get it after 24 hours.
const OLD_KEY: &str = "the Idempotency-Key belongs to a call that began more than 24 hours ago: this is a new call with a new id";

impl Calls {
    /// Calls the neighbours (`POST /alert`). When this returns a [`Recorded`], the call is on the disk.
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
        let origin = origin(by, key, "/alert".into());
        let digests = [digest_of_press(&request), digest(&request)];
        let (alert, left_out) = self.alert(by, request, AlertId(origin.id));
        let _claim = self.claims.claim(&origin, digests[0]).await?;
        let received = Instant::now();
        let is_old = |began: Millis| alert.at.saturating_sub(began) > repeats_for;
        let recording = match self.earlier(&origin).await {
            Some(earlier) => Some(Recording::Earlier(earlier)),
            None if self.hub.began(&alert.line, &alert.house, alert.id).is_some_and(is_old) => None,
            None => {
                let event = Event::Alert(alert.clone());
                Some(self.record(Some(by), &origin, digests[0], &event, received).await?)
            }
        };
        let recording = recording.filter(|recording| match recording {
            Recording::New(_) => true,
            Recording::Earlier(earlier) => !is_old(earlier.at),
        });
        let is_too_old = recording.is_none();
        let recorded = match recording {
            Some(recording) => answer(origin.id, recording, &digests)?,
            None => {
                let origin = Origin { id: Uuid::now_v7(), ..origin };
                let event = Event::Alert(Alert { id: AlertId(origin.id), ..alert });
                let recording = self.record(Some(by), &origin, digests[0], &event, received).await?;
                answer(origin.id, recording, &digests)?
            }
        };
        let warnings: Vec<&str> = [left_out, is_too_old.then_some(OLD_KEY)].into_iter().flatten().collect();
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        Ok(Recorded { warning, ..recorded })
    }

    /// Makes the alert of a press, and the warning about a location that is left out.
    fn alert(&self, by: &Resident, request: CallRequest, id: AlertId) -> (Alert, Option<&'static str>) {
        let keeps_back = self.location_uses.of(&by.name) != LocationUse::Allowed;
        // It is dropped here, before anything is written.
        let location = request.location().filter(|_| !keeps_back);
        let why = if keeps_back { LOCATION_OFF } else { NO_LOCATION };
        let left_out = (location.is_none() && request.names_location()).then_some(why);
        let alert = Alert {
            id,
            line: request.line,
            house: request.house,
            text: request.text.unwrap_or_default(),
            location,
            kind: request.kind,
            drill: request.drill || request.alone,
            alone: request.alone,
            at: clock::now(),
        };
        (alert, left_out)
    }
}
