//! What a validity proof costs whoever verifies it.

use super::Figure;
use crate::{
    demo::committed_proof,
    stack::{Stack, StackOptions, provider},
};
use alloy::primitives::Bytes;
use altana_contracts::{
    Preset,
    bindings::{StarkConstraints, StarkOpenings},
    deploy::key_pieces,
};
use altana_proof::guest;
use anyhow::{Context, Result, ensure};
use std::time::Instant;

/// Native verifications.
const RUNS: u32 = 50;
/// Gas of the third transaction, which says which claim is proved by a batch in one blob
/// (`contracts/snapshots/zk.json` has it for other numbers of blobs).
const CLAIM_GAS: u64 = 126_000;
/// Of the two transactions that verify.
const GAS_GOAL: f64 = 16_000_000.0;

/// Verifies the committed proof natively and by the contracts.
pub async fn run() -> Result<Vec<Figure>> {
    let proof = committed_proof();
    let mut checkpoint = proof.verify(guest::key(), &proof.claim)?;
    let begin = Instant::now();
    for _ in 0..RUNS {
        checkpoint = proof.verify(guest::key(), &proof.claim)?;
    }
    let native_ms = begin.elapsed().as_secs_f64() * 1_000.0 / f64::from(RUNS);

    let options = StackOptions {
        preset: Some(Preset::ZkRollup),
        follows: true,
        claim_interval_s: None,
        ..StackOptions::default()
    };
    let stack = Stack::start(options).await?;
    let stark = stack.deployment.contracts.stark.context("no verifier")?;
    let parent = provider(&stack.parent_url, &stack.accounts.wallet(1))?;
    let pieces = key_pieces(guest::KEY, stark.key_store);
    let claim = Bytes::from(proof.claim.to_vec());
    let checkpoint = checkpoint.to_bytes();
    let (part1, part2) = (Bytes::from(proof.part1.clone()), Bytes::from(proof.part2.clone()));
    let constraints = StarkConstraints::new(stark.constraints, &parent);
    let first = constraints.verify(pieces.clone(), claim.clone(), part1).send().await?;
    let first = first.get_receipt().await?;
    let openings = StarkOpenings::new(stark.openings, &parent);
    let second = openings.verify(pieces, claim, checkpoint.into(), part2).send().await?;
    let second = second.get_receipt().await?;
    ensure!(first.status() && second.status(), "the contracts refuse the committed proof");

    let gas = first.gas_used + second.gas_used;
    let bytes = (proof.part1.len() + proof.part2.len()) as f64;
    let mut figures = vec![
        Figure::new("zk_verify_native", native_ms, "ms"),
        Figure::new("zk_proof", bytes, "bytes"),
        Figure::new("zk_verify_gas_first", first.gas_used as f64, "gas"),
        Figure::new("zk_verify_gas_second", second.gas_used as f64, "gas"),
        Figure::new("zk_verify_gas", gas as f64, "gas").at_most(GAS_GOAL),
    ];
    for transfers in [10, 100, 1_000, 10_000] {
        let each = (gas + CLAIM_GAS) as f64 / f64::from(transfers);
        figures.push(Figure::new(format!("zk_gas_per_transfer_of_{transfers}"), each, "gas"));
    }
    Ok(figures)
}
