//! Everything that is started for a run, which is directories, brokers, database, servers and accounts.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::{
    disk::SmallDisk,
    fault::Kind,
    injector::Injector,
    journal::Journal,
    kafka::Kafka,
    nginx::Nginx,
    nodes::{self, Duty, Node, data_dir},
    recorder::Recorder,
    schedule::Parts,
    settings::{Log, Roles, Settings},
    town,
};
use crate::power_cut::PowerCut;
use testkit::{Error, client::Client, real::Postgres, town::Accounts};

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
    /// Where people open sockets.
    pub(super) fanouts: Vec<Client>,
    /// Every server that keeps sockets, past nginx.
    pub(super) each_fanout: Vec<Client>,
    /// Everybody's.
    pub(super) accounts: Accounts,
    pub(super) parts: Parts,
}

/// Starts everything and waits until it is ready.
///
/// # Errors
/// The error of the part that could not be started.
pub(super) async fn start(
    settings: &Settings,
    directory: &Path,
    recorder: Arc<Recorder>,
    journal: Journal,
) -> Result<World, Error> {
    let is_apart = settings.roles != Roles::One;
    if is_apart && settings.kafka == Log::Local {
        return Err(Error::Usage("roles apart share a log: add --kafka cluster".into()));
    }
    let cut = PowerCut::new(&settings.power_cut, &directory.join("data"), &directory.join("undo"))?;
    let duties: &[Duty] = match settings.roles {
        Roles::One => &[Duty::All],
        Roles::Apart => &[Duty::Producer, Duty::Fanout, Duty::Fanout],
        Roles::Proxied => {
            &[Duty::Producer, Duty::Producer, Duty::Producer, Duty::Fanout, Duty::Fanout, Duty::Fanout]
        }
    };
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
    if settings.roles == Roles::Proxied {
        environment.push(("IUTSAI_TRUSTED_PROXIES".into(), "127.0.0.1".into()));
    }
    let database = postgres.as_ref().map(Postgres::url);
    let accounts = town::furnish(&settings.program, &data_dir(directory, 0), database).await?;
    let common = nodes::Settings { program: &settings.program, directory, environment };
    let mut nodes = Vec::new();
    for (number, duty) in duties.iter().enumerate() {
        nodes.push(Node::start(number, *duty, &common, &cut, disks.remove(0)).await?);
    }
    let (mut producers, mut each_fanout) = (Vec::new(), Vec::new());
    for (node, duty) in nodes.iter_mut().zip(duties) {
        node.server().wait_ready().await?;
        let client = node.server().client()?;
        if *duty != Duty::Fanout {
            producers.push(client.clone());
        }
        if *duty != Duty::Producer {
            each_fanout.push(client);
        }
    }
    let nginx = if settings.roles == Roles::Proxied {
        Some(Nginx::start(settings, &directory.join("nginx"), &producers, &each_fanout).await?)
    } else {
        None
    };
    let (producer, fanouts) = match &nginx {
        Some(nginx) => (nginx.client()?, vec![nginx.client()?; each_fanout.len()]),
        None => (producers[0].clone(), each_fanout.clone()),
    };
    let brokers = kafka.as_ref().map_or(0, Kafka::brokers);
    let parts = Parts { nodes: nodes.len(), brokers, kinds };
    let mut injector = Injector::new(nodes, kafka, postgres, cut, recorder, journal);
    injector.nginx = nginx;
    Ok(World { injector, producer, fanouts, each_fanout, accounts, parts })
}

/// The kinds of faults that are asked for and that there can be.
fn wanted(settings: &Settings) -> Vec<Kind> {
    let possible = |kind: &Kind| match kind {
        Kind::KillLeader | Kind::KillBroker | Kind::StopBroker | Kind::Path => settings.kafka == Log::Cluster,
        // With roles apart, an entry that was taken back is still in Kafka, in PostgreSQL and in other hubs.
        Kind::RestoreBackup => settings.kafka == Log::Local,
        Kind::Database => settings.roles != Roles::One,
        Kind::Restart | Kind::Reload => settings.roles == Roles::Proxied,
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
