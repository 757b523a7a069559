//! The state that the parts of the home page share, which is the viewer, the socket, the own call and the sound.

use domain::{Incident, Resident};
use leptos::prelude::*;

use crate::{
    alarm::Alarm,
    context::PageContext,
    feed::Scope,
    house_calls::HouseCalls,
    offline,
    press::Press,
    reactive::{Memo, Signal, StoredValue},
    sharing::Sharing,
    socket::{self, Connection},
};

/// The state that the parts of the home page share.
#[derive(Clone, Copy)]
pub struct Home {
    /// The resident or administrator that is signed in.
    pub viewer: StoredValue<Resident>,
    /// The socket, what it has brought, and the server's clock.
    pub connection: Connection,
    /// The own call on its way.
    pub press: Press,
    /// Where the viewer is on the way to a call.
    pub sharing: Sharing,
    /// The sound.
    pub alarm: Alarm,
    /// The open calls, the newest first.
    pub open: Memo<Vec<Incident>>,
    /// The houses that call, without the viewer's own, the most urgent first.
    pub incoming: Memo<Vec<HouseCalls>>,
    /// The open calls of the viewer's own house.
    pub own_house: Memo<Option<HouseCalls>>,
}

impl Home {
    /// Connects `viewer` and makes what the parts share.
    pub(crate) fn new(viewer: Resident, page: &PageContext) -> Self {
        let connection = socket::connect(Scope::of(&viewer), page);
        let press = Press::new(viewer.clone(), connection);
        offline::forget_page_when_signed_out(connection);
        let listener = viewer.clone();
        let viewer = StoredValue::new(viewer);
        let sharing = Sharing::new(viewer, connection);
        // A call that sounds must be shown, or nobody could silence it.
        let open = Memo::new(move |_| {
            let (now, moment) = (connection.now.get(), connection.moment.get());
            connection.feed.with(|feed| feed.open_by_age(now, moment))
        });
        let houses = move |own: bool| {
            let is_wanted = |call: &&Incident| viewer.with_value(|viewer| is_own(viewer, call)) == own;
            open.with(|open| HouseCalls::by_urgency(open.iter().filter(is_wanted)))
        };
        let incoming = Memo::new(move |_| houses(false));
        let own_house = Memo::new(move |_| houses(true).pop());
        // A screen that stays on may be a sign to an intruder.
        let sends_location = Signal::derive(move || {
            let is_hiding =
                || own_house.with(|house| house.as_ref().is_some_and(HouseCalls::is_about_intruder));
            sharing.is_on() || (press.is_tracked() && !is_hiding())
        });
        let alarm = Alarm::new(connection, listener, sends_location);
        Self { viewer, connection, press, sharing, alarm, open, incoming, own_house }
    }

    /// The home page this part belongs to.
    #[must_use]
    pub fn current() -> Self {
        expect_context()
    }

    /// Returns whether the viewer's own house calls about an intruder, who must not be given a sign of it.
    #[must_use]
    pub fn is_hiding(&self) -> bool {
        self.own_house.with_untracked(|house| house.as_ref().is_some_and(HouseCalls::is_about_intruder))
    }
}

fn is_own(viewer: &Resident, call: &Incident) -> bool {
    viewer.flat() == Some((&call.alert.line, &call.alert.house))
}
