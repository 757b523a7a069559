//! The commands. They decide who may do what to which call, and turn a request into a durable event.

mod authors;
mod budget;
mod claims;
mod drill;
pub(crate) mod expiry;
pub(crate) mod fanout;
pub(crate) mod figures;
pub mod hub;
mod lookup;
pub(crate) mod news;
mod once;
mod press;
pub mod receipts;
mod refusal;
mod rules;

use domain::{
    Accept, CallKey, Event, EventId, Progress, Resident,
    api::{AcceptRequest, LocationRequest, ProgressRequest, Recorded},
    record,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    delivery::{Delivery, outbox::Origin},
    people::location_use::{LocationUse, LocationUses},
    readiness::Readiness,
};
use authors::{judge, moved, status};
use budget::Budgets;
use claims::Claims;
use hub::Hub;
pub use lookup::CallAddress;
use lookup::open_or_unknown;
pub use refusal::Refusal;
use rules::{after_own_words, digest, digest_at, is_of_line, not_of_line, origin, own_house, short_enough};

/// The name that stands for the service where a resident's would; no account can have it.
const SERVICE: &str = "@service";

/// The reason why a location is not used.
const LOCATION_OFF: &str = "you have paused or withdrawn the use of your location, which /me changes";

/// The reason why a location is not one.
const NOT_DEGREES: &str = "lat and lng must be degrees, -90 to 90 and -180 to 180";

/// Takes commands. Clones are the same.
#[derive(Clone)]
pub struct Calls {
    hub: Hub,
    delivery: Delivery,
    claims: Claims,
    readiness: Readiness,
    budgets: Budgets,
    location_uses: LocationUses,
}

impl Calls {
    /// Records commands by `delivery`; `hub` knows the calls they are about, as soon as it does by `readiness`.
    /// Locations of people who keep them back are left out.
    #[must_use]
    pub fn new(hub: Hub, delivery: Delivery, readiness: Readiness, location_uses: LocationUses) -> Self {
        let (claims, budgets) = (Claims::default(), Budgets::default());
        Self { hub, delivery, claims, readiness, budgets, location_uses }
    }

    /// Comes to help (`POST /accept`).
    ///
    /// # Errors
    /// [`Refusal`]; the accept is then stored nowhere.
    pub async fn accept(
        &self,
        by: &Resident,
        request: AcceptRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        let accept_line = own_house(by, &request.line, &request.accept_house)?;
        if accept_line.is_none() && request.accept_house == request.target_house {
            return Err(Refusal::Invalid(
                "a house cannot accept its own call: acceptHouse and targetHouse are the same".into(),
            ));
        }
        let origin = origin(by, key, "/accept".into());
        let (id, digest) = (EventId(origin.id), digest(&request));
        self.once(Some(by), origin, digest, async || {
            self.replayed().await?;
            let AcceptRequest { line, accept_house: accept, target_house: target, alert } = request;
            // Repeated after another node took it, or after the outbox was lost, it is no accept of a call that is over.
            let repeated = self.hub.accept(&line, id, &accept, accept_line.as_ref());
            let alert = match alert.or(repeated.as_ref().and_then(|accept| accept.alert)) {
                Some(alert) => alert,
                // A house of another line must not learn whether a call is open.
                None => match self.newest_open_of(&line, &target).await {
                    Err(_) if accept_line.is_some() => return Err(not_of_line()),
                    found => found?,
                },
            };
            let call = CallKey { line, house: target, id: alert };
            let known = self.call_of(&call).await?;
            is_of_line(known.as_ref(), accept_line.as_ref())?;
            if repeated.is_none() {
                open_or_unknown(known.as_ref())?;
            }
            let at = after_own_words(known.as_ref(), accept_line.as_ref(), &accept);
            let CallKey { line, house: target, .. } = call;
            let accept = Accept { id, line, accept, accept_line, target, alert: Some(alert), at };
            let event = Event::Accept(accept);
            judge(&event, "the house that called is there already")?;
            Ok(event)
        })
        .await
    }

    /// Reports progress (`POST /alert/{id}/cancel`, `/resolve`, `/withdraw` and `/arrived`).
    ///
    /// # Errors
    /// [`Refusal`]; it is then stored nowhere.
    pub async fn progress(
        &self,
        by: &Resident,
        address: CallAddress,
        progress: Progress,
        request: ProgressRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        short_enough("note", request.note.as_deref())?;
        let path = progress.path().ok_or_else(|| Refusal::NotYours("only the service writes this".into()))?;
        let origin = origin(by, key, format!("/alert/{}/{path}", address.id));
        let (id, digest) = (EventId(origin.id), digest_at(&address, &request));
        self.once(Some(by), origin, digest, async || {
            self.replayed().await?;
            let known = self.call_at(by, &address).await?;
            status(by, &address, known.as_ref(), (id, progress, request.note))
        })
        .await
    }

    /// Reports where the caller or a helper is now, or that a helper does not show it any longer, by
    /// `POST /alert/{id}/location`.
    ///
    /// # Errors
    /// [`Refusal`]; it is then stored nowhere.
    pub async fn moved(
        &self,
        by: &Resident,
        address: CallAddress,
        request: LocationRequest,
        key: Option<Uuid>,
    ) -> Result<Recorded, Refusal> {
        let location = record::location(Some(&request.lat), Some(&request.lng), request.accuracy.as_ref());
        let stops = request.lat.is_null() && request.lng.is_null();
        if location.is_none() && !stops {
            return Err(Refusal::Invalid(NOT_DEGREES.into()));
        }
        if !stops && self.location_uses.of(&by.name) != LocationUse::Allowed {
            return Err(Refusal::NotYours(LOCATION_OFF.into()));
        }
        let origin = origin(by, key, format!("/alert/{}/location", address.id));
        let digest = digest_at(&address, &request);
        self.once(Some(by), origin, digest, async || {
            self.replayed().await?;
            let known = self.call_at(by, &address).await?;
            let event = moved(by, &address, known.as_ref(), location)?;
            open_or_unknown(known.as_ref())?;
            Ok(event)
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
}
