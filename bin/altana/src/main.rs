//! Run Altana from a command line: parse, compose roles, print; decide nothing about protocols.

#![allow(unreachable_pub, reason = "a binary has no API")]

mod bench;
mod cli;
mod command;
mod demo;
mod keys;
mod output;
mod prover;
mod stack;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use std::{io, process::ExitCode};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    log(&cli.command);
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("error: {}", words(&error)));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let json = cli.json;
    match cli.command {
        Command::Dev(args) => command::dev::run(args, json).await,
        Command::Demo(args) => demo::run(args, json).await,
        Command::Init(args) => command::init::run(args, json),
        Command::Deploy(args) => command::deploy::run(args, json).await,
        Command::Node(args) => command::node::run(args, json).await,
        Command::Bridge(args) => command::bridge::run(args, json).await,
        Command::Rescue(args) => command::rescue::run(args, json).await,
        Command::Dispute(args) => command::dispute::run(args, json).await,
        Command::Rebuild(args) => command::rebuild::run(args, json).await,
        Command::Bench(args) => bench::run(args, json).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "altana", &mut io::stdout());
            Ok(())
        }
        Command::HelpMarkdown => {
            print!("{}", clap_markdown::help_markdown::<Cli>());
            Ok(())
        }
    }
}

/// An error and its causes. Many errors say their cause themselves: that is not said again.
fn words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        let cause = cause.trim_end();
        if words.is_empty() {
            words = cause.to_owned();
        } else if !words.contains(cause) {
            words += &format!(": {cause}");
        }
    }
    words
}

/// Logs go to stderr: a node tells what it does, everything else only what went wrong.
fn log(command: &Command) {
    let default = match command {
        // The store's own log says nothing that a person could act upon.
        Command::Node(_) => "info,fjall=warn,lsm_tree=error",
        Command::Dev(_) => "warn,lsm_tree=error",
        _ => "error",
    };
    let filter = EnvFilter::try_from_env("ALTANA_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| output::Logs).init();
}
