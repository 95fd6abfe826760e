//! How much of its memory the program takes, and blocks that take much.

use crate::{
    cases::{Case, HOSTILE, largest_batch},
    chain::{CHAIN_ID, Chain, Committed, SENDERS, STORE, call, secret, sign},
};
use alloy_consensus::{
    SignableTransaction, Signed, TrieAccount, TxEip1559, crypto::secp256k1::sign_message,
};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, U256, hex, keccak256};
use altana_program::{BlockHost, ELF, Status};
use altana_protocol::{
    Transaction,
    batch::{COLUMNS_BYTES_MAX, decode_payload, encode_payload},
    execute::TX_GAS_MAX,
    trie::{Account, EMPTY_ROOT_HASH, StateTrie, Trie, Value},
};
use altana_riscv::Machine;
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec};

/// Where the stack begins, and the heap ends (`crates/guest/src/heap.rs`), but for its last page,
/// which the allocator marks.
const HEAP_END: u32 = ((4096 - 256) << 20) - 4096;
/// Bytes of the heap.
pub(crate) const HEAP: u64 = (4096 - 256) << 20;
/// Most that reading a batch takes: messages, the payload, and what it decodes to.
pub(crate) const BATCH: u64 = 320 << 20;
/// Most that one transaction takes, and gives back.
pub(crate) const TRANSACTION: u64 = 256 << 20;
/// Most that a block takes for codes and trie nodes that it may load again.
pub(crate) const KEPT: u64 = 64 << 20;
/// Most bytes that stay until the end of a block, for a unit of gas.
pub(crate) const BYTES_PER_GAS: u64 = 4;

/// Levels of a trie that a key has to itself. Nobody knows so many keys with so many near
/// neighbours: to find them, each level takes sixteen times as many hashes, the tenth 2^56.
const LEVELS: usize = 10;
/// Levels that many keys share.
const SHARED_LEVELS: usize = 4;

/// Most bytes that the program's heap has taken for a batch's first block, gaps included; and the
/// instructions.
pub(crate) fn run(committed: &Committed) -> (u64, u64) {
    let (input, leaf, witness) = committed.run_block(0);
    let mut host = BlockHost::new(&witness, committed.blobs.clone(), &input);
    let mut machine = Machine::load(ELF).expect("the tests load it");
    let start = machine.written_below(HEAP_END);
    machine.run(1 << 38, &mut host).expect("the block runs");
    assert_eq!(machine.cpu().status, Status::Valid);
    let result: Vec<u8> = machine.cpu().x[11..15].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(B256::from_slice(&result), leaf);
    (machine.written_below(HEAP_END) - start, machine.cpu().step)
}

/// A block, and what of its state is deep.
pub(crate) struct Hog {
    pub(crate) block: Case,
    deep: Deep,
    /// How many neighbours each key has on each of its levels.
    neighbours: u8,
}

/// Whose keys have [`LEVELS`] to themselves, from 1 on.
enum Deep {
    /// Nobody's.
    Nothing,
    /// So many slots of the hostile contract.
    Slots(u64),
    /// The contracts that the block has with it, by the hostile one; and slot 0 of each.
    Contracts,
}

impl Hog {
    /// The block, and the gas that it used.
    pub(crate) fn block(&self) -> (Committed, u64) {
        let mut chain = Chain::with(self.block.contracts.clone());
        match self.deep {
            Deep::Nothing => {}
            Deep::Slots(count) => {
                let slots = (1..=count).map(U256::from);
                let root = deep_storage(&mut chain, HOSTILE, slots, self.neighbours);
                replace_storage(&mut chain, &[HOSTILE], root, 0);
            }
            Deep::Contracts => {
                let contracts: Vec<_> = self.block.contracts[1..].iter().map(|c| c.0).collect();
                let mut root = EMPTY_ROOT_HASH;
                for contract in &contracts {
                    root = deep_storage(&mut chain, *contract, [U256::ZERO], self.neighbours);
                }
                replace_storage(&mut chain, &contracts, root, self.neighbours);
            }
        }
        self.block.block_on(chain)
    }
}

impl From<Case> for Hog {
    fn from(block: Case) -> Self {
        Self { block, deep: Deep::Nothing, neighbours: 0 }
    }
}

/// Transactions of a block, each of which goes on where the one before ended.
pub(crate) const TIMES: u64 = 5;
/// Gas of each.
const GAS: u64 = 4_000_000;

/// A counter from the calldata on.
const FIRST: [u8; 2] = hex!("5f35");
const NEXT: [u8; 4] = hex!("60010180");

