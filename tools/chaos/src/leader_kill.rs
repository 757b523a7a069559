//! Measures the time of a call to the neighbours while the broker that leads its partition is killed, again and again,
//! on a cluster of three.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{AlertId, Event, Line, api::ProgressRequest};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;

use crate::faults::kafka::Kafka;
use testkit::{
    Error,
    client::{Session, Socket, Step},
    server::Program,
    town::Town,
};

/// The number of flats that listen. The calls of a line stay open while its leader is dead, so each other flat presses
/// once for a kill, because more would be refused for rate.
const NEIGHBOURS: usize = 2;
/// A press every so often, some before the kill, the others until long after another broker leads.
const INTERVAL: Duration = Duration::from_millis(100);
const BEFORE: u32 = 3;
const AFTER: u32 = 60;
/// The time after which a neighbour without the call never gets it.
const PATIENCE: Duration = Duration::from_secs(30);
/// A broker that comes back has everything again within this.
const COMING_BACK: Duration = Duration::from_secs(90);

/// The settings of `iutsai-chaos leader-kill`.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Number of kills of a leader
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub times: u32,

    /// The program to start
    #[arg(long, env = "IUTSAI_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,

    /// Where script/kafka is
    #[arg(long, value_name = "DIR", default_value = "script")]
    pub scripts: PathBuf,

    /// Where the brokers keep their data; another disk than the server's, because in life they are other machines; by
    /// default the directory for temporary files
    #[arg(long, value_name = "DIR")]
    pub kafka_dir: Option<PathBuf>,
}

/// Measures and prints. It ends every process that it started, also when it is interrupted.
///
/// # Errors The error that kept it from measuring, or [`Error::Usage`] when a neighbour did not receive a call.
pub fn run(settings: &Settings) -> Result<(), Error> {
    crate::faults::until_interrupted(measure(settings))
}

/// When each neighbour heard of each call.
type Received = Arc<Mutex<HashMap<Uuid, Vec<Instant>>>>;

/// The results of one press, which are the times until it was answered, and until the first and the last neighbour had
/// it.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    answered: Duration,
    first: Duration,
    last: Duration,
}

/// One press among those around a kill.
#[derive(Clone, Copy, Debug)]
struct Press {
    /// Its number, from 1.
    number: u32,
    at: Instant,
    times: Times,
}

/// The presses around one kill.
#[derive(Debug)]
struct Kill {
    at: Instant,
    worst: Times,
    /// The press that took the longest until the last neighbour had it.
    slowest: Option<Press>,
}

impl Kill {
    fn at(at: Instant) -> Self {
        Self { at, worst: Times::default(), slowest: None }
    }

    fn add(&mut self, press: Press) {
        self.worst = self.worst.worst(press.times);
        if self.slowest.is_none_or(|slowest| press.times.last > slowest.times.last) {
            self.slowest = Some(press);
        }
    }

    /// Returns the number of the slowest press, and how many milliseconds after the kill it was pressed.
    fn slowest(&self) -> [String; 2] {
        let Some(Press { number, at, .. }) = self.slowest else { return Default::default() };
        let after = match at.checked_duration_since(self.at) {
            Some(after) => ms(after),
            None => -ms(self.at.duration_since(at)),
        };
        [number.to_string(), format!("{after:+.0}")]
    }
}

impl Times {
    fn worst(self, other: Self) -> Self {
        Self {
            answered: self.answered.max(other.answered),
            first: self.first.max(other.first),
            last: self.last.max(other.last),
        }
    }
}

async fn measure(settings: &Settings) -> Result<(), Error> {
    // It is removed when this returns, after the brokers are killed.
    let directory = brokers_directory(settings.kafka_dir.as_deref())?;
    let mut kafka = Kafka::start_cluster(&settings.scripts, &directory.path().join("kafka"), None).await?;
    let server = Program::new(&settings.program).env("KAFKA_BOOTSTRAP_SERVERS", kafka.direct());
    let server = server.start().await?;
    let callers = (BEFORE + AFTER) as usize;
    let residents = server.populate(&Town::new(1, NEIGHBOURS + callers)).await?;
    let (received, mut listening) = (Received::default(), JoinSet::new());
    for house in 0..NEIGHBOURS {
        let (socket, _snapshot) = residents.of(0, house).listen().await?;
        listening.spawn(listen(socket, received.clone()));
    }
    let callers: Vec<Session> = residents.flats().skip(NEIGHBOURS).cloned().collect();
    let line = residents.town().line(0);
    println!(
        "press to neighbour while the leader is killed; milliseconds, the worst of {} presses",
        BEFORE + AFTER
    );
    println!("the slowest press has its number and how long after the kill it was pressed");
    print_row(["kill", "broker", "answered", "first", "last", "slowest", "after"]);
    let mut worst = Times::default();
    for number in 1..=settings.times {
        let leader = kafka.leader(&line).await?;
        let kill = kill_once(&mut kafka, leader, &callers, &received).await?;
        print_times([&number.to_string(), &leader.to_string()], kill.worst, kill.slowest());
        worst = worst.worst(kill.worst);
        kafka.start(leader);
        kafka.started(leader).await?;
        wait_for_all_in_sync(&kafka, &line).await?;
    }
    print_times(["worst", ""], worst, Default::default());
    listening.shutdown().await;
    server.end().await
}

