//! The data of single pages beside what every page has, and how a page gets it.

use std::sync::Arc;

use app::pages::{
    audit, board, calls, drills, escalation, install, join, me, my_sign_in, people, sign_in, statistics,
};
use backend::canary::Pulse;
use leptos::prelude::provide_context;

/// The data of single pages, read before they are rendered.
#[derive(Clone, Default)]
pub(crate) struct Extras {
    /// The numbers of the office.
    pub statistics: Option<Arc<statistics::Shown>>,
    /// The people of the complex.
    pub people: Option<Arc<people::Shown>>,
    /// The past calls of a line.
    pub calls: Option<Arc<calls::Shown>>,
    /// The drills of the office.
    pub drills: Option<Arc<drills::Shown>>,
    /// An invitation.
    pub join: Option<Arc<join::Shown>>,
    /// The data held about the viewer.
    pub me: Option<Arc<me::Shown>>,
    /// The records of acts.
    pub audit: Option<Arc<audit::Shown>>,
    /// The month whose records somebody of the office must still look at.
    pub unchecked: Option<audit::Unchecked>,
    /// The ways in which the viewer signs in.
    pub my_sign_in: Option<Arc<my_sign_in::Shown>>,
    /// The housing service by which people sign in.
    pub service: Option<sign_in::Service>,
    /// The board of the office.
    pub board: Option<Arc<board::Shown>>,
    /// The screens that show the board.
    pub displays: Option<Arc<board::Displays>>,
    /// The way out of KakaoTalk's own browser.
    pub external: Option<install::External>,
    /// The rules of escalation.
    pub escalation: Option<Arc<escalation::Shown>>,
    /// The result of the service's silent calls to itself, for the office.
    pub pulse: Option<Pulse>,
}

impl Extras {
    /// Gives the page what was read for it.
    pub(super) fn provide(self) {
        let Self {
            statistics,
            people,
            calls,
            drills,
            join,
            me,
            audit,
            unchecked,
            my_sign_in,
            service,
            board,
            displays,
            external,
            escalation,
            pulse,
        } = self;
        provide_some(statistics);
        provide_some(people);
        provide_some(calls);
        provide_some(drills);
        provide_some(join);
        provide_some(me);
        provide_some(audit);
        provide_some(unchecked);
        provide_some(my_sign_in);
        provide_some(service);
        provide_some(board);
        provide_some(displays);
        provide_some(external);
        provide_some(escalation);
        provide_some(pulse);
    }
}

fn provide_some<T: Send + Sync + 'static>(value: Option<T>) {
    if let Some(value) = value {
        provide_context(value);
    }
}
