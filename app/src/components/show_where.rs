//! The offer to show the people of a call where the viewer is, while the viewer's house is on the way to it.

use domain::{AlertId, Incident, Resident, Stance};
use leptos::prelude::*;

use crate::{
    home::Home,
    house_calls::HouseCalls,
    i18n::{Locale, td_string},
    language::use_i18n,
    location::LocationProblem,
    part::IntoPart,
    reactive::{Memo, Signal},
    sharing::Sharing,
};

/// The progress of showing where the viewer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The viewer is not on the way to any call of the house.
    Absent,
    Offered,
    /// The person wants it, and nobody has it yet.
    Looking,
    Shown,
    Failed(LocationProblem),
    Refused,
}

/// The offer, and the button that begins and stops it.
#[component]
pub(super) fn ShowWhere(house: Memo<Option<HouseCalls>>) -> impl IntoView {
    let i18n = use_i18n();
    let Home { viewer, sharing, .. } = Home::current();
    // The call, and whether the server shows the viewer there.
    let call = Memo::new(move |_| {
        viewer.with_value(|viewer| house.with(|house| chosen(house.as_ref()?, viewer, sharing)))
    });
    let stage = Memo::new(move |_| match call.get() {
        None => Stage::Absent,
        Some((id, _)) if !sharing.is_for(id) => Stage::Offered,
        Some(_) if sharing.is_refused() => Stage::Refused,
        Some((_, is_shown)) => match sharing.problem() {
            Some(problem) => Stage::Failed(problem),
            None if is_shown => Stage::Shown,
            None => Stage::Looking,
        },
    });
    let toggle = move |_| match (stage.get_untracked(), call.get_untracked()) {
        (Stage::Offered, Some((id, _))) => sharing.begin(id),
        _ => sharing.stop(),
    };
    view! {
        <div class="show-where" hidden=Signal::derive(move || stage.get() == Stage::Absent)>
            <p role="status" data-testid="where-state">{Signal::derive(move || words(i18n.get_locale(), stage.get()))}</p>
            <button type="button" class="quiet-button" data-testid="show-where" on:click=toggle>
                {Signal::derive(move || label(i18n.get_locale(), stage.get()))}
            </button>
        </div>
    }
    .fresh()
}

/// Returns the call that is meant, of those to which the viewer's house is on the way, and whether the viewer is shown
/// there. It is the one to which the person wants to be shown already, or the newest.
fn chosen(house: &HouseCalls, viewer: &Resident, sharing: Sharing) -> Option<(AlertId, bool)> {
    let (line, flat) = viewer.flat()?;
    let is_shown = |call: &Incident| {
        let own = call.response_of(line, flat).filter(|own| own.stance == Stance::Coming)?;
        Some((call.alert.id, own.location.is_some()))
    };
    let calls: Vec<_> = house.calls().filter_map(is_shown).collect();
    calls.iter().find(|(id, _)| sharing.is_for(*id)).or(calls.first()).copied()
}

fn words(locale: Locale, stage: Stage) -> &'static str {
    match stage {
        Stage::Absent => "",
        Stage::Offered => td_string!(locale, show_where.offer),
        Stage::Looking => td_string!(locale, show_where.looking),
        Stage::Shown => td_string!(locale, show_where.shown),
        Stage::Failed(LocationProblem::KeptBack) => td_string!(locale, show_where.off),
        Stage::Failed(LocationProblem::Denied) => td_string!(locale, show_where.denied),
        Stage::Failed(_) => td_string!(locale, show_where.unavailable),
        Stage::Refused => td_string!(locale, show_where.refused),
    }
}

fn label(locale: Locale, stage: Stage) -> &'static str {
    match stage {
        Stage::Absent | Stage::Offered => td_string!(locale, show_where.show),
        _ => td_string!(locale, show_where.hide),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offer_and_what_is_shown_both_name_who_sees_it() {
        for stage in [Stage::Offered, Stage::Shown] {
            assert!(words(Locale::ko, stage).contains("이웃과 관리사무소가 볼 수 있어요"), "{stage:?}");
        }
        assert_eq!(label(Locale::ko, Stage::Offered), "내 위치 함께 보이기");
        for stage in [Stage::Looking, Stage::Shown, Stage::Failed(LocationProblem::Denied), Stage::Refused] {
            assert_eq!(label(Locale::ko, stage), "내 위치 그만 보이기", "{stage:?}");
        }
    }
}
