//! `/api/push`: the devices that are reached while no page is open. The rules are the backend's.

use std::time::Instant;

use app::{i18n::I18nLocaleTrait, request};
use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    response::{IntoResponse, Response},
};
use backend::push::PushError;
use domain::{
    Resident,
    push::{Device, Language, ServerKey, Subscribe},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use uuid::Uuid;

use crate::{
    auth::SignedIn,
    payload::Payload,
    problem::{Kind, Problem},
    state::AppState,
};

/// A resident who may ask for something about push now.
pub(crate) struct Owner(Resident);

impl FromRequestParts<AppState> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let SignedIn(resident) = SignedIn::from_request_parts(parts, state).await?;
        state.budgets.push.take(&resident.name, Instant::now())?;
        Ok(Self(resident))
    }
}

/// The id of a device in an address.
pub(crate) struct DeviceId(Uuid);

impl FromRequestParts<AppState> for DeviceId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let path = Path::<Uuid>::from_request_parts(parts, state).await;
        let Path(id) =
            path.map_err(|_| Kind::NOT_FOUND.because("The device's id in the address is not a UUID."))?;
        Ok(Self(id))
    }
}

/// `GET /api/push/key`: the public key that a browser subscribes with.
///
/// # Errors
/// [`Kind::UNAVAILABLE`] where this server cannot push.
pub(crate) async fn key(_: Owner, State(state): State<AppState>) -> Result<Json<ServerKey>, Problem> {
    Ok(Json(state.backend.push.key()?))
}

/// `GET /api/push/subscriptions`: the devices of the resident who is signed in.
///
/// # Errors
/// As [`key`].
pub(crate) async fn list(Owner(owner): Owner, State(state): State<AppState>) -> Result<Response, Problem> {
    let devices: Vec<Device> = state.backend.push.devices(&owner).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(devices)).into_response())
}

/// `POST /api/push/subscriptions`: adds this browser, or brings it up to date.
///
/// # Errors
/// [`Kind::INVALID`] for an endpoint or a key that cannot be used, [`Kind::NOT_YOURS`].
pub(crate) async fn subscribe(
    Owner(owner): Owner,
    State(state): State<AppState>,
    headers: HeaderMap,
    Payload { value: wish }: Payload<Subscribe>,
) -> Result<Json<Device>, Problem> {
    // A service worker that brings a subscription while no page is open knows no language.
    let otherwise = Language::of(request::language_of(&headers).unwrap_or_default().as_str());
    Ok(Json(state.backend.push.subscribe(&owner, wish, otherwise).await?))
}

/// `DELETE /api/push/subscriptions/{id}`.
///
/// # Errors
/// [`Kind::NOT_FOUND`], [`Kind::NOT_YOURS`].
pub(crate) async fn remove(
    Owner(owner): Owner,
    State(state): State<AppState>,
    DeviceId(id): DeviceId,
) -> Result<StatusCode, Problem> {
    state.backend.push.remove(&owner, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/push/subscriptions/{id}/test`: sends the device a message. 204: its push service has it.
///
/// # Errors
/// [`Kind::NOT_FOUND`] also of a device that its push service knows no longer, [`Kind::NOT_YOURS`],
/// [`Kind::UNAVAILABLE`].
pub(crate) async fn test(
    Owner(owner): Owner,
    State(state): State<AppState>,
    DeviceId(id): DeviceId,
) -> Result<StatusCode, Problem> {
    state.backend.push.test(&owner, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/push/subscriptions/{id}/shown`: the device has shown a message.
///
/// # Errors
/// As [`remove`].
pub(crate) async fn shown(
    Owner(owner): Owner,
    State(state): State<AppState>,
    DeviceId(id): DeviceId,
) -> Result<StatusCode, Problem> {
    state.backend.push.shown(&owner, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        let sentence = error.to_string();
        let because = |kind: Kind, advice: &str| kind.because(format!("{}; {advice}", capital(&sentence)));
        match error {
            PushError::Endpoint(_) | PushError::WrongKey(_) => {
                because(Kind::INVALID, "subscribe in the browser again and send what it gives.")
            }
            PushError::Unknown => because(Kind::NOT_FOUND, "subscribe this browser again."),
            PushError::Gone => {
                because(Kind::NOT_FOUND, "turn notifications off and on again on that device.")
            }
            PushError::NotYours => because(Kind::NOT_YOURS, "only its owner may change it."),
            PushError::NotTaken(_) => because(Kind::UNAVAILABLE, "try again in a moment.").retry_after(5),
            PushError::Off(_) => {
                tracing::error!(%error, "a device cannot be reached without an open page");
                Kind::UNAVAILABLE
                    .because("This server cannot push at the moment; keep the page open.")
                    .retry_after(60)
            }
            PushError::People(error) => error.into(),
        }
    }
}

/// Writes the first letter of a sentence as one.
fn capital(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