/// A new directory for the brokers, in `wanted` or among the temporary files.
fn brokers_directory(wanted: Option<&Path>) -> Result<TempDir, Error> {
    let mut directory = tempfile::Builder::new();
    directory.prefix("iutsai-leader-kill-");
    let made = match wanted {
        Some(wanted) => directory.tempdir_in(wanted),
        None => directory.tempdir(),
    };
    made.map_err(Error::system("make a directory for the brokers"))
}

fn print_times([kill, broker]: [&str; 2], times: Times, [slowest, after]: [String; 2]) {
    let [answered, first, last] =
        [times.answered, times.first, times.last].map(|time| format!("{:.1}", ms(time)));
    print_row([kill, broker, &answered, &first, &last, &slowest, &after]);
}

fn print_row([kill, broker, answered, first, last, slowest, after]: [&str; 7]) {
    println!("{kill:>5}  {broker:>6}  {answered:>10}  {first:>8}  {last:>8}  {slowest:>7}  {after:>6}");
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Notes every call; ends when the socket does, which is then missed.
async fn listen(mut socket: Socket, received: Received) {
    loop {
        match socket.next_message().await {
            Ok(message) => {
                if let Some(Event::Alert(alert)) = message.event() {
                    let now = Instant::now();
                    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
                    received.entry(alert.id.0).or_default().push(now);
                }
            }
            Err(Error::Late { .. }) => {}
            Err(error) => return eprintln!("a neighbour's socket ended: {error}"),
        }
    }
}

/// Presses all the time while the leader is killed.
async fn kill_once(
    kafka: &mut Kafka,
    leader: usize,
    callers: &[Session],
    received: &Received,
) -> Result<Kill, Error> {
    let mut pressing = JoinSet::new();
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut killed = Instant::now();
    for (number, caller) in (1..=BEFORE + AFTER).zip(callers) {
        ticks.tick().await;
        if number == BEFORE + 1 {
            let process = kafka.process(leader);
            process.ok_or_else(|| Error::NotRunning(format!("broker {leader}")))?.kill()?;
            killed = Instant::now();
        }
        pressing.spawn(press(number, caller.clone(), received.clone()));
    }
    let mut kill = Kill::at(killed);
    while let Some(pressed) = pressing.join_next().await {
        kill.add(pressed.expect("pressing does not panic")?);
    }
    Ok(kill)
}

/// Presses once, waits until every neighbour has the call, and takes it back.
async fn press(number: u32, caller: Session, received: Received) -> Result<Press, Error> {
    let (id, pressed) = (Uuid::now_v7(), Instant::now());
    caller.press(&caller.call("leader-kill")?, Some(id)).await?.ok()?;
    let answered = pressed.elapsed();
    let all = timeout(PATIENCE, async {
        loop {
            let known = received.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
            if let Some(known) = known.filter(|known| known.len() >= NEIGHBOURS) {
                return known;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let all = all.await.map_err(|_| Error::Usage(format!("not every neighbour received call {id}")))?;
    let took = |at: Option<&Instant>| at.map(|at| at.duration_since(pressed)).unwrap_or_default();
    caller.progress(AlertId(id), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
    let times = Times { answered, first: took(all.iter().min()), last: took(all.iter().max()) };
    Ok(Press { number, at: pressed, times })
}

async fn wait_for_all_in_sync(kafka: &Kafka, line: &Line) -> Result<(), Error> {
    let back = timeout(COMING_BACK, async {
        while kafka.in_sync(line).await < kafka.brokers() {
            tokio::time::sleep(INTERVAL).await;
        }
    });
    back.await.map_err(|_| Error::Usage("a broker that was started again did not catch up".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_press_is_shown_with_its_time_before_or_after_the_kill() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let press = |number: u32, pressed: u64, last: u64| {
            let times = Times { last: Duration::from_millis(last), ..Times::default() };
            Press { number, at: at(pressed), times }
        };
        let mut kill = Kill::at(at(300));
        assert_eq!(kill.slowest(), ["", ""]);
        for (pressed, shown) in [
            (press(2, 100, 20), ["2", "-200"]),
            (press(5, 450, 400), ["5", "+150"]),
            (press(9, 800, 30), ["5", "+150"]),
        ] {
            kill.add(pressed);
            assert_eq!(kill.slowest(), shown);
        }
        assert_eq!(kill.worst.last, Duration::from_millis(400));
    }

    #[test]
    fn the_brokers_directory_is_in_the_one_that_is_named_and_is_removed() {
        let wanted = tempfile::tempdir().unwrap();
        let made = brokers_directory(Some(wanted.path())).unwrap();
        let path = made.path().to_owned();
        assert_eq!(path.parent(), Some(wanted.path()));
        drop(made);
        assert!(!path.exists() && wanted.path().is_dir());
        let missing = brokers_directory(Some(&wanted.path().join("missing"))).unwrap_err();
        assert!(missing.to_string().contains("make a directory for the brokers"), "{missing}");
    }
}
