//! The second factor: its set-up, its recovery codes, and turning it off.

use domain::statistics::Zone;
use leptos::prelude::*;

use super::{Factor, form, password_field};
use crate::{
    calendar,
    i18n::{Locale, td_string},
    page_table::MY_SIGN_IN,
};

/// With fewer recovery codes than this the page asks to make new ones.
const FEW: u64 = 3;

/// The section of the second factor; empty for people who cannot have one.
pub(super) fn section(locale: Locale, factor: &Factor, zone: &dyn Zone) -> AnyView {
    let content = match factor {
        Factor::NotOffered | Factor::Codes(_) => return ().into_any(),
        Factor::Off => off(locale),
        Factor::Begun { secret, address, qr } => begun(locale, secret, address, qr.as_deref()),
        Factor::On { since, codes_left } => {
            let day = calendar::date(locale, zone.local(*since).date);
            on(locale, &day, *codes_left)
        }
        Factor::Unavailable => view! {
            <p class="notice error" role="alert">{td_string!(locale, second_factor.unavailable)}</p>
        }
        .into_any(),
    };
    view! {
        <section class="stack" data-testid="second-factor">
            <h2>{td_string!(locale, second_factor.heading)}</h2>
            {content}
        </section>
    }
    .into_any()
}

fn off(locale: Locale) -> AnyView {
    let fields = view! {
        {password_field("password", td_string!(locale, second_factor.password), "current-password")}
        <button class="primary" type="submit">{td_string!(locale, second_factor.begin)}</button>
    };
    view! {
        <p>{td_string!(locale, second_factor.means)}</p>
        {form("begin", fields.into_any())}
    }
    .into_any()
}

fn begun(locale: Locale, secret: &str, address: &str, qr: Option<&str>) -> AnyView {
    let fields = view! {
        <p>{td_string!(locale, second_factor.confirm_means)}</p>
        {code_field(locale)}
        <button class="primary" type="submit">{td_string!(locale, second_factor.confirm)}</button>
    };
    let again = view! {
        {password_field("password", td_string!(locale, second_factor.password), "current-password")}
        <button type="submit">{td_string!(locale, second_factor.again)}</button>
    };
    view! {
        <p>{td_string!(locale, second_factor.scan)}</p>
        {qr.map(|qr| view! { <div class="secret-qr" inner_html=qr.to_owned()></div> })}
        <p>
            {td_string!(locale, second_factor.by_hand)} ": "
            <code class="secret" data-testid="secret" data-secret=secret.to_owned()>{in_groups(secret)}</code>
        </p>
        <a href=address.to_owned() rel="external">{td_string!(locale, second_factor.open_app)}</a>
        {form("confirm", fields.into_any())}
        <details class="act">
            <summary>{td_string!(locale, second_factor.again)}</summary>
            {form("begin", again.into_any())}
        </details>
    }
    .into_any()
}

fn on(locale: Locale, day: &str, codes_left: u64) -> AnyView {
    let proofs = || {
        view! {
            {password_field("password", td_string!(locale, second_factor.password), "current-password")}
            {any_code_field(locale)}
        }
        .into_any()
    };
    let renew = view! {
        <p>{td_string!(locale, second_factor.renew_means)}</p>
        {proofs()}
        <button type="submit">{td_string!(locale, second_factor.renew)}</button>
    };
    let off = view! {
        <p>{td_string!(locale, second_factor.off_means)}</p>
        {proofs()}
        <button type="submit">{td_string!(locale, second_factor.off)}</button>
    };
    view! {
        <p data-testid="factor-on">{td_string!(locale, second_factor.on, day = day)}</p>
        <p class="summary" data-testid="codes-left">
            {td_string!(locale, second_factor.codes_left, count = codes_left)}
        </p>
        {(codes_left < FEW).then(|| view! {
            <p class="warning">{td_string!(locale, second_factor.few_codes)}</p>
        })}
        <details class="act" data-testid="renew">
            <summary>{td_string!(locale, second_factor.renew)}</summary>
            {form("codes", renew.into_any())}
        </details>
        <details class="act" data-testid="turn-off">
            <summary>{td_string!(locale, second_factor.off)}</summary>
            {form("off", off.into_any())}
        </details>
    }
    .into_any()
}

/// Recovery codes just made, for paper.
pub(super) fn codes(locale: Locale, codes: &[String]) -> AnyView {
    let items = codes
        .iter()
        .map(|code| view! { <li><code data-testid="recovery-code">{code.clone()}</code></li> }.into_any());
    let items: Vec<AnyView> = items.collect();
    view! {
        <h1>{td_string!(locale, second_factor.codes_title)}</h1>
        <p class="notice">{td_string!(locale, second_factor.codes_means)}</p>
        <ol class="recovery-codes">{items}</ol>
        <a class="button primary no-print" href=MY_SIGN_IN.path rel="external" data-testid="codes-done">
            {td_string!(locale, second_factor.codes_done)}
        </a>
    }
    .into_any()
}

/// The field for the code of the app, with the keys for digits on a phone.
fn code_field(locale: Locale) -> AnyView {
    view! {
        <label>
            <span>{td_string!(locale, second_factor.code)}</span>
            <input name="code" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="9" required />
        </label>
    }
    .into_any()
}

/// The field for either code.
pub(crate) fn any_code_field(locale: Locale) -> AnyView {
    view! {
        <label>
            <span>{td_string!(locale, second_factor.any_code)}</span>
            <input
                name="code"
                type="text"
                autocomplete="one-time-code"
                autocapitalize="characters"
                spellcheck="false"
                maxlength="32"
                required
            />
        </label>
    }
    .into_any()
}

/// Returns a secret in groups of four, in which people find their place again.
fn in_groups(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use domain::statistics::Utc;

    use super::*;

    #[test]
    fn a_set_up_shows_the_secret_to_cameras_and_to_people_and_asks_for_a_code() {
        let factor = Factor::Begun {
            secret: "ABCDEFGHIJ".into(),
            address: "otpauth://totp/Iutsai:admin?secret=ABCDEFGHIJ&issuer=Iutsai".into(),
            qr: Some("<svg></svg>".into()),
        };
        let html = section(Locale::ko, &factor, &Utc).to_html();
        for part in [
            "ABCD EFGH IJ",
            "<svg></svg>",
            "value=\"confirm\"",
            "otpauth://totp/Iutsai:admin",
            "name=\"code\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn a_second_factor_that_is_on_shows_no_secret_and_counts_its_recovery_codes() {
        let html =
            section(Locale::en, &Factor::On { since: 1_795_953_600_000, codes_left: 2 }, &Utc).to_html();
        assert!(html.contains("29 Nov 2026") && html.contains("Recovery codes left: 2"), "{html}");
        assert!(html.contains("Make new ones") && !html.contains("otpauth"), "{html}");
        assert!(!section(Locale::en, &Factor::NotOffered, &Utc).to_html().contains("section"));
    }
}
