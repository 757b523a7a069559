//! `/admin/drills`, where the office starts a drill for a line, and reads whom the last ones did not reach. Plain HTML.

use std::{collections::BTreeSet, sync::Arc};

use backend::statistics::Listed;
use domain::{AlertId, House, Line, Millis, Neighbour, statistics::Zone};
use http::StatusCode;
use leptos::prelude::*;

use crate::{
    calendar,
    components::office_page,
    context::PageContext,
    i18n::{Locale, td_string},
    page_table::DRILLS,
    request, words,
};

/// The content of the page for an administrator. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// The lines that can be alarmed.
    pub lines: Vec<Line>,
    /// The query of the address.
    pub view: View,
    /// The key of the form, so that it starts one drill however often it is sent.
    pub key: String,
    /// The answer.
    pub answer: Answer,
    /// The zone whose days and hours are shown.
    pub zone: Arc<dyn Zone>,
}

/// The query of the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The line that is chosen.
    pub line: String,
    /// A word for what was done.
    pub done: String,
    /// The id of the drill that was started.
    pub about: String,
    /// The last segment of the type of problem that kept a drill from being started.
    pub problem: String,
}

/// The answer to show.
pub enum Answer {
    /// The last drills, the newest first.
    Drills(Vec<Drill>),
    /// This process has no statistics.
    Absent,
    /// The drills or the houses cannot be read right now.
    Unavailable,
}

/// A drill.
pub struct Drill {
    /// The drill, as statistics keep it.
    pub listed: Listed,
    /// The houses that have people on the line now.
    pub houses: Vec<House>,
}

/// The page of drills.
#[component]
pub fn DrillsPage() -> impl IntoView {
    office_page(DRILLS, |locale| td_string!(locale, drills.title), content)
}

fn content(locale: Locale, shown: &Shown) -> AnyView {
    let now = PageContext::current().now;
    let answer = match &shown.answer {
        Answer::Drills(drills) => list(locale, drills, &*shown.zone, now),
        Answer::Absent => problem(StatusCode::NOT_FOUND, td_string!(locale, statistics.absent)),
        Answer::Unavailable => {
            problem(StatusCode::SERVICE_UNAVAILABLE, td_string!(locale, drills.unavailable))
        }
    };
    view! {
        <main id="main" class="people" data-testid="drills">
            <h1>{td_string!(locale, drills.title)}</h1>
            {notice(locale, &shown.view)}
            {start(locale, shown)}
            <h2>{td_string!(locale, drills.reports)}</h2>
            {answer}
        </main>
    }
    .into_any()
}

fn problem(status: StatusCode, words: &'static str) -> AnyView {
    request::answer_with(status);
    view! { <p class="notice error" role="alert">{words}</p> }.into_any()
}

/// The result of the last form.
fn notice(locale: Locale, view: &View) -> AnyView {
    let started = view.about.parse::<AlertId>().ok().filter(|_| view.done == "drill-started");
    let started = started.map(|id| {
        view! {
            <p class="notice" role="status" data-testid="done">
                {td_string!(locale, drills.started)} " "
                <a href=format!("/call/{id}") rel="external" data-testid="watch">{td_string!(locale, drills.watch)}</a>
            </p>
        }
    });
    let failed = (!view.problem.is_empty()).then(|| {
        view! { <p class="notice error" role="alert" data-testid="problem">{td_string!(locale, drills.failed)}</p> }
    });
    view! { {started} {failed} }.into_any()
}

/// The form that alarms a line.
fn start(locale: Locale, shown: &Shown) -> AnyView {
    let option = |line: &Line| {
        let is_chosen = line.as_str() == shown.view.line;
        view! { <option value=line.to_string() selected=is_chosen>{words::line(locale, line)}</option> }
            .into_any()
    };
    let options: Vec<AnyView> = shown.lines.iter().map(option).collect();
    view! {
        <form class="filters" method="post" action="/api/drills" data-testid="start-drill">
            <p id="drill-means">{td_string!(locale, drills.means)}</p>
            <input type="hidden" name="key" value=shown.key.clone() />
            <input type="hidden" name="back" value=DRILLS.path />
            <label>
                <span>{td_string!(locale, people.line)}</span>
                <select name="line" required=true>{options}</select>
            </label>
            <button class="primary" type="submit" aria-describedby="drill-means">{td_string!(locale, drills.start)}</button>
        </form>
    }
    .into_any()
}

fn list(locale: Locale, drills: &[Drill], zone: &dyn Zone, now: Millis) -> AnyView {
    let is_empty = drills.is_empty();
    let has_demo = drills.iter().any(|drill| drill.listed.is_demo);
    let drills: Vec<AnyView> = drills.iter().map(|drill| report(locale, drill, zone, now)).collect();
    view! {
        {is_empty.then(|| view! { <p class="summary">{td_string!(locale, drills.none)}</p> })}
        {has_demo.then(|| view! { <p class="notice">{td_string!(locale, statistics.has_demo)}</p> })}
        <ol class="stack">{drills}</ol>
    }
    .into_any()
}

