//! Joins the node's view of a parent chain to the RPC client that has it.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolValue},
};
use altana_contracts::bindings::{Claim as ClaimContract, Inbox, Settlement};
use altana_node::parent::{
    BatchSender, Claim, ClaimSender, Commit, CommittedBatch, Heads, InboxLog, InboxMessage,
    InboxTerms, ParentBlock, ParentError, ParentReader, Proposal, Sent,
};
use altana_parent::{
    InboxReader, Parent, Sender,
    sender::{Request, SendError},
};
use altana_protocol::batch::blobs_from_payload;

/// Reads one rollup's contracts on its parent.
#[derive(Debug)]
pub struct Reader {
    inbox: InboxReader,
}

impl Reader {
    /// Over a connection to the parent.
    pub fn new(parent: Parent, inbox: Address, portal: Address) -> Self {
        Self { inbox: InboxReader::new(parent, inbox, portal) }
    }

    /// What the Inbox was deployed with.
    pub async fn terms(&self) -> Result<InboxTerms, ParentError> {
        let terms = self.inbox.terms().await.map_err(error)?;
        Ok(InboxTerms {
            force_inclusion_delay: terms.force_inclusion_delay,
            sequencer_timeout: terms.sequencer_timeout,
            max_batch_age: terms.max_batch_age,
        })
    }
}

impl ParentReader for Reader {
    async fn heads(&self) -> Result<Heads, ParentError> {
        let heads = self.inbox.parent().heads().await.map_err(error)?;
        let blob_base_fee = heads.blob_base_fee.unwrap_or(u128::MAX);
        Ok(Heads {
            latest: block(heads.latest, blob_base_fee),
            safe: block(heads.safe, blob_base_fee),
            finalized: block(heads.finalized, blob_base_fee),
        })
    }

    async fn block(&self, number: u64) -> Result<Option<ParentBlock>, ParentError> {
        let found = self.inbox.parent().block(number).await.map_err(error)?;
        Ok(found.map(|found| block(found, 0)))
    }

    async fn inbox_log(&self, from: u64, to: &ParentBlock) -> Result<InboxLog, ParentError> {
        let to = altana_parent::ParentBlock {
            number: to.number,
            hash: to.hash,
            parent_hash: to.parent_hash,
            timestamp: to.timestamp,
            base_fee: to.base_fee,
        };
        let log = self.inbox.log(from, &to).await.map_err(error)?;
        let message = |m: altana_parent::InboxMessage| InboxMessage {
            queued: m.queued,
            label: m.label,
            block_hash: m.block_hash,
        };
        let batch = |b: altana_parent::CommittedBatch| CommittedBatch {
            header: b.header,
            data: b.data,
            block_number: b.block_number,
            block_hash: b.block_hash,
        };
        Ok(InboxLog {
            messages: log.messages.into_iter().map(message).collect(),
            batches: log.batches.into_iter().map(batch).collect(),
        })
    }

    async fn payload(&self, batch: &CommittedBatch) -> Result<Option<Bytes>, ParentError> {
        let batch = altana_parent::CommittedBatch {
            header: batch.header.clone(),
            data: batch.data.clone(),
            block_number: batch.block_number,
            block_hash: batch.block_hash,
            transaction: Default::default(),
        };
        self.inbox.payload(&batch).await.map_err(error)
    }
}

/// Commits batches from one account.
#[derive(Debug)]
pub struct Batches {
    /// The account.
    pub sender: Sender,
    /// Where to.
    pub inbox: Address,
}

impl BatchSender for Batches {
    async fn commit(&self, commit: Commit) -> Result<Sent, ParentError> {
        let too_large = || ParentError::Fatal("a payload does not fit into six blobs".into());
        let (blobs, payload) = if commit.blobs {
            (blobs_from_payload(&commit.payload).ok_or_else(too_large)?, Bytes::new())
        } else {
            (Vec::new(), commit.payload)
        };
        let call = Inbox::commitBatchCall {
            index: commit.index,
            firstTimestamp: commit.first_timestamp,
            lastTimestamp: commit.last_timestamp,
            queueEnd: commit.queue_end,
            payload,
        };
        send(&self.sender, self.inbox, call.abi_encode().into(), blobs).await
    }
}

