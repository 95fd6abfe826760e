//! The main story: funds go in, transactions run, blobs go out, a stranger rebuilds the chain from
//! the parent alone, funds come back.

use super::{
    setting::Setting,
    story::{Figures, Story},
};
use alloy::{
    network::{ReceiptResponse, TransactionBuilder},
    primitives::{Address, U256, utils::parse_ether},
    providers::Provider,
    rpc::types::TransactionRequest,
    serde::WithOtherFields,
};
use altana_bridge::{Asset, Withdrawal, WithdrawalStatus};
use altana_contracts::bindings::ERC20;
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// Transfers in the busy part of the story.
const TRANSFERS: u64 = 50;
/// Where the withdrawals go: an account that nothing else pays.
const SAFE_HAVEN: Address = Address::new(*b"a safe haven on it's");

/// Tells the story.
pub async fn tell(story: &mut Story, parent: Option<&str>) -> Result<()> {
    let stage = story
        .step("start a parent chain, deploy the contracts, start a node", start(parent))
        .await?;
    story.step("deposit 10 ether through the Portal", deposit_ether(&stage)).await?;
    let (token, mirror) = story
        .step("launch an ERC-20 on the parent and its mirror on the rollup", launch_token(&stage))
        .await?;
    story
        .step("deposit 1,000 tokens through the bridge", deposit_token(&stage, token, mirror))
        .await?;
    story.step("50 transfers and a token transfer on the rollup", transact(&stage, mirror)).await?;
    story.step("publish everything to the parent", published(&stage)).await?;
    story.step("a stranger rebuilds the chain from the parent alone", rebuild(&stage)).await?;
    let ether = Asset::Ether(parse_ether("2")?);
    let ether = story.step("withdraw 2 ether: first step", withdraw(&stage, ether)).await?;
    let tokens = Asset::Erc20 { token: mirror, amount: parse_ether("400")? };
    let tokens = story.step("withdraw 400 tokens: first step", withdraw(&stage, tokens)).await?;
    for (name, withdrawal) in [("ether", &ether), ("tokens", &tokens)] {
        story.step(&format!("prove the {name}: second step"), prove(&stage, withdrawal)).await?;
    }
    for (name, withdrawal) in [("ether", &ether), ("tokens", &tokens)] {
        story
            .step(&format!("finalize the {name}: third step"), finalize(&stage, withdrawal))
            .await?;
    }
    story.step("both have arrived on the parent, exactly", arrived(&stage, token)).await
}

async fn start(parent: Option<&str>) -> Result<(Setting, Figures)> {
    let setting = Setting::start(parent).await?;
    let figures = vec![
        ("gas", json!(setting.deployment_gas().await?)),
        ("parent", json!(setting.stack.parent_url)),
        ("rollup", json!(setting.stack.rollup_url)),
    ];
    Ok((setting, figures))
}

async fn deposit_ether(stage: &Setting) -> Result<((), Figures)> {
    let before = stage.rollup.get_balance(stage.user).await?;
    let amount = parse_ether("10")?;
    let deposit = stage.bridge.deposit(stage.user, stage.user, Asset::Ether(amount), None).await?;
    stage.bridge.arrived(&deposit).await?;
    let after = stage.rollup.get_balance(stage.user).await?;
    ensure!(after - before == amount, "{} wei arrived instead of {amount}", after - before);
    Ok((
        (),
        vec![("gas", json!(deposit.receipt.gas_used)), ("rollup_tx", json!(deposit.transaction))],
    ))
}

async fn launch_token(stage: &Setting) -> Result<((Address, Address), Figures)> {
    let supply = parse_ether("1000000")?;
    let (token, gas) = stage.deploy_token("Venice", "VEN", supply).await?;
    let image = stage.bridge.create_image(stage.user, token).await?;
    let (mirror, gas) = (image.image, gas + image.gas_used);
    Ok((
        (token, mirror),
        vec![("gas", json!(gas)), ("token", json!(token)), ("mirror", json!(mirror))],
    ))
}

async fn deposit_token(stage: &Setting, token: Address, mirror: Address) -> Result<((), Figures)> {
    let amount = parse_ether("1000")?;
    let asset = Asset::Erc20 { token, amount };
    let deposit = stage.bridge.deposit(stage.user, stage.user, asset, None).await?;
    stage.bridge.arrived(&deposit).await?;
    let balance = ERC20::new(mirror, &stage.rollup).balanceOf(stage.user).call().await?;
    ensure!(balance == amount, "{balance} units arrived instead of {amount}");
    Ok(((), vec![("gas", json!(deposit.receipt.gas_used))]))
}

