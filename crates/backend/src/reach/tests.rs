//! Nodes that share a table of the houses that they have connected.

use std::path::Path;

use super::*;
use crate::{
    clock,
    push::{Hosts, Settings},
    statistics::Iana,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Two nodes with one database and one key for push, and what each has written.
struct Nodes {
    database: Database,
    push: Push,
    nodes: [(Reach, Option<Flats>); 2],
}

impl Nodes {
    async fn start(directory: &Path) -> Self {
        let database = Database::in_directory(directory).await;
        let settings = Settings {
            hosts: Hosts::parse("push.example").unwrap(),
            private_key: None,
            contact: None,
            site: None,
        };
        let zone = Iana::named("Asia/Seoul").unwrap();
        let push = Push::open(settings, directory, database.clone(), zone);
        let node = || (Reach::new(database.clone(), push.clone()), None);
        let nodes = [node(), node()];
        Self { database, push, nodes }
    }

    /// Lets both renew, and then both read; returns how many neighbours of house 1203 each can reach.
    async fn neighbours(&mut self) -> [Option<u32>; 2] {
        for _ in 0..2 {
            for (node, written) in &mut self.nodes {
                node.round(written).await;
            }
        }
        self.nodes.each_ref().map(|(node, _)| node.neighbours(&line(), Some(&house("1203"))))
    }

    fn arm(&self, node: usize, name: &str) -> Armed {
        self.nodes[node].0.arm(&line(), &house(name))
    }

    async fn change(&self, statement: &'static str) -> u64 {
        sqlx::query(statement).execute(self.database.pool()).await.unwrap().rows_affected()
    }

    /// Adds a resident with a device that showed a push at this time, or never.
    async fn device(&self, name: &str, worked_at: Option<i64>) {
        let add = sqlx::query(
            "INSERT INTO residents (name, password_hash, line, house, role, demo, created_at)
             VALUES ($1, 'none', '101-1', $1, 'resident', 0, 0)",
        );
        add.bind(name.to_owned()).execute(self.database.pool()).await.unwrap();
        let add = sqlx::query(
            "INSERT INTO push_subscriptions
             (id, account, endpoint, p256dh, auth, vapid, device, language, created_at, worked_at, change)
             VALUES ($1, $1, $1, '', '', $2, '', 'ko', $3, $4, 1)",
        );
        let add = add.bind(name.to_owned()).bind(self.push.key().unwrap().key);
        let add = add.bind(clock::now() - 40 * DAY).bind(worked_at.unwrap_or_default());
        add.execute(self.database.pool()).await.unwrap();
        if worked_at.is_none() {
            self.change("UPDATE push_subscriptions SET worked_at = NULL WHERE worked_at = 0").await;
        }
    }
}

fn line() -> Line {
    Line::new("101-1").unwrap()
}

fn house(name: &str) -> House {
    House::new(name).unwrap()
}

#[tokio::test]
async fn a_house_counts_on_every_node_while_one_of_its_sockets_would_sound() {
    let directory = tempfile::tempdir().unwrap();
    let mut nodes = Nodes::start(directory.path()).await;
    assert_eq!(nodes.neighbours().await, [Some(0), Some(0)]);
    let own = nodes.arm(0, "1203");
    let (first, second) = (nodes.arm(0, "1204"), nodes.arm(1, "1204"));
    assert_eq!(
        nodes.neighbours().await,
        [Some(1), Some(1)],
        "a house counts once, and the own one not at all"
    );
    drop(first);
    assert_eq!(nodes.neighbours().await, [Some(1), Some(1)]);
    let third = nodes.arm(1, "1301");
    assert_eq!(nodes.neighbours().await, [Some(2), Some(2)]);
    drop((second, third));
    assert_eq!(nodes.neighbours().await, [Some(0), Some(0)]);
    drop(own);
}

#[tokio::test]
async fn a_node_that_is_silent_for_half_a_minute_does_not_count_until_it_renews() {
    let directory = tempfile::tempdir().unwrap();
    let mut nodes = Nodes::start(directory.path()).await;
    let _theirs = nodes.arm(1, "1204");
    assert_eq!(nodes.neighbours().await, [Some(1), Some(1)]);
    assert_eq!(nodes.change("UPDATE reachability SET at = at - 31000").await, 1);
    let (node, written) = &mut nodes.nodes[0];
    node.round(written).await;
    assert_eq!(node.neighbours(&line(), None), Some(0));
    assert_eq!(nodes.neighbours().await, [Some(1), Some(1)]);
}

#[tokio::test]
async fn rows_that_another_node_removed_are_written_again_and_a_node_that_ends_takes_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let mut nodes = Nodes::start(directory.path()).await;
    let _theirs = nodes.arm(1, "1204");
    assert_eq!(nodes.neighbours().await, [Some(1), Some(1)]);
    assert_eq!(nodes.change("DELETE FROM reachability").await, 1);
    assert_eq!(nodes.neighbours().await, [Some(1), Some(1)]);
    nodes.nodes[1].0.leave().await;
    assert_eq!(nodes.change("DELETE FROM reachability").await, 0);
}

#[tokio::test]
async fn a_device_counts_that_has_shown_a_push_of_late_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let mut nodes = Nodes::start(directory.path()).await;
    let now = clock::now();
    for (name, worked_at) in
        [("1204", Some(now)), ("1301", Some(now - 29 * DAY)), ("1302", Some(now - 31 * DAY)), ("1303", None)]
    {
        nodes.device(name, worked_at).await;
    }
    assert_eq!(nodes.neighbours().await, [Some(2), Some(2)]);
    let overview = nodes.nodes[0].0.overview().await;
    assert_eq!(overview.reachable, Some([(line(), [house("1204"), house("1301")].into())].into()));
    assert_eq!(overview.silent, Some([(Some(line()), 2)].into()));
    nodes.change("UPDATE residents SET locked = 1 WHERE name = '1301'").await;
    nodes.change("UPDATE push_subscriptions SET vapid = 'another key' WHERE account = '1204'").await;
    assert_eq!(nodes.neighbours().await, [Some(0), Some(0)]);
}

#[tokio::test]
async fn while_the_database_does_not_answer_the_last_reading_stands_and_is_not_renewed() {
    let directory = tempfile::tempdir().unwrap();
    let mut nodes = Nodes::start(directory.path()).await;
    let theirs = nodes.arm(0, "1204");
    assert_eq!(nodes.neighbours().await, [Some(1), Some(1)]);
    let read_at = Instant::now();
    nodes.database.close().await;
    drop(theirs);
    assert_eq!(nodes.neighbours().await, [Some(1), Some(1)]);
    let known = nodes.nodes[0].0.0.known.lock();
    assert_eq!(known.neighbours(&line(), None, read_at + known::HOLDS + Duration::from_secs(1)), None);
}
