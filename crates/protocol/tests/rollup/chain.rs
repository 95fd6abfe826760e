//! A rollup in memory: genesis, a queue, a builder, and what a witness is made from.

use std::{cell::RefCell, rc::Rc};

use alloy_consensus::{
    EMPTY_ROOT_HASH, Header, SignableTransaction, Signed, TxEip1559,
    crypto::secp256k1::{recover_signer, sign_message},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256, map::B256Map};
use altana_protocol::{
    ChainSpec, Receipt, Transaction,
    batch::{
        BatchHeader, Blob, DATA_BLOBS, DATA_CALLDATA, PayloadBlock, blobs_from_payload,
        encode_payload,
    },
    execute::{BlockExecutor, ExecuteError, InvalidTransaction, Messages},
    predeploys::{HISTORY, L1_BLOCK, MESSAGE_PASSER},
    queue::{
        Attributes, Deposit, KIND_ATTRIBUTES, KIND_DEPOSIT, Label, Message, QueuedMessage,
        accumulate,
    },
    stf::{
        BlockInput, HostOracle, Recorder, StateSource, StfInput, StfOutput, Witness, block_leaf,
        header_output_root, run, run_block,
    },
    transaction::Recovered,
    trie::{AccountChange, AccountFields, MissingNode, NodeSource, StateChanges, StateTrie},
};
use revm::{
    DatabaseCommit, DatabaseRef,
    bytecode::Bytecode,
    database::{BundleState, InMemoryDB},
    state::{Account, AccountInfo, AccountStatus, EvmStorageSlot},
};

pub(crate) const CHAIN_ID: u64 = 901;
pub(crate) const SENDERS: usize = 8;
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;

/// sstore(calldata[0], calldata[1])
pub(crate) const STORE: Address = address!("00000000000000000000000000000000000000c1");
/// sstore(0, 1), then reverts.
pub(crate) const REVERTER: Address = address!("00000000000000000000000000000000000000c2");
/// Calls REVERTER, goes on, and sets slot 1 to 1 plus the call's success.
pub(crate) const CATCHER: Address = address!("00000000000000000000000000000000000000c3");
/// sstore(calldata[0], blockhash(calldata[0]))
pub(crate) const BLOCKHASH: Address = address!("00000000000000000000000000000000000000c4");

/// Trie nodes and code, shared between the trie and the witness's oracle.
#[derive(Clone, Default)]
pub(crate) struct Store(pub(crate) Rc<RefCell<B256Map<Bytes>>>);

impl NodeSource for Store {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        self.0.borrow().get(&hash).cloned().ok_or(MissingNode(hash))
    }
}

impl StateSource for Store {
    fn code(&self, hash: B256) -> Result<Bytes, MissingNode> {
        self.node(hash)
    }
}

pub(crate) struct Chain {
    pub(crate) spec: ChainSpec,
    pub(crate) db: InMemoryDB,
    pub(crate) store: Store,
    pub(crate) trie: StateTrie<Store>,
    pub(crate) head: Header,
    pub(crate) head_hash: B256,
    pub(crate) queue: Vec<Message>,
    pub(crate) accs: Vec<B256>,
    pub(crate) consumed: usize,
    pub(crate) batch_start: (Header, usize),
    /// The blocks since then.
    pub(crate) headers: Vec<Header>,
    /// Receipts of all blocks.
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) blocks: Vec<PayloadBlock>,
}

/// Everything that a state transition needs, and what it must give.
pub(crate) struct Committed {
    pub(crate) input: StfInput,
    pub(crate) oracle: HostOracle<Store>,
    pub(crate) expected: StfOutput,
    /// The block before the batch, and the batch's as they were built.
    pub(crate) parents: Vec<Header>,
    /// Blobs that hold the payload, whole.
    #[allow(dead_code, reason = "the program's tests read them")]
    pub(crate) blobs: Vec<(B256, Blob)>,
}

fn header_leaf(header: &Header, used: u64) -> B256 {
    block_leaf(header_output_root(header, header.hash_slow()), header.number, used)
}

/// Gas that a batch has used after each block: none before the first, and none behind the last.
fn used(parents: &[Header]) -> Vec<u64> {
    let sum = |at: usize| parents[1..=at].iter().map(|block| block.gas_used).sum();
    let last = parents.len() - 1;
    (0..=last).map(|at| if at == last { 0 } else { sum(at) }).collect()
}

