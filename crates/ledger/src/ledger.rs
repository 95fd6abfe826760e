//! The ledger: opening, committing, rewinding.

use crate::{
    Block, BlockAttributes, BlockBody, BlockBuilder, Error, Rules, SealedBlock, StateView, builder,
    cache::{BlockCache, TrieCache},
    genesis,
    state::{Source, Trie},
    store::{Base, Limits, Log, Record, Store, codec},
};
use alloy_consensus::{Header, Sealed};
use alloy_genesis::Genesis;
use alloy_primitives::B256;
use altana_protocol::ChainSpec;
use parking_lot::{Mutex, RwLock};
use std::{fs, path::Path, sync::Arc};
use tokio::sync::broadcast;

/// Bytes that a loaded trie node takes, about.
const LOADED_NODE_BYTES: usize = 400;
/// Events a slow subscriber may fall behind before it loses some.
pub const EVENTS_MAX: usize = 1024;
/// Most removed blocks that one [`ChainEvent`] carries; a longer rewind tells of the newest.
pub const EVENT_REMOVED_MAX: usize = 1024;

/// Bounds of a ledger's resources.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of the newest state that stay loaded for fast execution.
    pub state_cache_bytes: usize,
    /// Bytes of the database kept in memory.
    pub database_cache_bytes: u64,
    /// Bytes of blocks kept in memory for fast reads.
    pub block_cache_bytes: usize,
    /// Bytes of new state that are merged into the database together. Up to four times as many
    /// may wait in memory.
    pub merge_bytes: usize,
    /// Blocks that are merged together at the latest: what a restart executes again.
    pub merge_blocks: usize,
    /// Most bytes that each of the block log and the database may take, on disk or (without a
    /// folder) in memory; beyond, the ledger behaves as if the disk were full. `None`: what the
    /// disk holds, and [`MEMORY_BYTES_MAX`] without a folder.
    pub storage_bytes_max: Option<u64>,
}

/// Default bound of a ledger without a folder, for each of its log and its tables.
pub const MEMORY_BYTES_MAX: u64 = 4 << 30;

impl Default for Options {
    fn default() -> Self {
        Self {
            state_cache_bytes: 768 << 20,
            database_cache_bytes: 128 << 20,
            block_cache_bytes: 64 << 20,
            merge_bytes: 64 << 20,
            merge_blocks: 1024,
            storage_bytes_max: None,
        }
    }
}

/// What changed about the canonical chain. A reorganisation removes, then adds.
#[derive(Clone, Debug, Default)]
pub struct ChainEvent {
    /// Blocks that left the chain, newest first, at most [`EVENT_REMOVED_MAX`].
    pub removed: Vec<Arc<Block>>,
    /// Blocks that joined it, oldest first.
    pub added: Vec<Arc<Block>>,
}

/// An EVM chain with its states. Cheap to clone; all clones are one ledger.
///
/// Reads never wait for a block that is being executed. Writes (commit, rewind, heads) come one
/// after the other. Everything that is stored is written to the folder when the last clone is
/// dropped; if the process dies before, [`Ledger::open`] makes up for it.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) rules: Arc<Rules>,
    options: Options,
    genesis: Arc<Block>,
    pub(crate) store: Arc<Store>,
    heads: RwLock<Heads>,
    writer: Mutex<()>,
    tries: Mutex<TrieCache>,
    blocks: Mutex<BlockCache>,
    events: broadcast::Sender<ChainEvent>,
}

#[derive(Clone, Debug)]
struct Heads {
    head: Arc<Block>,
    safe: Arc<Block>,
    finalized: Arc<Block>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.store.close();
    }
}

impl Ledger {
    /// Opens the chain in a folder, or begins it; without a folder it lives in memory. Blocks
    /// that were committed but not yet merged into the database when the process died are
    /// executed again, and must give the same state roots.
    pub fn open(
        dir: Option<&Path>,
        genesis: &Genesis,
        rules: Rules,
        options: Options,
    ) -> Result<Self, Error> {
        if let Rules::Rollup(spec) = &rules {
            spec.validate().map_err(|error| Error::Config(error.to_string()))?;
        }
        let store = open_store(dir, &options)?;
        let source = Source { store: Arc::clone(&store), recorder: None };
        let (block, update) = genesis::block(genesis, &rules, source)?;
        check_genesis(&rules, block.hash())?;
        store.check_identity(block.hash())?;
        let trie = update.trie.clone();
        let genesis = Arc::new(block);
        let heads = Heads {
            head: Arc::clone(&genesis),
            safe: Arc::clone(&genesis),
            finalized: Arc::clone(&genesis),
        };
        let max_nodes = options.state_cache_bytes / LOADED_NODE_BYTES;
        let mut tries = TrieCache::default();
        tries.insert(trie);
        let ledger = Self {
            inner: Arc::new(Inner {
                rules: Arc::new(rules),
                blocks: Mutex::new(BlockCache::new(options.block_cache_bytes)),
                options,
                genesis,
                store,
                heads: RwLock::new(heads),
                writer: Mutex::default(),
                tries: Mutex::new(tries),
                events: broadcast::channel(EVENTS_MAX).0,
            }),
        };
        ledger.restore(&update)?;
        // Only now has the store what is forgotten here.
        ledger.inner.tries.lock().prune_all(max_nodes);
        Ok(ledger)
    }

