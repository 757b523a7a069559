//! One call, whatever has come of it, with what this person can do about it.

use leptos::prelude::*;
use wire::{AlertId, House, Incident, Progress, Resident, Role, Stance};

use super::command::{Command, CommandState, Word};
use crate::{
    i18n::{Locale, t, t_string, td_string, use_i18n},
    pages::Home,
    words,
};

/// One call. Where it is somebody else's and open it stands in the alarm panel and is `urgent`.
#[component]
pub(super) fn IncidentCard(
    /// The call.
    id: AlertId,
    /// Whether it stands in the alarm panel.
    #[prop(optional)]
    urgent: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let connection = home.connection;
    let incident = Memo::new(move |_| connection.feed.with(|feed| feed.named(id)));
    let is_open = Memo::new(move |_| {
        let now = connection.now.get();
        incident.with(|incident| incident.as_ref().is_some_and(|incident| incident.is_open(now)))
    });
    // What is said of a call while it is on the page; a call that has just left it says nothing.
    let say = move |words: fn(Locale, &Incident) -> String| {
        move || {
            let locale = i18n.get_locale();
            incident.with(|incident| {
                incident.as_ref().map(|incident| words(locale, incident)).unwrap_or_default()
            })
        }
    };
    let heading = say(if urgent { urgent_heading } else { plain_heading });
    let ago = Memo::new(move |_| {
        let at = incident.with(|incident| incident.as_ref().map_or(0, |incident| incident.alert.at));
        words::ago(i18n.get_locale(), at, connection.now.get())
    });
    Effect::new(move || connection.seen(id));

    view! {
        <article
            class="incident"
            class:urgent=urgent
            class:answered=move || incident.with(is_answered)
            data-testid="incident"
            data-alert=id.to_string()
            data-open=move || is_open.get().to_string()
            data-house=say(|_, incident| incident.alert.house.to_string())
            data-kind=say(kind_word)
        >
            <h3 class="incident-heading">{heading}</h3>
            <p class="incident-facts">
                <span>{say(|locale, incident| words::line(locale, &incident.alert.line))}</span>
                <span class="badge" hidden=move || say(kind)().is_empty()>{say(kind)}</span>
                <span aria-live="off">{ago}</span>
            </p>
            <p class="incident-text" hidden=move || say(text)().is_empty()>{say(text)}</p>
            <p class="incident-end" hidden=is_open>{say(end)}</p>
            <div class="incident-answers" aria-live=if urgent { "polite" } else { "off" }>
                <Show
                    when=move || !say(coming)().is_empty()
                    fallback=move || view! {
                        <p class="nobody" hidden=move || !is_open.get()>{t!(i18n, feed.nobody_coming)}</p>
                    }
                >
                    <p class="coming" data-testid="coming">{say(coming)}</p>
                </Show>
            </div>
            <p class="incident-facts" hidden=move || !is_open.get() aria-live="off">
                <span>{say(reached)}</span>
                <span>{say(whereabouts)}</span>
            </p>
            <Actions incident is_open urgent />
        </article>
    }
    .into_any()
}

