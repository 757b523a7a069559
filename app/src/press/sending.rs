//! A press on its way. It is kept on the device, sent until it is answered, and found again by the page that opens
//! next.

use std::time::Duration;

use domain::{
    AlertId, Millis,
    api::{Problem, Recorded},
};
use futures_util::future::{self, Either};
use gloo_timers::future::sleep;
#[cfg(feature = "ssr")]
use leptos::prelude::*;
use uuid::Uuid;

use super::{
    Kept, Press, PressState,
    outbox::{self, Failure, PressMessage},
    pending::{Found, Outcome, Pending, most_urgent},
};
use crate::{
    api::{self, Answer, CALL_STANDS, ID_TAKEN, Refused, Trouble, wait_to_retry},
    clock::device_now,
    location::{self, DeviceLocation},
    offline,
    reactive::spawn_local,
};

/// The time for which a press waits for the device's place. The call goes without, and the place follows.
const LOCATION_WAIT: Duration = Duration::from_secs(1);

impl Press {
    /// Begins with a press. It is kept on the device before its first try, with a place if it is known soon enough.
    pub(super) async fn begin(self, mut pending: Pending) {
        let (kept, location) = future::join(outbox::keep(&pending), self.locate()).await;
        if kept.is_ok() {
            self.kept.try_set_value(Kept::Device);
            offline::ask_to_sync();
        }
        if let Some(location) = location {
            let located = pending.located(Some(location.location));
            let body = match kept {
                Ok(()) => outbox::fix(pending.key, Some(&located)).await.ok().flatten(),
                Err(Failure::Refused) => Some(located),
                // It may be on the device as it was, and be sent like that by another tab.
                Err(Failure::Silent) => None,
            };
            pending.body = body.unwrap_or(pending.body);
        }
        self.current.try_set_value(Some(pending.clone()));
        self.send(pending).await;
    }

    /// Sends a press of some time ago, because the person still wants it, with the caller's present place, if that is
    /// known.
    pub(super) async fn send_late(self, mut pending: Pending) {
        let location = self.locate().await;
        pending.body = pending.located(location.map(|found| found.location));
        outbox::want(pending.key, pending.wanted_at, &pending.body).await;
        self.current.try_set_value(Some(pending.clone()));
        self.resume(pending).await;
    }

    /// Sends a press that was kept. From now on its body is what others find, too.
    pub(super) async fn resume(self, mut pending: Pending) {
        if let Ok(Some(body)) = outbox::fix(pending.key, None).await {
            pending.body = body;
            offline::ask_to_sync();
        }
        if location::is_off() {
            // It was kept before the person turned the location off.
            pending.body = pending.located(None);
        }
        self.send(pending).await;
    }

    /// Goes on with the most urgent of the presses that are kept. A text that a person is reading gives way only to a
    /// press that can still be sent.
    pub(super) async fn check_kept(self) {
        let mut presses = outbox::all().await;
        let own = self.current.try_get_value().flatten();
        let only_here = own.filter(|own| presses.iter().all(|press| press.key != own.key));
        presses.extend(only_here.clone());
        let state = self.state.try_get_untracked();
        // Another person may have signed in with another tab. It goes on waiting then.
        let waits = matches!(state, Some(PressState::NeedsSignIn { .. })) && !self.is_signed_in().await;
        if waits || self.is_under_way() {
            return;
        }
        let most_urgent =
            self.viewer.try_with_value(|viewer| most_urgent(presses, viewer, device_now())).flatten();
        if let Some((found, pending)) = most_urgent
            && (found == Found::Send || self.state.try_get_untracked() == Some(PressState::Idle))
        {
            let is_on_device = only_here.is_none_or(|here| here.key != pending.key);
            self.kept.try_set_value(if is_on_device { Kept::Device } else { Kept::Page });
            self.go_on(found, pending).await;
        }
    }

    async fn go_on(self, found: Found, pending: Pending) {
        let clock = self.connection.clock();
        match (found, &pending.outcome) {
            (Found::NotTheirs, _) => {}
            (Found::Show, Some(Outcome::Refused(problem))) => {
                let state = PressState::Refused(problem.clone());
                self.show(state, Some(pending));
            }
            (Found::Ask, _) => {
                let (pressed_at, heard) = (clock.when(pending.pressed_at), pending.heard);
                self.show(PressState::Unsent { pressed_at, heard }, Some(pending));
            }
            (Found::Send, _) => {
                let state = match pending.heard {
                    true => PressState::Heard { kept: self.kept() },
                    false => PressState::Sending,
                };
                self.show(state, Some(pending.clone()));
                self.resume(pending).await;
            }
            (Found::Show | Found::Over, outcome) => {
                if let (Found::Show, Some(Outcome::Recorded { id, at, .. })) = (found, outcome) {
                    self.tracking.resume(*id);
                    self.show(PressState::Delivered { id: *id, at: clock.when(*at) }, None);
                }
                // An outcome that cannot be forgotten is shown once more by the next page.
                outbox::forget(pending.key, outcome.as_ref()).await.unwrap_or_default();
            }
        }
    }

    fn show(self, state: PressState, current: Option<Pending>) {
        self.current.try_set_value(current);
        self.set_state.try_set(state);
    }

