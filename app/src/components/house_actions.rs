//! The actions of a neighbour or an administrator on the open calls of a house. A button acts on every call that it
//! fits, because a call that is left out still sounds, and its caller still waits.

use domain::{House, Incident, Line, Progress, Resident, Role, Stance};
use leptos::prelude::*;

use super::{
    command::{Command, CommandButton, CommandState, Note, NoteField, Word},
    show_where::ShowWhere,
};
use crate::{
    home::Home,
    house_calls::HouseCalls,
    i18n::td_string,
    language::use_i18n,
    part::IntoPart,
    reactive::{IntoSignal, Memo, Signal},
    words::text,
};

/// The buttons that fit one house, which is not the viewer's own, and the line that shows their outcome.
#[component]
pub(super) fn HouseActions(house: Memo<Option<HouseCalls>>) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let command = Command::new();
    let offer = Memo::new(move |_| {
        house.with(|house| {
            let Some(house) = house else { return Offer::default() };
            home.viewer.with_value(|viewer| Offer::of(viewer, house))
        })
    });
    let note = Note::new();
    let end = move |()| {
        let note = note.take();
        house.with_untracked(|house| {
            house.as_ref().map(|house| end_all(house, note.as_deref())).unwrap_or_default()
        })
    };
    let stance = Memo::new(move |_| match offer.get() {
        Offer { on_the_way: true, .. } => td_string!(i18n.get_locale(), alarm.on_the_way),
        Offer { accept: None, arrived: true, .. } => td_string!(i18n.get_locale(), alarm.arrived),
        _ => "",
    });
    let administers = home.viewer.with_value(|viewer| viewer.role == Role::Administrator);
    let resolve = Signal::derive(text!(i18n, feed.resolve));
    let may_end = Signal::derive(move || administers && house.with(Option::is_some));
    view! {
        <p class="own-stance" hidden=Signal::derive(move || stance.get().is_empty())>
            {stance.into_signal()}
        </p>
        {administers.then(|| view! { <NoteField note shown=may_end /> })}
        <div class="buttons">
            <AcceptButton command house offer />
            <WayButtons command house offer />
            <CommandButton
                command
                class="secondary"
                testid="resolve"
                shown=may_end
                label=resolve
                words=end
            />
        </div>
        <ShowWhere house />
        <CommandState command />
    }
    .fresh()
}

/// The button that accepts the calls of the house, and silences them here.
#[component]
fn AcceptButton(command: Command, house: Memo<Option<HouseCalls>>, offer: Memo<Offer>) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let accept = move |()| {
        if let Some((line, house)) = house.with_untracked(|house| house.as_ref().map(HouseCalls::flat)) {
            home.alarm.silence_house(&line, &house);
        }
        let by = home.viewer.with_value(|viewer| viewer.house.clone());
        let word = |call: Incident| Some(Word::Accept(call.alert, by.clone()?));
        calls_at(home, house, Point::Open).into_iter().filter_map(word).collect::<Vec<_>>()
    };
    let label = Signal::derive(move || match offer.get().accept {
        Some(Accept::Too) => td_string!(i18n.get_locale(), alarm.accept_too),
        _ => td_string!(i18n.get_locale(), alarm.accept),
    });
    let shown = Signal::derive(move || offer.get().accept.is_some());
    view! { <CommandButton command class="accept" testid="accept" shown label words=accept /> }.fresh()
}

/// The buttons of a person who is on the way.
#[component]
fn WayButtons(command: Command, house: Memo<Option<HouseCalls>>, offer: Memo<Offer>) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let on_the_way = move |what| {
        move |()| {
            let word = |call: Incident| Word::Progress(call.alert.key(), what, None);
            calls_at(home, house, Point::OnTheWay).into_iter().map(word).collect::<Vec<_>>()
        }
    };
    let shown = Signal::derive(move || offer.get().on_the_way);
    let arrive = Signal::derive(text!(i18n, alarm.arrive));
    let withdraw = Signal::derive(text!(i18n, alarm.withdraw));
    view! {
        <CommandButton
            command
            class="primary"
            testid="arrived"
            shown
            label=arrive
            words=on_the_way(Progress::Arrived)
        />
        <CommandButton
            command
            class="secondary"
            testid="withdraw"
            shown
            label=withdraw
            words=on_the_way(Progress::Withdrawn)
        />
    }
    .fresh()
}

/// Returns the calls that are at this point for the viewer, the newest first.
fn calls_at(home: Home, house: Memo<Option<HouseCalls>>, point: Point) -> Vec<Incident> {
    let is_at = |call: &&Incident| home.viewer.with_value(|viewer| Point::of(viewer, call)) == point;
    house.with_untracked(|house| house.iter().flat_map(HouseCalls::calls).filter(is_at).cloned().collect())
}

fn end_all(house: &HouseCalls, note: Option<&str>) -> Vec<Word> {
    let word =
        |call: &Incident| Word::Progress(call.alert.key(), Progress::Resolved, note.map(str::to_owned));
    house.calls().map(word).collect()
}

/// The actions of a person on the open calls of a house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offer {
    /// Accepting the calls that they have not accepted.
    accept: Option<Accept>,
    /// Arriving, or withdrawing.
    on_the_way: bool,
    /// They are there.
    arrived: bool,
}

/// True if others come to the calls that a person may accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accept {
    Alone,
    Too,
}

