//! From the rollup to the parent, in three steps.

use crate::{Bridge, Error};
use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionReceipt,
    sol_types::SolValue,
};
use altana_contracts::{
    bindings::{
        Claim, MessagePasser, OutputRootProof, Portal, Settlement, StandardBridge,
        WithdrawalTransaction,
    },
    predeploy,
};
use serde::Serialize;

/// Gas on the parent for the bridge's half of a withdrawal.
const BRIDGE_GAS: u32 = 200_000;
/// Claims looked through for one that covers a withdrawal.
const CLAIMS_MAX: u64 = 1_000;
/// `ClaimStatus.Final`, numbered as OP Stack tools number a dispute game's status.
const FINAL: u8 = 2;
/// `ClaimStatus.Rejected`.
const REJECTED: u8 = 1;

/// A withdrawal that was made on the rollup.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// What the Portal will run.
    pub transaction: WithdrawalTransaction,
    /// Its hash, the key in the message passer.
    pub hash: B256,
    /// Rollup block that holds it.
    pub block: u64,
}

/// How far a withdrawal is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum Status {
    /// No claim covers it yet.
    WaitingForClaim {
        /// The newest claimed block; 0 if there is no claim.
        claimed_block: u64,
    },
    /// Prove it now.
    ReadyToProve,
    /// Proven; the claim or the proof has to ripen.
    WaitingToFinalize {
        /// What the Portal says is missing.
        why: String,
    },
    /// Have it paid now.
    ReadyToFinalize,
    /// Relayed. (A call that failed on the parent is relayed, too.)
    Finalized,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WaitingForClaim { claimed_block } => {
                write!(f, "waiting for a claim: claims reach rollup block {claimed_block}")
            }
            Self::ReadyToProve => f.write_str("ready to prove"),
            Self::WaitingToFinalize { why } => write!(f, "proven, waiting: {why}"),
            Self::ReadyToFinalize => f.write_str("ready to finalize"),
            Self::Finalized => f.write_str("finalized"),
        }
    }
}

impl Bridge {
    /// Withdraws ether: `value` wei leave the sender, and go to `to` on the parent.
    /// Answers the transaction on the rollup, which names the withdrawal from now on.
    pub async fn withdraw_ether(
        &self,
        to: Address,
        value: U256,
    ) -> Result<(B256, Withdrawal), Error> {
        let sent = MessagePasser::new(predeploy::MESSAGE_PASSER, &self.rollup)
            .initiateWithdrawal(to, U256::from(21_000), Bytes::new())
            .value(value)
            .send()
            .await?;
        let hash = *sent.tx_hash();
        Ok((hash, self.withdrawn(hash).await?))
    }

    /// Withdraws a bridged ERC-20, whose counterpart is `remote`.
    pub async fn withdraw_erc20(
        &self,
        token: Address,
        remote: Address,
        to: Address,
        amount: U256,
    ) -> Result<(B256, Withdrawal), Error> {
        let sent = StandardBridge::new(predeploy::STANDARD_BRIDGE, &self.rollup)
            .bridgeERC20To(token, remote, to, amount, BRIDGE_GAS, Bytes::new())
            .send()
            .await?;
        let hash = *sent.tx_hash();
        Ok((hash, self.withdrawn(hash).await?))
    }

    /// The withdrawal that a transaction on the rollup made.
    pub async fn withdrawn(&self, hash: B256) -> Result<Withdrawal, Error> {
        let receipt = Self::mined(&self.rollup, hash, "the withdrawal").await?;
        let block = receipt.block_number.unwrap_or_default();
        let passed = receipt
            .inner
            .logs()
            .iter()
            .filter(|log| log.address() == predeploy::MESSAGE_PASSER)
            .find_map(|log| log.log_decode::<MessagePasser::MessagePassed>().ok())
            .ok_or(Error::NotAWithdrawal(hash))?
            .inner
            .data;
        let transaction = WithdrawalTransaction {
            nonce: passed.nonce,
            sender: passed.sender,
            target: passed.target,
            value: passed.value,
            gasLimit: passed.gasLimit,
            data: passed.data,
        };
        let hash = keccak256(transaction.abi_encode_params());
        if hash != passed.withdrawalHash {
            return Err(Error::Contradiction(
                "a withdrawal's hash is not that of its fields".into(),
            ));
        }
        Ok(Withdrawal { transaction, hash, block })
    }

