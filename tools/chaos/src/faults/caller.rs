//! Plays the calls with their presses, accepts and further commands. Each is sent again with the same key until it is
//! answered, as the browser does.

use std::{sync::Arc, time::Duration};

use domain::{
    AlertId,
    api::{AcceptRequest, CallRequest, ProgressRequest, Recorded},
};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use uuid::Uuid;

use super::{
    random::Random,
    recorder::Recorder,
    script::{Answer, Call},
    town::{self, Town},
};
use crate::checker::{Command, CommandKind, Outcome};
use testkit::{
    Error,
    budgets::CALL_STANDS,
    client::{self, Client, Session, Step},
};

/// One try takes no longer, because a stopped server keeps its connections open. A server whose disk hangs answers after
/// ten seconds.
const ONE_TRY: Duration = Duration::from_secs(11);
const HEARD_ONLY: &str = "/problems/heard-not-recorded";
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_millis(1000);

/// The state that all senders of commands share.
#[derive(Debug)]
pub(super) struct Callers {
    /// The people.
    pub(super) town: Arc<Town>,
    /// Where it is written down.
    pub(super) recorder: Arc<Recorder>,
    /// Where commands are sent to.
    pub(super) producer: Client,
    /// True when no more calls are to begin.
    pub(super) enough: watch::Receiver<bool>,
}

enum Request {
    Press(CallRequest),
    Accept(AcceptRequest),
    Progress(AlertId, Step),
}

/// The author, the call and the kind of a command.
struct Attempt {
    line: usize,
    house: usize,
    alert: AlertId,
    id: Uuid,
    what: CommandKind,
    request: Request,
}

/// Plays all calls, each at its time, until there are enough; ends when every command has been answered.
pub(super) async fn play(callers: Arc<Callers>, calls: Vec<Call>, mut random: Random) {
    let mut playing = JoinSet::new();
    for call in calls {
        let (callers, random) = (callers.clone(), random.fork());
        playing.spawn(async move {
            let mut enough = callers.enough.clone();
            tokio::select! {
                () = callers.recorder.sleep_until(call.at) => {}
                _ = enough.wait_for(|enough| *enough) => return,
            }
            callers.play_one(call, random).await;
        });
    }
    while let Some(played) = playing.join_next().await {
        played.expect("playing a call does not panic");
    }
}

impl Callers {
    async fn play_one(self: &Arc<Self>, call: Call, mut random: Random) {
        let (line, id) = (call.line, Uuid::now_v7());
        let alert = AlertId(id);
        let request = Request::Press(press(line, call.house, &format!("call {id}")));
        let pressed = Attempt { line, house: call.house, alert, id, what: CommandKind::Press, request };
        if !self.insist(pressed, &mut random).await {
            return;
        }
        let mut following = JoinSet::new();
        for answer in call.answers {
            let (callers, random) = (self.clone(), random.fork());
            following.spawn(callers.answer(line, call.house, alert, answer, random));
        }
        if let Some((after, step)) = call.end {
            let (callers, random) = (self.clone(), random.fork());
            following.spawn(callers.send_progress(line, call.house, alert, after, step, random));
        }
        while let Some(followed) = following.join_next().await {
            followed.expect("following a call does not panic");
        }
    }

    async fn answer(
        self: Arc<Self>,
        line: usize,
        target: usize,
        alert: AlertId,
        answer: Answer,
        mut random: Random,
    ) {
        tokio::time::sleep(answer.after).await;
        let request = Request::Accept(AcceptRequest {
            line: town::line(line),
            accept_house: town::house(answer.house),
            target_house: town::house(target),
            alert: Some(alert),
        });
        let (house, id) = (answer.house, Uuid::now_v7());
        let is_taken = self
            .insist(Attempt { line, house, alert, id, what: CommandKind::Accept, request }, &mut random)
            .await;
        if let Some((after, step)) = answer.then.filter(|_| is_taken) {
            self.send_progress(line, house, alert, after, step, random).await;
        }
    }

    async fn send_progress(
        self: Arc<Self>,
        line: usize,
        house: usize,
        alert: AlertId,
        after: Duration,
        step: Step,
        mut random: Random,
    ) {
        tokio::time::sleep(after).await;
        let (id, request) = (Uuid::now_v7(), Request::Progress(alert, step));
        self.insist(Attempt { line, house, alert, id, what: CommandKind::Progress, request }, &mut random)
            .await;
    }

    /// Sends until there is an answer for good; whether it is a 2xx.
    async fn insist(&self, attempt: Attempt, random: &mut Random) -> bool {
        let Attempt { line, house, alert, id, what, request } = attempt;
        let name = town::name(line, Some(house));
        let (began, line, house) = (self.recorder.now(), town::line(line), town::house(house));
        let command = Command { id, what, line, house, alert, began, tries: 0, outcome: Outcome::Open };
        let number = self.recorder.begin(command);
        let mut wait = FIRST_WAIT;
        loop {
            self.recorder.tried(number);
            // There was no answer, or not in time. It may have been recorded all the same, so the key stays.
            if let Ok(Ok(outcome)) = timeout(ONE_TRY, self.send(number, &name, &request, id)).await
                && let Some(outcome) = outcome
            {
                let is_taken = matches!(outcome, Outcome::Acknowledged { .. });
                self.recorder.answered(number, outcome);
                return is_taken;
            }
            tokio::time::sleep(random.around(wait)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Sends one try. `None` if it should be sent again.
    async fn send(
        &self,
        number: usize,
        name: &str,
        request: &Request,
        id: Uuid,
    ) -> Result<Option<Outcome>, Error> {
        let session = self.town.session(name).await?.at(&self.producer);
        let sent = self.recorder.now();
        let answer = ask(&session, request, id).await?;
        if matches!(&answer.outcome, Err(problem) if problem.kind == HEARD_ONLY) {
            self.recorder.heard_only(number, sent);
        }
        let at = self.recorder.now();
        if answer.status == 401 {
            self.town.forget(name, &session).await;
        }
        Ok(match answer.outcome {
            Ok(Recorded { state, .. }) => Some(Outcome::Acknowledged { at, state }),
            Err(problem) if problem.kind == CALL_STANDS => Some(Outcome::CallStands { at }),
            Err(_) if matches!(answer.status, 401 | 408 | 425 | 429 | 500..) => None,
            Err(problem) => Some(Outcome::Refused(format!("{} {}", problem.status, problem.kind))),
        })
    }
}

async fn ask(session: &Session, request: &Request, id: Uuid) -> Result<client::Answer<Recorded>, Error> {
    match request {
        Request::Press(call) => session.press(call, Some(id)).await,
        Request::Accept(accept) => session.accept(accept, Some(id)).await,
        Request::Progress(alert, step) => {
            session.progress(*alert, *step, &ProgressRequest::default(), Some(id)).await
        }
    }
}

fn press(line: usize, house: usize, text: &str) -> CallRequest {
    CallRequest {
        line: town::line(line),
        house: town::house(house),
        text: Some(text.into()),
        lat: Some(37.5.into()),
        lng: Some(127.0.into()),
        accuracy: None,
        kind: None,
        drill: false,
        alone: false,
    }
}
