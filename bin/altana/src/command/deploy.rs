//! `altana deploy`: bring a chain's contracts to its parent.

use crate::{cli, keys, output, stack};
use alloy::{network::EthereumWallet, primitives::utils::format_ether, providers::Provider};
use altana_contracts::{RollupConfig, deploy};
use anyhow::{Context, Result, ensure};

/// Deploys, and writes the deployment's folder.
pub async fn run(args: cli::Deploy, json: bool) -> Result<()> {
    let text = std::fs::read_to_string(&args.config).with_context(|| {
        format!("cannot read {}: write one with `altana init`", args.config.display())
    })?;
    let config =
        RollupConfig::from_toml(&text).with_context(|| args.config.display().to_string())?;
    ensure!(
        !args.out.join("deployment.json").exists(),
        "{} holds a deployment already: choose another folder with --out",
        args.out.display()
    );
    let key = keys::read(args.key.key_file.as_deref(), "ALTANA_KEY")?;
    let deployer = key.address();
    let parent = stack::provider(&args.parent.parent, &EthereumWallet::from(key))?;
    let balance = parent.get_balance(deployer).await.with_context(|| {
        format!("the parent {} does not answer: is it running?", args.parent.parent)
    })?;
    let ether = format_ether(balance);
    let ether = ether.trim_end_matches('0').trim_end_matches('.');
    output::note(&format!("deploying from {deployer}, which has {ether} ether"));
    let bar = output::bar(json, deploy::transactions(config.preset, &stack::programs()));
    let deployment = deploy(&parent, deployer, &config, stack::programs(), |contract| {
        bar.inc(1);
        bar.set_message(contract);
    })
    .await?;
    bar.finish_and_clear();
    deployment.write(&args.out)?;
    output::result(json, &deployment, || {
        format!(
            "{} is deployed: {}\n  Portal      {}\n  Inbox       {}\n  Settlement  {}\n\
             run `altana node --chain {}`",
            deployment.spec.name,
            args.out.display(),
            deployment.contracts.portal,
            deployment.contracts.inbox,
            deployment.contracts.settlement,
            args.out.display(),
        )
    })
}
