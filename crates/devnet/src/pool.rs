//! Transactions that wait for a block. A pure state machine: knows nothing of the chain but what
//! its callers tell it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_consensus::transaction::Recovered;
use alloy_primitives::{Address, B256, U256};
use altana_protocol::Transaction;
use altana_rpc::SubmitError;

use crate::sidecar::Sidecar;

/// Most transactions of one account, and how far ahead of the account a nonce may be.
pub(crate) const MAX_PER_ACCOUNT: usize = 4_096;
/// Most transactions in all.
pub(crate) const MAX_TRANSACTIONS: usize = 32_768;
/// Most bytes of input in all.
pub(crate) const MAX_INPUT_BYTES: usize = 256 * 1024 * 1024;
/// Most blobs in all (32 MiB).
pub(crate) const MAX_BLOBS: usize = 256;

/// A transaction that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) tx: Arc<Recovered<Transaction>>,
    /// Its blobs, empty unless it is a blob transaction.
    pub(crate) sidecar: Sidecar,
    /// Arrival, for ties.
    order: u64,
}

impl Waiting {
    pub(crate) fn hash(&self) -> B256 {
        self.tx.inner().hash()
    }
}

/// Most that `tx` can take from its sender, in wei.
pub(crate) fn cost(tx: &Transaction) -> U256 {
    let gas = U256::from(tx.gas_limit()).saturating_mul(U256::from(tx.max_fee_per_gas()));
    let blob_gas = U256::from(tx.blob_gas_used().unwrap_or_default());
    let blobs = blob_gas.saturating_mul(U256::from(tx.max_fee_per_blob_gas().unwrap_or_default()));
    tx.value().saturating_add(gas).saturating_add(blobs)
}

/// The pool.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    senders: HashMap<Address, BTreeMap<u64, Arc<Waiting>>>,
    by_hash: HashMap<B256, (Address, u64)>,
    arrivals: u64,
    input_bytes: usize,
    blobs: usize,
    changes: u64,
}

impl Pool {
    /// Adds a transaction whose sender's next nonce is `next`; replaces one with the same nonce
    /// if the new one pays enough more. Returns what was replaced.
    pub(crate) fn insert(
        &mut self,
        tx: Recovered<Transaction>,
        sidecar: Sidecar,
        next: u64,
    ) -> Result<Option<Arc<Waiting>>, SubmitError> {
        let (hash, sender, nonce) = (tx.inner().hash(), tx.signer(), tx.nonce());
        if self.by_hash.contains_key(&hash) {
            return Err(SubmitError::AlreadyKnown);
        }
        if nonce < next {
            return Err(SubmitError::NonceTooLow { tx: nonce, state: next });
        }
        if nonce - next >= MAX_PER_ACCOUNT as u64 {
            return Err(SubmitError::NonceTooHigh { tx: nonce, state: next });
        }
        match self.get(sender, nonce) {
            Some(old) if !outbids(&tx, &old.tx) => Err(SubmitError::ReplacementUnderpriced),
            Some(old) => {
                let hash = old.hash();
                let old = self.remove(hash);
                self.add(tx, sidecar);
                Ok(old)
            }
            None => {
                self.check_room(&tx, &sidecar)?;
                self.add(tx, sidecar);
                Ok(None)
            }
        }
    }

    fn check_room(
        &self,
        tx: &Recovered<Transaction>,
        sidecar: &Sidecar,
    ) -> Result<(), SubmitError> {
        let of_sender = self.senders.get(&tx.signer()).map_or(0, BTreeMap::len);
        if of_sender >= MAX_PER_ACCOUNT {
            return Err(SubmitError::AccountLimit(format!("{of_sender} transactions wait")));
        }
        let fits = self.by_hash.len() < MAX_TRANSACTIONS
            && self.input_bytes.saturating_add(tx.input().len()) <= MAX_INPUT_BYTES
            && self.blobs + sidecar.len() <= MAX_BLOBS;
        if fits { Ok(()) } else { Err(SubmitError::PoolFull) }
    }

    fn add(&mut self, tx: Recovered<Transaction>, sidecar: Sidecar) {
        let (hash, sender, nonce) = (tx.inner().hash(), tx.signer(), tx.nonce());
        self.input_bytes += tx.input().len();
        self.blobs += sidecar.len();
        self.arrivals += 1;
        self.changes += 1;
        let waiting = Arc::new(Waiting { tx: Arc::new(tx), sidecar, order: self.arrivals });
        self.by_hash.insert(hash, (sender, nonce));
        self.senders.entry(sender).or_default().insert(nonce, waiting);
    }

    /// Takes a transaction out.
    pub(crate) fn remove(&mut self, hash: B256) -> Option<Arc<Waiting>> {
        let (sender, nonce) = self.by_hash.remove(&hash)?;
        let of_sender = self.senders.get_mut(&sender)?;
        let waiting = of_sender.remove(&nonce)?;
        if of_sender.is_empty() {
            self.senders.remove(&sender);
        }
        self.changes += 1;
        self.input_bytes -= waiting.tx.input().len();
        self.blobs -= waiting.sidecar.len();
        Some(waiting)
    }

