//! What it takes to dispute one block of a hundred transfers.

use super::{Figure, load};
use crate::stack::{Stack, StackOptions, any_provider};
use alloy::{
    network::TransactionBuilder, primitives::U256, providers::Provider,
    rpc::types::TransactionRequest, serde::WithOtherFields,
};
use altana_dispute::Truth;
use altana_node::dispute::NodeTruth;
use altana_parent::InboxReader;
use altana_program::{Status, Trace};
use altana_protocol::stf::run_block;
use anyhow::{Context, Result, bail, ensure};
use std::time::{Duration, Instant};

const TRANSFERS: u64 = 100;
/// Strides whose instructions are hashed one by one.
const STRIDES: usize = 9;
/// Native runs of the block.
const NATIVE_RUNS: u32 = 20;
/// Long enough that all transfers are in one block.
const BLOCK_TIME_MS: u64 = 3_000;
/// What a dispute's block and its histories may take.
const MEMORY_MB_GOAL: f64 = 1_000.0;
/// What the interpreter reaches at least.
const MIPS_GOAL: f64 = 100.0;

/// Makes a block of transfers on a devnet, and plays its dispute's part of one honest party.
pub async fn run() -> Result<Vec<Figure>> {
    let options = StackOptions {
        block_time_ms: BLOCK_TIME_MS,
        claim_interval_s: None,
        ..StackOptions::default()
    };
    let stack = Stack::start(options).await?;
    let block = transfers(&stack).await?;
    let truth = truth(&stack, block).await?;
    tokio::task::spawn_blocking(move || measure(truth)).await?
}

/// A block with all the transfers.
async fn transfers(stack: &Stack) -> Result<u64> {
    let rollup = any_provider(&stack.rollup_url, &stack.accounts.wallet(1))?;
    let nonce = rollup.get_transaction_count(stack.accounts.signer(1).address()).await?;
    let start = rollup.get_block_number().await?;
    // Just after a block, so that the next one takes them all.
    while rollup.get_block_number().await? == start {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut last = None;
    for i in 0..TRANSFERS {
        let request = TransactionRequest::default()
            .with_to(load::recipient(i))
            .with_value(U256::from(1_000 + i))
            .with_nonce(nonce + i)
            .with_gas_limit(21_000);
        last = Some(rollup.send_transaction(WithOtherFields::new(request)).await?);
    }
    let receipt = last.context("no transfer")?.get_receipt().await?;
    let block = receipt.block_number.context("a transfer in no block")?;
    let ledger = stack.node()?.ledger();
    let held = ledger.block_by_number(block)?.context("no such block")?.transactions.len() as u64;
    ensure!(held >= TRANSFERS, "the block holds {held} transactions instead of {TRANSFERS}");
    loop {
        if ledger.safe().number() >= block {
            return Ok(block);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The truth about the batches with the block, and the block's position.
async fn truth(stack: &Stack, block: u64) -> Result<(NodeTruth, u64)> {
    let contracts = &stack.deployment.contracts;
    let parent = stack.parent().await?;
    let reader = InboxReader::new(parent.clone(), contracts.inbox, contracts.portal);
    let claims = crate::stack::claim_reader(parent, &stack.deployment).await?;
    let genesis = claims.open(0).await?.last_final;
    let node = stack.node()?;
    // As if all batches so far were one claim's: what is measured lies below level 0.
    for last_batch in 1.. {
        let known = node.knowledge(reader.clone(), &genesis, last_batch)?;
        let known = known.context("the batch is not derived")?;
        if let Some(position) = known.span.position(block) {
            return Ok((known.truth, position));
        }
    }
    bail!("the block is in no batch")
}

fn measure((mut truth, position): (NodeTruth, u64)) -> Result<Vec<Figure>> {
    let begin = Instant::now();
    let (witness, blobs, input) = truth.evidence(position)?;
    let record = begin.elapsed();
    let begin = Instant::now();
    for _ in 0..NATIVE_RUNS {
        run_block(&witness, input.hash())?;
    }
    let native = begin.elapsed() / NATIVE_RUNS;

    let mut trace = Trace::new(witness, blobs, input);
    let begin = Instant::now();
    let machine = trace.end_state()?.cpu;
    let plain = begin.elapsed();
    ensure!(machine.status == Status::Valid, "the machine halted as {:?}", machine.status);
    let instructions = machine.step as f64;

    drop(trace);
    let before = memory()?;
    let begin = Instant::now();
    let strides = truth.strides(position)?.given();
    let hashed = begin.elapsed();
    let mut answers = Vec::new();
    for stride in (0..strides).step_by((strides as usize / STRIDES).max(1)) {
        let begin = Instant::now();
        truth.steps(position, stride)?;
        answers.push(begin.elapsed());
        let begin = Instant::now();
        truth.witness(position, stride, 12_345)?;
        answers.push(begin.elapsed());
    }
    answers.push(hashed);
    let memory = (memory()? - before).max(0.0) / 1e6;
    answers.sort_unstable();
    let (middle, worst) = (answers[answers.len() / 2], answers[answers.len() - 1]);
    let mips = instructions / plain.as_secs_f64() / 1e6;
    Ok(vec![
        Figure::new("dispute_block_instructions", instructions, "instructions"),
        Figure::new("dispute_machine_rate", mips, "MIPS").at_least(MIPS_GOAL),
        Figure::new("dispute_block_in_machine", plain.as_secs_f64(), "s")
            .against("native stf, same witness", native.as_secs_f64()),
        Figure::new("dispute_record", record.as_secs_f64(), "s"),
        Figure::new("dispute_strides_to_state_hash", hashed.as_secs_f64(), "s"),
        Figure::new("dispute_answer_p50", middle.as_secs_f64(), "s"),
        Figure::new("dispute_answer_worst", worst.as_secs_f64(), "s"),
        Figure::new("dispute_memory", memory, "MB").at_most(MEMORY_MB_GOAL),
    ])
}

/// Bytes of memory that this process holds.
fn memory() -> Result<f64> {
    let bytes = super::server::memory_of("self").context("no /proc/self/status")?;
    Ok(bytes as f64)
}