    /// Another tab, or the service worker, has got an answer to the press that this page shows, or dropped it.
    pub(super) fn receive(self, message: PressMessage) {
        let PressMessage { key, outcome } = message;
        let Some(pending) = self.current.try_get_value().flatten().filter(|pending| pending.key == key)
        else {
            return;
        };
        match outcome {
            Some(Outcome::Recorded { id, state, at }) => {
                let recorded = Recorded { id: id.0, state, warning: None };
                self.recorded(&pending, &recorded, at);
            }
            Some(Outcome::Refused(problem)) if problem.kind == CALL_STANDS => {
                self.show(PressState::Stands, None);
            }
            Some(Outcome::Refused(problem)) => self.show(PressState::Refused(problem), Some(pending)),
            None => self.show(PressState::Idle, None),
        }
    }

    /// Sends it until it is answered, by the server or by a tab or worker that had the answer, or is too old not to
    /// ask. One that neighbours have received is never too old. It goes on until it is recorded, or dropped.
    async fn send(self, mut pending: Pending) {
        let mut tries = 0;
        while self.is_unanswered(pending.key) {
            if !pending.heard && !pending.is_young(device_now()) {
                let pressed_at = self.connection.clock().when(pending.pressed_at);
                self.set_state.try_set(PressState::Unsent { pressed_at, heard: false });
                return;
            }
            match api::once("/alert", pending.key, &pending.body).await {
                // Somebody else has heard the answer while this page waited for it.
                _ if !self.is_unanswered(pending.key) => return,
                Answer::Recorded(recorded) => return self.recorded(&pending, &recorded, device_now()),
                Answer::Refused(refused) => return self.refused(&pending, refused).await,
                Answer::Again(why, at_least) => {
                    tries += 1;
                    if why == Trouble::HeardOnly && !pending.heard {
                        pending.heard = true;
                        self.current.try_set_value(Some(pending.clone()));
                        outbox::mark_heard(pending.key);
                    }
                    // A call that neighbours have heard once is never called unsent.
                    let state = match pending.heard {
                        true => PressState::Heard { kept: self.kept() },
                        false => PressState::Retrying { why, tries, kept: self.kept() },
                    };
                    self.set_state.try_set(state);
                    wait_to_retry(tries, at_least).await;
                }
            }
        }
    }

    fn is_unanswered(self, key: Uuid) -> bool {
        let is_current = self
            .current
            .try_with_value(|current| current.as_ref().is_some_and(|current| current.key == key))
            .unwrap_or_default();
        is_current && self.is_under_way()
    }

    /// The call is durable; `at` is when that was known, by the device's clock.
    fn recorded(self, pending: &Pending, recorded: &Recorded, at: Millis) {
        let id = AlertId(recorded.id);
        let outcome = Outcome::Recorded { id, state: recorded.state, at };
        let (key, at) = (pending.key, self.connection.clock().when(at));
        let location = pending.request().and_then(|request| request.location);
        self.tracking.begin(id, location, at);
        if recorded.warning.is_some() {
            // The server may have left the location out, because the person keeps it back.
            spawn_local(self.tracking.end_if_kept_back());
        }
        self.show(PressState::Recorded { id, state: recorded.state, at }, None);
        spawn_local(async move {
            // One that cannot be forgotten would be found at once, and sent again and again.
            if outbox::forget(key, Some(&outcome)).await.is_ok() {
                self.check_kept().await;
            }
        });
    }

    async fn refused(self, pending: &Pending, refused: Refused) {
        let state = match refused {
            // It may be refused to somebody else, who has signed in with another tab.
            Refused::Problem(Problem { status: 403, .. }) if !self.is_signed_in().await => {
                PressState::NeedsSignIn { kept: self.kept() }
            }
            Refused::Problem(problem) if problem.kind == ID_TAKEN => return self.press_anew(pending).await,
            Refused::Problem(problem) if problem.kind == CALL_STANDS => {
                return self.drop_for_standing(pending.key, problem);
            }
            Refused::Problem(problem) => {
                outbox::record_outcome(pending.key, &Outcome::Refused(problem.clone()));
                PressState::Refused(problem)
            }
            Refused::SignIn => PressState::NeedsSignIn { kept: self.kept() },
        };
        self.set_state.try_set(state);
    }

    /// Forgets a press that was one too many, and shows the call that stands.
    fn drop_for_standing(self, key: Uuid, problem: Problem) {
        self.show(PressState::Stands, None);
        spawn_local(async move {
            // One that cannot be forgotten would be found at once, and sent again and again.
            if outbox::forget(key, Some(&Outcome::Refused(problem))).await.is_ok() {
                self.check_kept().await;
            }
        });
    }

    /// Sends a press at once under a new id, because its id belongs to another house's call.
    async fn press_anew(self, pending: &Pending) {
        let fresh = pending.renewed();
        self.show(PressState::Sending, Some(fresh.clone()));
        // One that cannot be forgotten is found later, and gets a new id then as well.
        outbox::forget(pending.key, None).await.unwrap_or_default();
        spawn_local(self.begin(fresh));
    }

    /// Returns whether the browser's session is still that of the resident whose page this is.
    async fn is_signed_in(self) -> bool {
        let resident = api::check_session().await.resident;
        self.viewer.try_with_value(|viewer| resident.as_ref() == Some(viewer)).unwrap_or_default()
    }

    fn kept(self) -> Kept {
        self.kept.try_get_value().unwrap_or(Kept::Page)
    }

    async fn locate(self) -> Option<DeviceLocation> {
        let wait = sleep(LOCATION_WAIT);
        match future::select(location::locate(), wait).await {
            Either::Left((Ok(Ok(location)), _)) => Some(location),
            Either::Left((Ok(Err(problem)), _)) => {
                self.tracking.problem().try_set(Some(problem));
                None
            }
            Either::Left((Err(_), _)) | Either::Right(_) => None,
        }
    }
}
