//! Four thieves claim states that never were, and lose: each dispute goes down to one instruction,
//! which the parent chain replays.

use super::{
    setting::Setting,
    story::{Figures, Story},
    theft::{Theft, message_hash},
    thief::Thief,
};
use crate::stack::claim_reader;
use alloy::{
    network::TransactionBuilder,
    primitives::{
        Address, Bytes, U256,
        utils::{format_ether, parse_ether},
    },
    providers::Provider,
    rpc::types::TransactionRequest,
    serde::WithOtherFields,
    sol_types::SolInterface,
};
use altana_contracts::bindings::{
    FaultProof::{self, FaultProofCalls},
    Portal, WithdrawalTransaction,
};
use altana_parent::{Claim, ClaimReader, InboxReader};
use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A claim can be disputed for so long, by the parent's clock, which the story moves.
pub const WINDOW_S: u64 = 3600;
/// What the thieves are after.
const LOOT: &str = "1000";
/// Nobody's account, which a user pays and a thief would rather be.
const SHOP: Address = Address::new(*b"a shop at the corner");
/// The batch that is none.
const GARBAGE: &[u8] = b"no batch of any version";
/// Batches that a claim covers.
const BATCHES: u64 = 4;

/// What the story is about.
struct Stage {
    setting: Setting,
    claims: ClaimReader,
    reader: InboxReader,
    /// Blocks in which a user pays the shop.
    payments: Vec<u64>,
    /// The claim on which all others build.
    base: Claim,
    /// Last batch of the disputed claims.
    last_batch: u64,
    garbage_batch: u64,
    thieves: Vec<Thief>,
}

/// Tells the story.
pub async fn tell(story: &mut Story, parent: Option<&str>) -> Result<()> {
    let mut stage = story
        .step("start a parent chain, deploy the contracts, start an honest node", start(parent))
        .await?;
    story
        .step("a user pays, and the batcher publishes a batch that is none", life(&mut stage))
        .await?;
    story.step("somebody makes a right claim, on which to build", base(&mut stage)).await?;
    story.step("four thieves claim states that never were", claim(&mut stage)).await?;
    story.step("a thief proves its forged withdrawal against its claim", prove(&stage)).await?;
    story
        .step("one honest node answers them all, down to one instruction each", fight(&mut stage))
        .await?;
    story.step("the window passes: the right claim is final", decide(&stage)).await?;
    story.step("the forged withdrawal reverts, for ever", refuse(&stage)).await?;
    story.step("the thieves have lost their bonds", bonds(&stage)).await
}

async fn start(parent: Option<&str>) -> Result<(Stage, Figures)> {
    let setting = Setting::start_disputed(parent, WINDOW_S).await?;
    let stack = &setting.stack;
    let contracts = &stack.deployment.contracts;
    let parent = stack.parent().await?;
    let reader = InboxReader::new(parent.clone(), contracts.inbox, contracts.portal);
    let stage = Stage {
        claims: claim_reader(parent, &stack.deployment).await?,
        reader,
        setting,
        payments: Vec::new(),
        base: Claim::default(),
        last_batch: 0,
        garbage_batch: 0,
        thieves: Vec::new(),
    };
    let figures = vec![("gas", json!(stage.setting.deployment_gas().await?))];
    Ok((stage, figures))
}

/// Batches up to the fifth: payments in the second and third, garbage in the fourth.
async fn life(stage: &mut Stage) -> Result<((), Figures)> {
    let setting = &stage.setting;
    setting.wait_batches(1).await?;
    for batches in [2, 3] {
        stage.payments.push(pay(setting).await?);
        setting.wait_batches(batches).await?;
    }
    let sent = setting.commit_as_batcher(GARBAGE.into()).await?;
    stage.garbage_batch = sent.0;
    setting.wait_batches(BATCHES + 1).await?;
    let block = setting.rollup.get_block_number().await?;
    setting.wait_safe(block).await?;
    Ok(((), vec![("gas", json!(sent.1)), ("garbage_batch", json!(sent.0))]))
}

/// A transfer to the shop; its block.
async fn pay(setting: &Setting) -> Result<u64> {
    let request = TransactionRequest::default()
        .with_to(SHOP)
        .with_value(parse_ether("1")?)
        .with_gas_limit(21_000);
    let sent = setting.rollup.send_transaction(WithOtherFields::new(request)).await?;
    let block = sent.get_receipt().await?.block_number;
    block.context("the transfer is in no block")
}

