//! `iutsai-bench`, which measures a running server and prints the results.

mod callers;
mod cluster;
mod cost;
mod fanout;
mod history;
mod lines;
mod office;
mod output;
mod pressing;
mod processes;
mod push;
mod rate;
mod rebuild;
mod reconnect;
mod runtime;
mod scale;
mod sources;
mod starve;
mod summary;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the service from outside. Without a command it runs fanout.
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
    /// Time until the caller has the answer, one press at a time, and at fixed rates
    Rate(rate::Settings),
    /// Time to count the log of a year, answers of the statistics afterwards, and whether every call is in them
    History(history::Settings),
    /// From a press to the last message at a push service, with thousands of devices, and what it costs
    Push(push::Settings),
    /// Time to import and invite the houses of a large complex, and to load the office's pages about their residents
    Office(office::Settings),
    /// Time until the caller has the answer while everything else asks for the server's time
    Starve(starve::Settings),
    /// Time until thousands of sockets have their snapshot that come back at once after a restart
    Reconnect(reconnect::Settings),
    /// Time until a restarted server has read a log of a million records, and what that costs
    Rebuild(rebuild::Settings),
    /// From a press to the last neighbour at a fixed rate on many lines, and whether the server keeps up
    Lines(lines::Settings),
    /// From a press to the last neighbour while a fan-out and a producer of several are killed, and whether anybody
    /// misses a call (needs Kafka and PostgreSQL)
    Scale(scale::Settings),
    /// The cost of a press, a frame, a socket, an account and a node, and what a million residents need by them (needs
    /// Kafka and PostgreSQL)
    Cost(cost::Settings),
}

fn main() -> ExitCode {
    let Arguments { command, fanout } = Arguments::parse();
    let outcome = match command.unwrap_or(Command::Fanout(fanout)) {
        Command::Fanout(settings) => fanout::run(&settings),
        Command::Rate(settings) => rate::run(&settings),
        Command::History(settings) => history::run(&settings),
        Command::Push(settings) => push::run(&settings),
        Command::Office(settings) => office::run(&settings),
        Command::Starve(settings) => starve::run(&settings),
        Command::Reconnect(settings) => reconnect::run(&settings),
        Command::Rebuild(settings) => rebuild::run(&settings),
        Command::Lines(settings) => lines::run(&settings),
        Command::Scale(settings) => scale::run(&settings),
        Command::Cost(settings) => cost::run(&settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("iutsai-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
