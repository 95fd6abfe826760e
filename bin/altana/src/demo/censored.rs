//! A user against the sequencer: first it ignores them, then it is dead. The transaction gets in both times.

use super::{
    setting::Setting,
    story::{Figures, Story},
};
use alloy::{
    consensus::Transaction as _,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, utils::parse_ether},
    providers::Provider,
    rpc::types::TransactionRequest,
    serde::WithOtherFields,
};
use altana_bridge::Forced;
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// Blocks for which the sequencer has to ignore the user before we believe that it does.
const IGNORED_BLOCKS: u64 = 5;
/// Who is to be paid while the sequencer ignores the user.
const FIRST: Address = Address::new(*b"paid while ignored !");
/// Who is to be paid while the sequencer is dead.
const SECOND: Address = Address::new(*b"paid while it's dead");

/// Tells the story.
pub async fn tell(story: &mut Story, parent: Option<&str>) -> Result<()> {
    let mut stage =
        story.step("start a rollup whose sequencer ignores one user", start(parent)).await?;
    story.step("the user's transaction is taken, and never included", ignored(&stage)).await?;
    story.step("forced through the Portal, it is included in time", forced(&stage)).await?;
    story.step("the sequencer, the batcher and the proposer die", die(&mut stage)).await?;
    let hash = story.step("the user forces another transaction", force_again(&stage)).await?;
    story.step("after the timeout the user commits a batch themselves", commit(&stage)).await?;
    story
        .step("a stranger derives the chain: the transaction is in it", derived(&stage, hash))
        .await
}

async fn start(parent: Option<&str>) -> Result<(Setting, Figures)> {
    let setting = Setting::start_hostile(parent).await?;
    let gas = setting.deployment_gas().await?;
    let figures = vec![("gas", json!(gas)), ("ignored", json!(setting.user))];
    Ok((setting, figures))
}

async fn ignored(stage: &Setting) -> Result<((), Figures)> {
    let request = TransactionRequest::default()
        .with_to(FIRST)
        .with_value(parse_ether("1")?)
        .with_gas_limit(21_000);
    let hash = *stage.rollup.send_transaction(WithOtherFields::new(request)).await?.tx_hash();
    let begin = stage.rollup.get_block_number().await?;
    stage.wait_block(begin + IGNORED_BLOCKS).await?;
    let receipt = stage.rollup.get_transaction_receipt(hash).await?;
    ensure!(receipt.is_none(), "the sequencer included the transaction: it is not hostile");
    Ok(((), vec![("transaction", json!(hash)), ("blocks_waited", json!(IGNORED_BLOCKS))]))
}

async fn forced(stage: &Setting) -> Result<((), Figures)> {
    let value = parse_ether("1")?;
    let begin = stage.parent_time().await?;
    let bound = stage.stack.deployment.config.delays.force_inclusion_s;
    let deposit = stage.bridge.force(stage.user, pay(FIRST)?).await?;
    // The sequencer may wait until half of the bound has passed, and this one does.
    stage.pass_time(bound / 2).await?;
    stage.bridge.arrived(&deposit).await?;
    ensure!(stage.rollup.get_balance(FIRST).await? == value, "nothing arrived");
    let waited = stage.parent_time().await?.saturating_sub(begin);
    ensure!(waited <= bound, "it took {waited} s on the parent, the bound is {bound} s");
    Ok((
        (),
        vec![
            ("gas", json!(deposit.receipt.gas_used)),
            ("parent_seconds", json!(waited)),
            ("bound_seconds", json!(bound)),
        ],
    ))
}

async fn die(stage: &mut Setting) -> Result<((), Figures)> {
    stage.stack.stop_node().await?;
    let answer = stage.rollup.get_block_number().await;
    ensure!(answer.is_err(), "the node still answers");
    Ok(((), vec![]))
}

async fn force_again(stage: &Setting) -> Result<(B256, Figures)> {
    let receipt = stage.bridge.force(stage.user, pay(SECOND)?).await?.receipt;
    let hash = receipt.transaction_hash;
    Ok((hash, vec![("gas", json!(receipt.gas_used)), ("parent_tx", json!(hash))]))
}

/// A call that sends one ether of the user's on the rollup.
fn pay(to: Address) -> Result<Forced> {
    let (mint, value, data) = (U256::ZERO, parse_ether("1")?, Bytes::new());
    Ok(Forced { to: Some(to), mint, value, gas: 100_000, data })
}

async fn commit(stage: &Setting) -> Result<((), Figures)> {
    let timeout = stage.stack.deployment.config.delays.sequencer_timeout_s;
    let early = stage.commit_as_user().await;
    ensure!(early.is_err(), "the Inbox let the user commit before the timeout");
    stage.pass_time(timeout + 1).await?;
    let sent = stage.commit_as_user().await?;
    let committed = stage.parent.get_transaction_by_hash(sent.hash).await?;
    let bytes = committed.context("the commit is gone")?.input().len();
    Ok((
        (),
        vec![
            ("gas", json!(sent.gas_used)),
            ("bytes", json!(bytes)),
            ("timeout_seconds", json!(timeout)),
        ],
    ))
}

async fn derived(stage: &Setting, forced: B256) -> Result<((), Figures)> {
    let rebuilt = stage.rebuild().await?;
    let balance = rebuilt.balance(SECOND)?;
    ensure!(balance == parse_ether("1")?, "{balance} wei arrived by {forced}");
    Ok(((), vec![("blocks", json!(rebuilt.last_block)), ("state_root", json!(rebuilt.state_root))]))
}
