//! `altana bridge`: move funds between the parent and the rollup.

use crate::{
    cli::{self, BridgeAction},
    keys, output, stack,
};
use alloy::{
    network::{AnyNetwork, EthereumWallet},
    primitives::{Address, B256, U256, utils::parse_ether},
    providers::{DynProvider, Provider},
};
use altana_bridge::{Bridge, Deposited};
use altana_contracts::{Deployment, ParentContracts, bindings::ERC20};
use anyhow::{Context, Result};
use serde_json::json;

/// Takes one step.
pub async fn run(args: cli::Bridge, json: bool) -> Result<()> {
    let key = keys::read(args.key_file.as_deref(), "ALTANA_KEY")?;
    let me = key.address();
    let wallet = EthereumWallet::from(key);
    let parent = stack::provider(&args.parent, &wallet)?;
    let rollup = stack::rollup_provider(&args.rollup, &wallet)?;
    let contracts = contracts(&args, &rollup).await?;
    let bridge = Bridge::new(parent, rollup.clone(), contracts);
    match args.action {
        BridgeAction::Deposit { amount, to, token: None, .. } => {
            deposited(json, bridge.deposit_ether(to.unwrap_or(me), parse_ether(&amount)?).await?)
        }
        BridgeAction::Deposit { amount, to, token: Some(token), remote } => {
            let remote = remote.context("name the token's counterpart on the rollup: --remote")?;
            let amount = units(&amount)?;
            deposited(json, bridge.deposit_erc20(token, remote, to.unwrap_or(me), amount).await?)
        }
        BridgeAction::Withdraw { amount, to, token } => {
            withdraw(json, &bridge, &rollup, me, &amount, to.unwrap_or(me), token).await
        }
        BridgeAction::Status { transaction } => {
            let withdrawal = bridge.withdrawn(transaction).await?;
            let status = bridge.status(&withdrawal, me).await?;
            output::result(json, &status, || status.to_string())
        }
        BridgeAction::Prove { transaction } => {
            let withdrawal = bridge.withdrawn(transaction).await?;
            let receipt = bridge.prove(&withdrawal).await?;
            mined(
                json,
                "proven; next: altana bridge finalize",
                receipt.transaction_hash,
                receipt.gas_used,
            )
        }
        BridgeAction::Finalize { transaction } => {
            let withdrawal = bridge.withdrawn(transaction).await?;
            let receipt = bridge.finalize(&withdrawal).await?;
            mined(json, "paid", receipt.transaction_hash, receipt.gas_used)
        }
        BridgeAction::Force { to, data, value, gas } => {
            deposited(json, bridge.force(to, U256::ZERO, value, gas, data).await?)
        }
    }
}

/// The chain's contracts: from its folder, or from the node.
async fn contracts(
    args: &cli::Bridge,
    rollup: &DynProvider<AnyNetwork>,
) -> Result<ParentContracts> {
    if let Some(chain) = &args.chain {
        return Ok(Deployment::read(chain)?.contracts);
    }
    let config: serde_json::Value =
        rollup.client().request_noparams("altana_deployment").await.with_context(|| {
            format!(
                "{} does not tell its contracts: name the chain's folder with --chain",
                args.rollup
            )
        })?;
    Ok(serde_json::from_value(config)?)
}

async fn withdraw(
    json: bool,
    bridge: &Bridge,
    rollup: &DynProvider<AnyNetwork>,
    me: Address,
    amount: &str,
    to: Address,
    token: Option<Address>,
) -> Result<()> {
    let (hash, withdrawal) = match token {
        None => bridge.withdraw_ether(to, parse_ether(amount)?).await?,
        Some(token) => {
            let remote = ERC20::new(token, rollup)
                .remoteToken()
                .call()
                .await
                .with_context(|| format!("{token} is not a bridged token"))?;
            bridge.withdraw_erc20(token, remote, to, units(amount)?).await?
        }
    };
    let status = bridge.status(&withdrawal, me).await?;
    let value = json!({"transaction": hash, "withdrawal": withdrawal.hash, "status": status});
    output::result(json, &value, || {
        format!(
            "withdrawn in {hash}\nnext: altana bridge prove {hash}\n(once a claim covers block {}: altana bridge status {hash})",
            withdrawal.block
        )
    })
}

fn units(amount: &str) -> Result<U256> {
    amount.parse().with_context(|| format!("{amount} is not a number of token units"))
}

fn deposited(json: bool, deposited: Deposited) -> Result<()> {
    let value = json!({
        "parentTransaction": deposited.parent.transaction_hash,
        "transaction": deposited.rollup,
        "success": deposited.success,
        "gasUsed": deposited.parent.gas_used,
    });
    output::result(json, &value, || {
        let verdict = if deposited.success { "arrived" } else { "arrived, and FAILED" };
        format!("{verdict} on the rollup: {} in block {}", deposited.rollup, deposited.block)
    })
}

fn mined(json: bool, words: &str, hash: B256, gas: u64) -> Result<()> {
    output::result(json, &json!({"transaction": hash, "gasUsed": gas}), || {
        format!("{words} ({hash}, {gas} gas)")
    })
}
