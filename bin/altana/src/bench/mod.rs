//! `altana bench`: figures beside a peer or a bound of the same run.

mod bytes;
mod dispute;
mod figure;
mod idle;
pub mod load;
mod process;
mod rebuild;
mod rpc;
mod server;
mod zk;

use crate::cli::{self, BenchGroup};
use anyhow::Result;
use figure::Figure;

/// Measures the groups asked for, or all, and prints each group's figures as they come.
pub async fn run(args: cli::Bench, json: bool) -> Result<()> {
    let wanted = |group| args.group.is_empty() || args.group.contains(&group);
    let transactions = args.transactions;
    if wanted(BenchGroup::Idle) {
        print(json, idle::run().await?)?;
    }
    if wanted(BenchGroup::Bytes) {
        print(json, bytes::run()?)?;
    }
    if wanted(BenchGroup::Process) {
        print(json, process::run(transactions)?)?;
    }
    if wanted(BenchGroup::State) {
        print(json, process::state(transactions)?)?;
    }
    if wanted(BenchGroup::Dispute) {
        print(json, dispute::run().await?)?;
    }
    if wanted(BenchGroup::Zk) {
        print(json, zk::run().await?)?;
    }
    if wanted(BenchGroup::Rpc) {
        print(json, rpc::run(transactions, args.anvil.as_deref()).await?)?;
    }
    if wanted(BenchGroup::Rebuild) {
        print(json, rebuild::run(transactions).await?)?;
    }
    Ok(())
}

fn print(json: bool, figures: Vec<Figure>) -> Result<()> {
    for figure in figures {
        crate::output::result(json, &figure, || figure.line())?;
    }
    Ok(())
}