/// A claim about the first batch. What is built on it is about the batches that are there now.
async fn base(stage: &mut Stage) -> Result<((), Figures)> {
    stage.setting.mine_at_once().await?;
    let node = stage.setting.stack.node()?;
    let genesis = stage.claims.open(0).await?.last_final;
    let batch = stage.claims.last_batch_for(genesis.index).await?;
    let known = node.knowledge(stage.reader.clone(), &genesis, batch)?;
    let expected = known.context("the first batch is not derived")?.expected;
    let claims = stage.setting.claims_of(super::setting::USER, "first").await?;
    let sent = claims.propose(&expected.proposal(genesis)).await?;
    ensure!(sent.reverted.is_none(), "the first claim reverted: {:?}", sent.reverted);
    let open = stage.claims.open(0).await?;
    stage.base = *open.pending.first().context("the first claim is not listed")?;
    stage.last_batch = stage.claims.last_batch_for(stage.base.index).await?;
    ensure!(stage.last_batch >= stage.garbage_batch, "the claims are not about the garbage");
    Ok(((), vec![("gas", json!(sent.gas_used)), ("batches", json!(stage.last_batch - batch))]))
}

async fn claim(stage: &mut Stage) -> Result<((), Figures)> {
    let loot = WithdrawalTransaction {
        nonce: U256::from(1) << 240,
        sender: SHOP,
        target: stage.setting.thief(0),
        value: parse_ether(LOOT)?,
        gasLimit: U256::from(100_000),
        data: Bytes::new(),
    };
    let user = stage.setting.user;
    let thief = |i: usize| stage.setting.thief(i);
    let thefts = [
        (Theft::ForgedWithdrawal(loot), None),
        (Theft::WrongFee { user }, Some(stage.payments[0])),
        (
            Theft::AlteredBlock { from: SHOP, to: thief(2), amount: parse_ether("1")? },
            Some(stage.payments[1]),
        ),
        (Theft::InvalidBatch { to: thief(3) }, None),
    ];
    let (mut gas, mut thieves) = (0, Vec::new());
    for (number, (theft, block)) in thefts.into_iter().enumerate() {
        let node = stage.setting.stack.node()?;
        let known = node.knowledge(stage.reader.clone(), &stage.base, stage.last_batch)?;
        let known = known.context("the batches are not derived")?;
        let block = match (&theft, block) {
            (Theft::InvalidBatch { .. }, _) => {
                known.span.first_block(stage.garbage_batch).context("no garbage")?
            }
            (_, block) => block.unwrap_or(known.expected.last_block),
        };
        let claims =
            stage.setting.claims_of(super::setting::FIRST_THIEF + number, theft.name()).await?;
        let ledger = node.ledger().clone();
        let (thief, sent) =
            Thief::claim(theft, &ledger, known, block, claims, &stage.base, number as u64).await?;
        gas += sent.gas_used;
        thieves.push(thief);
    }
    stage.thieves = thieves;
    let game = FaultProof::new(stage.claims.module, &stage.setting.parent);
    let bond = format_ether(game.claimBond().call().await?);
    Ok(((), vec![("gas", json!(gas)), ("bond_ether_each", json!(bond))]))
}

async fn prove(stage: &Stage) -> Result<((), Figures)> {
    let thief = &stage.thieves[0];
    let Theft::ForgedWithdrawal(message) = &thief.theft else { bail!("not a withdrawal") };
    let (root, proof) = thief.state.prove(message)?;
    let provider = stage.setting.parent_as(super::setting::FIRST_THIEF)?;
    let portal = Portal::new(stage.setting.stack.deployment.contracts.portal, &provider);
    let index = U256::from(thief.claim.index);
    let call = portal.proveWithdrawalTransaction(message.clone(), index, root, proof);
    let receipt = call.send().await?.get_receipt().await?;
    ensure!(receipt.status(), "the proof failed: the thief has not even a chance");
    Ok(((), vec![("gas", json!(receipt.gas_used)), ("claim", json!(thief.claim.index))]))
}

/// Both sides move until every thief has met an instruction that it cannot prove.
async fn fight(stage: &mut Stage) -> Result<((), Figures)> {
    let terms = stage.claims.terms().await?;
    let from = stage.setting.parent.get_block_number().await?;
    let thieves = stage.thieves.len();
    loop {
        let rounds = stage.thieves.iter_mut().map(|thief| thief.play(&terms));
        try_join_all(rounds).await?;
        if stage.setting.proven_edges(from).await? >= thieves {
            break;
        }
        stage.setting.pause().await;
    }
    let moves = moves(stage, from).await?;
    let mut sums: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for step in &moves {
        let sum = sums.entry(step.side).or_default();
        *sum = (sum.0 + step.names.len(), sum.1 + step.gas);
        let mut gas = Some(step.gas);
        for name in &step.names {
            // What one transaction did together has one price.
            let gas = gas.take().map_or_else(|| "\"".into(), |gas| format!("{gas} gas"));
            eprintln!("    {:<7} {name:<44} {gas:>13}", step.side);
        }
    }
    let (honest, wrong) = (sums["honest"], sums["thief"]);
    let gas = honest.1 + wrong.1;
    let proof = moves.iter().filter(|step| step.is_proof).map(|step| step.gas).max();
    let list: Vec<Value> = moves
        .iter()
        .map(|step| json!({"side": step.side, "moves": step.names, "gas": step.gas}))
        .collect();
    Ok((
        (),
        vec![
            ("gas", json!(gas)),
            ("honest_moves", json!(honest.0)),
            ("honest_gas", json!(honest.1)),
            ("thieves_moves", json!(wrong.0)),
            ("thieves_gas", json!(wrong.1)),
            ("dearest_proof_gas", json!(proof)),
            ("transactions", json!(list)),
        ],
    ))
}

