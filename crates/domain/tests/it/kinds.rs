//! Every kind of emergency has its word where it is written out for people and for other tests.

use std::fs;

use domain::{Kind, statistics::Invalid};

fn file(path: &str) -> String {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_page_that_lists_the_kinds_lists_each() {
    for page in ["docs/operations/statistics-tables.md", "docs/operations/webhook.md"] {
        let text = file(page);
        let row = text.lines().find(|line| line.starts_with("| `kind` |")).expect("a row about kinds");
        for kind in Kind::ALL {
            assert!(row.contains(&format!("`{}`", kind.as_str())), "{} is not in {page}", kind.as_str());
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
