//! Reading the state of any stored block.

use crate::{Error, store::Store};
use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256,
    map::{AddressMap, B256Map, HashMap},
};
use altana_protocol::{
    predeploys::HISTORY,
    stf::StateSource,
    trie::{MissingNode, NodeSource, StateChanges, StateTrie, TrieError},
};
use parking_lot::Mutex;
use revm::{
    DatabaseRef,
    database::BundleState,
    state::{AccountInfo, Bytecode},
};
use std::sync::Arc;

/// A trie over what is stored.
pub(crate) type Trie = StateTrie<Source>;

/// Where tries and views read, and who is told what they read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) store: Arc<Store>,
    pub(crate) recorder: Option<Arc<Mutex<Recording>>>,
}

/// Everything that was read from storage.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) nodes: B256Map<Bytes>,
    pub(crate) codes: B256Map<Bytes>,
}

impl NodeSource for Source {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        let node = self.store.node(hash)?;
        if let Some(recorder) = &self.recorder {
            recorder.lock().nodes.insert(hash, node.clone());
        }
        Ok(node)
    }
}

/// The trie nodes and code of every stored block, by hash: what a stateless execution asks for.
#[derive(Clone, Debug)]
pub struct Preimages(pub(crate) Arc<Store>);

impl NodeSource for Preimages {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        self.0.node(hash)
    }
}

impl StateSource for Preimages {
    fn code(&self, hash: B256) -> Result<Bytes, MissingNode> {
        self.0.raw_code(&hash).map_err(|_| MissingNode(hash))
    }
}

impl Source {
    fn code(&self, hash: &B256) -> Result<Bytecode, Error> {
        if let Some(recorder) = &self.recorder {
            let code = self.store.raw_code(hash)?;
            recorder.lock().codes.insert(*hash, code);
        }
        self.store.code(hash)
    }
}

/// The state after one block. Cheap to clone; stays readable whatever the ledger does next.
#[derive(Clone, Debug)]
pub struct StateView {
    source: Source,
    /// Loads what it reads, hence the lock; readers in parallel take a view each.
    trie: Arc<Mutex<Trie>>,
    /// The stored block whose state the trie is.
    anchor: (u64, B256),
    /// Rollups read block hashes from the state.
    is_rollup: bool,
    overlay: Option<Arc<Overlay>>,
}

/// Changes of a block that is still being built.
#[derive(Debug, Default)]
struct Overlay {
    accounts: AddressMap<OverlayAccount>,
    codes: B256Map<Bytecode>,
}

#[derive(Debug)]
struct OverlayAccount {
    info: Option<AccountInfo>,
    /// Whether slots that are not in `slots` are zero.
    wiped: bool,
    slots: HashMap<U256, U256>,
}

pub(crate) fn trie_error(error: TrieError) -> Error {
    Error::Corrupt(error.to_string())
}

impl StateView {
    pub(crate) fn new(trie: Trie, anchor: (u64, B256), is_rollup: bool) -> Self {
        let source = trie.source().clone();
        Self { source, trie: Arc::new(Mutex::new(trie)), anchor, is_rollup, overlay: None }
    }

    /// This state with the changes so far of a block on it.
    pub(crate) fn with_changes(&self, bundle: &BundleState) -> Self {
        let accounts = bundle.state.iter().map(|(address, account)| {
            let slots = account.storage.iter().map(|(slot, value)| (*slot, value.present_value));
            let account = OverlayAccount {
                info: account.info.as_ref().map(|info| AccountInfo { code: None, ..info.clone() }),
                wiped: account.was_destroyed(),
                slots: slots.collect(),
            };
            (*address, account)
        });
        let codes = bundle.contracts.iter().map(|(hash, code)| (*hash, code.clone()));
        let overlay = Overlay { accounts: accounts.collect(), codes: codes.collect() };
        // A trie of its own, so that readers do not stop the builder.
        let trie = Arc::new(Mutex::new(self.trie.lock().clone()));
        Self { trie, overlay: Some(Arc::new(overlay)), ..self.clone() }
    }

    /// The trie with all that was loaded while reading.
    pub(crate) fn loaded_trie(&self) -> Trie {
        self.trie.lock().clone()
    }

    /// Root of the state, without the changes of a pending block.
    pub fn root(&self) -> B256 {
        self.trie.lock().root()
    }