impl Case {
    /// What [`Case::repeated`] does with a counter on the stack, in some transactions of so much gas: each
    /// begins at `apart` times its number, from 1.
    pub(crate) fn counting(name: &str, body: &[u8], times: usize, apart: u64, gas: u64) -> Self {
        let body = [&NEXT[..], body].concat();
        let mut case = Self::repeated(name, &FIRST, &body, times, vec![]);
        let transactions = (0..TIMES).map(|index| {
            let mut tx = call(index / SENDERS as u64, HOSTILE);
            tx.gas_limit = gas;
            tx.value = U256::from(1_000_000);
            tx.input = U256::from((index + 1) * apart).to_be_bytes_vec().into();
            sign(index as usize % SENDERS, tx)
        });
        case.transactions = transactions.collect();
        case
    }
}

/// Blocks whose heap grows with every transaction.
pub(crate) fn lasting() -> Vec<Hog> {
    let deep = |name, body: &[u8]| Hog {
        block: Case::counting(name, body, 50, 2_000, GAS),
        deep: Deep::Slots((TIMES + 1) * 2_000),
        neighbours: 1,
    };
    let crowded = |name, body: &[u8]| Hog {
        block: Case::repeated(name, &FIRST, &[&NEXT, body].concat(), 50, vec![]),
        deep: Deep::Slots(2_000),
        neighbours: 15,
    };
    // Calls contracts, each of which sets its slot 0 to zero.
    let contracts = |name, times, neighbours| {
        let body = hex!("5f5f5f5f5f945af150");
        let mut block = Case::counting(name, &body, 40, 0x1_0000, GAS);
        block.transactions.truncate(times);
        for index in (1..=times as u64).flat_map(|tx| (1..=500).map(move |i| tx * 0x1_0000 + i)) {
            block = block.also(Address::from_word(U256::from(index).into()), &hex!("5f5f55"));
        }
        Hog { block, deep: Deep::Contracts, neighbours }
    };
    let big = |name, body: &[u8]| {
        let case = Case::counting(name, body, 50, 0x1_0000, GAS);
        let contracts = (1..=TIMES)
            .fold(case, |case, index| case.with_big_contracts(0x1_0000 * index + 1, 1_600));
        Hog::from(contracts)
    };
    let zeros = (0..TIMES).map(|index| {
        let mut tx = call(index / SENDERS as u64, STORE);
        tx.input = vec![0; 1_600_000].into();
        tx.gas_limit = TX_GAS_MAX;
        sign(index as usize % SENDERS, tx)
    });
    let counting =
        |name, body: &[u8], times| Hog::from(Case::counting(name, body, times, 1_000_000, GAS));
    vec![
        big("CALL to 24 KB", &hex!("5f5f5f5f5f945af150")),
        deep("SLOAD of deep slots", &hex!("5450")),
        deep("SSTORE to deep slots", &hex!("8055")),
        deep("SSTORE that clears deep slots", &hex!("5f9055")),
        contracts("SSTORE that clears in deep contracts", TIMES as usize, 1),
        contracts("SSTORE that clears in crowded contracts", 1, 15),
        crowded("SLOAD of crowded slots", &hex!("5450")),
        crowded("SSTORE to crowded slots", &hex!("8055")),
        crowded("SSTORE that clears crowded slots", &hex!("5f9055")),
        counting("SSTORE to empty slots", &hex!("8055"), 10),
        counting("BALANCE of empty accounts", &hex!("3150"), 100),
        counting("ether to empty accounts", &hex!("5f5f5f5f6001855af15050"), 5),
        counting("LOG0 of nothing", &hex!("505f5fa0"), 500),
        counting("LOG4 of nothing", &hex!("5a5a5a5f5fa4"), 100),
        counting("LOG0 of 32 KB", &hex!("506180005fa0"), 1),
        counting("CREATE2 of nothing", &hex!("5f5f5ff550"), 10),
        Case { transactions: zeros.collect(), ..Case::named("calldata of zeros") }.into(),
    ]
}

/// Blocks of one transaction with nearly all the gas that it may have, whose heap is free after it.
pub(crate) fn passing() -> Vec<Hog> {
    let counting = |body: &[u8]| [&NEXT, body].concat();
    let once = |name, body: &[u8], times, input| {
        Hog::from(Case::repeated(name, &FIRST, body, times, input).longer(3))
    };
    vec![
        Case::repeated(
            "EXTCODESIZE of 24 KB",
            &hex!("620fffff"),
            &counting(&hex!("3b50")),
            100,
            vec![],
        )
        .with_big_contracts(0x10_0000, 6_300)
        .longer(3)
        .into(),
        once("TSTORE", &counting(&hex!("805d")), 1000, vec![]),
        once("SSTORE warm", &hex!("5a5f55"), 2000, vec![]),
        once("new memory", &hex!("595952"), 100, vec![]),
        Case::code("CALL oneself, deep", hex!("5b5f5f5f5f5f305af15f56").to_vec(), vec![])
            .longer(3)
            .into(),
        // Each takes 64 KB of memory, and returns them.
        Case::code(
            "CALL oneself, with memory",
            hex!("5f61ffe0525f5f5f5f5f305af1620100005ff3").to_vec(),
            vec![],
        )
        .longer(3)
        .into(),
    ]
}

