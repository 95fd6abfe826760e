//! `altana rebuild`: a chain from its parent alone.

use crate::{
    cli, output,
    stack::{self, rebuild::rebuild},
};
use alloy::{
    network::AnyNetwork,
    providers::{Provider, ProviderBuilder},
};
use altana_contracts::Deployment;
use anyhow::{Context, Result, ensure};

/// Rebuilds, prints the output root, and compares with a node if told to.
pub async fn run(args: cli::Rebuild, json: bool) -> Result<()> {
    let deployment = Deployment::read(&args.chain)?;
    let beacon = args.parent.beacon.as_deref().unwrap_or(&args.parent.parent);
    let spinner = output::spinner(json, "reading the parent and executing what it says");
    let rebuilt = rebuild(&args.parent.parent, beacon, &deployment).await?;
    spinner.finish_and_clear();
    if let Some(url) = &args.compare {
        let node =
            ProviderBuilder::new().network::<AnyNetwork>().connect_http(stack::http_url(url)?);
        let block = node
            .get_block(rebuilt.last_block.into())
            .await
            .with_context(|| format!("{url} does not answer"))?
            .with_context(|| format!("{url} has no block {}", rebuilt.last_block))?;
        ensure!(
            block.header.hash == rebuilt.block_hash,
            "{url} DIFFERS: its block {} is {}, the parent's data give {}",
            rebuilt.last_block,
            block.header.hash,
            rebuilt.block_hash
        );
    }
    output::result(json, &rebuilt, || {
        format!(
            "output root {}\nstate root  {}\nblock       {} ({} batches, {} transactions in {:.1} s)",
            rebuilt.output_root,
            rebuilt.state_root,
            rebuilt.last_block,
            rebuilt.batches,
            rebuilt.transactions,
            rebuilt.seconds
        )
    })
}
