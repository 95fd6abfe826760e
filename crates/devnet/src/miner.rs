//! Making blocks.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use altana_ledger::{
    Block, BlockAttributes, BlockBuilder, InvalidTransaction, Ledger, Override, PushError,
};
use altana_rpc::RpcError;

use crate::beacon_block::{BeaconBody, BeaconHeader, prev_randao};
use crate::blobs::BlobStore;
use crate::chain::{Chain, now};
use crate::clock::Clock;
use crate::config::{Config, Mining};
use crate::error::Error;
use crate::reorg::Dice;
use crate::snapshot::Snapshots;

/// Beacon roots by which a block can be asked for.
const MAX_ROOTS: usize = 8_192;
/// Accounts impersonated at a time.
const MAX_IMPERSONATED: usize = 1_024;

/// What decides about the next block. Whoever holds it may change the chain.
pub(crate) struct Miner {
    pub(crate) automine: bool,
    pub(crate) clock: Clock,
    pub(crate) coinbase: Address,
    /// Replace what follows from the parent block, once or for good.
    pub(crate) next_base_fee: Option<u64>,
    pub(crate) gas_limit: Option<u64>,
    pub(crate) snapshots: Snapshots,
    pub(crate) impersonated: HashSet<Address>,
    pub(crate) impersonate_all: bool,
    pub(crate) dice: Option<Dice>,
    /// Makes two blocks on one parent differ.
    forks: u64,
    roots: Roots,
}

/// A block to make.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// `None`: as the clock says.
    pub(crate) timestamp: Option<u64>,
    /// Leave the pool alone, and what is set for the next block.
    pub(crate) empty: bool,
    /// Written over the state.
    pub(crate) overrides: Vec<Override>,
}

impl Order {
    /// A block in the place of another.
    pub(crate) fn like(block: &Block, empty: bool) -> Self {
        let timestamp = Some(block.header.timestamp);
        Self { timestamp, empty, overrides: block.overrides.clone() }
    }
}

/// Transactions that can never run, which left the pool.
pub(crate) type Dropped = Vec<(B256, InvalidTransaction)>;

impl Miner {
    pub(crate) fn new(config: &Config, ledger: &Ledger, blobs: &BlobStore) -> Result<Self, Error> {
        let genesis = ledger.genesis().header.timestamp;
        let mut roots = Roots { genesis, ..Roots::default() };
        roots.read(ledger, blobs).map_err(|e| Error::Store(e.to_string()))?;
        Ok(Self {
            automine: config.mining == Mining::Instant,
            clock: Clock::default(),
            coinbase: Address::ZERO,
            next_base_fee: None,
            gas_limit: None,
            snapshots: Snapshots::default(),
            impersonated: HashSet::new(),
            impersonate_all: false,
            dice: config.reorgs.map(Dice::new),
            forks: 0,
            roots,
        })
    }

    /// What the next block on `parent` is like.
    pub(crate) fn attributes(&self, parent: &Block, timestamp: u64) -> BlockAttributes {
        BlockAttributes {
            timestamp,
            mix_hash: Some(prev_randao(parent.hash(), self.forks)),
            beneficiary: self.coinbase,
            gas_limit: self.gas_limit,
            base_fee: self.next_base_fee,
            parent_beacon_block_root: Some(self.roots.head),
            extra_data: Bytes::from_static(b"altana"),
            ..Default::default()
        }
    }

    /// Lets transactions of `address` in without its key.
    pub(crate) fn impersonate(&mut self, address: Address) -> Result<(), RpcError> {
        if self.impersonated.len() >= MAX_IMPERSONATED {
            return Err(RpcError::Limit(format!("more than {MAX_IMPERSONATED} accounts")));
        }
        self.impersonated.insert(address);
        Ok(())
    }

    pub(crate) fn may_impersonate(&self, address: Address) -> bool {
        self.impersonate_all || self.impersonated.contains(&address)
    }

