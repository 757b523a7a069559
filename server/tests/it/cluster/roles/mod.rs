//! Roles in processes of their own, with one Kafka, one PostgreSQL, and any number of each.

mod calls;
mod database;
mod escalation;
mod push;
mod reach;
mod rebuild;
mod shards;
mod stalled;
mod statistics;
mod webhook;

use std::time::{Duration, Instant};

use domain::{AlertId, api::Recorded};
use serde_json::Value;
use testkit::{
    Error,
    client::{Message, Session, Snapshot, Socket},
    server::{Program, Server},
};
use uuid::Uuid;

use crate::{
    cluster::kafka::brokers::Brokers,
    cluster::postgres::Postgres,
    support::{CALLER, NEIGHBOUR, Outcome, accept_of, sign_in},
};

/// The time for which a socket waits for an expected frame.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time within which an event comes by its second road, if it is sent twice at all. It is far more than the 300 ms
/// after which an event is handed over.
const AGAIN_WITHIN: Duration = Duration::from_secs(5);
/// A log of a few records is read in this time, also by a broker that has just come back.
const REBUILT_WITHIN: Duration = Duration::from_secs(60);

/// A process for the pages and the sign-ins, one that takes calls, and two that keep sockets.
///
/// The fields are dropped in this order, the processes before the servers that they use.
struct Apart {
    web: Server,
    producer: Server,
    fanouts: [Server; 2],
    postgres: Postgres,
    brokers: Brokers,
}

impl Apart {
    /// On a new broker and a new database; all are ready.
    async fn start() -> Result<Self, Error> {
        let brokers = Brokers::start(1, &[]);
        let postgres = Postgres::start();
        // Started alone, because the first one makes the demo complex.
        let producer = process(&brokers, &postgres, "producer").start().await?;
        let (web, first, second) = tokio::try_join!(
            process(&brokers, &postgres, "web").start(),
            process(&brokers, &postgres, "fanout").start(),
            process(&brokers, &postgres, "fanout").start(),
        )?;
        Ok(Self { web, producer, fanouts: [first, second], postgres, brokers })
    }

    /// One more process with these roles, not started yet.
    fn process(&self, roles: &str) -> Program {
        process(&self.brokers, &self.postgres, roles)
    }

    /// Somebody who signs in at the web process and calls by the producer.
    async fn sign_in(&self, name: &str) -> Result<Session, Error> {
        let session = sign_in(&self.web.client()?, name).await?;
        Ok(session.at(&self.producer.client()?))
    }

    /// The caller and the neighbour, signed in.
    async fn residents(&self) -> Result<(Session, Session), Error> {
        Ok((self.sign_in(CALLER).await?, self.sign_in(NEIGHBOUR).await?))
    }

    /// A socket at one of the fan-outs, and what is open.
    async fn listen(&self, session: &Session, fanout: usize) -> Result<(Socket, Snapshot), Error> {
        let (mut socket, snapshot) = session.at(&self.fanouts[fanout].client()?).listen().await?;
        socket.set_patience(PATIENCE);
        Ok((socket, snapshot))
    }

    /// The caller's socket at the first fan-out, and the neighbour's at the second.
    async fn sockets(&self, caller: &Session, neighbour: &Session) -> Result<[Socket; 2], Error> {
        Ok([self.listen(caller, 0).await?.0, self.listen(neighbour, 1).await?.0])
    }

    /// Ends every process in order.
    async fn end(self) -> Outcome {
        for server in [self.web, self.producer].into_iter().chain(self.fanouts) {
            server.end().await?;
        }
        Ok(())
    }
}

/// The key that pushes are signed with, one for all processes.
const PUSH_KEY: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

/// The program with these roles and a data directory of its own.
fn process(brokers: &Brokers, postgres: &Postgres, roles: &str) -> Program {
    let program = brokers.program().env("DATABASE_URL", postgres.url()).env("IUTSAI_ROLES", roles);
    program.env("IUTSAI_PUSH_HOSTS", "loopback").env("IUTSAI_PUSH_PRIVATE_KEY", PUSH_KEY)
}

/// Calls the neighbours; the call is durable.
async fn press(by: &Session, text: &str) -> Result<Recorded, Error> {
    let answer = by.press(&by.call(text)?, None).await?;
    assert_eq!(answer.status, 202, "{:?}", answer.outcome);
    answer.ok()
}

/// Comes to help `caller`, whose call this is; the accept's id.
async fn accept(by: &Session, caller: &Session, call: Uuid) -> Result<Uuid, Error> {
    let accept = accept_of(by, caller, Some(AlertId(call)));
    let answer = by.accept(&accept, None).await?;
    assert_eq!(answer.status, 202, "{:?}", answer.outcome);
    Ok(answer.ok()?.id)
}

/// Returns whether a message is about this call, or this accept.
fn is_about(message: &Message, id: Uuid) -> bool {
    message.is_alert(id) || message.is_accept(id)
}

/// Waits until both have received this call, or this accept.
async fn receive(sockets: &mut [Socket; 2], id: Uuid) -> Outcome {
    for socket in sockets {
        socket.wait_for("a call or an accept", |message| is_about(message, id)).await?;
    }
    Ok(())
}

/// Checks that neither receives these again, both in the same time.
async fn receive_no_more(sockets: &mut [Socket; 2], ids: &[Uuid]) -> Outcome {
    let again = |message: &Message| ids.iter().any(|id| is_about(message, *id));
    let [first, second] = sockets;
    tokio::try_join!(
        first.none_within(AGAIN_WITHIN, "a double", again),
        second.none_within(AGAIN_WITHIN, "a double", again),
    )?;
    Ok(())
}

/// Waits until a fan-out reports that it has read the log, not only that it serves without.
async fn rebuilt(fanout: &Server) -> Outcome {
    let client = fanout.client()?;
    let deadline = Instant::now() + REBUILT_WITHIN;
    loop {
        let (_, body) = client.readiness().await?;
        let report: Value = serde_json::from_str(&body).unwrap();
        if report["fanout"]["state"] == "ready" {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "the log is not read: {body}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