/// The buttons that fit: who is looking, and what that house has said already.
#[component]
fn Actions(incident: Memo<Option<Incident>>, is_open: Memo<bool>, urgent: bool) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let command = Command::new();
    let choice = Memo::new(move |_| {
        if !is_open.get() {
            return Choice::None;
        }
        let in_own_panel = home.press.own_call.with(|own| own.as_ref().map(|own| own.alert.id));
        incident.with(|incident| {
            let Some(incident) = incident else { return Choice::None };
            if in_own_panel == Some(incident.alert.id) {
                return Choice::None;
            }
            home.viewer.with_value(|viewer| Choice::of(viewer, incident))
        })
    });
    let resolves = home.viewer.with_value(|viewer| viewer.role == Role::Administrator);
    let progress = move |what| {
        if let Some(incident) = incident.get_untracked() {
            command.say(Word::Progress(incident.alert.id, what));
        }
    };
    let accept = move || {
        home.alarm.silence();
        let house = home.viewer.with_value(|viewer| viewer.house.clone());
        if let Some((incident, house)) = incident.get_untracked().zip(house) {
            command.say(Word::Accept(incident.alert, house));
        }
    };
    let accept_words = move || {
        if incident.with(is_answered) {
            t_string!(i18n, alarm.accept_too)
        } else {
            t_string!(i18n, alarm.accept)
        }
    };
    let busy = move || command.is_busy();
    let is = move |what: Choice| move || choice.get() != what;
    let stance_words = move || match choice.get() {
        Choice::OnTheWay => t_string!(i18n, alarm.on_the_way),
        Choice::Arrived => t_string!(i18n, alarm.arrived),
        _ => "",
    };
    view! {
        <p class="own-stance" hidden=move || stance_words().is_empty()>{stance_words}</p>
        <div class="buttons" class:urgent=urgent>
            <button
                type="button" class="accept" data-testid="accept"
                hidden=is(Choice::Accept) disabled=busy on:click=move |_| accept()
            >
                {accept_words}
            </button>
            <button
                type="button" class="primary" data-testid="arrived"
                hidden=is(Choice::OnTheWay) disabled=busy on:click=move |_| progress(Progress::Arrived)
            >
                {t!(i18n, alarm.arrive)}
            </button>
            <button
                type="button" class="secondary" data-testid="withdraw"
                hidden=is(Choice::OnTheWay) disabled=busy on:click=move |_| progress(Progress::Withdrawn)
            >
                {t!(i18n, alarm.withdraw)}
            </button>
            <button
                type="button" class="secondary" data-testid="resolve"
                hidden=move || !(choice.get() == Choice::End || resolves && is_open.get() && choice.get() != Choice::None)
                disabled=busy on:click=move |_| progress(Progress::Resolved)
            >
                {t!(i18n, feed.resolve)}
            </button>
            <button
                type="button" class="secondary" data-testid="cancel"
                hidden=is(Choice::End) disabled=busy on:click=move |_| progress(Progress::Cancelled)
            >
                {t!(i18n, own.cancel)}
            </button>
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
    let own = |one: &&wire::Response| one.line.is_none() && one.house == *house;
    incident.responses.iter().find(own).map(|one| one.stance)
}

fn is_answered(incident: &Option<Incident>) -> bool {
    incident.as_ref().is_some_and(|incident| incident.coming().next().is_some())
}

fn urgent_heading(locale: Locale, incident: &Incident) -> String {
    let house = words::house(locale, &incident.alert.house);
    if incident.alert.drill {
        td_string!(locale, alarm.heading_drill, house = house).to_string()
    } else {
        td_string!(locale, alarm.heading, house = house).to_string()
    }
}

fn plain_heading(locale: Locale, incident: &Incident) -> String {
    let house = words::house(locale, &incident.alert.house);
    if incident.alert.drill { format!("{} · {house}", td_string!(locale, feed.drill)) } else { house }
}

fn kind(locale: Locale, incident: &Incident) -> String {
    incident.alert.kind.map(|kind| words::kind(locale, kind).to_owned()).unwrap_or_default()
}

/// The kind's word for the style sheet.
fn kind_word(_: Locale, incident: &Incident) -> String {
    incident.alert.kind.map(|kind| format!("{kind:?}").to_lowercase()).unwrap_or_default()
}

fn text(_: Locale, incident: &Incident) -> String {
    incident.alert.text.clone()
}

fn end(locale: Locale, incident: &Incident) -> String {
    match &incident.end {
        Some(end) => words::end(locale, end),
        // Not open and ended by nobody: it has run out.
        None => words::ended(locale, Progress::Expired).to_owned(),
    }
}

/// Who is coming, and who of them is there.
fn coming(locale: Locale, incident: &Incident) -> String {
    let name = |response: &wire::Response| {
        let house = words::house(locale, &response.house);
        let house = match &response.line {
            Some(line) => format!("{} {house}", words::line(locale, line)),
            None => house,
        };
        match response.stance {
            Stance::Arrived => td_string!(locale, feed.house_arrived, house = house).to_string(),
            _ => house,
        }
    };
    let names: Vec<String> = incident.coming().map(name).collect();
    if names.is_empty() {
        return String::new();
    }
    let names = names.join(", ");
    match incident.end {
        None => td_string!(locale, feed.coming, houses = names).to_string(),
        // Whether they came is not known.
        Some(_) => td_string!(locale, feed.came, houses = names).to_string(),
    }
}

fn reached(locale: Locale, incident: &Incident) -> String {
    td_string!(locale, feed.reached, count = incident.reached.len()).to_string()
}

fn whereabouts(locale: Locale, incident: &Incident) -> String {
    let Some(location) = incident.location else { return td_string!(locale, feed.no_location).to_owned() };
    location
        .accuracy
        .map(|metres| td_string!(locale, feed.accuracy, metres = format!("{metres:.0}")).to_string())
        .unwrap_or_default()
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