    /// The block with this beacon root.
    pub(crate) fn by_root(&self, root: B256) -> Option<B256> {
        self.roots.blocks.get(&root).copied()
    }
}

impl Chain {
    /// Makes blocks until none of the waiting transactions can run.
    pub(crate) fn mine_ready(&self, miner: &mut Miner) -> Result<Dropped, ChainError> {
        let mut all_dropped = Dropped::new();
        while self.has_ready()? {
            let (block, dropped) = self.mine_one(miner, Order::default())?;
            all_dropped.extend(dropped);
            if block.transactions.is_empty() {
                break;
            }
        }
        Ok(all_dropped)
    }

    /// Makes a block as if its time had come; then the dice may reorganise the chain.
    pub(crate) fn mine(&self, miner: &mut Miner, order: Order) -> Result<Arc<Block>, ChainError> {
        let (block, _) = self.mine_one(miner, order)?;
        Ok(block)
    }

    fn mine_one(
        &self,
        miner: &mut Miner,
        order: Order,
    ) -> Result<(Arc<Block>, Dropped), ChainError> {
        let made = self.extend(miner, order)?;
        self.roll_dice(miner)?;
        Ok(made)
    }

    /// Puts one block on the head.
    pub(crate) fn extend(
        &self,
        miner: &mut Miner,
        order: Order,
    ) -> Result<(Arc<Block>, Dropped), ChainError> {
        let parent = self.ledger.head();
        let newest = parent.header.timestamp;
        let timestamp = order.timestamp.unwrap_or_else(|| miner.clock.take(now(), newest));
        miner.forks += 1;
        let base_fee = if order.empty { None } else { miner.next_base_fee.take() };
        let attributes = BlockAttributes {
            base_fee,
            overrides: order.overrides,
            ..miner.attributes(&parent, timestamp)
        };
        let mut builder = self.ledger.build(parent.hash(), attributes)?;
        let dropped = if order.empty { Dropped::new() } else { self.fill(&mut builder, base_fee)? };
        let block = self.ledger.commit(builder.seal()?)?;
        self.settle(miner, &block)?;
        Ok((block, dropped))
    }

    /// Offers the pool's transactions to a block.
    fn fill(
        &self,
        builder: &mut BlockBuilder,
        base_fee: Option<u64>,
    ) -> Result<Dropped, ChainError> {
        let fees = self.ledger.next_fees();
        let base_fee = base_fee.unwrap_or(fees.base_fee);
        let nonces = self.nonces()?;
        let mut best =
            self.pool.lock().best(&nonces, base_fee, fees.blob_base_fee.unwrap_or_default());
        let mut dropped = Dropped::new();
        while let Some(candidate) = best.next() {
            let waiting = &candidate.waiting;
            match builder.push(waiting.tx.as_ref().clone()) {
                Ok(_) => {
                    // Before the block: whoever sees it can ask for its blobs.
                    let mut blobs = self.blobs.write();
                    for blob in &waiting.sidecar {
                        blobs.put(blob)?;
                    }
                    drop(blobs);
                    best.included(candidate);
                }
                Err(PushError::Database(error)) => return Err(error.into()),
                Err(PushError::Invalid(why)) if !why.may_become_valid() => {
                    let hash = waiting.hash();
                    self.pool.lock().remove(hash);
                    dropped.push((hash, why));
                }
                // Later, perhaps.
                Err(PushError::Invalid(_)) => {}
            }
        }
        Ok(dropped)
    }

    /// Next nonces of all accounts with waiting transactions.
    pub(crate) fn nonces(&self) -> Result<HashMap<Address, u64>, ChainError> {
        let senders: Vec<_> = self.pool.lock().senders().collect();
        let state = self.ledger.state(self.ledger.head().hash())?;
        let nonce = |sender| Ok((sender, state.account(sender)?.unwrap_or_default().nonce));
        senders.into_iter().map(nonce).collect()
    }

    fn has_ready(&self) -> Result<bool, ChainError> {
        let nonces = self.nonces()?;
        let fees = self.ledger.next_fees();
        let blob_fee = fees.blob_base_fee.unwrap_or_default();
        Ok(self.pool.lock().best(&nonces, fees.base_fee, blob_fee).next().is_some())
    }

