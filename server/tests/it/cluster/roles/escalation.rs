//! Steps of an escalation across processes that share one database.

use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use domain::{AlertId, api::ProgressRequest};
use serde_json::json;
use testkit::{
    client::{Message, Step},
    server::Program,
};

use super::{AGAIN_WITHIN, Apart, press};
use crate::{
    cluster::{kafka::brokers::Brokers, postgres::Postgres},
    escalation::{page, step_of, with_rules},
    support::{CALLER, Outcome, STRANGER, sign_in},
};

/// The wrong clock shows so much more than the true time.
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// No step that is due after four seconds comes so early.
const EARLY: Duration = Duration::from_secs(3);
/// A step that is due after four seconds has come, also where it is found when all open calls are looked at.
const LATE: Duration = Duration::from_secs(45);

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_step_is_taken_once_by_all_processes_and_also_without_the_one_that_took_the_call() -> Outcome {
    let mut apart = Apart::start().await?;
    with_rules(&apart.web.client()?, json!({ "neighbours": 4 })).await?;
    let (caller, neighbour) = apart.residents().await?;
    let stranger = apart.sign_in(STRANGER).await?;
    let mut next = page(&stranger.at(&apart.fanouts[0].client()?)).await?;
    let (mut at_home, _) = apart.listen(&neighbour, 1).await?;
    let call = press(&caller, "the producer dies now").await?.id;
    at_home.wait_for("the alert", |message| message.is_alert(call)).await?;
    apart.producer.kill().await?;

    let is_step = |message: &Message| step_of(message).is_some();
    next.wait_for("the alert", |message| message.is_alert(call)).await?;
    let status = next.wait_for("the step", is_step).await?;
    assert_eq!(step_of(&status).map(|step| (step.round, step.step)), Some((call, 1)));
    at_home.wait_for("the step", is_step).await?;
    tokio::try_join!(
        next.none_within(AGAIN_WITHIN, "the step again", is_step),
        at_home.none_within(AGAIN_WITHIN, "the step again", is_step),
    )?;

    // A process that reads the log from its beginning finds one step, however many wrote it.
    apart.producer.restart().await?;
    apart.fanouts[1].kill().await?;
    apart.fanouts[1].restart().await?;
    super::rebuilt(&apart.fanouts[1]).await?;
    let (_, snapshot) = apart.listen(&neighbour, 1).await?;
    assert_eq!(snapshot.messages.iter().filter(|message| is_step(message)).count(), 1);
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka, PostgreSQL and IUTSAI_POWER_CUT: script/test runs it"]
async fn nodes_whose_clocks_differ_take_a_step_once_and_in_time_whichever_is_killed() -> Outcome {
    let (brokers, postgres) = (Brokers::start(1, &[]), Postgres::start());
    let clock = tempfile::tempdir().unwrap();
    let node = || super::process(&brokers, &postgres, "web,producer,fanout,statistics");
    let right = node().start().await?;
    let mut nodes = [right, with_clock(node(), clock.path(), AHEAD).start().await?];
    with_rules(&nodes[0].client()?, json!({ "neighbours": 4 })).await?;
    let caller = sign_in(&nodes[0].client()?, CALLER).await?;
    let stranger = sign_in(&nodes[0].client()?, STRANGER).await?;
    for (pressed_at, killed) in [(0, 0), (1, 1), (0, 1)] {
        let stays = 1 - killed;
        let mut next = page(&stranger.at(&nodes[stays].client()?)).await?;
        let begun = Instant::now();
        let call = press(&caller.at(&nodes[pressed_at].client()?), "a node dies now").await?.id;
        nodes[killed].kill().await?;
        let is_step = |message: &Message| step_of(message).is_some_and(|step| step.round == call);

        let until_due = EARLY.saturating_sub(begun.elapsed());
        next.none_within(until_due, "the step before its time", is_step).await?;
        next.wait_for("the step", is_step).await?;
        assert!(begun.elapsed() < LATE, "pressed at {pressed_at}, killed {killed}: {:?}", begun.elapsed());
        next.none_within(AGAIN_WITHIN, "the step again", is_step).await?;

        nodes[killed].restart().await?;
        super::rebuilt(&nodes[killed]).await?;
        let (_, snapshot) = stranger.at(&nodes[killed].client()?).listen().await?;
        let steps = snapshot.messages.iter().filter(|message| is_step(message)).count();
        assert_eq!(steps, 1, "pressed at {pressed_at}, killed {killed}");
        let caller = caller.at(&nodes[stays].client()?);
        caller.progress(AlertId(call), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
    }
    for node in nodes {
        node.end().await?;
    }
    Ok(())
}

/// Gives a process another time of day, by the library that the fault checker preloads.
fn with_clock(program: Program, directory: &Path, ahead: Duration) -> Program {
    let library = env::var_os("IUTSAI_POWER_CUT");
    let library =
        library.expect("IUTSAI_POWER_CUT names the library that moves clocks; script/test builds it");
    let [kept, logs, control] = ["kept", "logs", "control"].map(|name| directory.join(name));
    for directory in [&kept, &logs] {
        fs::create_dir(directory).unwrap();
    }
    // `struct control` of tools/chaos/power_cut begins with the offset in nanoseconds, and the rest is not used.
    let offset = i64::try_from(ahead.as_nanos()).unwrap().to_ne_bytes();
    fs::write(&control, [offset, [0; 8]].concat()).unwrap();
    let program = program.env("LD_PRELOAD", library).env("IUTSAI_CHAOS_CONTROL", control);
    program.env("IUTSAI_POWER_CUT_DIR", kept).env("IUTSAI_POWER_CUT_LOGS", logs)
}