pub(crate) fn secret(index: usize) -> B256 {
    B256::from(U256::from(index + 1))
}

pub(crate) fn sender(index: usize) -> Address {
    let signature = sign_message(secret(index), B256::ZERO).unwrap();
    recover_signer(&signature, B256::ZERO).unwrap()
}

pub(crate) fn sign(index: usize, tx: TxEip1559) -> Transaction {
    let signature = sign_message(secret(index), tx.signature_hash()).unwrap();
    Transaction::Eip1559(Signed::new_unhashed(tx, signature))
}

/// A transfer of one wei, to be changed by the caller.
pub(crate) fn call(nonce: u64, to: Address) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: TxKind::Call(to),
        value: U256::from(1),
        access_list: Default::default(),
        input: Bytes::new(),
    }
}

fn artifact(json: &str) -> Bytes {
    let (_, rest) = json.split_once("\"deployedBytecode\": \"0x").unwrap();
    let (code, _) = rest.split_once('"').unwrap();
    hex::decode(code).unwrap().into()
}

type GenesisAccount = (Address, AccountInfo, Vec<(u64, U256)>);

fn genesis_accounts(contracts: Vec<(Address, Bytes)>) -> Vec<GenesisAccount> {
    let contract = |code: Bytes| {
        let code = Bytecode::new_raw(code);
        AccountInfo {
            nonce: 1,
            code_hash: code.hash_slow(),
            code: Some(code),
            ..Default::default()
        }
    };
    let l1_block = artifact(include_str!("../../../../contracts/artifacts/L1Block.json"));
    let passer = artifact(include_str!("../../../../contracts/artifacts/L2ToL1MessagePasser.json"));
    // Base fee scalar 1,000,000 at byte 16, blob base fee scalar 1,000,000 at byte 20.
    let scalars = U256::from(1_000_000) << 96 | U256::from(1_000_000) << 64;
    let mut accounts = vec![
        (HISTORY, contract(alloy_eips::eip2935::HISTORY_STORAGE_CODE.clone()), vec![]),
        (L1_BLOCK, contract(l1_block), vec![(3, scalars)]),
        (MESSAGE_PASSER, contract(passer), vec![]),
        (STORE, contract(hex!("6020355f355500").into()), vec![(7, U256::from(7))]),
        (REVERTER, contract(hex!("60015f555f5ffd").into()), vec![]),
        (
            CATCHER,
            contract(
                hex!("5f5f5f5f5f7300000000000000000000000000000000000000c25af160010160015500")
                    .into(),
            ),
            vec![],
        ),
        (BLOCKHASH, contract(hex!("5f35405f355500").into()), vec![]),
    ];
    accounts.extend(contracts.into_iter().map(|(at, code)| (at, contract(code), vec![])));
    for index in 0..SENDERS {
        accounts.push((sender(index), AccountInfo::from_balance(U256::from(1000 * ETHER)), vec![]));
    }
    accounts
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self::with(vec![])
    }

    /// A chain with more contracts than the others have.
    pub(crate) fn with(contracts: Vec<(Address, Bytes)>) -> Self {
        let store = Store::default();
        let mut trie = StateTrie::new(store.clone(), EMPTY_ROOT_HASH);
        let mut db = InMemoryDB::default();
        let mut changes = StateChanges::default();
        for (address, info, slots) in genesis_accounts(contracts) {
            let fields = AccountFields {
                nonce: info.nonce,
                balance: info.balance,
                code_hash: info.code_hash,
            };
            if let Some(code) = &info.code {
                store.0.borrow_mut().insert(info.code_hash, code.original_bytes());
            }
            db.insert_account_info(address, info);
            let slots: Vec<_> =
                slots.into_iter().map(|(slot, value)| (U256::from(slot), value)).collect();
            for (slot, value) in &slots {
                db.insert_account_storage(address, *slot, *value).unwrap();
            }
            let change = AccountChange { fields: Some(fields), wiped: false, slots };
            changes.accounts.insert(address, change);
        }
        let commit = trie.apply(&changes).unwrap();
        store.0.borrow_mut().extend(commit.nodes);
        let head = Header {
            state_root: commit.root,
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            gas_limit: 30_000_000,
            timestamp: 1_000,
            base_fee_per_gas: Some(1_000_000),
            mix_hash: B256::repeat_byte(1),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(alloy_eips::eip7685::EMPTY_REQUESTS_HASH),
            ..Default::default()
        };
        let head_hash = head.hash_slow();
        let spec = ChainSpec {
            name: String::new(),
            chain_id: CHAIN_ID,
            parent_chain_id: 31337,
            portal: Address::repeat_byte(0x42),
            gas_limit: 30_000_000,
            batch_gas: 1024 * 30_000_000,
            elasticity: 6,
            denominator: 250,
            min_base_fee: 1_000_000,
            genesis_hash: head_hash,
        };
        let mut chain = Self {
            spec,
            db,
            store,
            trie,
            batch_start: (head.clone(), 0),
            headers: Vec::new(),
            receipts: Vec::new(),
            head,
            head_hash,
            queue: Vec::new(),
            accs: vec![B256::ZERO],
            consumed: 0,
            blocks: Vec::new(),
        };
        chain.queue_attributes(1);
        chain
    }

    pub(crate) fn queue_message(&mut self, message: Message) {
        self.accs.push(accumulate(*self.accs.last().unwrap(), &message));
        self.queue.push(message);
    }

    pub(crate) fn queue_attributes(&mut self, parent_block: u64) {
        let attributes = Attributes {
            number: parent_block - 1,
            timestamp: 990 + parent_block,
            hash: keccak256(parent_block.to_be_bytes()),
            base_fee: U256::from(20_000_000_000_u64),
            blob_base_fee: U256::from(3_000_000_000_u64),
            prev_randao: keccak256([parent_block as u8, 1]),
        };
        self.queue_message(Message {
            kind: KIND_ATTRIBUTES,
            parent_block,
            parent_timestamp: 990 + parent_block,
            payload: attributes.encode(),
        });
    }

    pub(crate) fn queue_deposit(&mut self, parent_block: u64, deposit: Deposit) {
        self.queue_message(Message {
            kind: KIND_DEPOSIT,
            parent_block,
            parent_timestamp: 990 + parent_block,
            payload: deposit.encode(),
        });
    }

    pub(crate) fn queued(&self, range: std::ops::Range<usize>) -> Vec<QueuedMessage> {
        range
            .map(|index| QueuedMessage {
                index: index as u64,
                acc: self.accs[index + 1],
                message: self.queue[index].clone(),
            })
            .collect()
    }

    /// Labels as a node takes them from the parent chain.
    pub(crate) fn labels(&self, range: std::ops::Range<usize>) -> Vec<Label> {
        let deposits = range.filter(|index| self.queue[*index].kind == KIND_DEPOSIT);
        deposits
            .map(|index| Label {
                block_hash: keccak256(self.queue[index].parent_block.to_be_bytes()),
                log_index: index as u64,
            })
            .collect()
    }

    /// Builds a block as a sequencer does: takes what is valid, and skips the rest. Gives the
    /// reasons for which transactions were skipped.
    pub(crate) fn build(
        &mut self,
        timestamp: u64,
        messages: usize,
        candidates: Vec<Transaction>,
    ) -> Vec<InvalidTransaction> {
        let range = self.consumed..self.consumed + messages;
        let labels = self.labels(range.clone());
        let input = Messages::new(&self.queued(range.clone()), &labels);
        let mut executor = BlockExecutor::new(
            &self.spec,
            &self.head,
            self.head_hash,
            timestamp,
            &input,
            &mut self.db,
        )
        .unwrap();
        let mut transactions = Vec::new();
        let mut refused = Vec::new();
        for tx in candidates {
            let Ok(tx) = tx.into_recovered() else {
                refused.push(InvalidTransaction::Signature);
                continue;
            };
            // A reader of the pending state may look at any time; it must not change the block.
            if transactions.len() % 2 == 1 {
                executor.changes();
            }
            match executor.push(tx.as_recovered_ref()) {
                Ok(_) => transactions.push(tx.into_inner()),
                Err(ExecuteError::Invalid(reason)) => refused.push(reason),
                Err(ExecuteError::Database(never)) => match never {},
            }
        }
        let outcome = executor.finish();
        self.receipts.extend_from_slice(&outcome.receipts);
        let (state_root, passer) = self.commit(&outcome.changes);
        self.extend(outcome.seal(state_root, passer), range.end);
        self.blocks.push(PayloadBlock {
            timestamp,
            messages: messages as u16,
            labels,
            transactions,
        });
        refused
    }

    /// Executes no transaction: what an invalid block becomes.
    pub(crate) fn build_default(&mut self, timestamp: u64, messages: usize, with_labels: bool) {
        let range = self.consumed..self.consumed + messages;
        let labels = if with_labels { self.labels(range.clone()) } else { vec![] };
        let input = Messages::new(&self.queued(range.clone()), &labels);
        let outcome = BlockExecutor::new(
            &self.spec,
            &self.head,
            self.head_hash,
            timestamp,
            &input,
            &mut self.db,
        )
        .unwrap()
        .finish();
        let (state_root, passer) = self.commit(&outcome.changes);
        self.extend(outcome.seal(state_root, passer), range.end);
    }

    fn extend(&mut self, head: Header, consumed: usize) {
        self.headers.push(head.clone());
        self.head_hash = head.hash_slow();
        self.head = head;
        self.consumed = consumed;
    }

    fn commit(&mut self, bundle: &BundleState) -> (B256, B256) {
        let commit = self.trie.apply(&StateChanges::from(bundle)).unwrap();
        let mut store = self.store.0.borrow_mut();
        store.extend(commit.nodes);
        store.extend(bundle.contracts.iter().map(|(hash, code)| (*hash, code.original_bytes())));
        drop(store);
        self.db.cache.contracts.extend(bundle.contracts.clone());
        self.db.commit(
            bundle.state.iter().map(|(address, change)| (*address, evm_account(change))).collect(),
        );
        let passer = self.trie.account(MESSAGE_PASSER).unwrap().unwrap().storage_root;
        (commit.root, passer)
    }

    /// Commits the blocks built since the last batch.
    pub(crate) fn commit_batch(&mut self, blobs: bool) -> Committed {
        let payload = encode_payload(CHAIN_ID, &self.blocks).unwrap();
        self.commit_payload(&payload, blobs)
    }

    /// Commits any bytes, as a batch that consumes the messages consumed so far.
    pub(crate) fn commit_payload(&mut self, payload: &[u8], blobs: bool) -> Committed {
        let mut batch = Witness::default();
        let blobs = if blobs { blobs_from_payload(payload).unwrap() } else { vec![] };
        let blobs: Vec<_> = blobs.into_iter().map(|blob| (versioned_hash(&blob), blob)).collect();
        let (data_kind, data_length, data_commitment) = if !blobs.is_empty() {
            let commitment = batch.insert_blobs(blobs.iter().map(|(hash, blob)| (*hash, blob)));
            (DATA_BLOBS, blobs.len() as u64, commitment)
        } else {
            (DATA_CALLDATA, payload.len() as u64, batch.insert_calldata(payload))
        };
        let (parent, queue_start) =
            std::mem::replace(&mut self.batch_start, (self.head.clone(), self.consumed));
        batch.insert_spec(&self.spec);
        let parents: Vec<_> = [parent.clone()].into_iter().chain(self.headers.drain(..)).collect();
        let used = used(&parents);
        for (parent, used) in parents.iter().zip(used.iter().copied()) {
            batch.insert_parent(parent, used);
        }
        let acc_start = self.accs[queue_start];
        let acc_end = batch.insert_messages(acc_start, &self.queue[queue_start..self.consumed]);
        assert_eq!(acc_end, self.accs[self.consumed]);
        let header = BatchHeader {
            index: 1,
            parent: self.spec.config_hash(),
            first_timestamp: parent.timestamp,
            last_timestamp: self.head.timestamp,
            queue_start: queue_start as u64,
            queue_end: self.consumed as u64,
            queue_acc_start: acc_start,
            queue_acc_end: acc_end,
            data_kind,
            data_length,
            data_commitment,
        };
        self.blocks.clear();
        batch.insert_batch(&header);
        let leaves = (1..parents.len()).map(|at| header_leaf(&parents[at], used[at])).collect();
        Committed {
            parents,
            blobs,
            input: StfInput {
                config_hash: self.spec.config_hash(),
                previous_output_root: header_output_root(&parent, parent.hash_slow()),
                batch: header,
            },
            oracle: HostOracle { batch, state: self.store.clone() },
            expected: StfOutput {
                output_root: header_output_root(&self.head, self.head_hash),
                last_block: self.head.number,
                leaves,
            },
        }
    }

    pub(crate) fn nonce(&self, index: usize) -> u64 {
        self.db.basic_ref(sender(index)).unwrap().map_or(0, |info| info.nonce)
    }

    pub(crate) fn balance(&self, address: Address) -> U256 {
        self.db.basic_ref(address).unwrap().map_or(U256::ZERO, |info| info.balance)
    }

    pub(crate) fn slot(&self, address: Address, slot: u64) -> U256 {
        self.db.storage_ref(address, U256::from(slot)).unwrap()
    }

    /// All ether there is.
    pub(crate) fn supply(&self) -> U256 {
        self.db.cache.accounts.values().map(|account| account.info.balance).sum()
    }
}

