//! Other programs to compare with, in the same run. Each gets messages as long as ours, and sends them to all of its
//! WebSockets.

mod child;
mod message;
mod nchan;
mod rabbitmq;

use std::{sync::Arc, time::Duration};

use clap::ValueEnum;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{Settings, board::Board, crowd::Crowd, meter::Meter, presser::Press, row::Row};
use crate::{processes::Processes, sources::Sources};
use nchan::Nchan;
use rabbitmq::RabbitMq;
use testkit::{
    Error,
    client::{Client, WebSocket},
};

/// A program to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// nginx with the module nchan
    Nchan,
    /// RabbitMQ with its plugin for STOMP over WebSocket
    #[value(name = "rabbitmq")]
    RabbitMq,
}

impl Name {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Nchan => "nchan",
            Self::RabbitMq => "rabbitmq",
        }
    }

    /// Returns what it does not do that we do.
    pub(super) const fn legend(self) -> &'static str {
        match self {
            Self::Nchan => {
                "nchan gets a message as long as ours. It keeps no log, waits for no disk, knows no accounts, and is \
                 sent no acknowledgements; its POST is that of the message. The other program is idle meanwhile."
            }
            Self::RabbitMq => {
                "RabbitMQ gets a message as long as ours by a STOMP SEND to a topic, to which every socket subscribes. \
                 It keeps no log and waits for no disk; its POST is from the SEND to its RECEIPT. The other program is \
                 idle meanwhile."
            }
        }
    }
}

/// The program, until it is dropped.
pub(super) enum Peer {
    Nchan(Nchan),
    RabbitMq(Box<RabbitMq>),
}

impl Peer {
    /// Starts it on free ports of loopback.
    pub(super) async fn start(name: Name, settings: &Settings) -> Result<Self, Error> {
        match name {
            Name::Nchan => Nchan::start(settings).await.map(Self::Nchan),
            Name::RabbitMq => RabbitMq::start(settings).await.map(|node| Self::RabbitMq(Box::new(node))),
        }
    }

    /// Measures what [`super::measure_one`] measures, with so many sockets.
    pub(super) async fn measure(
        &mut self,
        settings: &Settings,
        listeners: &Runtime,
        subscribers: usize,
    ) -> Result<Row, Error> {
        let board = Arc::new(Board::default());
        let mut meter = Meter::start(Some(self.processes()?))?;
        let sources = Sources::of(self.client(), subscribers)?;
        let (name, ack) = (self.name(), !settings.no_ack);
        let sockets = (0..subscribers).map(|number| (number, open(name, sources.get(number).clone(), ack)));
        let crowd = Crowd::of(listeners, &board, sockets).await?;
        meter.sockets_are_open(subscribers).await?;
        for _ in 0..settings.warm_up {
            self.press(settings, &board, subscribers).await?;
        }
        meter.presses_begin(&board)?;
        let mut row = Row::new(subscribers);
        for _ in 0..settings.presses {
            row.add(&self.press(settings, &board, subscribers).await?);
        }
        row.record(&board, meter.end(&board)?);
        crowd.leave().await;
        Ok(row)
    }

    /// Publishes one message, and waits until everybody has it.
    async fn press(
        &mut self,
        settings: &Settings,
        board: &Board,
        subscribers: usize,
    ) -> Result<Press, Error> {
        let id = Uuid::now_v7();
        let round = board.begin(id, subscribers);
        let pressed = board.now();
        match self {
            Self::Nchan(nchan) => nchan.publish(id).await?,
            Self::RabbitMq(rabbitmq) => rabbitmq.publish(id).await?,
        }
        let answered = board.now() - pressed;
        round.complete(settings.deadline()).await;
        let seen: Vec<Duration> = round.sights().into_iter().map(|at| at - pressed).collect();
        board.end(&round);
        tokio::time::sleep(settings.interval()).await;
        let missing = subscribers - seen.len();
        Ok(Press { answered, seen, missing, published: false, asked_to_wait: 0 })
    }

    const fn name(&self) -> Name {
        match self {
            Self::Nchan(_) => Name::Nchan,
            Self::RabbitMq(_) => Name::RabbitMq,
        }
    }

    fn client(&self) -> &Client {
        match self {
            Self::Nchan(nchan) => nchan.client(),
            Self::RabbitMq(rabbitmq) => rabbitmq.client(),
        }
    }

    fn processes(&self) -> Result<Processes, Error> {
        match self {
            Self::Nchan(nchan) => nchan.processes(),
            Self::RabbitMq(rabbitmq) => rabbitmq.processes(),
        }
    }
}

/// Opens a socket, which gets every message from now on.
async fn open(name: Name, client: Client, ack: bool) -> Result<WebSocket, Error> {
    match name {
        Name::Nchan => nchan::open(&client).await,
        Name::RabbitMq => rabbitmq::open(&client, ack).await,
    }
}
