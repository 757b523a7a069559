//! Everything that is started for a run, which is directories, brokers, database, servers and accounts.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::{
    Log, Roles, Settings,
    disk::SmallDisk,
    fault::Kind,
    injector::Injector,
    journal::Journal,
    kafka::Kafka,
    nodes::{self, Duty, Node, data_dir},
    postgres::Postgres,
    recorder::Recorder,
    schedule::Parts,
    town,
};
use crate::power_cut::PowerCut;
use testkit::{Error, client::Client, town::Accounts};

/// Where everything of a run lies.
#[derive(Debug)]
pub(super) struct Place {
    directory: PathBuf,
    /// Removed at the end, unless it is kept.
    temporary: Option<TempDir>,
}

impl Place {
    /// A temporary directory, or the one that was asked for.
    ///
    /// # Errors
    /// [`Error::System`], [`Error::File`].
    pub(super) fn make(wanted: Option<&Path>) -> Result<Self, Error> {
        let place = match wanted {
            Some(directory) => Self { directory: directory.into(), temporary: None },
            None => {
                let made = tempfile::Builder::new().prefix("iutsai-chaos-").tempdir();
                let made = made.map_err(Error::system("make a temporary directory"))?;
                Self { directory: made.path().into(), temporary: Some(made) }
            }
        };
        for part in ["data", "undo"] {
            let path = place.directory.join(part);
            fs::create_dir_all(&path).map_err(|source| Error::File { what: "make", path, source })?;
        }
        // Programs that change their working directory must find it, too.
        let directory = place.directory.canonicalize();
        let directory = directory.map_err(Error::system("find the directory of the run"))?;
        Ok(Self { directory, ..place })
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.directory
    }

    /// Leaves it there.
    pub(super) fn keep(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _stays = temporary.keep();
        }
    }
}

/// A started world.
pub(super) struct World {
    pub(super) injector: Injector,
    /// Where commands go, and where people sign in.
    pub(super) producer: Client,
    /// Where sockets are.
    pub(super) fanouts: Vec<Client>,
    /// Everybody's.
    pub(super) accounts: Accounts,
    pub(super) parts: Parts,
}

/// Starts everything and waits until it is ready.
///
/// # Errors
/// What could not be started.
pub(super) async fn start(
    settings: &Settings,
    directory: &Path,
    recorder: Arc<Recorder>,
    journal: Journal,
) -> Result<World, Error> {
    let is_apart = settings.roles == Roles::Apart;
    if is_apart && settings.kafka == Log::Local {
        return Err(Error::Usage("roles apart share a log: add --kafka cluster".into()));
    }
    let cut = PowerCut::new(&settings.power_cut, &directory.join("data"), &directory.join("undo"))?;
    let duties: &[Duty] = if is_apart { &[Duty::Producer, Duty::Fanout, Duty::Fanout] } else { &[Duty::All] };
    let mut kinds = wanted(settings);
    let mut disks = disks(directory, duties.len(), &mut kinds, &journal)?;
    let kafka = match settings.kafka {
        Log::Local => None,
        Log::Cluster => {
            let at = directory.join("data").join("kafka");
            Some(Kafka::start_cluster(&settings.scripts, &at, Some(&cut)).await?)
        }
    };
    let postgres = match is_apart {
        true => Some(Postgres::start_server(&settings.scripts, &directory.join("postgres")).await?),
        false => None,
    };
    let mut environment = Vec::new();
    environment.extend(kafka.as_ref().map(|kafka| ("KAFKA_BOOTSTRAP_SERVERS".into(), kafka.proxied())));
    environment.extend(postgres.as_ref().map(|postgres| ("DATABASE_URL".into(), postgres.url().into())));
    let database = postgres.as_ref().map(Postgres::url);
    let accounts = town::furnish(&settings.program, &data_dir(directory, 0), database).await?;
    let common = nodes::Settings { program: &settings.program, directory, environment };
    let mut nodes = Vec::new();
    for (number, duty) in duties.iter().enumerate() {
        nodes.push(Node::start(number, *duty, &common, &cut, disks.remove(0)).await?);
    }
    let mut clients = Vec::new();
    for node in &mut nodes {
        node.server().wait_ready().await?;
        clients.push(node.server().client()?);
    }
    let producer = clients[0].clone();
    let fanouts = if is_apart { clients.split_off(1) } else { clients };
    let brokers = kafka.as_ref().map_or(0, Kafka::brokers);
    let parts = Parts { nodes: nodes.len(), brokers, kinds };
    let injector = Injector::new(nodes, kafka, postgres, cut, recorder, journal);
    Ok(World { injector, producer, fanouts, accounts, parts })
}

/// The kinds of faults that are asked for and that there can be.
fn wanted(settings: &Settings) -> Vec<Kind> {
    let possible = |kind: &Kind| match kind {
        Kind::KillLeader | Kind::KillBroker | Kind::StopBroker | Kind::Path => settings.kafka == Log::Cluster,
        // With roles apart, an entry that was taken back is still in Kafka, in PostgreSQL and in other hubs.
        Kind::RestoreBackup => settings.kafka == Log::Local,
        Kind::Database => settings.roles == Roles::Apart,
        _ => true,
    };
    let asked = |kind: &Kind| settings.only.is_empty() || settings.only.contains(kind);
    let kinds = Kind::ALL.into_iter().filter(possible).filter(asked);
    kinds.filter(|kind| !settings.without.contains(kind)).collect()
}

/// Makes the data directories, on small disks where disks are to be full and that is allowed.
fn disks(
    directory: &Path,
    count: usize,
    kinds: &mut Vec<Kind>,
    journal: &Journal,
) -> Result<Vec<Option<SmallDisk>>, Error> {
    let mut disks = Vec::new();
    for number in 0..count {
        let path = data_dir(directory, number);
        fs::create_dir_all(&path).map_err(|source| Error::File {
            what: "make",
            path: path.clone(),
            source,
        })?;
        let mut disk = None;
        if kinds.contains(&Kind::FullDisk) {
            match SmallDisk::mount(&path) {
                Ok(mounted) => disk = Some(mounted),
                Err(error) => {
                    journal.log(format_args!("skipped: no disk will be full, since {error}"));
                    kinds.retain(|kind| *kind != Kind::FullDisk);
                }
            }
        }
        disks.push(disk);
    }
    Ok(disks)
}
