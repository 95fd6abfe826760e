//! A thief: a false claim, and the same play as an honest party's, over lies.

use super::theft::{FalseState, Theft};
use alloy::primitives::Bytes;
use altana_dispute::{Dispute, Liar, Lie, Truth, Wrong};
use altana_ledger::Ledger;
use altana_node::{
    dispute::{NodeTruth, round},
    node::{Knowledge, dispute},
};
use altana_parent::{Claim, Claims, GameTerms, Proposal, Sent};
use altana_protocol::stf::block_leaf;
use anyhow::{Context, Result, ensure};
use parking_lot::Mutex;
use std::sync::Arc;

/// A thief with a claim.
pub struct Thief {
    /// How it steals.
    pub theft: Theft,
    /// The state that it claims.
    pub state: FalseState,
    /// Its claim.
    pub claim: Claim,
    claims: Claims,
    dispute: Dispute,
    truth: Arc<Mutex<Liar<NodeTruth>>>,
}

impl Thief {
    /// Claims that the chain went another way from block `first` on. `number` tells thieves apart:
    /// each lies at another instruction.
    pub async fn claim(
        theft: Theft,
        ledger: &Ledger,
        known: Knowledge,
        first: u64,
        claims: Claims,
        parent: &Claim,
        number: u64,
    ) -> Result<(Self, Sent)> {
        let Knowledge { span, expected, truth } = known;
        let position = span.position(first).context("the theft is in no block of the claim")?;
        let (mut leaves, mut last) = (Vec::new(), None);
        let end = span.position(expected.last_block).context("no last block")?;
        for at in position..=end {
            let step = span.step(at).context("no such position")?;
            let block = (step.before + 1).min(step.end.last_block);
            let state = match last.take() {
                Some((known, state)) if known == block => state,
                _ => {
                    let block = ledger.block_by_number(block)?.context("a block is missing")?;
                    theft.in_state_after(ledger, &block)?
                }
            };
            // The last one's has used nothing; what the others' say is a lie in any case.
            leaves.push(block_leaf(state.output_root, block, 0));
            last = Some((block, state));
        }
        let (_, state) = last.context("no blocks")?;
        let lie = Lie {
            from: Wrong::Blocks(leaves),
            block: position,
            stride: 5 + number,
            step: 777 * (number + 1),
        };
        let mut truth = Liar::new(truth, lie);
        let (root, spine) = {
            let blocks = truth.blocks()?;
            (blocks.root(), blocks.spine())
        };
        let proposal = Proposal {
            parent: *parent,
            batch_index: expected.batch_index,
            batch_hash: expected.batch_hash,
            output_root: state.output_root,
            last_block: expected.last_block,
            data: Bytes::from(spine.concat()),
        };
        let sent = claims.propose(&proposal).await?;
        ensure!(
            sent.reverted.is_none(),
            "{}: the claim reverted: {:?}",
            theft.name(),
            sent.reverted
        );
        let open = claims.reader.open(0).await?;
        let is_mine = |claim: &&Claim| claim.output_root == state.output_root;
        let claim = *open.pending.iter().find(is_mine).context("the claim is not listed")?;
        let window_s = claims.reader.terms().await?.window_s;
        let dispute = dispute(parent, &span, root, window_s);
        let truth = Arc::new(Mutex::new(truth));
        Ok((Self { theft, state, claim, claims, dispute, truth }, sent))
    }

    /// Makes every move that the game allows now.
    pub async fn play(&mut self, terms: &GameTerms) -> Result<()> {
        round(&self.claims, terms, &self.dispute, &self.truth).await?;
        Ok(())
    }
}
