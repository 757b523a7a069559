//! The operators' pages about metrics, alert rules and the log have every name that the program has, and no other.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;

use crate::support::{ADMINISTRATOR, CALLER, Outcome, send, server_and_client, sign_in};

const RULES: &str = "prometheus/iutsai.rules.yml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A page for operators.
fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs/operations").join(name)).unwrap()
}

/// The text of every file of the server and of the crates that run in it.
fn sources() -> Vec<String> {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let mut directories: Vec<_> = crates.map(|entry| entry.unwrap().path().join("src")).collect();
    directories.push(root().join("server/src"));
    let mut texts = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    texts
}

/// The text behind each place where `text` has `pattern`.
fn behind<'a>(text: &'a str, pattern: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(pattern).map(move |(at, _)| &text[at + pattern.len()..])
}

/// Returns whether a character is not part of a name.
fn ends_name(character: char) -> bool {
    !(character.is_ascii_alphanumeric() || character == '_')
}

/// The name at the beginning of a text.
fn name(text: &str) -> &str {
    text.split(ends_name).next().unwrap_or_default()
}

/// The names of our metrics, and those of axum's, in code or in a page.
fn metrics(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(ends_name);
    words.filter(|word| word.starts_with("iutsai_") || word.starts_with("axum_http_"))
}

/// The texts between backticks in a line of a page.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The names of the metrics that the page describes.
fn documented() -> BTreeSet<String> {
    let page = page("monitoring.md");
    let (_, tables) = page.split_once("## Every metric").unwrap();
    let first_cells = tables.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    first_cells.flat_map(quoted).map(|quoted| name(quoted).to_owned()).collect()
}

/// Returns a metric's name without the ending of a histogram's or a summary's samples.
fn family(metric: &str) -> &str {
    let endings = ["_bucket", "_sum", "_count"];
    endings.iter().find_map(|ending| metric.strip_suffix(ending)).unwrap_or(metric)
}

#[test]
fn every_metric_of_the_code_is_described_and_no_other() {
    let mut named = BTreeSet::new();
    for source in sources() {
        for kind in ["counter!(", "gauge!(", "histogram!("] {
            let names = behind(&source, kind).filter_map(|text| text.trim_start().strip_prefix('"'));
            named.extend(names.map(|text| name(text).to_owned()));
        }
    }
    assert!(named.len() > 60, "{named:?}");
    let ours = documented().into_iter().filter(|metric| metric.starts_with("iutsai_"));
    assert_eq!(ours.collect::<BTreeSet<_>>(), named);
}

#[test]
fn every_alert_is_described_and_watches_metrics_that_are() {
    let (rules, page, documented) = (page(RULES), page("monitoring.md"), documented());
    let alerts: Vec<_> = behind(&rules, "- alert: ").map(name).collect();
    assert!(alerts.len() > 30, "{alerts:?}");
    for alert in &alerts {
        assert!(
            page.split(ends_name).any(|word| word == *alert),
            "{alert} is in the rules and not in the page"
        );
    }
    for alert in page.split(ends_name).filter(|word| word.starts_with("Iutsai")) {
        assert!(alerts.contains(&alert), "{alert} is in the page and not in the rules");
    }
    for metric in metrics(&rules) {
        assert!(documented.contains(family(metric)), "{metric} is in the rules and not in the page");
    }
}

#[tokio::test]
async fn a_server_shows_only_metrics_that_are_described_and_all_whose_increase_is_watched() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (_socket, _) = caller.listen().await?;
    caller.press(&caller.call("")?, None).await?.ok()?;
    let response = send(sign_in(&client, ADMINISTRATOR).await?.request(Method::GET, "/metrics")).await;
    let shown = response.text().await.unwrap();

    let documented = documented();
    let shown: BTreeSet<_> = behind(&shown, "# TYPE ").map(name).collect();
    assert!(shown.contains("iutsai_sockets") && shown.contains("axum_http_requests_total"), "{shown:?}");
    for metric in &shown {
        assert!(documented.contains(*metric), "{metric} is not in docs/operations/monitoring.md");
    }
    // A counter with labels cannot be 0 before its first event, so the rules compare it otherwise.
    let rules = page(RULES);
    let increases = behind(&rules, "increase(").filter_map(|text| {
        let (metric, rest) = text.lines().next()?.split_once('[')?;
        rest.ends_with("]) > 0").then_some(metric)
    });
    let increases: BTreeSet<_> = increases.collect();
    assert!(increases.len() > 10, "{increases:?}");
    for metric in increases {
        assert!(shown.contains(metric), "{metric} is not shown before it is counted");
    }
    Ok(())
}

/// The words of each warning and error. They are the last text of a macro's arguments.
fn warnings(source: &str) -> Vec<&str> {
    let begins = behind(source, "warn!(").chain(behind(source, "error!("));
    begins.filter_map(last_text).collect()
}

/// The last text before the parenthesis that closes the arguments at the beginning of `arguments`.
fn last_text(arguments: &str) -> Option<&str> {
    let (mut depth, mut last, mut begin, mut is_escaped) = (1, None, None, false);
    for (at, character) in arguments.char_indices() {
        match (begin, character) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(from), '"') => (last, begin) = (Some(&arguments[from..at]), None),
            (None, '"') => begin = Some(at + 1),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    last
}

#[test]
fn every_warning_and_error_of_the_code_is_described_and_no_other() {
    let sources = sources();
    let written: BTreeSet<_> = sources.iter().flat_map(|source| warnings(source)).collect();
    assert!(written.len() > 100, "{written:?}");
    let page = page("log.md");
    let first_cells = page.lines().filter(|line| line.starts_with("| `"));
    let first_cells = first_cells.filter_map(|line| line.split(" | ").next());
    let described: BTreeSet<_> = first_cells.flat_map(quoted).collect();
    assert_eq!(described, written);
}
