//! The pages and the browser tests that list kinds of emergency or topics list each of them.

use std::{collections::BTreeSet, fs};

use domain::{Kind, statistics::Invalid, topic};

use crate::statistics::DAY;

fn file(path: &str) -> String {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts between backticks.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first row of a table whose first cell has this text between backticks.
fn row<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let is_about = |line: &str| {
        let first = line.strip_prefix("| ").and_then(|cells| cells.split(" | ").next());
        first.is_some_and(|cell| quoted(cell).contains(name))
    };
    page.lines().find(|line| is_about(line))
}

#[test]
fn the_tables_of_other_programs_list_every_kind() {
    for page in ["docs/operations/statistics-tables.md", "docs/operations/webhook.md"] {
        let text = file(page);
        let rows = text.lines().filter(|line| line.starts_with("| `kind` |"));
        let known: BTreeSet<&str> = rows.flat_map(quoted).collect();
        for kind in Kind::ALL {
            assert!(known.contains(kind.as_str()), "{} is not in {page}", kind.as_str());
        }
    }
}

#[test]
fn the_browser_tests_know_every_kind() {
    let kinds = format!("export const KINDS = {:?} as const;", Kind::ALL.map(Kind::as_str));
    assert!(file("end2end/support/visitor.ts").contains(&kinds), "{kinds}");
}

#[test]
fn the_refusal_of_a_word_names_every_kind() {
    let refusal = Invalid::Kind.to_string();
    assert!(Kind::ALL.iter().all(|kind| refusal.contains(kind.as_str())), "{refusal}");
}

#[test]
fn every_topic_is_described_with_the_time_for_which_it_is_kept() {
    let (architecture, kafka) = (file("docs/ARCHITECTURE.md"), file("docs/operations/kafka.md"));
    let (_, names) = architecture.split_once("## Names in what is written").expect("the table of topics");
    for topic in topic::ALL {
        assert!(row(names, topic.name).is_some(), "{} is not in ARCHITECTURE", topic.name);
        let kept = match topic.retention {
            DAY => "a day".to_owned(),
            i64::MAX => "ever".to_owned(),
            millis => format!("{} days", millis / DAY),
        };
        let described = row(&kafka, topic.name).unwrap_or_default();
        assert!(
            described.ends_with(&format!("| {kept} |")),
            "{} is kept for {kept}: {described}",
            topic.name
        );
    }
}

#[test]
fn the_topics_that_shards_divide_and_those_with_coordinates_are_listed() {
    let nodes = file("docs/operations/several-nodes.md");
    let (_, topics) = nodes.split_once("**Topics.** Give ").expect("the topics of shards");
    let (topics, _) = topics.split_once(" a number of partitions").expect("the end of the list");
    let divided = topic::ALL.into_iter().filter(|topic| topic.is_of_lines);
    let divided: BTreeSet<&str> = divided.map(|topic| topic.name).collect();
    assert_eq!(quoted(topics), divided);

    let locations = file("docs/operations/locations.md");
    for name in topic::OF_ALERTS.into_iter().chain([topic::LOCATION]) {
        assert!(row(&locations, name).is_some(), "{name} is not in locations.md");
    }
}