/// A transaction that made moves.
struct Step {
    side: &'static str,
    names: Vec<String>,
    gas: u64,
    is_proof: bool,
}

/// All successful calls of the game since a block.
async fn moves(stage: &Stage, from: u64) -> Result<Vec<Step>> {
    let (parent, game) = (&stage.setting.parent, stage.claims.module);
    let honest = stage.setting.honest();
    let mut steps = Vec::new();
    for number in from + 1..=parent.get_block_number().await? {
        let block = parent.get_block(number.into()).full().await?.context("no block")?;
        for transaction in block.transactions.txns() {
            use alloy::{consensus::Transaction as _, network::TransactionResponse as _};
            if transaction.to() != Some(game) {
                continue;
            }
            let receipt = parent.get_transaction_receipt(transaction.tx_hash()).await?;
            let receipt = receipt.context("no receipt")?;
            let Ok(call) = FaultProofCalls::abi_decode(transaction.input()) else { continue };
            if !receipt.status() {
                continue;
            }
            steps.push(Step {
                side: if transaction.from() == honest { "honest" } else { "thief" },
                is_proof: matches!(call, FaultProofCalls::prove(_)),
                names: altana_node::dispute::calls::names(&call),
                gas: receipt.gas_used,
            });
        }
    }
    Ok(steps)
}

async fn decide(stage: &Stage) -> Result<((), Figures)> {
    let setting = &stage.setting;
    setting.pass_time(WINDOW_S + 1).await?;
    let wrong: Vec<u64> = stage.thieves.iter().map(|thief| thief.claim.index).collect();
    setting
        .until("the right claim is final", async || {
            let open = stage.claims.open(0).await?;
            Ok(open.last_final.parent_claim == stage.base.index)
        })
        .await?;
    let open = stage.claims.open(stage.base.index).await?;
    ensure!(
        wrong.iter().all(|index| open.rejected.contains(index)),
        "a thief's claim was not rejected: {:?} of {wrong:?}",
        open.rejected
    );
    Ok(((), vec![("claim", json!(open.last_final.index)), ("rejected", json!(wrong))]))
}

async fn refuse(stage: &Stage) -> Result<((), Figures)> {
    let thief = &stage.thieves[0];
    let Theft::ForgedWithdrawal(message) = &thief.theft else { bail!("not a withdrawal") };
    let setting = &stage.setting;
    setting.pass_time(WINDOW_S).await?;
    let provider = setting.parent_as(super::setting::FIRST_THIEF)?;
    let portal = Portal::new(setting.stack.deployment.contracts.portal, &provider);
    let account = setting.thief(0);
    let call = portal.finalizeWithdrawalTransactionExternalProof(message.clone(), account);
    let refusal = call.call().await.err().context("the forged withdrawal was paid")?;
    let reason = altana_contracts::revert::of(&refusal).context("no reason")?;
    ensure!(reason.contains("InvalidRootClaim"), "refused for another reason: {reason}");
    let (root, proof) = thief.state.prove(message)?;
    let index = U256::from(thief.claim.index);
    let again = portal.proveWithdrawalTransaction(message.clone(), index, root, proof);
    ensure!(again.call().await.is_err(), "the withdrawal can be proven against a rejected claim");
    let done = portal.finalizedWithdrawals(message_hash(message)).call().await?;
    ensure!(!done, "the forged withdrawal is done");
    Ok(((), vec![("reason", json!(reason))]))
}

async fn bonds(stage: &Stage) -> Result<((), Figures)> {
    let game = FaultProof::new(stage.claims.module, &stage.setting.parent);
    let thieves = U256::from(stage.thieves.len());
    let bond = game.claimBond().call().await?;
    stage
        .setting
        .until("the bonds are settled", async || {
            Ok(game.burnt().call().await? >= bond / U256::from(2) * thieves)
        })
        .await?;
    for number in 0..stage.thieves.len() {
        let owed = game.withdrawable(stage.setting.thief(number)).call().await?;
        ensure!(owed.is_zero(), "thief {number} gets {owed} wei back");
    }
    let burnt = game.burnt().call().await?;
    Ok(((), vec![("burnt_wei", json!(burnt))]))
}