impl Committed {
    /// Runs the state transition over the database, then over the witness that this gives.
    pub(crate) fn run(&self) -> StfOutput {
        let (output, _) = self.run_with_witness();
        output
    }

    pub(crate) fn run_with_witness(&self) -> (StfOutput, Witness) {
        let recorder = Recorder::new(&self.oracle);
        let output = run(&recorder, &self.input).unwrap();
        let witness = recorder.into_witness();
        let decoded = Witness::decode(&witness.encode()).unwrap();
        assert_eq!(decoded, witness, "a witness survives its encoding");
        assert_eq!(run(&decoded, &self.input).as_ref(), Ok(&output), "the witness is enough");
        (output, witness)
    }

    pub(crate) fn check(&self) {
        assert_eq!(self.run(), self.expected);
        let StfOutput { output_root, last_block, .. } = self.expected;
        let leaf = (0..self.parents.len() as u64).fold(self.leaf(0), |leaf, index| {
            let (input, after, _) = self.run_block(index);
            assert_eq!(input.previous_leaf, leaf);
            after
        });
        assert_eq!(leaf, block_leaf(output_root, last_block, 0), "block by block");
    }

    /// The leaf before the batch's block `index`; behind the last, that of the last.
    pub(crate) fn leaf(&self, index: u64) -> B256 {
        let index = (index as usize).min(self.parents.len() - 1);
        header_leaf(&self.parents[index], used(&self.parents)[index])
    }

