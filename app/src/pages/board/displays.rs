//! The screens that show the board, with a form for a new one, its link, shown once, and the list with what can be done.

use backend::people::displays::Display;
use domain::statistics::Zone;
use leptos::prelude::*;

use super::shown::{Displays, View};
use crate::{
    calendar,
    i18n::{Locale, td_string},
    page_table::{BOARD, DISPLAYS},
};

/// The page for an administrator.
pub(super) fn content(locale: Locale, shown: &Displays) -> AnyView {
    match shown {
        Displays::Made { name, link, qr } => made(locale, name, link, qr.as_deref()),
        Displays::List { displays, view, zone } => list(locale, displays.as_deref(), view, &**zone),
    }
}

fn list(locale: Locale, displays: Option<&[Display]>, view: &View, zone: &dyn Zone) -> AnyView {
    let none = displays.is_some_and(<[Display]>::is_empty).then(|| td_string!(locale, board.no_displays));
    let unreadable = displays.is_none().then(|| td_string!(locale, board.unavailable));
    let lines = displays.unwrap_or_default().iter().map(|one| display(locale, one, zone));
    let lines: Vec<AnyView> = lines.collect();
    view! {
        <main id="main" class="people" data-testid="displays">
            <p><a href=BOARD.path rel="external">{td_string!(locale, board.title)}</a></p>
            <h1>{td_string!(locale, board.displays)}</h1>
            {notice(locale, view)}
            <p>{td_string!(locale, board.displays_mean)}</p>
            <form class="filters" method="post" action=DISPLAYS.path>
                <input type="hidden" name="back" value=DISPLAYS.path />
                <label>
                    <span>{td_string!(locale, board.display_name)}</span>
                    <input name="name" type="text" required maxlength="64" />
                </label>
                <button class="primary" type="submit" data-testid="make-display">
                    {td_string!(locale, board.make_display)}
                </button>
            </form>
            {none.map(|words| view! { <p class="summary">{words}</p> })}
            {unreadable.map(|words| view! { <p class="notice error" role="alert">{words}</p> })}
            <ul class="houses">{lines}</ul>
        </main>
    }
    .into_any()
}

fn display(locale: Locale, display: &Display, zone: &dyn Zone) -> AnyView {
    let made = td_string!(
        locale,
        board.made,
        at = calendar::instant(locale, display.made_at, zone),
        by = display.made_by.as_str()
    );
    let seen = display.seen_at.map_or_else(
        || td_string!(locale, board.never_seen).to_owned(),
        |at| td_string!(locale, board.seen, at = calendar::instant(locale, at, zone)),
    );
    view! {
        <li class="house" data-testid="display" data-name=display.name.clone()>
            <h2>{display.name.clone()}</h2>
            <p class="summary">{made}</p>
            <p class="summary" data-testid="display-seen">{seen}</p>
            <form class="acts" method="post" action=format!("/api/displays/{}/revoke", display.id)>
                <input type="hidden" name="back" value=DISPLAYS.path />
                <button class="quiet-button" type="submit" data-testid="revoke-display">
                    {td_string!(locale, board.revoke)}
                    <span class="visually-hidden">" " {display.name.clone()}</span>
                </button>
            </form>
        </li>
    }
    .into_any()
}

fn made(locale: Locale, name: &str, link: &str, qr: Option<&str>) -> AnyView {
    view! {
        <main id="main" class="people narrow" data-testid="display-made">
            <h1>{td_string!(locale, board.made_title, name = name)}</h1>
            <p class="notice">{td_string!(locale, board.once)}</p>
            <p>{td_string!(locale, board.open_link)}</p>
            <div class="qr-frame" inner_html=qr.unwrap_or_default().to_owned()></div>
            <p class="example">
                <a href=link.to_owned() rel="external" data-testid="display-link">{link.to_owned()}</a>
            </p>
            <a class="button" href=DISPLAYS.path rel="external">{td_string!(locale, board.all_displays)}</a>
        </main>
    }
    .into_any()
}

/// The result of the last act, or the reason why it changed nothing.
fn notice(locale: Locale, view: &View) -> AnyView {
    let done =
        (view.done == "revoked").then(|| td_string!(locale, board.done_revoked, name = view.about.as_str()));
    let problem = match view.problem.as_str() {
        "" => None,
        "not-known" => Some(td_string!(locale, board.unknown_display)),
        "invalid" | "malformed" | "too-large" => Some(td_string!(locale, board.invalid_display)),
        _ => Some(td_string!(locale, board.unavailable)),
    };
    view! {
        {done.map(|words| view! { <p class="notice" role="status" data-testid="done">{words}</p> })}
        {problem.map(|words| view! { <p class="notice error" role="alert" data-testid="problem">{words}</p> })}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::statistics::Utc;

    use super::*;

    #[test]
    fn a_display_has_its_name_its_maker_and_when_it_was_seen() {
        let display = Display {
            id: "0190".into(),
            name: "wall <1>".into(),
            made_by: "admin".into(),
            made_at: 1_795_953_600_000,
            seen_at: None,
        };
        let shown =
            Displays::List { displays: Some(vec![display]), view: View::default(), zone: Arc::new(Utc) };
        let html = content(Locale::ko, &shown).to_html();
        for part in
            ["wall &lt;1&gt;", "admin", "11월 29일", "/api/displays/0190/revoke", "아직 연결한 적이 없어요"]
        {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