    /// Takes everything out.
    pub(crate) fn clear(&mut self) {
        *self = Self { arrivals: self.arrivals, changes: self.changes + 1, ..Self::default() };
    }

    /// Takes out what `account` sent and can no longer use: nonces below `next`.
    pub(crate) fn prune(&mut self, account: Address, next: u64) {
        let Some(of_sender) = self.senders.get(&account) else { return };
        let stale: Vec<_> = of_sender.range(..next).map(|(_, w)| w.hash()).collect();
        for hash in stale {
            self.remove(hash);
        }
    }

    /// Differs whenever the content does.
    pub(crate) fn revision(&self) -> u64 {
        self.changes
    }

    pub(crate) fn by_hash(&self, hash: B256) -> Option<&Arc<Waiting>> {
        let (sender, nonce) = self.by_hash.get(&hash)?;
        self.get(*sender, *nonce)
    }

    fn get(&self, sender: Address, nonce: u64) -> Option<&Arc<Waiting>> {
        self.senders.get(&sender)?.get(&nonce)
    }

    /// Accounts with transactions.
    pub(crate) fn senders(&self) -> impl Iterator<Item = Address> {
        self.senders.keys().copied()
    }

    /// Transactions of `sender` that can follow each other from `next` on.
    pub(crate) fn pending_of(&self, sender: Address, next: u64) -> Vec<Arc<Waiting>> {
        let Some(of_sender) = self.senders.get(&sender) else { return Vec::new() };
        let mut expected = Some(next);
        let run = of_sender.range(next..).take_while(|(nonce, _)| {
            let follows = expected == Some(**nonce);
            expected = nonce.checked_add(1);
            follows
        });
        run.map(|(_, waiting)| waiting.clone()).collect()
    }

    /// All transactions of `sender` by nonce.
    pub(crate) fn of(&self, sender: Address) -> Vec<Arc<Waiting>> {
        self.senders.get(&sender).map_or_else(Vec::new, |txs| txs.values().cloned().collect())
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Transactions in the order in which a block takes them: best tip first, each sender's by
    /// nonce. Those whose fee caps are below `base_fee` or `blob_fee` wait, with all that follow.
    pub(crate) fn best(
        &self,
        nonces: &HashMap<Address, u64>,
        base_fee: u64,
        blob_fee: u128,
    ) -> Best {
        let mut best = Best { heads: BinaryHeap::new(), base_fee, blob_fee };
        for (sender, next) in nonces {
            best.queue(self.pending_of(*sender, *next).into_iter());
        }
        best
    }
}

/// Whether `new` pays enough more than `old` to replace it: 10 % (100 % with blobs) in each fee.
fn outbids(new: &Transaction, old: &Transaction) -> bool {
    let blobs = old.blob_versioned_hashes().is_some() || new.blob_versioned_hashes().is_some();
    let percent = if blobs { 200 } else { 110 };
    let enough =
        |new: u128, old: u128| new >= old.saturating_mul(percent).div_ceil(100) && new > old;
    enough(new.max_fee_per_gas(), old.max_fee_per_gas())
        && (enough(new.priority_fee_or_price(), old.priority_fee_or_price())
            || (new.priority_fee_or_price(), old.priority_fee_or_price()) == (0, 0))
        && match (new.max_fee_per_blob_gas(), old.max_fee_per_blob_gas()) {
            (Some(new), Some(old)) => enough(new, old),
            (None, Some(_)) => false,
            _ => true,
        }
}

/// See [`Pool::best`].
pub(crate) struct Best {
    heads: BinaryHeap<Head>,
    base_fee: u64,
    blob_fee: u128,
}

struct Head {
    rank: (u128, Reverse<u64>),
    waiting: Arc<Waiting>,
    rest: std::vec::IntoIter<Arc<Waiting>>,
}

impl Best {
    /// The next transaction. Tell [`Best::included`] if it went into the block; otherwise those
    /// that follow it are left out.
    pub(crate) fn next(&mut self) -> Option<Candidate> {
        let Head { waiting, rest, .. } = self.heads.pop()?;
        Some(Candidate { waiting, rest })
    }

    /// Lets the followers of `candidate` take part.
    pub(crate) fn included(&mut self, candidate: Candidate) {
        self.queue(candidate.rest);
    }

    fn queue(&mut self, mut run: std::vec::IntoIter<Arc<Waiting>>) {
        let Some(waiting) = run.next() else { return };
        let tip = waiting.tx.effective_tip_per_gas(self.base_fee);
        let blobs_paid = waiting.tx.max_fee_per_blob_gas().is_none_or(|fee| fee >= self.blob_fee);
        if let (Some(tip), true) = (tip, blobs_paid) {
            self.heads.push(Head { rank: (tip, Reverse(waiting.order)), waiting, rest: run });
        }
    }
}

/// A transaction offered to a block.
pub(crate) struct Candidate {
    pub(crate) waiting: Arc<Waiting>,
    rest: std::vec::IntoIter<Arc<Waiting>>,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}
impl Eq for Head {}
impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
