//! The number of neighbours that a call could alarm now, by pages that would sound or by push that has worked of late.

use std::time::Duration;

use domain::{AlertId, Event, Flats, House, destination, reach};
use reqwest::Method;
use serde_json::json;
use stomp::{Command, Frame};
use testkit::{
    Error,
    client::{Ack, Message, Session, Socket, Subscribe},
    server::Program,
};

use crate::{
    push::{phone::Phone, service::Service},
    support::{
        ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, STRANGER, program, send,
        server_and_client, sign_in,
    },
};

/// A number changes every ten seconds at most, and another node renews its part as often.
const PATIENCE: Duration = Duration::from_secs(90);
/// Within this a number would have changed.
const NO_CHANGE_WITHIN: Duration = Duration::from_secs(12);

/// Follows the number of the own line; returns it, once it is known, too.
pub(crate) async fn follow(session: &Session) -> Result<(Socket, u32), Error> {
    let mut socket = session.connect().await?;
    socket.set_patience(PATIENCE);
    socket.subscribe(&Subscribe::to(destination::of_reach(session.line()?)).id("reach")).await?;
    loop {
        let frame = socket.wait_for_frame("a number", is_number).await?;
        if let Some(houses) = reach::read(&frame.body) {
            return Ok((socket, houses));
        }
    }
}

fn is_number(frame: &Frame) -> bool {
    frame.get("type") == Some(reach::TYPE)
}

/// Waits for this number.
pub(crate) async fn until(socket: &mut Socket, houses: Option<u32>) -> Outcome {
    let is_it = |frame: &Frame| is_number(frame) && reach::read(&frame.body) == houses;
    socket.wait_for_frame(&format!("the number {houses:?}"), is_it).await.map(drop)
}

/// Waits a while, in which no further number comes.
async fn stays(socket: &mut Socket) {
    socket.set_patience(NO_CHANGE_WITHIN);
    let changed = socket.wait_for_frame("a number", is_number).await;
    assert!(matches!(changed, Err(Error::Late { .. })), "{changed:?}");
    socket.set_patience(PATIENCE);
}

/// Listens to the own line and would sound.
pub(crate) async fn armed(session: &Session) -> Result<Socket, Error> {
    let (mut socket, _) = session.listen().await?;
    arm(&mut socket, true).await?;
    Ok(socket)
}

async fn arm(socket: &mut Socket, armed: bool) -> Outcome {
    let body = json!({ "armed": armed }).to_string();
    socket
        .send_with_receipt(Frame::new(Command::Send).header("destination", destination::ARMED).body(body))
        .await
}

/// The home page as a browser without scripts gets it.
async fn home(session: &Session) -> String {
    send(session.request(Method::GET, "/")).await.text().await.unwrap()
}

fn pushing() -> Program {
    program().env("IUTSAI_PUSH_HOSTS", "loopback").env("IUTSAI_PUSH_CONTACT", "mailto:office@iutsai.example")
}

