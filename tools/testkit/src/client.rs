//! A client of the running service, by HTTP commands and STOMP over WebSocket, as an outside program would write them.
//!
//! ```no_run
//! # async fn example() -> Result<(), testkit::Error> {
//! use testkit::client::Client;
//!
//! let client = Client::new("http://127.0.0.1:3000")?;
//! let neighbour = client.sign_in("resident-1204", "neighbour").await?;
//! let (mut socket, _snapshot) = neighbour.listen().await?;
//! let caller = client.sign_in("resident-1203", "neighbour").await?;
//! let call = caller.press(&caller.call("help")?, None).await?.ok()?;
//! let message = socket.wait_for("the alert", |message| message.is_alert(call.id)).await?;
//! socket.ack(&message).await?;
//! # Ok(()) }
//! ```

pub mod counters;
mod handshake;
mod http;
mod inbox;
mod message;
mod office;
mod session;
mod socket;
mod subscribe;

pub use crate::end::{Close, End};
pub use handshake::{Handshake, WebSocket};
pub use http::{Answer, Client};
pub use message::{Message, Snapshot};
pub use office::{Flat, Invitations, Preview};
pub use session::{Session, Step};
pub use socket::{PATIENCE, Socket};
pub use subscribe::{Ack, Subscribe};
