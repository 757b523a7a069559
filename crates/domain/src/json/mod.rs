//! JSON that is read and written field by field, for what the browser reads and writes. The browser parses it by its
//! own means, because serde's code for these types was a ninth of all that a page loads. The server has serde for all
//! types, and reads STOMP bodies by this, too, so that both sides read them by one code.

#[cfg(target_arch = "wasm32")]
mod browser;
mod number;
mod read;
#[cfg(not(target_arch = "wasm32"))]
mod server;
mod write;

#[cfg(target_arch = "wasm32")]
pub use self::browser::{Json, digits};
pub(crate) use self::number::number;
#[cfg(not(target_arch = "wasm32"))]
pub use self::server::{Json, digits};
pub use self::{
    read::{Read, uuid},
    write::{Object, quoted},
};