    /// After a block: the pool forgets what is mined, `safe` and `finalized` move.
    fn settle(&self, miner: &mut Miner, block: &Block) -> Result<(), ChainError> {
        let nonces = self.nonces()?;
        let mut pool = self.pool.lock();
        for tx in &block.transactions {
            pool.remove(tx.inner().hash());
        }
        for (account, next) in nonces {
            pool.prune(account, next);
        }
        drop(pool);
        miner.roots.add(block, &self.blobs.read())?;
        let number = block.number();
        let safe = number.saturating_sub(self.config.safe_depth);
        if let Some(block) = self.ledger.block_by_number(safe)?
            && safe > self.ledger.safe().number()
        {
            self.ledger.set_safe(block.hash())?;
        }
        let finalized = number.saturating_sub(self.config.finalized_depth);
        if let Some(block) = self.ledger.block_by_number(finalized)?
            && finalized > self.ledger.finalized().number()
        {
            self.ledger.set_finalized(block.hash())?;
        }
        Ok(())
    }

    /// Makes an older canonical block the head again.
    pub(crate) fn rewind(&self, miner: &mut Miner, to: &Block) -> Result<(), ChainError> {
        self.ledger.rewind(to.hash())?;
        miner.roots.add(to, &self.blobs.read())?;
        Ok(())
    }
}

/// Why the chain could not change. The ledger decides which are final.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChainError {
    #[error(transparent)]
    Ledger(#[from] altana_ledger::Error),
    #[error("blobs: {0}")]
    Blobs(#[from] std::io::Error),
}

/// The beacon roots of the newest blocks.
#[derive(Debug, Default)]
struct Roots {
    blocks: HashMap<B256, B256>,
    order: VecDeque<B256>,
    head: B256,
    /// Timestamp of slot 0.
    genesis: u64,
}

impl Roots {
    /// Makes `block` the head.
    fn add(&mut self, block: &Block, blobs: &BlobStore) -> std::io::Result<()> {
        self.head = beacon_parts(block, self.genesis, blobs)?.0.root();
        self.insert(self.head, block.hash());
        Ok(())
    }

    fn insert(&mut self, root: B256, block: B256) {
        if self.blocks.insert(root, block).is_none() {
            self.order.push_back(root);
        }
        if self.order.len() > MAX_ROOTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.blocks.remove(&oldest);
        }
    }

    /// After a restart: each block names the root of the one before it.
    fn read(&mut self, ledger: &Ledger, blobs: &BlobStore) -> Result<(), ChainError> {
        let head = ledger.head();
        let oldest = head.number().saturating_sub(MAX_ROOTS as u64 - 1);
        for number in oldest..head.number() {
            let Some(block) = ledger.block_by_number(number + 1)? else { break };
            let root = block.header.parent_beacon_block_root.unwrap_or_default();
            self.insert(root, block.header.parent_hash);
        }
        Ok(self.add(&head, blobs)?)
    }
}

/// The beacon block behind `block`.
pub(crate) fn beacon_parts(
    block: &Block,
    genesis_timestamp: u64,
    blobs: &BlobStore,
) -> std::io::Result<(BeaconHeader, BeaconBody)> {
    use alloy_consensus::Transaction as _;
    let hashes =
        block.transactions.iter().flat_map(|tx| tx.blob_versioned_hashes().unwrap_or_default());
    let mut commitments = Vec::new();
    for hash in hashes {
        commitments.extend(blobs.get(*hash)?.map(|blob| blob.commitment));
    }
    let body = BeaconBody::new(&commitments);
    let header = BeaconHeader {
        slot: block.header.timestamp.saturating_sub(genesis_timestamp),
        parent_root: block.header.parent_beacon_block_root.unwrap_or_default(),
        state_root: block.hash(),
        body_root: body.root(),
    };
    Ok((header, body))
}
