#![allow(clippy::unwrap_used)]
use std::path::Path;

use domain::House;

use super::*;
use crate::{
    push::{self, Hosts, Push},
    statistics::Iana,
};

/// Two nodes with one database.
async fn nodes(directory: &Path) -> (Database, [Escalation; 2]) {
    let url = format!("sqlite://{}?mode=rwc", directory.join("iutsai.db").display());
    let database = Database::open(&url).await.unwrap();
    let (private_key, contact, site) = (None, None, None);
    let hosts = Hosts::parse("push.example").unwrap();
    let settings = push::Settings { hosts, private_key, contact, site };
    let push = Push::open(settings, directory, database.clone(), Iana::named("Asia/Seoul").unwrap());
    let node = || {
        let reach = Reach::new(database.clone(), push.clone());
        Escalation::new(database.clone(), Accounts::new(database.clone()), reach)
    };
    let nodes = [node(), node()];
    (database, nodes)
}

fn line(name: &str) -> Line {
    Line::new(name).unwrap()
}

#[tokio::test]
async fn the_choice_of_the_office_is_kept_and_read_by_every_node_and_without_one_the_defaults_count() {
    let directory = tempfile::tempdir().unwrap();
    let (database, [one, other]) = nodes(directory.path()).await;
    assert_eq!(one.settings().await.unwrap(), Settings::default());
    other.read().await;
    assert_eq!(other.rules().settings, Settings::default());
    let chosen = Settings {
        complex: true,
        neighbours: Some(0),
        building: None,
        administrators: Some(3_600),
        arrival: None,
    };
    one.set(&chosen).await.unwrap();
    assert_eq!(one.rules().settings, chosen, "the node that took it goes by it at once");
    other.read().await;
    assert_eq!(other.rules().settings, chosen);
    let again = Settings { complex: false, arrival: Some(1), ..chosen };
    other.set(&again).await.unwrap();
    assert_eq!(one.settings().await.unwrap(), again, "there is one row");
    database.close().await;
    one.read().await;
    assert!(one.rules().settings.complex, "without the database the last reading stands");
    assert!(one.set(&again).await.is_err());
}

#[tokio::test]
async fn lines_come_with_their_buildings_and_neighbours_however_they_became_known() {
    let directory = tempfile::tempdir().unwrap();
    let (database, [node, _]) = nodes(directory.path()).await;
    let accounts = Accounts::new(database.clone());
    let house = House::new("101").unwrap();
    for (building, name) in [("가", "101-1"), ("가", "102-1"), ("", "103-1")] {
        accounts.add_house(building, &line(name), &house).await.unwrap();
    }
    accounts.set_neighbours(&line("101-1"), &[line("103-1")]).await.unwrap();
    let add = sqlx::query(
        "INSERT INTO residents (name, password_hash, line, house, role, demo, created_at)
         VALUES ('one', 'none', '103-2', '101', 'resident', 0, 0)",
    );
    add.execute(database.pool()).await.unwrap();
    node.read().await;
    let lines = node.rules().lines;
    let place = |name: &str| {
        let place = lines.get(&line(name)).cloned().unwrap();
        let neighbours: Vec<String> = place.neighbours.iter().map(ToString::to_string).collect();
        (place.building, neighbours.join(" "))
    };
    let expected = |building: &str, neighbours: &str| (building.to_owned(), neighbours.to_owned());
    assert_eq!(lines.len(), 4);
    assert_eq!(place("101-1"), expected("가", "103-1"));
    assert_eq!(place("102-1"), expected("가", ""));
    assert_eq!(place("103-1"), expected("103", "101-1"), "without one the name decides");
    assert_eq!(place("103-2"), expected("103", ""), "a line that only an account names");
}