    /// How far a withdrawal is, if `submitter` proved it.
    pub async fn status(
        &self,
        withdrawal: &Withdrawal,
        submitter: Address,
    ) -> Result<Status, Error> {
        let portal = Portal::new(self.contracts.portal, &self.parent);
        if portal.finalizedWithdrawals(withdrawal.hash).call().await? {
            return Ok(Status::Finalized);
        }
        let proven = portal.provenWithdrawals(withdrawal.hash, submitter).call().await?;
        let rejected =
            proven.timestamp != 0 && self.claim_status(proven.disputeGameProxy).await? == REJECTED;
        if proven.timestamp == 0 || rejected {
            return Ok(match self.covering_claim(withdrawal.block).await? {
                Ok(_) => Status::ReadyToProve,
                Err(claimed_block) => Status::WaitingForClaim { claimed_block },
            });
        }
        match portal.checkWithdrawal(withdrawal.hash, submitter).call().await {
            Ok(_) => Ok(Status::ReadyToFinalize),
            Err(error) if error.as_revert_data().is_some() => {
                Ok(Status::WaitingToFinalize { why: self.what_is_missing(&proven).await? })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Proves a withdrawal on the parent, against the oldest claim that covers it.
    pub async fn prove(&self, withdrawal: &Withdrawal) -> Result<TransactionReceipt, Error> {
        let claim = self.covering_claim(withdrawal.block).await?.map_err(|claimed| {
            let block = withdrawal.block;
            Error::TooEarly(format!(
                "claims reach rollup block {claimed}, the withdrawal is in block {block}: wait for the proposer"
            ))
        })?;
        let (root, proof) = self.withdrawal_proof(withdrawal, &claim).await?;
        let sent = Portal::new(self.contracts.portal, &self.parent)
            .proveWithdrawalTransaction(withdrawal.transaction.clone(), claim.index, root, proof)
            .send()
            .await?;
        Self::mined(&self.parent, *sent.tx_hash(), "the proof").await
    }

    /// Has a proven withdrawal paid.
    pub async fn finalize(&self, withdrawal: &Withdrawal) -> Result<TransactionReceipt, Error> {
        let sent = Portal::new(self.contracts.portal, &self.parent)
            .finalizeWithdrawalTransaction(withdrawal.transaction.clone())
            .send()
            .await?;
        Self::mined(&self.parent, *sent.tx_hash(), "the finalisation").await
    }

    /// The oldest claim that reaches `block`, or the block that claims reach.
    async fn covering_claim(&self, block: u64) -> Result<Result<CoveringClaim, u64>, Error> {
        let settlement = Settlement::new(self.contracts.settlement, &self.parent);
        let game_type =
            Portal::new(self.contracts.portal, &self.parent).respectedGameType().call().await?;
        let count: u64 = settlement.gameCount().call().await?.saturating_to();
        let Some(newest) = count.checked_sub(1) else { return Ok(Err(0)) };
        let claims = settlement
            .findLatestGames(game_type, U256::from(newest), U256::from(CLAIMS_MAX.min(count)))
            .call()
            .await?;
        let claims = claims.iter().filter_map(CoveringClaim::read);
        let (mut oldest, mut reached) = (None, 0);
        for claim in claims {
            reached = reached.max(claim.block);
            if claim.block >= block {
                oldest = Some(claim);
            }
        }
        Ok(oldest.ok_or(reached))
    }

    async fn withdrawal_proof(
        &self,
        withdrawal: &Withdrawal,
        claim: &CoveringClaim,
    ) -> Result<(OutputRootProof, Vec<Bytes>), Error> {
        let at = BlockId::number(claim.block);
        let block = self.rollup.get_block(at).await?.ok_or_else(|| {
            Error::TooEarly(format!("this rollup node has not reached block {}", claim.block))
        })?;
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

    async fn claim_status(&self, claim: Address) -> Result<u8, Error> {
        Ok(Claim::new(claim, &self.parent).status().call().await?)
    }

    async fn what_is_missing(
        &self,
        proven: &Portal::provenWithdrawalsReturn,
    ) -> Result<String, Error> {
        if self.claim_status(proven.disputeGameProxy).await? != FINAL {
            let claim = Claim::new(proven.disputeGameProxy, &self.parent);
            let at = claim.expectedResolution().call().await?;
            return Ok(format!("the claim becomes final at parent time {at}"));
        }
        let portal = Portal::new(self.contracts.portal, &self.parent);
        let delay: u64 = portal.proofMaturityDelaySeconds().call().await?.saturating_to();
        Ok(format!("the proof matures at parent time {}", proven.timestamp.saturating_add(delay)))
    }
}

struct CoveringClaim {
    index: U256,
    root: B256,
    block: u64,
}

impl CoveringClaim {
    fn read(game: &Settlement::GameSearchResult) -> Option<Self> {
        let (block, _batch) = <(U256, u64)>::abi_decode_params(&game.extraData).ok()?;
        Some(Self { index: game.index, root: game.rootClaim, block: block.try_into().ok()? })
    }
}