    /// Brings the heads to where the log ends.
    fn restore(&self, genesis: &crate::execute::StateUpdate) -> Result<(), Error> {
        let inner = &self.inner;
        let from = match inner.store.merged()? {
            Some(meta) => {
                *inner.heads.write() = Heads {
                    head: self.require(meta.head)?,
                    safe: self.require(meta.safe)?,
                    finalized: self.require(meta.finalized)?,
                };
                meta.position
            }
            None => {
                if inner.store.log.end() == inner.store.log.start() {
                    inner.store.append(&Record::Block(codec::encode(&inner.genesis).into()))?;
                    inner.store.sync()?;
                }
                inner.store.log.start()
            }
        };
        inner.store.log.replay(from, |at, end, record| match record {
            Record::Block(bytes) => self.restore_block(at, end, &bytes, genesis),
            Record::Rewind(to) => self.apply_rewind(&self.require(to)?, end),
            Record::Heads { safe, finalized } => {
                self.apply_heads(self.require(safe)?, self.require(finalized)?, end);
                Ok(())
            }
        })
    }

    fn restore_block(
        &self,
        at: u64,
        end: u64,
        bytes: &[u8],
        genesis: &crate::execute::StateUpdate,
    ) -> Result<(), Error> {
        let stored = codec::decode(bytes)?;
        if stored.number() == 0 {
            if stored.hash() != self.inner.genesis.hash() {
                let found = stored.hash();
                return Err(Error::Config(format!(
                    "the block log is of the chain with genesis {found}"
                )));
            }
            self.inner.store.add(end, |batch| {
                batch.add_nodes(&genesis.nodes);
                batch.add_codes(&genesis.codes);
                batch.add_block(&stored, at);
                batch.meta.safe = stored.hash();
                batch.meta.finalized = stored.hash();
            });
            return Ok(());
        }
        let parent = self.require(stored.header.parent_hash)?;
        let body = BlockBody {
            transactions: stored.transactions,
            ommers: stored.ommers,
            withdrawals: stored.withdrawals,
            note: stored.note,
            overrides: stored.overrides,
        };
        let view = self.view(&parent.header)?;
        let rules = &self.inner.rules;
        let sealed = builder::check(rules, &parent.header, &stored.header, body, view, true);
        let sealed = sealed.map_err(|error| match error {
            Error::InvalidBlock(error) => Error::Corrupt(format!(
                "block {} gives another result when it is executed again: {error}",
                stored.header.number
            )),
            other => other,
        })?;
        self.inner.store.wait_for_room()?;
        self.apply_block(sealed, at, end);
        Ok(())
    }

    /// The rules that blocks follow.
    pub fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    /// The genesis block.
    pub fn genesis(&self) -> Arc<Block> {
        Arc::clone(&self.inner.genesis)
    }

    /// The newest block.
    pub fn head(&self) -> Arc<Block> {
        Arc::clone(&self.inner.heads.read().head)
    }

    /// The newest block that [`Ledger::set_safe`] named; at first the genesis.
    pub fn safe(&self) -> Arc<Block> {
        Arc::clone(&self.inner.heads.read().safe)
    }

    /// The newest block that [`Ledger::set_finalized`] named; at first the genesis.
    pub fn finalized(&self) -> Arc<Block> {
        Arc::clone(&self.inner.heads.read().finalized)
    }

    /// Marks a canonical block and its ancestors as safe. Durable with the next commit.
    pub fn set_safe(&self, hash: B256) -> Result<(), Error> {
        let _writing = self.inner.writer.lock();
        let finalized = self.finalized();
        self.set_heads(self.require_canonical(hash)?, finalized)
    }