async fn transact(stage: &Setting, mirror: Address) -> Result<((), Figures)> {
    let nonce = stage.rollup.get_transaction_count(stage.user).await?;
    let mut pending = Vec::new();
    for i in 0..TRANSFERS {
        let request = TransactionRequest::default()
            .with_to(crate::bench::load::recipient(i))
            .with_value(U256::from(1_000 + i))
            .with_nonce(nonce + i)
            .with_gas_limit(21_000);
        pending.push(stage.rollup.send_transaction(WithOtherFields::new(request)).await?);
    }
    let token = ERC20::new(mirror, &stage.rollup);
    let call = token.transfer(SAFE_HAVEN, U256::from(5)).nonce(nonce + TRANSFERS);
    pending.push(call.send().await?);
    let (mut gas, mut last) = (0, 0);
    for transaction in pending {
        let receipt = transaction.get_receipt().await?;
        ensure!(receipt.status(), "{} failed", receipt.transaction_hash);
        gas += receipt.gas_used;
        last = last.max(receipt.block_number.unwrap_or_default());
    }
    Ok(((), vec![("gas", json!(gas)), ("last_block", json!(last))]))
}

async fn published(stage: &Setting) -> Result<((), Figures)> {
    let target = stage.rollup.get_block_number().await?;
    stage.wait_safe(target).await?;
    let batches = stage.batches().await?;
    ensure!(!batches.is_empty(), "nothing was published");
    let blobs = batches.iter().filter(|batch| batch.blobs > 0).count();
    let bytes: u64 = batches.iter().map(|batch| batch.bytes).sum();
    ensure!(blobs > 0, "no batch went into blobs");
    let gas: u64 = batches.iter().map(|batch| batch.gas).sum();
    Ok((
        (),
        vec![
            ("batches", json!(batches.len())),
            ("in_blobs", json!(blobs)),
            ("bytes", json!(bytes)),
            ("gas", json!(gas)),
        ],
    ))
}

async fn rebuild(stage: &Setting) -> Result<((), Figures)> {
    let rebuilt = stage.rebuild().await?;
    let block = stage
        .rollup
        .get_block(rebuilt.last_block.into())
        .await?
        .with_context(|| format!("the node has no block {}", rebuilt.last_block))?;
    ensure!(
        block.header.state_root == rebuilt.state_root && block.header.hash == rebuilt.block_hash,
        "the rebuilt chain differs at block {}",
        rebuilt.last_block
    );
    Ok((
        (),
        vec![
            ("blocks", json!(rebuilt.last_block)),
            ("state_root", json!(rebuilt.state_root)),
            ("output_root", json!(rebuilt.output_root)),
        ],
    ))
}

async fn withdraw(stage: &Setting, asset: Asset) -> Result<(Withdrawal, Figures)> {
    let withdrawal = stage.bridge.withdraw(stage.user, SAFE_HAVEN, asset, None).await?;
    let receipt = stage.rollup.get_transaction_receipt(withdrawal.transaction).await?;
    let gas = receipt.context("the withdrawal has no receipt")?.gas_used;
    let block = withdrawal.block;
    Ok((withdrawal, vec![("gas", json!(gas)), ("block", json!(block))]))
}

async fn prove(stage: &Setting, withdrawal: &Withdrawal) -> Result<((), Figures)> {
    stage.wait_status(withdrawal, WithdrawalStatus::ReadyToProve).await?;
    let receipt = stage.bridge.prove(stage.user, withdrawal).await?;
    Ok(((), vec![("gas", json!(receipt.gas_used))]))
}

async fn finalize(stage: &Setting, withdrawal: &Withdrawal) -> Result<((), Figures)> {
    stage.wait_status(withdrawal, WithdrawalStatus::ReadyToFinalize).await?;
    let finalized = stage.bridge.finalize(stage.user, withdrawal).await?;
    ensure!(finalized.success, "the call on the parent failed");
    Ok(((), vec![("gas", json!(finalized.receipt.gas_used))]))
}

async fn arrived(stage: &Setting, token: Address) -> Result<((), Figures)> {
    let ether = stage.parent.get_balance(SAFE_HAVEN).await?;
    ensure!(ether == parse_ether("2")?, "{ether} wei arrived");
    let tokens = ERC20::new(token, &stage.parent).balanceOf(SAFE_HAVEN).call().await?;
    ensure!(tokens == parse_ether("400")?, "{tokens} units arrived");
    Ok(((), vec![("wei", json!(ether.to_string())), ("units", json!(tokens.to_string()))]))
}
