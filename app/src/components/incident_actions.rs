//! What can be done about a call, depending on who is looking and what that house has said already.

use domain::{House, Incident, Progress, Resident, Response, Role, Stance};
use leptos::prelude::*;

use super::{
    command::{Command, CommandButton, CommandState, Word},
    incident_words::is_answered,
};
use crate::{
    home::Home,
    i18n::{t_string, use_i18n},
    words::say,
};

/// The buttons that fit: who is looking, and what that house has said already.
#[component]
pub(super) fn IncidentActions(incident: Memo<Option<Incident>>, is_open: Memo<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let command = Command::new();
    let choice = Memo::new(move |_| {
        if !is_open.get() {
            return Choice::None;
        }
        let in_own_panel = home.press.own_call.with(|own| own.as_ref().map(|own| own.alert.key()));
        incident.with(|incident| {
            let Some(incident) = incident else { return Choice::None };
            if in_own_panel == Some(incident.alert.key()) {
                return Choice::None;
            }
            home.viewer.with_value(|viewer| Choice::of(viewer, incident))
        })
    });
    let progress = move |what| {
        move |()| incident.with_untracked(|incident| Some(Word::Progress(incident.as_ref()?.alert.id, what)))
    };
    let accept = move |()| {
        home.alarm.silence();
        let house = home.viewer.with_value(|viewer| viewer.house.clone())?;
        Some(Word::Accept(incident.get_untracked()?.alert, house))
    };
    let accept_label = Signal::derive(move || match incident.with(is_answered) {
        true => t_string!(i18n, alarm.accept_too),
        false => t_string!(i18n, alarm.accept),
    });
    let administers = home.viewer.with_value(|viewer| viewer.role == Role::Administrator);
    let may_resolve = Signal::derive(move || match choice.get() {
        Choice::None => false,
        Choice::End => true,
        _ => administers,
    });
    let is = move |what: Choice| Signal::derive(move || choice.get() == what);
    let stance = Memo::new(move |_| match choice.get() {
        Choice::OnTheWay => t_string!(i18n, alarm.on_the_way),
        Choice::Arrived => t_string!(i18n, alarm.arrived),
        _ => "",
    });
    let arrive = Signal::derive(say!(i18n, alarm.arrive));
    let withdraw = Signal::derive(say!(i18n, alarm.withdraw));
    let resolve = Signal::derive(say!(i18n, feed.resolve));
    let cancel = Signal::derive(say!(i18n, own.cancel));
    use Progress::{Arrived, Cancelled, Resolved, Withdrawn};
    view! {
        <p class="own-stance" hidden=Signal::derive(move || stance.get().is_empty())>
            {stance}
        </p>
        <div class="buttons">
            <CommandButton
                command
                class="accept"
                testid="accept"
                shown=is(Choice::Accept)
                label=accept_label
                word=accept
            />
            <CommandButton
                command
                class="primary"
                testid="arrived"
                shown=is(Choice::OnTheWay)
                label=arrive
                word=progress(Arrived)
            />
            <CommandButton
                command
                class="secondary"
                testid="withdraw"
                shown=is(Choice::OnTheWay)
                label=withdraw
                word=progress(Withdrawn)
            />
            <CommandButton
                command
                class="secondary"
                testid="resolve"
                shown=may_resolve
                label=resolve
                word=progress(Resolved)
            />
            <CommandButton
                command
                class="secondary"
                testid="cancel"
                shown=is(Choice::End)
                label=cancel
                word=progress(Cancelled)
            />
        </div>
        <CommandState command />
    }
    .into_any()
}

/// What a person can do about an open call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// Nothing: it is not theirs to answer or end, or it has a panel of its own.
    None,
    /// Only watch over it, and as an administrator resolve it.
    Watch,
    /// Say that they come.
    Accept,
    /// Say that they are there, or cannot come after all.
    OnTheWay,
    /// They are there.
    Arrived,
    /// It is their own: end it.
    End,
}

impl Choice {
    fn of(viewer: &Resident, incident: &Incident) -> Self {
        match viewer.flat() {
            Some((line, house)) if *line == incident.alert.line => {
                if *house == incident.alert.house {
                    Self::End
                } else {
                    Self::after(stance(incident, house))
                }
            }
            _ => Self::Watch,
        }
    }

    fn after(stance: Option<Stance>) -> Self {
        match stance {
            None | Some(Stance::Withdrawn) => Self::Accept,
            Some(Stance::Coming) => Self::OnTheWay,
            Some(Stance::Arrived) => Self::Arrived,
        }
    }
}

/// What a house of the call's line last said about it.
fn stance(incident: &Incident, house: &House) -> Option<Stance> {
    let own = |one: &&Response| one.line.is_none() && one.house == *house;
    incident.responses.iter().find(own).map(|one| one.stance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_withdrew_may_accept_again_and_who_is_there_has_nothing_left_to_say() {
        assert_eq!(Choice::after(None), Choice::Accept);
        assert_eq!(Choice::after(Some(Stance::Coming)), Choice::OnTheWay);
        assert_eq!(Choice::after(Some(Stance::Withdrawn)), Choice::Accept);
        assert_eq!(Choice::after(Some(Stance::Arrived)), Choice::Arrived);
    }
}