    /// Marks a canonical block and its ancestors as final. Durable with the next commit.
    pub fn set_finalized(&self, hash: B256) -> Result<(), Error> {
        let _writing = self.inner.writer.lock();
        let safe = self.safe();
        self.set_heads(safe, self.require_canonical(hash)?)
    }

    fn set_heads(&self, safe: Arc<Block>, finalized: Arc<Block>) -> Result<(), Error> {
        if safe.hash() == self.safe().hash() && finalized.hash() == self.finalized().hash() {
            return Ok(());
        }
        let record = Record::Heads { safe: safe.hash(), finalized: finalized.hash() };
        self.inner.store.append(&record)?;
        self.apply_heads(safe, finalized, self.inner.store.log.end());
        Ok(())
    }

    fn apply_heads(&self, safe: Arc<Block>, finalized: Arc<Block>, end: u64) {
        self.inner.store.add(end, |batch| {
            batch.meta.safe = safe.hash();
            batch.meta.finalized = finalized.hash();
        });
        let mut heads = self.inner.heads.write();
        (heads.safe, heads.finalized) = (safe, finalized);
    }

    /// Begins a block on any stored block; a rollup's deposits are executed at once.
    pub fn build(&self, parent: B256, attributes: BlockAttributes) -> Result<BlockBuilder, Error> {
        let parent = self.require(parent)?;
        let view = self.view(&parent.header)?;
        BlockBuilder::new(Arc::clone(&self.inner.rules), &parent.header, view, attributes)
    }

    /// Executes another's block on its stored parent and checks every field. Commit the result.
    pub fn validate(&self, header: &Header, body: BlockBody) -> Result<SealedBlock, Error> {
        let parent = self.require(header.parent_hash)?;
        let view = self.view(&parent.header)?;
        builder::check(&self.inner.rules, &parent.header, header, body, view, false)
    }

    /// [`Ledger::validate`], then [`Ledger::commit`].
    pub fn import(&self, header: &Header, body: BlockBody) -> Result<Arc<Block>, Error> {
        self.commit(self.validate(header, body)?)
    }

    /// Stores a sealed block on the head and makes it the head. Durable on return.
    pub fn commit(&self, block: SealedBlock) -> Result<Arc<Block>, Error> {
        self.store_block(block, true)
    }

    /// Like [`Ledger::commit`], but durable only after [`Ledger::sync`] or a later commit.
    pub fn commit_later(&self, block: SealedBlock) -> Result<Arc<Block>, Error> {
        self.store_block(block, false)
    }

    fn store_block(&self, sealed: SealedBlock, durable: bool) -> Result<Arc<Block>, Error> {
        let record = Record::Block(codec::encode(&sealed.block).into());
        let store = &self.inner.store;
        let _writing = self.inner.writer.lock();
        let (parent, head) = (sealed.block.header.parent_hash, self.head().hash());
        if parent != head {
            return Err(Error::NotOnHead { parent, head });
        }
        store.wait_for_room()?;
        let position = store.append(&record)?;
        if durable {
            store.sync()?;
        }
        let block = self.apply_block(sealed, position, store.log.end());
        let event = ChainEvent { removed: Vec::new(), added: vec![Arc::clone(&block)] };
        // Nobody may be listening.
        let _ = self.inner.events.send(event);
        Ok(block)
    }

    fn apply_block(&self, sealed: SealedBlock, position: u64, end: u64) -> Arc<Block> {
        let SealedBlock { block, mut update } = sealed;
        self.inner.store.add(end, |batch| {
            batch.add_nodes(&update.nodes);
            batch.add_codes(&update.codes);
            batch.add_block(&block, position);
        });
        // Only now can the store answer for what is dropped here.
        update.trie.prune(self.inner.options.state_cache_bytes / LOADED_NODE_BYTES);
        self.inner.tries.lock().insert(update.trie);
        self.inner.blocks.lock().insert(&block);
        self.inner.heads.write().head = Arc::clone(&block);
        block
    }

    /// Makes everything committed so far durable.
    pub fn sync(&self) -> Result<(), Error> {
        self.inner.store.sync()
    }

