//! Where the viewer is, on the way to a call. It is sent only if the person wants it, until the house withdraws or
//! arrives, the call ends, or the person stops it.

use domain::{AlertId, Millis, Resident};
use leptos::prelude::*;

use crate::{
    feed::Feed,
    location::{self, LocationProblem},
    reactive::{ReadSignal, StoredValue, effect, spawn_local},
    socket::Connection,
    tracking::Tracking,
};

/// Where the tab remembers the call to which the person wants to be shown.
const KEY: &str = "iutsai-shown-to";

/// The sending of where a helper is, from one tab.
#[derive(Clone, Copy)]
pub struct Sharing {
    tracking: Tracking,
    now: ReadSignal<Millis>,
}

impl Sharing {
    /// Nothing is sent before [`Sharing::begin`]. After a reload it goes on, but no browser asks the person then.
    pub(crate) fn new(viewer: StoredValue<Resident>, connection: Connection) -> Self {
        let (feed, now) = (connection.feed, connection.now);
        let is_coming = Callback::new(move |id: AlertId| {
            let now = now.get();
            viewer.with_value(|viewer| feed.with(|feed| feed.is_approached(id, viewer, now)))
        });
        let tracking = Tracking::new(KEY, is_coming, now);
        effect(move || {
            spawn_local(async move {
                if location::is_granted().await {
                    tracking.recall();
                }
            });
        });
        effect(move || {
            // Another accept of the same call must not show the person without a new tap. While a snapshot comes, the
            // accept may not be there yet.
            let is_over = || tracking.call().is_some_and(|call| is_coming.run(call) == Some(false));
            if feed.with(Feed::is_complete) && is_over() {
                tracking.end();
            }
        });
        Self { tracking, now }
    }

    /// Shows the people of this call where the person is, and those of another call no longer.
    pub(crate) fn begin(self, call: AlertId) {
        self.tracking.take_back();
        self.tracking.begin(call, None, self.now.get_untracked());
    }

    /// Shows nobody any longer where the person is.
    pub(crate) fn stop(self) {
        self.tracking.take_back();
    }

    /// Returns whether the person wants to be shown to this call.
    pub(crate) fn is_for(self, call: AlertId) -> bool {
        self.tracking.call() == Some(call)
    }

    /// Returns whether this tab sends where the person is.
    pub(crate) fn is_on(self) -> bool {
        self.tracking.is_on()
    }

    /// Returns whether the server refuses it.
    pub(crate) fn is_refused(self) -> bool {
        self.tracking.is_refused()
    }

    /// Returns why the place is not known.
    pub(crate) fn problem(self) -> Option<LocationProblem> {
        self.tracking.problem().get()
    }
}
