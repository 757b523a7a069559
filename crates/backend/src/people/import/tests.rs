//! Tables of flats are read as offices write them, and each fault is named with its line.

use domain::InvalidName;

use super::*;
use crate::people::complex::{Kept, Layout};

fn line(name: &str) -> Line {
    Line::new(name).unwrap()
}

fn faults(table: &str) -> Vec<(u64, Wrong)> {
    let faults = Table::read(table.as_bytes()).unwrap_err();
    faults.into_iter().map(|fault| (fault.at, fault.what)).collect()
}

fn changes(known: &Layout, table: &str) -> Changes {
    Changes::between(known, &Table::read(table.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_table_is_read_in_both_languages_with_a_mark_and_with_spaces() {
    let table = "\u{feff}동, 라인,호,이웃라인\r\n101,101-1,1203,101-2; 101-3\r\n,,,\r\n101,101-1,1204,\r\n";
    let read = Table::read(table.as_bytes()).unwrap();
    assert_eq!((read.rows, read.lines.len(), read.houses.len()), (2, 1, 2));
    let row = &read.lines[&line("101-1")];
    assert_eq!(row.building, Some(("101".to_owned(), 2)));
    assert_eq!(row.neighbours, [line("101-2"), line("101-3")].into());
    let other = "LINE,House\n101-1,1203\n101-1,1204\n";
    assert_eq!(Table::read(other.as_bytes()).unwrap().houses.len(), 2);
}

#[test]
fn every_fault_is_reported_with_its_line() {
    let table = "building,line,house,neighbours\n101,101-1,1203,\n101,101-1,1203,\n102,101-1,1204,\n101,,1,\n\
                 101,101-1,12/03,\n101,101-1\n101,101-1,12\u{200b}03,\n101,101-2,1,101-2\n101,101-2,2,@x\n";
    assert_eq!(
        faults(table),
        [
            (3, Wrong::Twice(2)),
            (4, Wrong::OtherBuilding(2)),
            (5, Wrong::Line(InvalidName::Empty)),
            (6, Wrong::House(InvalidName::Character)),
            (7, Wrong::Cells { expected: 4, found: 2 }),
            (8, Wrong::Unseen('\u{200b}')),
            (9, Wrong::Neighbour("101-2".into())),
            (10, Wrong::Neighbour("@x".into())),
        ]
    );
    assert_eq!(faults("building,house\n101,1203\n"), [(1, Wrong::Columns)]);
    assert_eq!(faults("line,house\n"), [(1, Wrong::Nothing)]);
    assert_eq!(Table::read(b"line,house\n101-1,1\n\xb5\xbf,2\n").unwrap_err()[0].at, 3);
}

#[test]
fn a_quote_that_is_never_closed_is_a_fault_and_not_a_long_name() {
    let table = "line,house\r\n101-1,1203\r\n101-1,\"1204\n101-1,1301\n";
    assert_eq!(faults(table), [(3, Wrong::Unseen('\n'))]);
}

#[test]
fn faults_and_rows_are_bounded() {
    let wrong = format!("line,house\n{}", "101-1,12/03\n".repeat(FAULT_LIMIT + 10));
    assert_eq!(faults(&wrong).len(), FAULT_LIMIT);
    let rows: String = (0..=ROW_LIMIT).map(|row| format!("101-1,{row}\n")).collect();
    assert_eq!(faults(&format!("line,house\n{rows}")), [(ROW_LIMIT as u64 + 2, Wrong::TooLong)]);
}

#[test]
fn an_import_adds_and_changes_and_the_same_one_again_does_nothing() {
    let kept = Kept { building: "101".into(), ..Kept::default() };
    let mut known = Layout { lines: [(line("101-1"), kept)].into() };
    let table = "building,line,house,neighbours\n101,101-1,1203,101-2\n101,101-2,501,\n";
    let first = changes(&known, table);
    let preview = first.preview(&Table::read(table.as_bytes()).unwrap());
    assert_eq!((preview.new_lines, preview.changed_lines), (vec![line("101-2")], vec![line("101-1")]));
    assert_eq!((preview.new_houses.len(), preview.known_houses), (2, 0));
    assert!(first.neighbours.contains(&(line("101-2"), line("101-1"))), "both are neighbours of the other");

    for (one, other, house) in [("101-1", "101-2", "1203"), ("101-2", "101-1", "501")] {
        let kept = known.lines.entry(line(one)).or_default();
        kept.building = "101".into();
        kept.neighbours.insert(line(other));
        kept.houses.insert(House::new(house).unwrap());
    }
    let again = changes(&known, table);
    assert_eq!(again, Changes::default());
    assert_ne!(first.digest(), again.digest(), "the digest names the changes and not the table");
}

#[test]
fn a_neighbour_that_nobody_knows_is_a_fault() {
    let table = Table::read("line,neighbours\n101-1,109-9\n".as_bytes()).unwrap();
    let Err(ImportError::Faulty(faults)) = Changes::between(&Layout::default(), &table) else {
        panic!("it is refused")
    };
    assert_eq!(faults, [Fault { at: 2, what: Wrong::UnknownNeighbour(line("109-9")) }]);
}