/// Claims output roots from one account.
#[derive(Debug)]
pub struct Claims {
    /// The account.
    pub sender: Sender,
    /// The connection to ask.
    pub parent: Parent,
    /// Where to.
    pub settlement: Address,
}

impl ClaimSender for Claims {
    async fn propose(&self, proposal: Proposal) -> Result<Sent, ParentError> {
        let call = Settlement::proposeCall {
            parentIndex: proposal.parent_claim,
            batchIndex: proposal.batch_index,
            batchHash: proposal.batch_hash,
            outputRoot: proposal.output_root,
            lastBlock: proposal.last_block,
        };
        send(&self.sender, self.settlement, call.abi_encode().into(), Vec::new()).await
    }

    async fn claims(&self, max: usize) -> Result<Vec<Claim>, ParentError> {
        let provider = self.parent.provider();
        let settlement = Settlement::new(self.settlement, provider);
        let count: u64 = settlement.gameCount().call().await.map_err(contract)?.saturating_to();
        let newest = count.checked_sub(1).ok_or_else(|| ParentError::Fatal("no claims".into()))?;
        let game = settlement.gameAtIndex(U256::ZERO).call().await.map_err(contract)?;
        let found = settlement
            .findLatestGames(game.gameType, U256::from(newest), U256::from(max))
            .call()
            .await
            .map_err(contract)?;
        let mut claims: Vec<Claim> = found.iter().filter_map(read).collect();
        if !claims.iter().any(|claim| claim.index == 0) {
            let genesis = ClaimContract::new(game.proxy, provider);
            let output_root = genesis.rootClaim().call().await.map_err(contract)?;
            claims.push(Claim { index: 0, batch_index: 0, output_root, last_block: 0 });
        }
        Ok(claims)
    }
}

fn read(game: &Settlement::GameSearchResult) -> Option<Claim> {
    let (last_block, batch_index) = <(U256, u64)>::abi_decode_params(&game.extraData).ok()?;
    Some(Claim {
        index: game.index.try_into().ok()?,
        batch_index,
        output_root: game.rootClaim,
        last_block: last_block.try_into().ok()?,
    })
}

async fn send(
    sender: &Sender,
    to: Address,
    data: Bytes,
    blobs: Vec<altana_protocol::batch::Blob>,
) -> Result<Sent, ParentError> {
    let request = Request { to, value: U256::ZERO, data, blobs };
    let sent = match sender.send(request).await {
        Ok(sent) => sent,
        // Nothing was sent: as if it had been overtaken.
        Err(SendError::Reverted(why)) => return Err(ParentError::Retry(why)),
        Err(SendError::Parent(why)) => return Err(error(why)),
        Err(other) => return Err(ParentError::Fatal(other.to_string())),
    };
    if let Some(why) = &sent.reverted {
        tracing::warn!(%why, hash = %sent.hash, "a transaction was reverted");
    }
    Ok(Sent {
        hash: sent.hash,
        block_number: sent.block_number,
        success: sent.reverted.is_none(),
        gas_used: sent.gas_used,
        fee: sent.fee,
    })
}

fn block(block: altana_parent::ParentBlock, blob_base_fee: u128) -> ParentBlock {
    ParentBlock {
        number: block.number,
        hash: block.hash,
        parent_hash: block.parent_hash,
        timestamp: block.timestamp,
        base_fee: block.base_fee,
        blob_base_fee,
    }
}

fn error(error: altana_parent::ParentError) -> ParentError {
    match error {
        altana_parent::ParentError::Temporary(why) => ParentError::Retry(why),
        altana_parent::ParentError::Reset(why) => ParentError::Reorganised(why),
        altana_parent::ParentError::Fatal(why) => ParentError::Fatal(why),
    }
}

fn contract(error: alloy::contract::Error) -> ParentError {
    ParentError::Retry(error.to_string())
}
