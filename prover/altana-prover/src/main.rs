//! Proves batches: runs the guest in the zkVM, and makes proofs that a node or a contract verifies;
//! never talks to a chain.
//!
//! Results go to standard output as JSON, everything else to standard error. Nothing is downloaded.

mod check;
mod execute;
mod inspect;
mod job;
mod keys;
mod machine;
mod meter;
mod negative;
mod prove;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the guest and count, without any proof
    Execute(Common),
    /// Compare with native execution: all jobs in a folder, and mutations of them
    Check(Common),
    /// Prove; any node can verify the proof
    Stark(Common),
    /// Prove to the last layer, which a contract can verify
    Chain(Common),
    /// Describe the last layer's key
    Inspect(Common),
    /// Show that a proof of another inner verifier is refused
    Negative(Common),
}

#[derive(Args)]
struct Common {
    /// Folder with the guest's inputs (`claim`, `pages`); proofs are put there
    #[arg(long, value_name = "FOLDER")]
    job: PathBuf,
    /// The guest
    #[arg(long, value_name = "FILE")]
    elf: PathBuf,
    /// The machine's extensions, as in openvm.toml; none if not given
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
    /// Where keys are kept
    #[arg(long, value_name = "FOLDER", default_value = "keys")]
    keys: PathBuf,
    /// What the library may count for one segment, in MiB. Less makes more segments, not
    /// proportionally less memory
    #[arg(long, value_name = "MIB", default_value_t = 4096)]
    segment_mib: usize,
}

fn main() -> ExitCode {
    meter::start();
    let result = match Cli::parse().command {
        Command::Execute(common) => execute::run(&common),
        Command::Check(common) => check::run(&common),
        Command::Stark(common) => prove::stark(&common),
        Command::Chain(common) => prove::chain(&common),
        Command::Inspect(common) => inspect::run(&common),
        Command::Negative(common) => negative::run(&common),
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
