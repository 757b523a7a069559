//! The choice about the location, with the forms that change it.

use backend::{
    people::{invitations::CONSENT_VERSION, location_use::LocationUse},
    privacy::Held,
};
use domain::statistics::Zone;
use leptos::prelude::*;

use crate::{
    calendar,
    i18n::{I18nLocaleTrait, Locale, td_string},
    pages::join,
};

/// The state of the consent, and the forms that change it.
pub(super) fn choice(locale: Locale, held: &Held, zone: &dyn Zone) -> AnyView {
    let consent = held.consent();
    let (state, words) = match (held.location_use, consent) {
        (LocationUse::Allowed, None) => ("unasked", td_string!(locale, me.state_unasked).to_owned()),
        (LocationUse::Allowed, Some(consent)) => {
            let day = calendar::date(locale, zone.local(consent.given_at).date);
            ("given", td_string!(locale, me.state_given, day = day))
        }
        (LocationUse::Paused, _) => ("paused", td_string!(locale, me.state_paused).to_owned()),
        (LocationUse::Withdrawn, _) => ("withdrawn", td_string!(locale, me.state_withdrawn).to_owned()),
    };
    let may_give = state != "given";
    let may_pause = held.location_use == LocationUse::Allowed;
    let may_withdraw = held.location_use != LocationUse::Withdrawn;
    view! {
        <section class="stack" aria-labelledby="me-location" data-testid="location" data-state=state>
            <h2 id="me-location">{td_string!(locale, me.location_heading)}</h2>
            <p>{words}</p>
            <blockquote class="summary">{join::consent(locale)}</blockquote>
            {may_give.then(|| form(locale, "give", "primary", td_string!(locale, me.give), None))}
            {may_pause.then(|| {
                let means = Some(td_string!(locale, me.pause_means));
                form(locale, "pause", "secondary", td_string!(locale, me.pause), means)
            })}
            {may_withdraw.then(|| withdrawing(locale))}
        </section>
    }
    .into_any()
}

/// Withdrawing cannot be taken back, so its button is folded away behind the consequences.
fn withdrawing(locale: Locale) -> AnyView {
    view! {
        <details class="act">
            <summary data-testid="withdraw-ask">{td_string!(locale, me.withdraw)}</summary>
            {form(
                locale,
                "withdraw",
                "secondary",
                td_string!(locale, me.withdraw_now),
                Some(td_string!(locale, me.withdraw_means)),
            )}
        </details>
    }
    .into_any()
}

fn form(
    locale: Locale,
    choice: &'static str,
    class: &'static str,
    words: &'static str,
    means: Option<&'static str>,
) -> AnyView {
    view! {
        <form class="stack" method="post" action="/me/location">
            <input type="hidden" name="choice" value=choice />
            <input type="hidden" name="version" value=CONSENT_VERSION />
            <input type="hidden" name="language" value=locale.as_str() />
            {means.map(|means| view! { <p class="summary">{means}</p> })}
            <button class=class type="submit" data-testid=choice>{words}</button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::{House, Line, Role, statistics::Utc};

    use super::*;

    fn held(location_use: LocationUse) -> Held {
        let house = House::new("1203").ok();
        Held {
            account: "resident-1203".into(),
            role: Role::Resident,
            line: Line::new("101-1").ok(),
            house,
            created_at: 0,
            has_second_factor: false,
            service_subject: None,
            location_use,
            consents: Vec::new(),
            location_uses: Vec::new(),
            is_alone: false,
        }
    }

    #[test]
    fn each_state_offers_what_can_follow_it() {
        for (state, word, offered) in [
            (LocationUse::Allowed, "unasked", [true, true, true]),
            (LocationUse::Paused, "paused", [true, false, true]),
            (LocationUse::Withdrawn, "withdrawn", [true, false, false]),
        ] {
            let html = choice(Locale::ko, &held(state), &Utc).to_html();
            assert!(html.contains(&format!("data-state=\"{word}\"")), "{html}");
            let has =
                ["give", "pause", "withdraw"].map(|act| html.contains(&format!("data-testid=\"{act}\"")));
            assert_eq!(has, offered, "{word}");
        }
    }
}
