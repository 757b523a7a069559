//! Nodes of the real program on real brokers and a real database.

use std::{path::Path, time::Duration};

use tempfile::TempDir;

use crate::processes::Processes;
use testkit::{
    Error,
    client::Client,
    real::{Brokers, Postgres},
    server::{Program, Server},
    town::{Accounts, Town},
};

/// A node makes the topics shortly after its start, so giving them more partitions is tried again.
const TOPICS: usize = 10;
const AGAIN: Duration = Duration::from_secs(1);

/// The cluster that is wanted.
pub(crate) struct Plan<'a> {
    /// The program to start.
    pub(crate) program: &'a Path,
    /// Where script/kafka and script/postgres are.
    pub(crate) scripts: &'a Path,
    pub(crate) brokers: u8,
    /// The partitions of each topic; `None` leaves them as the program makes them.
    pub(crate) partitions: Option<u32>,
    /// The roles of each node, as `IUTSAI_ROLES` has them. The first one has the role `producer`.
    pub(crate) roles: Vec<&'static str>,
    pub(crate) town: &'a Town,
}

/// One process of the program.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) client: Client,
    server: Server,
}

/// Everything that runs. It ends when this is dropped, the nodes before what they stand on.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    brokers: Brokers,
    postgres: Postgres,
    _directory: TempDir,
}

impl Node {
    async fn start(
        number: usize,
        roles: &str,
        program: &Path,
        brokers: &Brokers,
        postgres: &Postgres,
    ) -> Result<Self, Error> {
        let server = Program::new(program)
            .env_remove("IUTSAI_DEMO")
            .env("IUTSAI_ROLES", roles)
            .env("KAFKA_BOOTSTRAP_SERVERS", brokers.bootstrap())
            .env("DATABASE_URL", postgres.url())
            .start()
            .await?;
        let client = server.client()?;
        Ok(Self { name: format!("{} {roles}", number + 1), client, server })
    }

    /// Returns its process.
    ///
    /// # Errors
    /// [`Error::NotRunning`] after its end.
    pub(crate) fn processes(&self) -> Result<Processes, Error> {
        self.server.process().map(Processes::one)
    }

    /// Kills it, as a crash does.
    ///
    /// # Errors
    /// As [`Server::kill`].
    pub(crate) async fn kill(&mut self) -> Result<(), Error> {
        self.server.kill().await
    }
}

impl Cluster {
    /// Starts everything in a temporary directory, and waits until all nodes are ready and know the people of the town.
    ///
    /// # Errors
    /// The error of the part that could not be started.
    pub(crate) async fn start(plan: &Plan<'_>) -> Result<(Self, Accounts), Error> {
        let directory = tempfile::Builder::new().prefix("iutsai-bench-").tempdir();
        let directory = directory.map_err(Error::system("make a temporary directory"))?;
        let (kafka, postgres) = (directory.path().join("kafka"), directory.path().join("postgres"));
        let brokers = Brokers::start_cluster(plan.scripts, &kafka, plan.brokers).await?;
        let postgres = Postgres::start_server(plan.scripts, &postgres).await?;
        // It makes the tables and the topics.
        let mut first = Node::start(0, plan.roles[0], plan.program, &brokers, &postgres).await?;
        if let Some(partitions) = plan.partitions {
            set_partitions(&brokers, partitions).await?;
        }
        let accounts = plan.town.enter(postgres.url()).await?;
        // It reads the new partitions and all accounts at its start.
        first.server.restart().await?;
        first.client = first.server.client()?;
        let mut nodes = vec![first];
        for (number, roles) in plan.roles.iter().enumerate().skip(1) {
            nodes.push(Node::start(number, roles, plan.program, &brokers, &postgres).await?);
        }
        Ok((Self { nodes, brokers, postgres, _directory: directory }, accounts))
    }

    /// Returns the processes of all brokers.
    ///
    /// # Errors
    /// [`Error::NotRunning`].
    pub(crate) fn brokers(&self) -> Result<Processes, Error> {
        self.brokers.processes().map(Processes::all)
    }

    /// Returns the processes of the database, which are those with connections among them.
    ///
    /// # Errors
    /// [`Error::NotRunning`].
    pub(crate) fn postgres(&self) -> Result<Processes, Error> {
        Processes::with_children(self.postgres.process()?)
    }

    /// Ends the nodes in order. Those that were killed start again first, which they must be able to.
    ///
    /// # Errors
    /// As [`Server::restart`] and [`Server::end`].
    pub(crate) async fn end(self) -> Result<(), Error> {
        for Node { mut server, .. } in self.nodes {
            if !server.is_running()? {
                server.restart().await?;
            }
            server.end().await?;
        }
        Ok(())
    }
}

async fn set_partitions(brokers: &Brokers, partitions: u32) -> Result<(), Error> {
    for _ in 1..TOPICS {
        tokio::time::sleep(AGAIN).await;
        if brokers.set_partitions(partitions).await.is_ok() {
            return Ok(());
        }
    }
    brokers.set_partitions(partitions).await
}