    /// Root of the state with these changes, whatever a pending block has changed.
    pub fn root_after(&self, changes: &StateChanges) -> Result<B256, Error> {
        let commit = self.loaded_trie().apply(changes).map_err(trie_error)?;
        Ok(commit.root)
    }

    /// Balance, nonce and code hash; `None` if there is no such account.
    pub fn account(&self, address: Address) -> Result<Option<AccountInfo>, Error> {
        self.basic_ref(address)
    }

    /// The code of an account.
    pub fn code(&self, address: Address) -> Result<Bytes, Error> {
        let hash = self.basic_ref(address)?.map_or(KECCAK256_EMPTY, |info| info.code_hash);
        Ok(self.code_by_hash_ref(hash)?.original_bytes())
    }

    /// A storage slot.
    pub fn slot(&self, address: Address, slot: U256) -> Result<U256, Error> {
        self.storage_ref(address, slot)
    }

    /// Follows parent hashes from a block that is not on the canonical chain.
    fn ancestor(&self, number: u64) -> Result<B256, Error> {
        let (mut at, mut hash) = self.anchor;
        while at > number {
            if self.source.store.number(at)?.is_some_and(|entry| entry.hash == hash) {
                let entry = self.source.store.number(number)?;
                return Ok(entry.map_or(B256::ZERO, |entry| entry.hash));
            }
            let (_, position) = self.source.store.hash(&hash)?.ok_or(Error::UnknownBlock(hash))?;
            hash = self.source.store.block(position)?.header.parent_hash;
            at -= 1;
        }
        Ok(hash)
    }
}

impl DatabaseRef for StateView {
    type Error = Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Error> {
        if let Some(account) = self.overlay.as_ref().and_then(|o| o.accounts.get(&address)) {
            return Ok(account.info.clone());
        }
        let account = self.trie.lock().account(address).map_err(trie_error)?;
        Ok(account.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            ..AccountInfo::default().without_code()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Error> {
        if code_hash == KECCAK256_EMPTY || code_hash.is_zero() {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.overlay.as_ref().and_then(|o| o.codes.get(&code_hash)) {
            return Ok(code.clone());
        }
        self.source.code(&code_hash)
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, Error> {
        if let Some(account) = self.overlay.as_ref().and_then(|o| o.accounts.get(&address)) {
            if let Some(value) = account.slots.get(&index) {
                return Ok(*value);
            }
            if account.wiped {
                return Ok(U256::ZERO);
            }
        }
        self.trie.lock().storage(address, index).map_err(trie_error)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Error> {
        if number == self.anchor.0 {
            return Ok(self.anchor.1);
        }
        if self.is_rollup {
            let slot = number % alloy_eips::eip2935::HISTORY_SERVE_WINDOW as u64;
            return Ok(self.storage_ref(HISTORY, U256::from(slot))?.into());
        }
        if number > self.anchor.0 { Ok(B256::ZERO) } else { self.ancestor(number) }
    }
}

/// An EIP-1186 proof of an account and some of its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account.
    pub address: Address,
    /// Its balance.
    pub balance: U256,
    /// Its nonce.
    pub nonce: u64,
    /// Hash of its code (of nothing, if it has none).
    pub code_hash: B256,
    /// Root of its storage (of nothing, if it has none).
    pub storage_root: B256,
    /// Trie nodes from the state root to the account, or to where its absence shows.
    pub proof: Vec<Bytes>,
    /// One proof per slot that was asked for.
    pub slots: Vec<StorageProof>,
}

/// Proof of one slot against [`AccountProof::storage_root`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageProof {
    /// The slot.
    pub slot: B256,
    /// Its value.
    pub value: U256,
    /// Trie nodes from the storage root to the slot.
    pub proof: Vec<Bytes>,
}

/// All that a stateless execution of a block reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// Trie nodes, each once, sorted by their keccak256.
    pub nodes: Vec<Bytes>,
    /// Contract codes, each once, sorted by their keccak256.
    pub codes: Vec<Bytes>,
}

/// What the next block will charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextFees {
    /// Wei per gas.
    pub base_fee: u64,
    /// Wei per blob gas (Ethereum rules since Cancun).
    pub blob_base_fee: Option<u128>,
}
