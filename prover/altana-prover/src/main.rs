//! Proves batches: runs the guest in the zkVM, and makes proofs that a node or a contract verifies;
//! never talks to a chain.
//!
//! Results go to standard output as JSON, everything else to standard error. Nothing is downloaded.

mod check;
mod execute;
mod inspect;
mod job;
mod key;
mod keys;
mod machine;
mod meter;
mod nats;
mod negative;
mod prove;
mod segments;
mod share;
mod task;
mod work;
mod worker;

#[cfg(test)]
mod queue_tests;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use nats::Server;
use prove::Prover;

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Work on the jobs of a folder, the oldest first, or on tasks of a queue, for ever
    Work {
        /// Folder of jobs, which a node writes
        #[arg(
            long,
            value_name = "FOLDER",
            conflicts_with = "nats",
            required_unless_present = "nats"
        )]
        jobs: Option<PathBuf>,
        #[command(flatten)]
        server: Option<Server>,
        /// Where a task of a queue keeps what it has done
        #[arg(long, value_name = "FOLDER", default_value = "scratch")]
        scratch: PathBuf,
        /// End when no job is open, or no task comes
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Share the jobs of a folder with workers on other machines, for ever
    Share {
        /// Folder of jobs, which a node writes
        #[arg(long, value_name = "FOLDER")]
        jobs: PathBuf,
        #[command(flatten)]
        server: Server,
        /// End when no job is open
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Run the guest and count, without any proof
    Execute(One),
    /// Compare with native execution: all jobs in a folder, and mutations of them
    Check {
        /// Folder of jobs, whatever their names
        #[arg(long, value_name = "FOLDER")]
        jobs: PathBuf,
        /// Mutations of each
        #[arg(long, value_name = "COUNT", default_value_t = 24)]
        mutations: u64,
        #[command(flatten)]
        options: Options,
    },
    /// Prove; any node can verify the proof
    Stark(One),
    /// Prove to the last layer, which a contract can verify
    Chain(One),
    /// Write the key and the guest's commitments, which nodes and contracts know
    Key {
        /// The folder of `altana-proof`
        #[arg(long, value_name = "FOLDER", default_value = "../crates/proof")]
        folder: PathBuf,
        /// Only compare
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Describe the last layer's key
    Inspect(Options),
    /// Show that a proof of another inner verifier is refused
    Negative(One),
}

#[derive(Args)]
struct One {
    /// The job's folder, whatever its name
    #[arg(long, value_name = "FOLDER")]
    job: PathBuf,
    #[command(flatten)]
    options: Options,
}

#[derive(Args)]
struct Options {
    /// Where the last layer's proving key is kept
    #[arg(long, value_name = "FOLDER", default_value = "keys")]
    keys: PathBuf,
    /// What the library may count for one segment, in MiB. Less makes more segments, not
    /// proportionally less memory
    #[arg(long, value_name = "MIB", default_value_t = 3072)]
    segment_mib: usize,
    /// Begin even if far too little memory is free
    #[arg(long)]
    force: bool,
    /// Another guest than the committed one: nobody accepts its proofs
    #[arg(long, value_name = "FILE")]
    elf: Option<PathBuf>,
}

fn main() -> ExitCode {
    meter::start();
    let result = match Cli::parse().command {
        Command::Work { jobs: Some(jobs), once, options, .. } => work::run(&options, &jobs, once),
        Command::Work { jobs: None, server, scratch, once, options } => match server {
            Some(server) => worker::run(&options, &server, &scratch, once),
            None => unreachable!("clap demands one of them"),
        },
        Command::Share { jobs, server, once, options } => {
            share::run(&options, &jobs, &server, once)
        }
        Command::Execute(One { job, options }) => execute::run(&options, &job),
        Command::Check { jobs, mutations, options } => check::run(&options, &jobs, mutations),
        Command::Stark(One { job, options }) => prove::stark(&options, &job),
        Command::Chain(One { job, options }) => prove::chain(&options, &job),
        Command::Key { folder, check, options } => key::run(&options, &folder, check),
        Command::Inspect(options) => Prover::new(&options).and_then(|prover| inspect::run(&prover)),
        Command::Negative(One { job, options }) => negative::run(&options, &job),
    };
    match result {
        Ok(result) => {
            // Who reads it may have gone.
            let _ = writeln!(std::io::stdout(), "{result:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