/// Returns the houses of the line that should have had the drill, and those of them that did not.
fn missed(drill: &Drill) -> (usize, Vec<&House>) {
    let row = &drill.listed.row;
    let houses: BTreeSet<&House> = drill.houses.iter().filter(|house| **house != row.house).collect();
    let reached: BTreeSet<&House> = row.reached.iter().filter_map(of_line).collect();
    let alarmed = houses.union(&reached).count();
    // In the order in which the houses are listed.
    let missed = drill.houses.iter().filter(|house| houses.contains(house) && !reached.contains(house));
    (alarmed, missed.collect())
}

fn of_line(flat: &Neighbour) -> Option<&House> {
    flat.line.is_none().then_some(&flat.house)
}

fn report(locale: Locale, drill: &Drill, zone: &dyn Zone, now: Millis) -> AnyView {
    let row = &drill.listed.row;
    let (alarmed, missed) = missed(drill);
    let numbers = [
        (td_string!(locale, drills.alarmed), "alarmed", alarmed),
        (td_string!(locale, drills.reached), "reached", row.reached.len()),
        (td_string!(locale, drills.sounded), "sounded", row.sounded.len()),
        (td_string!(locale, drills.seen), "seen", row.seen.len()),
        (td_string!(locale, drills.came), "came", row.came as usize),
    ];
    let numbers = numbers.map(|(words, name, number)| {
        view! { <div><dt>{words}</dt><dd data-number=name>{number.to_string()}</dd></div> }.into_any()
    });
    let missed = match missed.len() {
        0 => td_string!(locale, drills.missed_nobody).to_owned(),
        _ => td_string!(locale, drills.missed, houses = words::houses(locale, missed)),
    };
    let open = row.is_open(now).then(|| {
        view! {
            <a class="quiet-button" href=format!("/call/{}", row.id) rel="external">{td_string!(locale, drills.watch)}</a>
        }
    });
    view! {
        <li class="past-call" data-testid="drill" data-alert=row.id.to_string()>
            <h3>
                {calendar::date(locale, zone.local(row.begun).date)} " " {calendar::time(row.begun, zone)} " · "
                {words::line(locale, &row.line)} " · " {words::house(locale, &row.house)}
            </h3>
            <dl class="drill-numbers">{Vec::from(numbers)}</dl>
            <p data-testid="missed">{missed}</p>
            {open}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::{
        Progress,
        statistics::{Ended, Row, Utc},
    };

    use super::*;
    use crate::samples::{house, named_line};

    fn drill(reached: &[&str]) -> Drill {
        let row = Row {
            line: named_line("101-1"),
            house: house("1203"),
            id: AlertId(uuid::Uuid::from_u128(1)),
            kind: None,
            drill: true,
            begun: 1_795_953_600_000,
            ended: Some(Ended { how: Progress::Resolved, at: 1_795_953_700_000 }),
            accepts: 0,
            came: 0,
            first_accept: None,
            first_arrived: None,
            escalated: None,
            reached: reached.iter().map(|name| name.parse::<Neighbour>().expect("a flat")).collect(),
            sounded: [].into(),
            seen: [].into(),
            steps: [].into(),
            first_reached: None,
            words: 1,
        };
        let houses = ["1203", "1204", "1301"].map(house);
        Drill { listed: Listed { row, is_demo: false }, houses: houses.into() }
    }

    #[test]
    fn a_report_names_the_houses_that_a_drill_did_not_reach_and_never_the_caller() {
        let html = report(Locale::ko, &drill(&["1301", "101-2/501"]), &Utc, 1_795_960_000_000).to_html();
        assert!(html.contains("data-number=\"alarmed\">2<"), "{html}");
        assert!(html.contains("data-number=\"reached\">2<"), "another line's house was reached, too: {html}");
        let (_, missed) = html.split_once("data-testid=\"missed\"").expect("a sentence about them");
        assert!(
            missed.contains("1204호") && !missed.contains("1301호") && !missed.contains("1203호"),
            "{html}"
        );
    }

    #[test]
    fn a_drill_that_reached_everybody_misses_nobody() {
        let (alarmed, missed) = (drill(&["1204", "1301"]), Vec::<&House>::new());
        assert_eq!(super::missed(&alarmed), (2, missed));
    }

    #[test]
    fn only_the_id_of_a_drill_becomes_a_link() {
        let view =
            |about: &str| View { done: "drill-started".into(), about: about.into(), ..View::default() };
        let id = AlertId::generate().to_string();
        assert!(notice(Locale::en, &view(&id)).to_html().contains(&format!("/call/{id}")));
        assert!(!notice(Locale::en, &view("//evil.example")).to_html().contains("evil"));
    }
}
