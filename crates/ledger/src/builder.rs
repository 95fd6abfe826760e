//! Building one block.

use crate::{Block, Error, InvalidTransaction, Simulator, StateView};
use alloy_consensus::transaction::Recovered;
use altana_protocol::{Receipt, Transaction};
use std::sync::Arc;

/// A block being built on some stored block. Nothing is stored before [`crate::Ledger::commit`].
#[derive(Debug)]
pub struct BlockBuilder {}

impl BlockBuilder {
    /// Executes one more transaction. On an error the builder is as it was before.
    pub fn push(
        &mut self,
        transaction: Recovered<Transaction>,
    ) -> Result<&Receipt, InvalidTransaction> {
        let _ = transaction;
        unimplemented!()
    }

    /// Gas that is left for transactions.
    pub fn gas_left(&self) -> u64 {
        unimplemented!()
    }

    /// Transactions pushed so far, deposits included.
    pub fn len(&self) -> usize {
        unimplemented!()
    }

    /// Whether the block holds no transaction.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The block and its state so far, for the `pending` tag. The header has no roots and no
    /// meaningful hash yet.
    pub fn snapshot(&self) -> Result<Pending, Error> {
        unimplemented!()
    }

    /// Ends the block: system calls, withdrawals, all roots.
    pub fn seal(self) -> Result<SealedBlock, Error> {
        unimplemented!()
    }
}

/// A block that is still being built, as of one moment.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The block so far. Its roots are zero and its hash names nothing.
    pub block: Arc<Block>,
    /// The state after its last transaction.
    pub state: StateView,
}

impl Pending {
    /// Calls on this state, in this block's environment.
    pub fn simulate(&self) -> Result<Simulator, Error> {
        unimplemented!()
    }
}

/// A built or checked block with its changes to the state, ready for [`crate::Ledger::commit`].
#[derive(Clone, Debug)]
pub struct SealedBlock {
    /// The block.
    pub block: Arc<Block>,
}
