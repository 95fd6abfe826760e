//! Get back what was brought, and what others have lost.

use super::{NodeError, Player};
use alloy::sol_types::SolInterface;
use alloy_primitives::{Address, U256};
use altana_contracts::bindings::FaultProof::{self, FaultProofCalls};
use altana_parent::{Claims, OpenClaims, ParentError};

/// Bonds of claims that are settled with one transaction.
const SETTLED_MAX: usize = 64;
/// Claims that have become final since the last look, or before the start, and are looked at.
const FINALS_MAX: usize = 64;

impl Player {
    /// Takes down whose bonds are to be settled.
    pub(super) async fn note_bonds(&mut self, open: &OpenClaims) -> Result<(), NodeError> {
        let (current, newest) = (self.claims.reader.module, open.last_final.index);
        if !self.looked_back {
            // What a module had not decided when it was replaced gives all bonds back.
            for index in self.claims.reader.undecided_before().await? {
                self.note_own_bond(index).await?;
            }
            self.looked_back = true;
        }
        // They come back, unless a claim on one has taken its bond over.
        let finals = open.finals.iter().rev().take(FINALS_MAX);
        for index in finals {
            self.note_own_bond(*index).await?;
        }
        self.known_final = newest;
        self.settled.retain(|index| *index >= open.first_listed);
        let rejected = open.rejected.iter().filter(|index| !self.settled.contains(index));
        self.unsettled.entry(current).or_default().extend(rejected);
        Ok(())
    }

    async fn note_own_bond(&mut self, claim: u64) -> Result<(), NodeError> {
        let reader = &self.claims.reader;
        if reader.creator(claim).await? == self.claims.sender.address() {
            let module = reader.module_of(claim).await?;
            self.unsettled.entry(module).or_default().insert(claim);
        }
        Ok(())
    }

    /// Books the bonds of decided claims, and fetches what is owed.
    pub(super) async fn settle(&mut self) -> Result<(), NodeError> {
        for (module, indices) in self.unsettled.clone() {
            let claims = self.under(module);
            let indices: Vec<u64> = indices.into_iter().collect();
            for several in indices.chunks(SETTLED_MAX).filter(|several| several.len() > 1) {
                self.settle_together(&claims, several).await?;
            }
            for index in indices {
                self.try_settle(module, index).await?;
            }
            if !claims.reader.withdrawable(claims.sender.address()).await?.is_zero() {
                let call = FaultProofCalls::withdraw(FaultProof::withdrawCall {});
                let sent = claims.play(call, U256::ZERO).await;
                self.done("withdrawal of bonds", sent)?;
            }
        }
        Ok(())
    }

    /// Books those of several bonds that can be, with one transaction.
    async fn settle_together(&mut self, claims: &Claims, of: &[u64]) -> Result<(), NodeError> {
        let calls: Vec<FaultProofCalls> = of.iter().map(|index| settling(*index)).collect();
        // If even asking is too much, they go one by one.
        let Ok(made) = claims.reader.would_be_made(&calls).await else { return Ok(()) };
        let ready: Vec<u64> =
            of.iter().zip(made).filter(|(_, made)| *made).map(|(index, _)| *index).collect();
        if ready.len() < 2 {
            return Ok(());
        }
        let moves = ready.iter().map(|index| settling(*index).abi_encode().into()).collect();
        let call = FaultProofCalls::multi(FaultProof::multiCall { moves });
        let sent = claims.play(call, U256::ZERO).await;
        if self.done("settlement of bonds", sent)? {
            for index in ready {
                self.mark_settled(claims.reader.module, index);
            }
        }
        Ok(())
    }

    /// Whether a decided claim's bond is settled, by whomever.
    pub(super) async fn try_settle(
        &mut self,
        module: Address,
        index: u64,
    ) -> Result<bool, NodeError> {
        if !self.unsettled.get(&module).is_some_and(|indices| indices.contains(&index)) {
            return Ok(true);
        }
        match self.under(module).play(settling(index), U256::ZERO).await {
            // The list was of another block than the state.
            Err(ParentError::Reverted(reason)) if reason.contains("NotDecided") => {
                return Ok(false);
            }
            // Somebody else did it, or the bond has moved on.
            Err(ParentError::Reverted(_)) => {}
            sent => {
                if !self.done("settlement of a bond", sent)? && self.unfunded.is_some() {
                    return Ok(false);
                }
            }
        }
        self.mark_settled(module, index);
        Ok(true)
    }

    fn mark_settled(&mut self, module: Address, index: u64) {
        if let Some(indices) = self.unsettled.get_mut(&module) {
            indices.remove(&index);
        }
        self.settled.insert(index);
    }
}

fn settling(claim: u64) -> FaultProofCalls {
    FaultProofCalls::settle(FaultProof::settleCall { claimIndex: claim })
}
