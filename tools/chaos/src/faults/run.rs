//! One run, from the first start to the judgement.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::{
    caller::{self, Callers},
    ear::Ear,
    finish,
    journal::Journal,
    random::Random,
    recorder::Recorder,
    report, schedule, script,
    settings::{Roles, Settings},
    town::Town,
    world::{self, Place, World},
};
use crate::checker;
use testkit::Error;

/// The longest time for a rolling upgrade in which people call. They stop when it is over.
const ROLLING: Duration = Duration::from_secs(180);
/// After everything was mended, every command is answered within this.
const ANSWERS: Duration = Duration::from_secs(90);
/// The time to its first neighbour from which a call's story is printed.
const LONG: Duration = Duration::from_secs(10);

/// Runs and judges.
pub(super) async fn run(settings: &Settings) -> Result<(), Error> {
    let seed = settings.seed.unwrap_or_else(new_seed);
    let mut place = Place::make(settings.dir.as_deref())?;
    let outcome = go(settings, seed, &place).await;
    if let Ok(verdict) = &outcome {
        report::print(settings, seed, verdict);
        if verdict.violations.is_empty() {
            return Ok(());
        }
    }
    place.keep();
    let directory = place.path().display();
    match outcome {
        Ok(verdict) => {
            report::write_violations(place.path(), &verdict)?;
            let count = verdict.violations.len();
            Err(Error::Usage(format!(
                "{count} things must not be; data, logs and the whole list are in {directory}"
            )))
        }
        Err(error) => Err(Error::Usage(format!("the run failed (see {directory}): {error}"))),
    }
}

fn new_seed() -> u64 {
    // Short, since people type it.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos()) / 1000
}

async fn go(settings: &Settings, seed: u64, place: &Place) -> Result<checker::Verdict, Error> {
    let mut random = Random::new(seed);
    let recorder = Arc::new(Recorder::new());
    let journal = Journal::create(place.path().join("faults.log"), recorder.clone())?;
    journal.log(format_args!("seed {seed}; starting everything in {}", place.path().display()));
    let mut world = world::start(settings, place.path(), recorder.clone(), journal.clone()).await?;
    let town = Arc::new(Town::new(world.producer.clone(), &world.accounts));

    let faults = schedule::draw(&mut random.fork(), &world.parts, settings.faults.into());
    let rolls = settings.roles == Roles::Proxied;
    let length = schedule::length(&faults) + if rolls { ROLLING } else { Duration::from_secs(1) };
    let calls = script::calls(&mut random.fork(), length);
    recorder.begin_to_play();
    journal.log(format_args!("{} faults and {} calls within {length:.0?}", faults.len(), calls.len()));
    let (over, listening) = listen(&world, &town, &recorder, length, &mut random);
    let enough = watch::Sender::new(false);
    let callers = Callers {
        town: town.clone(),
        recorder: recorder.clone(),
        producer: world.producer.clone(),
        enough: enough.subscribe(),
    };
    let calling = AbortOnDrop(tokio::spawn(caller::play(Arc::new(callers), calls, random.fork())));

    world.injector.play(&faults).await?;
    if rolls {
        world.injector.all_is_well().await?;
        world.injector.roll().await?;
        enough.send_replace(true);
    }
    journal.log(format_args!("all faults are mended after {:.0?}", recorder.now()));
    world.injector.all_is_well().await?;
    if timeout(ANSWERS, calling).await.is_err() {
        journal.log("some commands were never answered");
    }
    finish::wait_for_listeners(&recorder, &journal).await;
    journal.log(format_args!("{} connections came to nothing on the way", recorder.failed_connections()));
    over.send_replace(true);
    listening.join_all().await;
    finish::rebuild(&mut world, &town, &recorder, &journal).await?;
    let verdict = judge(&world, &recorder, &journal).await;
    if verdict.violations.is_empty() {
        world.injector.end().await?;
    } else {
        world.injector.keep_disks()?;
    }
    Ok(verdict)
}

/// Judges what was recorded, and compares the statistics with the log.
async fn judge(world: &World, recorder: &Recorder, journal: &Journal) -> checker::Verdict {
    let mut verdict = checker::check(&recorder.history());
    finish::verify_statistics(world, &mut verdict, journal).await;
    for (_, call) in verdict.figures.longest_to_first.iter().filter(|(took, _)| *took >= LONG) {
        let story = checker::story(&recorder.history(), *call);
        journal.log(format_args!("the call with the slowest first listener\n{}", story.join("\n")));
    }
    verdict
}

/// Everybody who listens, on each fan-out, or as many through nginx.
fn listen(
    world: &World,
    town: &Arc<Town>,
    recorder: &Arc<Recorder>,
    length: Duration,
    random: &mut Random,
) -> (watch::Sender<bool>, JoinSet<()>) {
    let over = watch::Sender::new(false);
    let mut listening = JoinSet::new();
    for fanout in &world.fanouts {
        for plan in script::listeners(&mut random.fork(), length) {
            let ear = Ear {
                town: town.clone(),
                recorder: recorder.clone(),
                fanout: fanout.clone(),
                plan,
                over: over.subscribe(),
            };
            let number = recorder.listener(ear.name(), ear.line());
            listening.spawn(ear.listen(number, random.fork()));
        }
    }
    (over, listening)
}

/// A task that ends with its waiter.
struct AbortOnDrop(JoinHandle<()>);

impl Future for AbortOnDrop {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0)
            .poll(context)
            .map(|ended| ended.expect("playing calls does not panic"))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
