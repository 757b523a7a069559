//! scratch
#![allow(clippy::unwrap_used)]
use bench::{client::*, server::*};
use std::time::{Duration, Instant};
use wire::{AlertId, Event, api::*};

#[tokio::main]
async fn main() -> Result<(), bench::Error> {
    let t = Instant::now();
    let mut server = Program::new(std::env::var("IUTSAI_PROGRAM").unwrap()).start().await?;
    println!("started {:?} at {}", t.elapsed(), server.address());
    let client = server.client()?;
    let caller = client.sign_in("resident-1203", "neighbour").await?;
    let neighbour = client.sign_in("resident-1204", "neighbour").await?;
    println!("{:?}", client.sign_in("resident-1204", "wrong").await.unwrap_err());
    let (mut socket, snapshot) = neighbour.listen().await?;
    assert!(snapshot.messages.is_empty());
    let call = caller.press(&caller.call("help")?, None).await?.ok()?;
    println!("{call:?}");
    server.kill().await?;
    let end = socket.ended().await?;
    println!("killed; the socket saw: {end}");
    let t = Instant::now();
    server.restart().await?;
    println!("restarted {:?} at {}", t.elapsed(), server.address());
    let (mut socket, snapshot) = neighbour.listen().await?;
    assert!(snapshot.alert(call.id).is_some());
    let broker = server.broker()?;
    println!("broker {broker:?}");
    broker.kill()?;
    assert!(broker.ends_within(Duration::from_secs(5)).await);
    let call2 = caller.press(&caller.call("help 2")?, None).await?.ok()?;
    println!("with the broker dead: {call2:?}");
    let message = socket.wait_for("the alert", |m| m.is_alert(call2.id)).await?;
    println!("{:?}", message.frame);
    let t = Instant::now();
    let next = server.broker_after(&broker).await?;
    println!("next broker {next:?} after {:?}", t.elapsed());
    server.wait_ready().await?;
    next.stop()?;
    let call3 = caller.press(&caller.call("help 3")?, None).await?.ok()?;
    println!("with the broker stopped: {call3:?}");
    next.resume()?;
    socket.wait_for("alert 3", |m| m.is_alert(call3.id)).await?;
    let accept = AcceptRequest { line: caller.line()?.clone(), accept_house: "1204".parse().unwrap(), target_house: "1203".parse().unwrap(), alert: Some(AlertId(call.id)) };
    let accept = neighbour.accept(&accept, None).await?.ok()?;
    let m = socket.wait_for("accept", |m| m.is_accept(accept.id)).await?;
    println!("{}", m.json());
    socket.ack(&m).await?;
    socket.seen(AlertId(call.id)).await?;
    println!("{}", socket.wait_for("receipt", |m| matches!(m.event(), Some(Event::Receipt(r)) if !r.seen.is_empty())).await?.json());
    let r = neighbour.progress(AlertId(call.id), Step::Cancel, &ProgressRequest::default(), None).await?;
    println!("{r:?}");
    let r = neighbour.progress(AlertId(call.id), Step::Arrived, &ProgressRequest::default(), None).await?.ok()?;
    println!("{r:?}");
    println!("{:?}", socket.disconnect().await?);
    let mut s = neighbour.connect().await?;
    s.subscribe(&Subscribe::to("/sub/line/101-2")).await?;
    println!("{}", s.ended().await?);
    let mut s = Socket::open(&client, &Handshake::default()).await?;
    println!("{:?}", s.connect("nonsense").await.unwrap_err().to_string());
    println!("{:?}", Socket::open(&client, &Handshake::default().header("origin", "https://evil.example")).await.unwrap_err().to_string());
    let mut s = Socket::open(&client, &Handshake::without_subprotocol()).await?;
    s.connect(neighbour.token()).await?;
    println!("{:?} {}", s.subprotocol(), s.version());
    println!("sign out {:?}", neighbour.sign_out().await?.status);
    println!("{}", s.ended().await?);
    println!("{:?}", server.terminate().await?);
    let refused = Program::new(std::env::var("IUTSAI_PROGRAM").unwrap()).env("IUTSAI_ROLES", "cook").start().await.unwrap_err();
    println!("{refused}");
    next.ends_within(Duration::from_secs(5)).await;
    println!("broker runs: {}", next.is_running());
    let mut server = Program::new(std::env::var("IUTSAI_PROGRAM").unwrap()).start().await?;
    let b = server.broker()?; b.stop()?;
    let dir = server.data_dir().to_owned();
    drop(server);
    println!("after drop: broker runs {}, dir {}", b.is_running(), dir.exists());
    Ok(())
}
