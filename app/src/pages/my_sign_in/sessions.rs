//! The sessions of a person, and the change of the password.

use domain::statistics::Zone;
use leptos::prelude::*;

use super::{OwnSession, form, hidden, password_field};
use crate::{
    calendar,
    i18n::{Locale, td_string},
};

/// The form for another password.
pub(super) fn password(locale: Locale) -> AnyView {
    let fields = view! {
        <p>{td_string!(locale, sessions.password_means)}</p>
        {password_field("password", td_string!(locale, sessions.present), "current-password")}
        <label>
            <span>{td_string!(locale, sessions.new_password)}</span>
            <input
                name="new_password"
                type="password"
                autocomplete="new-password"
                minlength="8"
                maxlength="256"
                required
            />
        </label>
        <button type="submit">{td_string!(locale, sessions.change)}</button>
    };
    view! {
        <section class="stack">
            <h2>{td_string!(locale, sessions.password)}</h2>
            {form("password", fields.into_any())}
        </section>
    }
    .into_any()
}

/// The list of the sessions.
pub(super) fn section(locale: Locale, sessions: Option<&[OwnSession]>, zone: &dyn Zone) -> AnyView {
    let content = match sessions {
        Some(sessions) => list(locale, sessions, zone),
        None => view! {
            <p class="notice error" role="alert">{td_string!(locale, sessions.unavailable)}</p>
        }
        .into_any(),
    };
    view! {
        <section class="stack" data-testid="sessions">
            <h2>{td_string!(locale, sessions.heading)}</h2>
            {content}
        </section>
    }
    .into_any()
}

fn list(locale: Locale, sessions: &[OwnSession], zone: &dyn Zone) -> AnyView {
    let items = sessions.iter().map(|session| item(locale, session, zone));
    let items: Vec<AnyView> = items.collect();
    let others = sessions.iter().any(|session| !session.is_this).then(|| {
        let fields = view! {
            {hidden("session", "others")}
            <button type="submit" data-testid="end-others">{td_string!(locale, sessions.end_others)}</button>
        };
        form("end", fields.into_any())
    });
    view! {
        <p>{td_string!(locale, sessions.means)}</p>
        <ul class="houses">{items}</ul>
        {others}
    }
    .into_any()
}

fn item(locale: Locale, session: &OwnSession, zone: &dyn Zone) -> AnyView {
    let day = |at| calendar::date(locale, zone.local(at).date);
    let name = if session.device.is_empty() {
        td_string!(locale, sessions.unknown)
    } else {
        session.device.as_str()
    };
    let mut facts = Vec::new();
    facts.extend(session.started_at.map(|at| td_string!(locale, sessions.since, day = day(at))));
    facts.push(td_string!(locale, sessions.used, day = day(session.used_at)));
    if !session.address.is_empty() {
        facts.push(td_string!(locale, sessions.from, address = session.address.clone()));
    }
    let here = session
        .is_this
        .then(|| view! { <span class="badge" data-testid="here">{td_string!(locale, sessions.here)}</span> });
    let words = if session.is_this {
        td_string!(locale, sessions.end_here)
    } else {
        td_string!(locale, sessions.end)
    };
    let fields = view! {
        {hidden("session", &session.id)}
        <button class="quiet-button" type="submit" data-testid="end">
            {words} <span class="visually-hidden">" " {name.to_owned()}</span>
        </button>
    };
    view! {
        <li class="house" data-testid="session">
            <h3>{name.to_owned()} " " {here}</h3>
            <p class="summary">{facts.join(" · ")}</p>
            {form("end", fields.into_any())}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::statistics::Utc;

    use super::*;

    #[test]
    fn a_session_is_known_by_its_device_its_days_and_its_address() {
        let session = OwnSession {
            id: "an-id".into(),
            device: "Chrome, Android".into(),
            address: "203.0.113.9".into(),
            started_at: Some(1_795_953_600_000),
            used_at: 1_795_953_600_000,
            is_this: true,
        };
        let other = OwnSession { is_this: false, started_at: None, device: String::new(), ..session.clone() };
        let html = section(Locale::ko, Some(&[session.clone(), other]), &Utc).to_html();
        for part in [
            "Chrome, Android",
            "2026년 11월 29일",
            "203.0.113.9",
            "이 기기<",
            "알 수 없는 기기",
            "value=\"others\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        let alone = section(Locale::ko, Some(&[session]), &Utc).to_html();
        assert!(!alone.contains("value=\"others\""), "{alone}");
        assert!(section(Locale::en, None, &Utc).to_html().contains("cannot be read"));
    }
}
