//! Going back to an earlier moment (`evm_snapshot`, `evm_revert`).

use std::collections::BTreeMap;
use std::sync::Arc;

use altana_ledger::Block;

use crate::chain::Chain;
use crate::clock::Clock;
use crate::miner::{ChainError, Miner};

/// Most snapshots kept; the oldest go.
const MAX_SNAPSHOTS: usize = 1_024;

/// Moments to return to, by id.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    next: u64,
    kept: BTreeMap<u64, Snapshot>,
}

#[derive(Debug)]
struct Snapshot {
    head: Arc<Block>,
    clock: Clock,
}

impl Snapshots {
    /// Ids and heads.
    pub(crate) fn list(&self) -> impl Iterator<Item = (u64, &Block)> {
        self.kept.iter().map(|(id, snapshot)| (*id, snapshot.head.as_ref()))
    }
}

impl Chain {
    /// Remembers this moment; returns its id.
    pub(crate) fn snapshot(&self, miner: &mut Miner) -> u64 {
        let clock = miner.clock.clone();
        let snapshots = &mut miner.snapshots;
        let id = snapshots.next;
        snapshots.next += 1;
        snapshots.kept.insert(id, Snapshot { head: self.ledger.head(), clock });
        if snapshots.kept.len() > MAX_SNAPSHOTS {
            snapshots.kept.pop_first();
        }
        id
    }

    /// Returns to a moment: its head and its clock; the pool becomes empty. The snapshot and all
    /// later ones are gone. `false`: there is no such snapshot, or its block has been
    /// reorganised away.
    pub(crate) fn revert(&self, miner: &mut Miner, id: u64) -> Result<bool, ChainError> {
        let mut later = miner.snapshots.kept.split_off(&id);
        let Some(Snapshot { head, clock }) = later.remove(&id) else {
            miner.snapshots.kept.append(&mut later);
            return Ok(false);
        };
        if !self.ledger.is_canonical(head.hash())? {
            return Ok(false);
        }
        self.rewind(miner, &head)?;
        self.pool.lock().clear();
        miner.clock = clock;
        Ok(true)
    }
}
