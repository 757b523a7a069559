//! Measures the time of a call to the neighbours while the broker that leads its partition is killed, again and again,
//! on a cluster of three.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{AlertId, Event, Line, api::ProgressRequest};
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
    let directory = tempfile::Builder::new().prefix("iutsai-leader-kill-").tempdir();
    let directory = directory.map_err(Error::system("make a temporary directory"))?;
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
    println!("{:>5}  {:>6}  {:>10}  {:>8}  {:>8}", "kill", "broker", "answered", "first", "last");
    let mut worst = Times::default();
    for number in 1..=settings.times {
        let leader = kafka.leader(&line).await?;
        let times = kill_once(&mut kafka, leader, &callers, &received).await?;
        print_times(&number.to_string(), &leader.to_string(), times);
        worst = worst.worst(times);
        kafka.start(leader);
        kafka.started(leader).await?;
        wait_for_all_in_sync(&kafka, &line).await?;
    }
    print_times("worst", "", worst);
    listening.shutdown().await;
    server.end().await
}

fn print_times(number: &str, leader: &str, times: Times) {
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    println!(
        "{number:>5}  {leader:>6}  {:>10}  {:>8}  {:>8}",
        ms(times.answered),
        ms(times.first),
        ms(times.last)
    );
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

/// Presses all the time while the leader is killed; the worst of all presses.
async fn kill_once(
    kafka: &mut Kafka,
    leader: usize,
    callers: &[Session],
    received: &Received,
) -> Result<Times, Error> {
    let mut pressing = JoinSet::new();
    let mut ticks = tokio::time::interval(INTERVAL);
    for (tick, caller) in (0..BEFORE + AFTER).zip(callers) {
        ticks.tick().await;
        if tick == BEFORE {
            let process = kafka.process(leader);
            process.ok_or_else(|| Error::NotRunning(format!("broker {leader}")))?.kill()?;
        }
        pressing.spawn(press(caller.clone(), received.clone()));
    }
    let mut worst = Times::default();
    while let Some(pressed) = pressing.join_next().await {
        worst = worst.worst(pressed.expect("pressing does not panic")?);
    }
    Ok(worst)
}

/// Presses once, waits until every neighbour has heard, and takes the call back.
async fn press(caller: Session, received: Received) -> Result<Times, Error> {
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
    Ok(Times { answered, first: took(all.iter().min()), last: took(all.iter().max()) })
}

async fn wait_for_all_in_sync(kafka: &Kafka, line: &Line) -> Result<(), Error> {
    let back = timeout(COMING_BACK, async {
        while kafka.in_sync(line).await < kafka.brokers() {
            tokio::time::sleep(INTERVAL).await;
        }
    });
    back.await.map_err(|_| Error::Usage("a broker that was started again did not catch up".into()))
}
