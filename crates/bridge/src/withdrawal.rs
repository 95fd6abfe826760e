//! From the rollup to the parent, in three steps.

use crate::{Asset, Bridge, Chain, Error, WithdrawalStatus, asset::Leaving, status::relay_failed};
use alloy::{
    eips::BlockId,
    network::AnyTransactionReceipt,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    sol_types::SolValue,
};
use altana_contracts::{
    bindings::{Claim, MessagePasser, OutputRootProof, Portal, Settlement, WithdrawalTransaction},
    predeploy,
};

/// Gas on the parent for ether that arrives.
const ETHER_GAS: u64 = 21_000;
/// First bytes of an account's code that delegates to a contract (EIP-7702).
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];
/// Claims looked through for one that covers a withdrawal.
const CLAIMS_MAX: u64 = 1_000;
/// Proofs of one withdrawal that are looked at. Anyone can prove, nearly always one account does.
const PROOFS_MAX: u64 = 16;
/// `ClaimStatus.Final`, numbered as OP Stack tools number a dispute game's status.
const FINAL: u8 = 2;
/// `ClaimStatus.Rejected`.
const REJECTED: u8 = 1;

/// A withdrawal that was made on the rollup.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// The transaction on the rollup, which names it.
    pub transaction: B256,
    /// What the Portal will run.
    pub message: WithdrawalTransaction,
    /// Its hash, the key in the message passer.
    pub hash: B256,
    /// Rollup block that holds it.
    pub block: u64,
}

/// A withdrawal that was relayed.
#[derive(Clone, Debug)]
pub struct Finalized {
    /// The receipt on the parent.
    pub receipt: AnyTransactionReceipt,
    /// Whether the call succeeded. If not, tokens and messages wait in the messenger for another
    /// attempt; what went straight through the Portal has had its only one.
    pub success: bool,
}

/// No time at all.
const UNKNOWN: u64 = u64::MAX;

/// The proof that ripens first.
struct Proof {
    submitter: Address,
    /// When it can be used, by the parent's clock; [`UNKNOWN`] if a validity proof decides.
    ripe_at: u64,
}

impl Bridge {
    /// Takes an asset of `from` on its way to `to` on the parent. Tokens become `remote`, or what
    /// they are the image of. Returns once the withdrawal is in a block.
    pub async fn withdraw(
        &self,
        from: Address,
        to: Address,
        asset: Asset,
        remote: Option<Address>,
    ) -> Result<Withdrawal, Error> {
        let leaving = |token| Leaving { chain: Chain::Rollup, from, to, token, remote };
        let receipt = match asset {
            Asset::Ether(wei) => {
                self.afford(Chain::Rollup, from, wei).await?;
                // Whoever finalizes decides how much gas arrives beyond the least, and there is no
                // second attempt.
                let code = self.parent.get_code_at(to).await?;
                if !code.is_empty() && !code.starts_with(&DELEGATION) {
                    return Err(Error::EtherToContract(to));
                }
                let passer = MessagePasser::new(predeploy::MESSAGE_PASSER, &self.rollup);
                let call = passer
                    .initiateWithdrawal(to, U256::from(ETHER_GAS), Bytes::new())
                    .value(wei)
                    .from(from);
                self.send(Chain::Rollup, "the withdrawal", call).await?
            }
            Asset::Erc20 { token, amount } => self.leave_erc20(&leaving(token), amount).await?,
            Asset::Erc721 { token, id } => self.leave_erc721(&leaving(token), id).await?,
        };
        withdrawal_of(&receipt)
    }

    /// The withdrawal that a transaction on the rollup made.
    pub async fn withdrawn(&self, hash: B256) -> Result<Withdrawal, Error> {
        let receipt = self.rollup.get_transaction_receipt(hash).await?;
        withdrawal_of(&receipt.ok_or(Error::Unknown(hash))?)
    }

    /// How far a withdrawal is, whoever proved it.
    pub async fn withdrawal_status(
        &self,
        withdrawal: &Withdrawal,
    ) -> Result<WithdrawalStatus, Error> {
        self.status_for(withdrawal, None).await
    }

    /// Whether `from` has proven the withdrawal. Others may have too, and may prove again and again
    /// so that theirs never ripens: one's own proof counts for oneself.
    pub async fn is_proven_by(
        &self,
        from: Address,
        withdrawal: &Withdrawal,
    ) -> Result<bool, Error> {
        let portal = Portal::new(self.contracts.portal, &self.parent);
        let proven = portal.provenWithdrawals(withdrawal.hash, from).call().await?;
        if proven.timestamp == 0 {
            return Ok(false);
        }
        let claim = Claim::new(proven.disputeGameProxy, &self.parent);
        Ok(claim.status().call().await? != REJECTED)
    }

