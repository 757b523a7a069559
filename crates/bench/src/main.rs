//! `iutsai-bench`: measures a running server and prints what it saw.

use std::process::ExitCode;

use bench::fanout;
use clap::{Parser, Subcommand};

/// Measures the service from outside. Without a command: fanout.
#[derive(Debug, Parser)]
#[command(name = "iutsai-bench", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    fanout: fanout::Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// From a press to the first and the last neighbour of a line, and how long the caller waits for the answer
    Fanout(fanout::Settings),
}

fn main() -> ExitCode {
    let Arguments { command, fanout } = Arguments::parse();
    let Command::Fanout(settings) = command.unwrap_or(Command::Fanout(fanout));
    match fanout::run(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("iutsai-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
