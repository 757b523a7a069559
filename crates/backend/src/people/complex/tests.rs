//! The order of names, the guess of a building, and people in their houses.

use super::*;

#[test]
fn names_are_ordered_as_people_count() {
    let mut names = ["1203", "101-10", "501", "101-2", "B-1", "지하1호", "101-1"];
    names.sort_by_cached_key(|name| in_order(name));
    assert_eq!(names, ["101-1", "101-2", "101-10", "501", "1203", "B-1", "지하1호"]);
}

#[test]
fn a_building_is_guessed_from_the_lines_name() {
    for (line, building) in [("101-1", "101"), ("가-나-2", "가-나"), ("101동 1라인", "101동 1라인")]
    {
        assert_eq!(building_of(&Line::new(line).unwrap()), building);
    }
}

#[test]
fn people_are_in_their_houses_and_a_house_without_people_is_listed() {
    let [line, house, empty] = ["101-1", "1203", "501"];
    let (line, house, empty) =
        (Line::new(line).unwrap(), House::new(house).unwrap(), House::new(empty).unwrap());
    let kept = Kept { houses: [house.clone(), empty.clone()].into(), ..Kept::default() };
    let layout = Layout { lines: [(line.clone(), kept)].into() };
    let person = |name: &str| Person {
        name: name.into(),
        role: Role::Resident,
        is_locked: false,
        sessions: 0,
        consented_at: None,
    };
    let resident = |name: &str, flat: Option<(Line, House)>| {
        let (line, house) = flat.unzip();
        (Resident { name: name.into(), line, house, role: Role::Resident }, person(name))
    };
    let people = vec![resident("one", Some((line.clone(), house))), resident("office", None)];
    let complex = arranged(layout, people, &[((line, empty), 2)].into());
    let [of_line] = &complex.lines[..] else { panic!("one line") };
    assert_eq!((of_line.residents(), of_line.without_account().count()), (1, 1));
    assert_eq!((of_line.houses[0].house.as_str(), of_line.houses[0].invitations), ("501", 2));
    assert_eq!(of_line.houses[1].residents, [person("one")]);
    assert_eq!(complex.without_flat, [person("office")]);
}