    async fn status_for(
        &self,
        withdrawal: &Withdrawal,
        own: Option<Address>,
    ) -> Result<WithdrawalStatus, Error> {
        let portal = Portal::new(self.contracts.portal, &self.parent);
        if portal.finalizedWithdrawals(withdrawal.hash).call().await? {
            return Ok(WithdrawalStatus::Finalized);
        }
        let Some(proof) = self.proof(withdrawal.hash, own).await? else {
            return Ok(match self.covering_claims(withdrawal.block).await? {
                Ok(_) => WithdrawalStatus::ReadyToProve,
                Err(claimed_block) => WithdrawalStatus::WaitingForClaim { claimed_block },
            });
        };
        if proof.ripe_at == UNKNOWN {
            return Ok(WithdrawalStatus::WaitingForProof);
        }
        Ok(match proof.ripe_at.saturating_sub(self.parent_time().await?) {
            0 => WithdrawalStatus::ReadyToFinalize,
            seconds_left => WithdrawalStatus::WaitingToFinalize { seconds_left },
        })
    }

    /// Proves a withdrawal on the parent as `from`, against the oldest claim that covers it and says
    /// what the rollup says.
    pub async fn prove(
        &self,
        from: Address,
        withdrawal: &Withdrawal,
    ) -> Result<AnyTransactionReceipt, Error> {
        let block = withdrawal.block;
        let claims = self.covering_claims(block).await?;
        let mut claims =
            claims.map_err(|claimed| Error::NotClaimed { claimed, block })?.into_iter();
        let mut false_claim = Error::NotClaimed { claimed: block, block };
        let (index, root, proof) = loop {
            let Some(claim) = claims.next() else { return Err(false_claim) };
            match self.withdrawal_proof(withdrawal, &claim).await {
                Ok((root, proof)) => break (claim.index, root, proof),
                Err(error @ Error::Contradiction(_)) => false_claim = error,
                Err(error) => return Err(error),
            }
        };
        let portal = Portal::new(self.contracts.portal, &self.parent);
        let call = portal
            .proveWithdrawalTransaction(withdrawal.message.clone(), index, root, proof)
            .from(from);
        self.send(Chain::Parent, "the proof", call).await
    }

    /// Has a proven withdrawal paid, whoever proved it; `from` pays for the gas.
    pub async fn finalize(
        &self,
        from: Address,
        withdrawal: &Withdrawal,
    ) -> Result<Finalized, Error> {
        match self.status_for(withdrawal, Some(from)).await? {
            WithdrawalStatus::ReadyToFinalize => {}
            WithdrawalStatus::Finalized => return Err(Error::Done),
            WithdrawalStatus::WaitingToFinalize { seconds_left } => {
                return Err(Error::NotRipe { seconds_left });
            }
            WithdrawalStatus::WaitingForProof => return Err(Error::NotProved),
            WithdrawalStatus::WaitingForClaim { .. } | WithdrawalStatus::ReadyToProve => {
                return Err(Error::NotProven(withdrawal.transaction));
            }
        }
        let proof = self.proof(withdrawal.hash, Some(from)).await?;
        let proof = proof.ok_or(Error::NotProven(withdrawal.transaction))?;
        let message = withdrawal.message.clone();
        let portal = Portal::new(self.contracts.portal, &self.parent);
        let call =
            portal.finalizeWithdrawalTransactionExternalProof(message, proof.submitter).from(from);
        let receipt = self.send(Chain::Parent, "the last step", call).await?;
        let logs = receipt.inner.inner.logs();
        let relayed = logs
            .iter()
            .filter(|log| log.address() == self.contracts.portal)
            .find_map(|log| log.log_decode::<Portal::WithdrawalFinalized>().ok())
            .is_some_and(|log| log.inner.data.success);
        let success = relayed && !relay_failed(logs, self.contracts.messenger);
        Ok(Finalized { receipt, success })
    }