#[tokio::test]
async fn a_neighbour_counts_while_a_page_of_theirs_would_sound_and_the_own_house_never_does() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut number, first) = follow(&caller).await?;
    assert_eq!(first, 0);
    assert!(home(&caller).await.contains(r#"data-houses="0""#), "the page shows it before any script");
    let _own = armed(&caller).await?;
    let mut page = armed(&neighbour).await?;
    until(&mut number, Some(1)).await?;
    assert!(home(&caller).await.contains(r#"data-houses="1""#));
    arm(&mut page, false).await?;
    until(&mut number, Some(0)).await?;
    arm(&mut page, true).await?;
    until(&mut number, Some(1)).await?;
    drop(page);
    until(&mut number, Some(0)).await
}

#[tokio::test]
async fn neither_a_page_that_hears_nothing_nor_one_of_another_line_counts() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (mut number, first) = follow(&sign_in(&client, CALLER).await?).await?;
    assert_eq!(first, 0);
    let mut deaf = sign_in(&client, NEIGHBOUR).await?.connect().await?;
    arm(&mut deaf, true).await?;
    let (_silent, _) = sign_in(&client, SECOND_NEIGHBOUR).await?.listen().await?;
    let _elsewhere = armed(&sign_in(&client, STRANGER).await?).await?;
    stays(&mut number).await;
    deaf.subscribe(&Subscribe::to("/sub/line/101-1")).await?;
    until(&mut number, Some(1)).await?;
    deaf.unsubscribe("line").await?;
    until(&mut number, Some(0)).await
}

#[tokio::test]
async fn a_house_counts_by_push_alone_once_a_device_has_shown_one() -> Outcome {
    let server = pushing().start().await?;
    let (client, service) = (server.client()?, Service::start().await);
    let (mut number, first) = follow(&sign_in(&client, CALLER).await?).await?;
    assert_eq!(first, 0);
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (_phone, device) = Phone::of(&neighbour, &service, "/neighbour").await?;
    stays(&mut number).await;
    let shown = format!("/api/push/subscriptions/{}/shown", device.id);
    client.send::<()>(neighbour.request(Method::POST, &shown)).await?.ok()?;
    until(&mut number, Some(1)).await
}

#[tokio::test]
async fn a_push_service_that_takes_a_call_is_in_the_ledger_and_reaches_nobody() -> Outcome {
    let server = pushing().start().await?;
    let (client, service) = (server.client()?, Service::start().await);
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    let (_own, _) = Phone::of(&caller, &service, "/own").await?;
    let (_theirs, _) = Phone::of(&sign_in(&client, NEIGHBOUR).await?, &service, "/neighbour").await?;
    let (office, _) = Phone::of(&sign_in(&client, ADMINISTRATOR).await?, &service, "/office").await?;
    let call = AlertId(caller.press(&caller.call("")?, None).await?.ok()?.id);
    service.wait_for(&office.path, 1).await;
    let flats: Flats = [House::new("1204").unwrap().into()].into();
    let is_pushed = |message: &Message| match message.event() {
        Some(Event::Receipt(receipt)) => {
            receipt.alert == call
                && receipt.pushed == flats
                && receipt.reached.is_empty()
                && receipt.sounded.is_empty()
        }
        _ => false,
    };
    callers.wait_for("that the push service has it", is_pushed).await?;
    let (_, snapshot) = caller.listen().await?;
    assert!(snapshot.messages.iter().any(is_pushed), "a page that comes later learns the same: {snapshot:?}");
    Ok(())
}

#[tokio::test]
async fn the_office_sees_the_households_that_no_device_reaches() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (mut number, first) = follow(&neighbour).await?;
    assert_eq!(first, 0);
    let _page = armed(&sign_in(&client, SECOND_NEIGHBOUR).await?).await?;
    until(&mut number, Some(1)).await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let page = send(office.request(Method::GET, "/admin/people")).await.text().await.unwrap();
    let (_, section) = page.split_once(r#"data-testid="out-of-reach""#).expect("the section is there");
    let (_, row) = section.split_once(r#"data-line="101-1""#).expect("the line is there");
    let (row, _) = row.split_once("</tr>").expect("the row ends");
    assert!(row.contains("1203") && row.contains("1204") && !row.contains("1301"), "{row}");
    let metrics = send(office.request(Method::GET, "/metrics")).await.text().await.unwrap();
    assert!(metrics.lines().any(|line| line == "iutsai_reachable_households 1"), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn a_report_that_cannot_be_read_and_a_number_to_acknowledge_are_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let armed = Frame::new(Command::Send).header("destination", destination::ARMED).body("yes");
    let number = Subscribe::to("/sub/line/101-1/reach").ack(Ack::ClientIndividual).frame();
    for (frame, word) in [(armed, "armed"), (number, "ack")] {
        let mut socket = neighbour.connect().await?;
        socket.send(&frame).await?;
        let end = socket.ended().await?;
        assert!(end.message().contains(word), "{end:?}");
    }
    Ok(())
}