impl Offer {
    fn of(viewer: &Resident, house: &HouseCalls) -> Self {
        let mut offer = Self::default();
        for call in house.calls() {
            match Point::of(viewer, call) {
                Point::Watching => {}
                Point::Open if call.coming().next().is_none() => offer.accept = Some(Accept::Alone),
                Point::Open => offer.accept = offer.accept.or(Some(Accept::Too)),
                Point::OnTheWay => offer.on_the_way = true,
                Point::Arrived => offer.arrived = true,
            }
        }
        offer
    }
}

/// The progress of a person with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// The call is neither of their line nor escalated to it.
    Watching,
    /// They do not come, or not any more.
    Open,
    /// They come.
    OnTheWay,
    /// They are there.
    Arrived,
}

impl Point {
    fn of(viewer: &Resident, call: &Incident) -> Self {
        match viewer.flat() {
            Some((line, house)) if call.is_for(line) => Self::after(stance(call, line, house)),
            _ => Self::Watching,
        }
    }

    fn after(stance: Option<Stance>) -> Self {
        match stance {
            None | Some(Stance::Withdrawn) => Self::Open,
            Some(Stance::Coming) => Self::OnTheWay,
            Some(Stance::Arrived) => Self::Arrived,
        }
    }
}

/// Returns the last answer of a flat.
fn stance(call: &Incident, line: &Line, house: &House) -> Option<Stance> {
    call.response_of(line, house).map(|one| one.stance)
}

#[cfg(test)]
mod tests {
    use domain::{
        Alert, Event,
        escalation::{Ring, Step},
    };

    use super::*;
    use crate::samples::{AT, accept, administrator, call, incident, named_line, resident, status};

    /// Returns what `viewer` can do about a house whose calls were made one second apart, each with what followed.
    fn offer(viewer: &Resident, calls: &[(&Alert, Vec<Event>)]) -> Offer {
        let mut incidents: Vec<_> = calls.iter().map(|(call, then)| incident(call, then.clone())).collect();
        incidents.reverse();
        Offer::of(viewer, &HouseCalls::by_urgency(incidents.iter())[0])
    }

    #[test]
    fn after_a_withdrawal_accept_is_offered_again_and_after_an_arrival_nothing() {
        assert_eq!(Point::after(None), Point::Open);
        assert_eq!(Point::after(Some(Stance::Coming)), Point::OnTheWay);
        assert_eq!(Point::after(Some(Stance::Withdrawn)), Point::Open);
        assert_eq!(Point::after(Some(Stance::Arrived)), Point::Arrived);
    }

    #[test]
    fn a_neighbour_who_comes_to_one_call_may_accept_the_next_and_arrive_at_the_first() {
        let (first, second) = (call(1), Alert { at: AT + 1_000, ..call(2) });
        let coming = accept(&first, "1204");
        let offered = offer(&resident("1204"), &[(&first, vec![coming.clone()]), (&second, vec![])]);
        assert_eq!(offered, Offer { accept: Some(Accept::Alone), on_the_way: true, arrived: false });

        let both = vec![accept(&second, "1204")];
        let offered = offer(&resident("1204"), &[(&first, vec![coming]), (&second, both)]);
        assert_eq!(offered, Offer { on_the_way: true, ..Offer::default() });
    }

    #[test]
    fn too_is_shown_only_to_neighbours_who_join_others() {
        let (first, second) = (call(1), Alert { at: AT + 1_000, ..call(2) });
        let by_other = |call: &Alert| vec![accept(call, "1301")];
        let one = offer(&resident("1204"), &[(&first, by_other(&first)), (&second, vec![])]);
        assert_eq!(one.accept, Some(Accept::Alone));
        let both = offer(&resident("1204"), &[(&first, by_other(&first)), (&second, by_other(&second))]);
        assert_eq!(both.accept, Some(Accept::Too));
    }

    #[test]
    fn a_house_of_another_line_may_come_once_the_call_was_escalated_to_its_line() {
        let (call, mut next) = (call(1), resident("1203"));
        next.line = Some(named_line("101-2"));
        assert_eq!(offer(&next, &[(&call, vec![])]), Offer::default());
        let lines = [named_line("101-2")].into();
        let step = Step { ring: Ring::Neighbours, round: call.id.0, lines }.event(&call, AT + 30_000);
        let offered = offer(&next, &[(&call, vec![step.clone()])]);
        assert_eq!(offered, Offer { accept: Some(Accept::Alone), ..Offer::default() });
        let Event::Accept(coming) = accept(&call, "1203") else { panic!("an accept") };
        let coming = Event::Accept(domain::Accept { accept_line: next.line.clone(), ..coming });
        let offered = offer(&next, &[(&call, vec![step, coming])]);
        assert_eq!(offered, Offer { on_the_way: true, ..Offer::default() });
    }

    #[test]
    fn a_neighbour_who_is_there_is_offered_nothing_more_and_neither_is_the_office() {
        let call = call(1);
        let there = vec![accept(&call, "1204"), status(&call, Progress::Arrived, "1204")];
        let offered = offer(&resident("1204"), &[(&call, there)]);
        assert_eq!(offered, Offer { arrived: true, ..Offer::default() });
        assert_eq!(offer(&administrator(), &[(&call, vec![])]), Offer::default());
    }
}
