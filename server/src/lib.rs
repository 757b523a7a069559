//! `iutsai`, the server of 이웃사이. This file has its command line; `run` starts what `config` asks for.

mod admin;
mod agent;
mod asyncapi;
mod audit;
mod auth;
mod backup;
mod board;
mod boards;
mod budgets;
mod client_address;
mod commands;
mod config;
mod connections;
mod descriptors;
mod downloads;
mod drills;
mod entity_tag;
mod figures;
mod headers;
mod health;
mod me;
mod metrics;
mod move_database;
mod my_sign_in;
mod openapi;
mod origin;
mod pages;
mod past_calls;
mod payload;
mod people;
mod problem;
mod push;
mod query;
mod rendering;
mod republish;
mod router;
mod routes;
mod run;
mod runtimes;
mod sign_in;
mod signals;
mod site;
mod site_plan;
mod socket;
mod sockets;
mod state;
mod statistics;
mod traces;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, hashing, table};

/// An emergency-call service for the neighbours on one stair of an apartment building.
#[derive(Parser)]
#[command(name = "iutsai", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Serves; what happens without a command, too
    Serve(Config),
    /// Accounts of the management office
    #[command(visible_alias = "accounts")]
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// The records of acts, sign-ins, downloads and looks at locations
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Copies everything that this node keeps into a new directory, beside a running server
    Backup(backup::Backup),
    /// Puts a backup in the place of this node's data, while its server is stopped
    Restore(backup::Restore),
    /// Copies the accounts and the statistics from SQLite into an empty PostgreSQL database; the server must be stopped
    MoveDatabase(move_database::MoveDatabase),
    /// Publishes everything that the outbox keeps to Kafka again, to refill a log that was lost; the server must be stopped
    Republish(republish::Republish),
    /// Counts all calls again from the log and the history, and puts that in the place of what was counted live
    Batch(statistics::Batch),
    /// Figures of the calls
    Statistics {
        #[command(subcommand)]
        command: StatisticsCommand,
    },
    /// Writes calls or their counts by day as CSV or Parquet, without coordinates and without texts
    Export(statistics::Export),
    /// Prints the configuration in effect, secrets hidden, and what is wrong with it; measures the cost of a password
    CheckConfig(Config),
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Makes an account; the password is the first line of standard input
    Create(admin::Create),
    /// Ends every session of an account, as when a device was lost
    EndSessions(admin::OfAccount),
    /// Removes the second factor of an account, as when phone and recovery codes were lost
    ResetSecondFactor(admin::OfAccount),
    /// Removes the link of an account with a person of the housing service, as when somebody got a new account there
    UnlinkService(admin::OfAccount),
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Walks the chain of records; fails with the first one that is missing or is not what was written
    Verify(audit::Verify),
    /// Writes the records; the export is recorded as well
    Export(audit::Export),
}

#[derive(Subcommand)]
enum StatisticsCommand {
    /// Counts all calls again and compares them with what was counted live; fails if there is a difference
    Verify(Box<statistics::Verify>),
    /// Removes the calls that a demo complex has for a past; calls that were made and the demo's accounts stay
    RemoveDemo(statistics::RemoveDemo),
}

/// Runs the command of the process's arguments, and returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    let Arguments { command, config } = Arguments::parse();
    match command {
        None => serve(&config),
        Some(Command::Serve(config)) => serve(&config),
        Some(Command::Admin { command }) => finish(match command {
            AdminCommand::Create(create) => admin::create(create),
            AdminCommand::EndSessions(command) => admin::end_sessions(&command),
            AdminCommand::ResetSecondFactor(command) => admin::reset_second_factor(&command),
            AdminCommand::UnlinkService(command) => admin::unlink_service(&command),
        }),
        Some(Command::Audit { command }) => finish(match command {
            AuditCommand::Verify(command) => audit::verify(&command),
            AuditCommand::Export(command) => audit::export(&command),
        }),
        Some(Command::Backup(command)) => {
            log_to_stderr(false);
            finish(backup::back_up(&command))
        }
        Some(Command::Restore(command)) => {
            log_to_stderr(false);
            finish(backup::restore(&command))
        }
        Some(Command::MoveDatabase(command)) => {
            log_to_stderr(false);
            finish(move_database::run(&command))
        }
        Some(Command::Republish(republish)) => {
            log_to_stderr(false);
            finish(republish::run(&republish))
        }
        Some(Command::Batch(command)) => {
            log_to_stderr(false);
            finish(statistics::batch(&command))
        }
        Some(Command::Statistics { command }) => {
            log_to_stderr(false);
            finish(match command {
                StatisticsCommand::Verify(command) => statistics::verify(&command),
                StatisticsCommand::RemoveDemo(command) => statistics::remove_demo(&command),
            })
        }
        Some(Command::Export(command)) => {
            log_to_stderr(false);
            finish(statistics::export(&command))
        }
        Some(Command::CheckConfig(config)) => check(&config),
    }
}

fn serve(config: &Config) -> ExitCode {
    log_to_stderr(config.log_json);
    match config.check() {
        Ok(settings) => finish(run::serve(settings)),
        Err(wrong) => refuse(&wrong),
    }
}

fn check(config: &Config) -> ExitCode {
    match config.check() {
        Ok(settings) => {
            let cost = backend::people::cost::measure().map_err(|error| error.to_string());
            finish(cost.and_then(|cost| print(&(table(config, &settings) + &hashing(&cost)))))
        }
        Err(wrong) => refuse(&wrong),
    }
}

fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).map_err(|error| format!("cannot print: {error}"))
}

fn finish(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("iutsai: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn refuse(wrong: &[String]) -> ExitCode {
    for sentence in wrong {
        eprintln!("iutsai: {sentence}");
    }
    ExitCode::from(2)
}

/// Standard output is for what scripts read.
fn log_to_stderr(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    // Where the log itself cannot be written, as on a full disk, a message about it would be a write to the same place,
    // which panics.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .log_internal_errors(false);
    if json { log.json().init() } else { log.init() }
}