/// What a block takes before it begins: the largest batches.
pub(crate) fn batches() -> Vec<(&'static str, Committed)> {
    vec![
        ("1,023 messages, six blobs", largest_batch()),
        ("an access list of 720,000 addresses", access_list()),
    ]
}

/// What decodes to more memory than anything else of its length. Its transaction is invalid, but is
/// decoded.
fn access_list() -> Committed {
    let item = AccessListItem { address: STORE, storage_keys: vec![] };
    let list = |length| AccessList(vec![item.clone(); length]);
    let tx = TxEip1559 { chain_id: CHAIN_ID, access_list: list(1), ..Default::default() };
    let signature = sign_message(secret(0), tx.signature_hash()).unwrap();
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![]);
    chain.blocks[0].transactions = vec![Transaction::Eip1559(Signed::new_unhashed(tx, signature))];
    let payload = encode_payload(CHAIN_ID, &chain.blocks).unwrap();

    // The list is the last column. The encoder is slow, so it is replaced by hand.
    let length = u32::from_be_bytes(payload[1..5].try_into().unwrap()) as usize;
    let (stream, raw) = payload[5..].split_at(length);
    let mut columns = decompress_to_vec(stream).unwrap();
    columns.truncate(columns.len() - alloy_rlp::encode(list(1)).len());
    columns.extend(alloy_rlp::encode(list(720_000)));
    assert!(columns.len() <= COLUMNS_BYTES_MAX);
    let stream = compress_to_vec(&columns, 1);
    let payload = [&[1], &(stream.len() as u32).to_be_bytes()[..], &stream, raw].concat();
    assert!(decode_payload(CHAIN_ID, &payload).is_ok());
    chain.commit_payload(&payload, false)
}

/// A key's neighbours on the levels that it has to itself.
fn neighbours(key: B256, count: u8) -> impl Iterator<Item = B256> {
    (SHARED_LEVELS..SHARED_LEVELS + LEVELS).flat_map(move |level| {
        (1..=count).map(move |other| {
            let mut neighbour = key;
            neighbour[level / 2] ^= other << if level % 2 == 0 { 4 } else { 0 };
            neighbour
        })
    })
}

/// Gives an account slots that are not zero, and makes a storage trie of them and their neighbours.
fn deep_storage(
    chain: &mut Chain,
    address: Address,
    slots: impl IntoIterator<Item = U256>,
    count: u8,
) -> B256 {
    let mut keys = Vec::new();
    for slot in slots {
        chain.db.insert_account_storage(address, slot, U256::MAX).unwrap();
        let key = keccak256(slot.to_be_bytes::<32>());
        keys.extend(neighbours(key, count).chain([key]));
    }
    let mut storage = Trie::<U256>::default();
    storage
        .update(&chain.store, keys.into_iter().map(|key| (key, Some(U256::MAX))).collect())
        .unwrap();
    let storage = storage.commit();
    chain.store.0.borrow_mut().extend(storage.nodes);
    storage.root
}

/// Gives accounts another storage, and neighbours.
fn replace_storage(chain: &mut Chain, addresses: &[Address], storage_root: B256, count: u8) {
    let mut edits = Vec::new();
    for address in addresses {
        let old = chain.trie.account(*address).unwrap().unwrap();
        let account = alloy_rlp::encode(TrieAccount { storage_root, ..old });
        let account = Account::decode_value(&account).unwrap();
        let key = keccak256(address);
        let keys = neighbours(key, count).chain([key]);
        edits.extend(keys.map(|key| (key, Some(account.clone()))));
    }
    let mut accounts = Trie::<Account>::at(chain.trie.root());
    accounts.update(&chain.store, edits).unwrap();
    let commit = accounts.commit();
    chain.store.0.borrow_mut().extend(commit.nodes);
    chain.trie = StateTrie::new(chain.store.clone(), commit.root);
    chain.head.state_root = commit.root;
    chain.head_hash = chain.head.hash_slow();
    chain.spec.genesis_hash = chain.head_hash;
    chain.batch_start.0 = chain.head.clone();
}