    /// Of a withdrawal's proofs the one that ripens first; those against rejected claims are none.
    /// `own` is looked at in any case.
    async fn proof(&self, withdrawal: B256, own: Option<Address>) -> Result<Option<Proof>, Error> {
        let portal = Portal::new(self.contracts.portal, &self.parent);
        let count: u64 = portal.numProofSubmitters(withdrawal).call().await?.saturating_to();
        if count == 0 {
            return Ok(None);
        }
        let delay: u64 = portal.proofMaturityDelaySeconds().call().await?.saturating_to();
        let paused_until = portal.pausedUntil().call().await?;
        let now = self.parent_time().await?;
        let mut first: Option<Proof> = None;
        let mut submitters: Vec<Address> = own.into_iter().collect();
        for i in 0..count.min(PROOFS_MAX) {
            submitters.push(portal.proofSubmitters(withdrawal, U256::from(i)).call().await?);
        }
        for submitter in submitters {
            let proven = portal.provenWithdrawals(withdrawal, submitter).call().await?;
            if proven.timestamp == 0 {
                continue;
            }
            let claim = Claim::new(proven.disputeGameProxy, &self.parent);
            let final_at = match claim.status().call().await? {
                REJECTED => continue,
                FINAL => 0,
                _ => match claim.expectedResolution().call().await? {
                    0 => UNKNOWN,
                    // Not final yet, whatever the clock says.
                    expected => expected.max(now + 1),
                },
            };
            let ripe_at = proven.timestamp.saturating_add(delay).max(final_at).max(paused_until);
            if first.as_ref().is_none_or(|first| ripe_at < first.ripe_at) {
                first = Some(Proof { submitter, ripe_at });
            }
        }
        Ok(first)
    }

    /// The claims that reach `block`, oldest first, or the block that claims reach.
    async fn covering_claims(&self, block: u64) -> Result<Result<Vec<CoveringClaim>, u64>, Error> {
        let settlement = Settlement::new(self.contracts.settlement, &self.parent);
        let game_type =
            Portal::new(self.contracts.portal, &self.parent).respectedGameType().call().await?;
        let count: u64 = settlement.gameCount().call().await?.saturating_to();
        let Some(newest) = count.checked_sub(1) else { return Ok(Err(0)) };
        let claims = settlement
            .findLatestGames(game_type, U256::from(newest), U256::from(CLAIMS_MAX.min(count)))
            .call()
            .await?;
        let claims: Vec<_> = claims.iter().rev().filter_map(CoveringClaim::read).collect();
        let reached = claims.iter().map(|claim| claim.block).max().unwrap_or_default();
        let covering: Vec<_> = claims.into_iter().filter(|claim| claim.block >= block).collect();
        Ok(if covering.is_empty() { Err(reached) } else { Ok(covering) })
    }

    async fn withdrawal_proof(
        &self,
        withdrawal: &Withdrawal,
        claim: &CoveringClaim,
    ) -> Result<(OutputRootProof, Vec<Bytes>), Error> {
        let at = BlockId::number(claim.block);
        let block = self.rollup.get_block(at).await?.ok_or(Error::Behind(claim.block))?;
        let slot = keccak256((withdrawal.hash, U256::ZERO).abi_encode());
        let proof =
            self.rollup.get_proof(predeploy::MESSAGE_PASSER, vec![slot]).block_id(at).await?;
        let root = OutputRootProof {
            version: B256::ZERO,
            stateRoot: block.header.state_root,
            messagePasserStorageRoot: proof.storage_hash,
            latestBlockhash: block.header.hash,
        };
        if keccak256(root.abi_encode()) != claim.root {
            return Err(Error::Contradiction(format!(
                "its output root at block {} is not the claimed one",
                claim.block
            )));
        }
        let nodes = proof.storage_proof.into_iter().next().map(|p| p.proof).unwrap_or_default();
        Ok((root, nodes))
    }
}

fn withdrawal_of(receipt: &AnyTransactionReceipt) -> Result<Withdrawal, Error> {
    let transaction = receipt.transaction_hash;
    let block = receipt.block_number.unwrap_or_default();
    let passed = receipt
        .inner
        .inner
        .logs()
        .iter()
        .filter(|log| log.address() == predeploy::MESSAGE_PASSER)
        .find_map(|log| log.log_decode::<MessagePasser::MessagePassed>().ok())
        .ok_or(Error::NotAWithdrawal(transaction))?
        .inner
        .data;
    let message = WithdrawalTransaction {
        nonce: passed.nonce,
        sender: passed.sender,
        target: passed.target,
        value: passed.value,
        gasLimit: passed.gasLimit,
        data: passed.data,
    };
    let hash = keccak256(message.abi_encode_params());
    if hash != passed.withdrawalHash {
        return Err(Error::Contradiction("a withdrawal's hash is not that of its fields".into()));
    }
    Ok(Withdrawal { transaction, message, hash, block })
}

struct CoveringClaim {
    index: U256,
    root: B256,
    block: u64,
}

impl CoveringClaim {
    fn read(game: &Settlement::GameSearchResult) -> Option<Self> {
        let (block, ..) = <(U256, u64, u64, B256)>::abi_decode_params(&game.extraData).ok()?;
        Some(Self { index: game.index, root: game.rootClaim, block: block.try_into().ok()? })
    }
}
