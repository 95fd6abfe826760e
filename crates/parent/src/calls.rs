//! The two calls that a rollup's node makes on its parent: commit a batch, claim an output root.

use crate::{
    Parent, ParentError, Sender,
    seam::{BatchSender, Claim, ClaimSender, Commit, Proposal},
    sender::{Request, SendError, Sent},
};
use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolValue},
};
use altana_contracts::bindings::{Claim as ClaimContract, Inbox, Settlement};
use altana_protocol::batch::{Blob, blobs_from_payload};

/// Commits batches from one account.
#[derive(Debug)]
pub struct Batches {
    /// The account.
    pub sender: Sender,
    /// The Inbox.
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
    /// The Settlement.
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
        let count: u64 =
            settlement.gameCount().call().await.map_err(ParentError::temporary)?.saturating_to();
        let newest = count.checked_sub(1).ok_or_else(|| ParentError::Fatal("no claims".into()))?;
        let game =
            settlement.gameAtIndex(U256::ZERO).call().await.map_err(ParentError::temporary)?;
        let found = settlement
            .findLatestGames(game.gameType, U256::from(newest), U256::from(max))
            .call()
            .await
            .map_err(ParentError::temporary)?;
        let mut claims: Vec<Claim> = found.iter().filter_map(read).collect();
        if !claims.iter().any(|claim| claim.index == 0) {
            let genesis = ClaimContract::new(game.proxy, provider);
            let output_root = genesis.rootClaim().call().await.map_err(ParentError::temporary)?;
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
    blobs: Vec<Blob>,
) -> Result<Sent, ParentError> {
    sender.send(Request { to, value: U256::ZERO, data, blobs }).await.map_err(|error| match error {
        // Nothing was sent: as if it had been overtaken.
        SendError::Reverted(why) => ParentError::Temporary(why),
        SendError::Parent(error) => error,
        other => ParentError::Fatal(other.to_string()),
    })
}
