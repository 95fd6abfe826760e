//! What the Inbox's state says about its log.

use crate::{ParentError, inbox::InboxReader, rpc::CallError};
use alloy::{
    eips::BlockId, network::TransactionBuilder, primitives::B256, providers::Provider,
    rpc::types::TransactionRequest, sol_types::SolCall,
};
use altana_contracts::bindings::Inbox;

/// How much the Inbox had taken in at some block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) messages: u64,
    pub(crate) acc: B256,
    pub(crate) batches: u64,
    pub(crate) batch_hash: B256,
}

impl InboxReader {
    /// The position at a block; `None` if the RPC no longer has that block's state.
    pub(crate) async fn position(&self, block: BlockId) -> Result<Option<Position>, ParentError> {
        let length = self.view(Inbox::queueLengthCall {}, block);
        let last = self.view(Inbox::lastBatchCall {}, block);
        let (Some(length), Some(last)) = futures::try_join!(length, last)? else { return Ok(None) };
        // The Inbox was not there yet.
        let (Some(messages), Some(batches)) = (length, last) else {
            return Ok(Some(Position::default()));
        };
        let acc = self.view(Inbox::queueAccCall { count: messages }, block);
        let hash = self.view(Inbox::batchHashCall { index: batches }, block);
        let (acc, batch_hash) = futures::try_join!(acc, hash)?;
        let known = acc.flatten().zip(batch_hash.flatten());
        Ok(known.map(|(acc, batch_hash)| Position { messages, acc, batches, batch_hash }))
    }

    /// `queueAcc[count]` as the newest block has it; it never changes once it is set.
    pub(crate) async fn acc(&self, count: u64) -> Result<B256, ParentError> {
        self.latest(Inbox::queueAccCall { count }).await
    }

    /// `batchHash[index]` as the newest block has it; it never changes once it is set.
    pub(crate) async fn batch_hash(&self, index: u64) -> Result<B256, ParentError> {
        self.latest(Inbox::batchHashCall { index }).await
    }

    pub(crate) async fn latest<C: SolCall + Clone>(
        &self,
        call: C,
    ) -> Result<C::Return, ParentError> {
        match self.view(call, BlockId::latest()).await? {
            Some(Some(answer)) => Ok(answer),
            Some(None) => Err(ParentError::Fatal(format!("there is no Inbox at {}", self.inbox))),
            None => Err(ParentError::temporary("the RPC refuses to call the Inbox")),
        }
    }

    /// `None`: the RPC refuses (it lacks the state); `Some(None)`: no contract at this block.
    async fn view<C: SolCall + Clone>(
        &self,
        call: C,
        block: BlockId,
    ) -> Result<Option<Option<C::Return>>, ParentError> {
        let tx = TransactionRequest::default().with_to(self.inbox).with_input(call.abi_encode());
        let request = |provider: alloy::providers::DynProvider| {
            let tx = tx.clone();
            async move { provider.call(tx).block(block).await }
        };
        match self.parent.rpc.ask(C::SIGNATURE, request).await {
            Ok(output) if output.is_empty() => Ok(Some(None)),
            Ok(output) => {
                let answer = C::abi_decode_returns(&output).map_err(ParentError::temporary)?;
                Ok(Some(Some(answer)))
            }
            Err(CallError::Refused(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
