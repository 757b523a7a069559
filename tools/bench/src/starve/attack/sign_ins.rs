//! Sign-ins with unknown names. Each of a length that an account may have asks for a whole hash, and each that is far
//! longer asks to be remembered.

use testkit::client::Client;
use uuid::Uuid;

use super::{Crew, Load};

/// The longest name of an account, and one that a body can just hold, in octets.
const LENGTHS: [usize; 2] = [128, 60_000];

pub(super) fn start(crew: &Crew, load: &mut Load) {
    // The resident tries from the building's address, without the session.
    let neighbours = crew.devices().map(|device| device.client().clone());
    for client in neighbours.chain(crew.strangers()) {
        let mut number = 0;
        load.repeat(move || {
            number += 1;
            sign_in(client.clone(), LENGTHS[number % LENGTHS.len()])
        });
    }
}

async fn sign_in(client: Client, length: usize) -> Result<(), testkit::Error> {
    let name = format!("{:x<length$}", Uuid::now_v7().simple().to_string());
    client.sign_in(&name, "not a password").await.map(drop)
}
