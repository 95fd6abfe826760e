//! `altana bench`: figures beside a peer or a bound of the same run.

mod figure;
pub mod load;
mod rpc;
mod server;

use crate::cli::{self, BenchGroup};
use anyhow::Result;
use figure::Figure;

/// Measures the groups asked for, or all, and prints each figure as it comes.
pub async fn run(args: cli::Bench, json: bool) -> Result<()> {
    let wanted = |group| args.group.is_empty() || args.group.contains(&group);
    if wanted(BenchGroup::Rpc) {
        print(json, rpc::run(args.transactions, args.anvil.as_deref()).await?)?;
    }
    Ok(())
}

fn print(json: bool, figures: Vec<Figure>) -> Result<()> {
    for figure in figures {
        crate::output::result(json, &figure, || figure.line())?;
    }
    Ok(())
}