    /// Makes a canonical block the head again. Blocks after it leave the chain, and stay readable
    /// by hash. Safe and finalized heads above it come down with it. Durable on return.
    pub fn rewind(&self, to: B256) -> Result<(), Error> {
        let _writing = self.inner.writer.lock();
        let head = self.head();
        if to == head.hash() {
            return Ok(());
        }
        let target = self.require_canonical(to)?;
        let mut removed = Vec::new();
        let mut next = head;
        while next.hash() != to && removed.len() < EVENT_REMOVED_MAX {
            let parent = self.require(next.header.parent_hash)?;
            removed.push(std::mem::replace(&mut next, parent));
        }
        self.inner.store.append(&Record::Rewind(to))?;
        self.inner.store.sync()?;
        self.apply_rewind(&target, self.inner.store.log.end())?;
        let _ = self.inner.events.send(ChainEvent { removed, added: Vec::new() });
        Ok(())
    }

    fn apply_rewind(&self, target: &Arc<Block>, end: u64) -> Result<(), Error> {
        let mut heads = self.inner.heads.read().clone();
        let last = heads.head.number();
        heads.head = Arc::clone(target);
        for head in [&mut heads.safe, &mut heads.finalized] {
            if head.number() > target.number() {
                *head = Arc::clone(target);
            }
        }
        self.inner.store.add(end, |batch| {
            batch.remove_numbers(target.number() + 1, last);
            batch.meta.head = target.hash();
            batch.meta.safe = heads.safe.hash();
            batch.meta.finalized = heads.finalized.hash();
        });
        *self.inner.heads.write() = heads;
        Ok(())
    }

    /// Changes of the canonical chain from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<ChainEvent> {
        self.inner.events.subscribe()
    }

    /// The state after a block.
    pub(crate) fn view(&self, header: &Sealed<Header>) -> Result<StateView, Error> {
        let root = header.state_root;
        let trie = self.inner.tries.lock().get(root).unwrap_or_else(|| {
            Trie::new(Source { store: Arc::clone(&self.inner.store), recorder: None }, root)
        });
        let is_rollup = matches!(*self.inner.rules, Rules::Rollup(_));
        Ok(StateView::new(trie, (header.number, header.seal()), is_rollup))
    }

    /// Any stored block, removed ones included.
    pub fn block(&self, hash: B256) -> Result<Option<Arc<Block>>, Error> {
        {
            let heads = self.inner.heads.read();
            let known = [&heads.head, &heads.safe, &heads.finalized, &self.inner.genesis];
            if let Some(block) = known.into_iter().find(|block| block.hash() == hash) {
                return Ok(Some(Arc::clone(block)));
            }
        }
        if let Some(block) = self.inner.blocks.lock().get(&hash) {
            return Ok(Some(block));
        }
        let Some((_, position)) = self.inner.store.hash(&hash)? else { return Ok(None) };
        let block = Arc::new(self.inner.store.block(position)?);
        if block.hash() != hash {
            return Err(Error::Corrupt(format!("block {hash} is not where it should be")));
        }
        self.inner.blocks.lock().insert(&block);
        Ok(Some(block))
    }

    pub(crate) fn require(&self, hash: B256) -> Result<Arc<Block>, Error> {
        self.block(hash)?.ok_or(Error::UnknownBlock(hash))
    }

    fn require_canonical(&self, hash: B256) -> Result<Arc<Block>, Error> {
        if self.is_canonical(hash)? { self.require(hash) } else { Err(Error::UnknownBlock(hash)) }
    }
}

fn check_genesis(rules: &Rules, hash: B256) -> Result<(), Error> {
    match rules {
        Rules::Rollup(ChainSpec { genesis_hash, .. }) if *genesis_hash != hash => {
            Err(Error::Config(format!(
                "chain spec: genesisHash is {genesis_hash}, the genesis file gives {hash}"
            )))
        }
        _ => Ok(()),
    }
}

fn open_store(dir: Option<&Path>, options: &Options) -> Result<Arc<Store>, Error> {
    let (merge_bytes, merge_blocks) = (options.merge_bytes, options.merge_blocks.max(1));
    let limits = |bytes_max| Limits { merge_bytes, merge_blocks, bytes_max };
    let Some(dir) = dir else {
        let bytes_max = options.storage_bytes_max.unwrap_or(MEMORY_BYTES_MAX);
        return Store::new(Log::memory(bytes_max), Base::memory(), limits(bytes_max));
    };
    let bytes_max = options.storage_bytes_max.unwrap_or(u64::MAX);
    fs::create_dir_all(dir)
        .map_err(|error| Error::Config(format!("{}: {error}", dir.display())))?;
    // The database's lock also guards the log.
    let base = Base::open(&dir.join("state"), options.database_cache_bytes)?;
    let log = Log::open(&dir.join("blocks.log"), bytes_max)?;
    Store::new(log, base, limits(bytes_max))
}
