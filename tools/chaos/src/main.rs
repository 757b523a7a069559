//! `iutsai-chaos`, which makes parts of a service of its own fail, and judges its promises.

use std::process::ExitCode;

use chaos::{faults, leader_kill};
use clap::Parser;

/// Makes parts of the service fail while people call, and judges what they were promised.
#[derive(Debug, Parser)]
#[command(name = "iutsai-chaos", version)]
enum Command {
    /// Fails parts at random; nothing that was acknowledged may be lost, sent twice, shown differently or miscounted
    Faults(faults::Settings),
    /// Kills the broker that leads, again and again, and times each press to the neighbours
    LeaderKill(leader_kill::Settings),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Faults(settings) => faults::run(&settings),
        Command::LeaderKill(settings) => leader_kill::run(&settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("iutsai-chaos: {error}");
            ExitCode::FAILURE
        }
    }
}