    /// The batch's block `index` alone, over the database and then over the witness that this gives.
    pub(crate) fn run_block(&self, index: u64) -> (BlockInput, B256, Witness) {
        let input = BlockInput {
            config_hash: self.input.config_hash,
            previous_leaf: self.leaf(index),
            batch_hash: self.input.batch.hash(),
            block_index: index,
        };
        let mut oracle = self.oracle.clone();
        let hash = oracle.batch.insert_input(&input);
        assert_eq!(hash, input.hash());
        let recorder = Recorder::new(&oracle);
        let leaf = run_block(&recorder, hash).unwrap();
        let witness = recorder.into_witness();
        assert_eq!(run_block(&witness, hash), Ok(leaf), "the witness is enough");
        (input, leaf, witness)
    }
}

fn versioned_hash(blob: &Blob) -> B256 {
    // Without KZG: any function of the blob serves as its name here.
    let mut hash = keccak256(blob.as_slice());
    hash[0] = 1;
    hash
}

fn evm_account(change: &revm::database::BundleAccount) -> Account {
    let mut account = Account::from(change.info.clone().unwrap_or_default());
    account.status = AccountStatus::Touched;
    if change.was_destroyed() || change.info.is_none() {
        account.status |= AccountStatus::SelfDestructed;
    }
    for (slot, value) in &change.storage {
        account.storage.insert(
            *slot,
            EvmStorageSlot::new_changed(value.previous_or_original_value, value.present_value, 0),
        );
    }
    account
}

pub(crate) fn recovered(tx: Transaction) -> Recovered<Transaction> {
    tx.into_recovered().unwrap()
}
