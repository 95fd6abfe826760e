//! The state trie against roots that alloy builds from scratch, through blocks, reorganisations,
//! pruning and stateless replays.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256, map::AddressMap};
use alloy_rlp::Encodable;
use alloy_trie::{HashBuilder, Nibbles, TrieAccount, proof::verify_proof};
use altana_protocol::trie::{
    AccountChange, AccountFields, AccountProof, EMPTY_ROOT_HASH, MissingNode, NodeSource, Recorder,
    StateChanges, StateTrie, TrieError, Witness,
};
use proptest::{collection::vec, prelude::*};
use std::{cell::RefCell, collections::BTreeMap};

type Storage = BTreeMap<U256, U256>;
type Model = BTreeMap<Address, (AccountFields, Storage)>;

/// A database of nodes that grows while tries read it.
#[derive(Default)]
struct Database(RefCell<Witness>);

impl NodeSource for Database {
    fn node(&self, hash: B256) -> Result<Bytes, MissingNode> {
        self.0.borrow().node(hash)
    }
}

impl Database {
    fn apply(&self, state: &mut StateTrie<&Self>, changes: &StateChanges) -> B256 {
        let commit = state.apply(changes).unwrap();
        self.0.borrow_mut().extend_hashed(commit.nodes);
        commit.root
    }
}

fn address(n: u8) -> Address {
    Address::with_last_byte(n)
}

fn change() -> impl Strategy<Value = AccountChange> {
    let fields = (0_u64..3, any::<u64>(), any::<bool>()).prop_map(|(nonce, balance, code)| {
        let mut fields =
            AccountFields { nonce, balance: U256::from(balance), ..Default::default() };
        if code {
            fields.code_hash = keccak256([nonce as u8]);
        }
        fields
    });
    let fields = prop_oneof![4 => fields.prop_map(Some), 1 => Just(None)];
    let slot =
        (0_u64..40, 0_u64..3).prop_map(|(slot, value)| (U256::from(slot), U256::from(value)));
    let slots = vec(slot, 0..6);
    (fields, prop::bool::weighted(0.2), slots).prop_map(|(fields, wiped, slots)| AccountChange {
        fields,
        wiped,
        slots,
    })
}

fn block() -> impl Strategy<Value = StateChanges> {
    vec((0_u8..60, change()), 0..12).prop_map(|changes| StateChanges {
        accounts: changes.into_iter().map(|(n, change)| (address(n), change)).collect(),
    })
}

fn apply(model: &mut Model, changes: &StateChanges) {
    for (address, change) in &changes.accounts {
        let Some(fields) = change.fields else {
            model.remove(address);
            continue;
        };
        let entry = model.entry(*address).or_default();
        entry.0 = fields;
        if change.wiped {
            entry.1.clear();
        }
        entry.1.extend(change.slots.iter().copied());
        entry.1.retain(|_, value| !value.is_zero());
    }
}

fn build(leaves: impl Iterator<Item = (B256, Vec<u8>)>) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in leaves.collect::<BTreeMap<_, _>>() {
        builder.add_leaf(Nibbles::unpack(key), &value);
    }
    builder.root()
}

fn rlp(value: impl Encodable) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

fn trie_account((fields, storage): &(AccountFields, Storage)) -> TrieAccount {
    let AccountFields { nonce, balance, code_hash } = *fields;
    let slots = storage.iter();
    let slots = slots.map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), rlp(*value)));
    TrieAccount { nonce, balance, code_hash, storage_root: build(slots) }
}

fn expected_root(model: &Model) -> B256 {
    build(model.iter().map(|(address, entry)| (keccak256(address), rlp(trie_account(entry)))))
}

#[test]
fn empty_accounts_can_be_removed() {
    let mut changes = StateChanges::default();
    let empty = AccountChange { fields: Some(AccountFields::default()), ..Default::default() };
    changes.accounts.insert(address(1), empty);
    changes.remove_empty();
    let mut state = StateTrie::new(Witness::default(), EMPTY_ROOT_HASH);
    assert_eq!(state.apply(&changes).unwrap().root, EMPTY_ROOT_HASH);
    assert_eq!(state.account(address(1)).unwrap(), None);
}

#[test]
fn pruning_bounds_what_is_loaded() {
    let database = Database::default();
    let mut state = StateTrie::new(&database, EMPTY_ROOT_HASH);
    let mut model = Model::new();
    let fund = |range: std::ops::Range<u64>| {
        let fields = |n| AccountFields { nonce: n, ..Default::default() };
        let change = |n| AccountChange { fields: Some(fields(n)), ..Default::default() };
        let account = |n: u64| (Address::left_padding_from(&n.to_be_bytes()), change(n));
        StateChanges { accounts: range.map(account).collect::<AddressMap<_>>() }
    };
    for round in 0..20 {
        let changes = fund(round * 100 + 1..round * 100 + 101);
        apply(&mut model, &changes);
        assert_eq!(database.apply(&mut state, &changes), expected_root(&model));
        state.prune(400);
        assert!(state.loaded_nodes() <= 400, "{} nodes", state.loaded_nodes());
    }
    state.prune(0);
    assert_eq!(state.loaded_nodes(), 0);
    assert_eq!(state.apply(&StateChanges::default()).unwrap().root, expected_root(&model));
}

proptest! {
    #[test]
    fn blocks_and_reorganisations_have_the_root_of_their_accounts(
        blocks in vec((block(), 0_usize..10, 0_usize..120), 1..10),
    ) {
        let database = Database::default();
        let mut chain = vec![(StateTrie::new(&database, EMPTY_ROOT_HASH), Model::new())];
        for (changes, back, max_nodes) in blocks {
            // Now and then go on from an older block.
            if back < 3 {
                chain.truncate(chain.len().saturating_sub(back).max(1));
            }
            let (mut state, mut model) = chain.last().unwrap().clone();
            apply(&mut model, &changes);
            let root = database.apply(&mut state, &changes);
            prop_assert_eq!(root, expected_root(&model));
            prop_assert_eq!(state.root(), root);
            state.prune(max_nodes);
            for n in 0..60 {
                let entry = model.get(&address(n));
                prop_assert_eq!(state.account(address(n)).unwrap(), entry.map(trie_account));
                for slot in (0..40).step_by(7).map(U256::from) {
                    let value = entry.and_then(|entry| entry.1.get(&slot)).copied();
                    let read = state.storage(address(n), slot).unwrap();
                    prop_assert_eq!(read, value.unwrap_or_default());
                }
            }
            prop_assert_eq!(state.apply(&StateChanges::default()).unwrap().root, root);
            chain.push((state, model));
        }
    }

    #[test]
    fn a_stateless_replay_equals_the_stateful_run(
        before in vec(block(), 1..4), changes in block(), reads in vec((0_u8..60, 0_u64..40), 0..5),
        at in any::<prop::sample::Index>(),
    ) {
        let database = Database::default();
        let mut state = StateTrie::new(&database, EMPTY_ROOT_HASH);
        let mut model = Model::new();
        for changes in &before {
            apply(&mut model, changes);
            database.apply(&mut state, changes);
        }
        let old_root = state.root();
        apply(&mut model, &changes);

        fn run<S: NodeSource>(
            source: S, root: B256, reads: &[(u8, u64)], changes: &StateChanges,
        ) -> Result<(Vec<U256>, B256), TrieError> {
            let mut state = StateTrie::new(source, root);
            let read = |&(n, slot): &(u8, u64)| state.storage(address(n), U256::from(slot));
            let values = reads.iter().map(read).collect::<Result<_, _>>()?;
            Ok((values, state.apply(changes)?.root))
        }
        let recorder = Recorder::new(&database);
        let stateful = run(&recorder, old_root, &reads, &changes).unwrap();
        prop_assert_eq!(stateful.1, expected_root(&model));
        let mut nodes = recorder.into_nodes();
        let witness: Witness = nodes.iter().cloned().collect();
        prop_assert_eq!(run(witness, old_root, &reads, &changes).unwrap(), stateful);
        if !nodes.is_empty() {
            let hash = keccak256(nodes.swap_remove(at.index(nodes.len())));
            let witness: Witness = nodes.into_iter().collect();
            let error = run(witness, old_root, &reads, &changes).unwrap_err();
            prop_assert_eq!(error, TrieError::Missing(MissingNode(hash)));
        }
    }

    #[test]
    fn account_proofs_hold_and_lies_do_not(blocks in vec(block(), 1..4), n in 0_u8..60, slot in 0_u64..40) {
        let database = Database::default();
        let mut state = StateTrie::new(&database, EMPTY_ROOT_HASH);
        blocks.iter().for_each(|changes| { database.apply(&mut state, changes); });
        let root = state.root();
        let slot = U256::from(slot);
        let proof = AccountProof::new(&&database, root, address(n), &[slot]).unwrap();
        proof.verify(root).unwrap();
        prop_assert_eq!(proof.account, state.account(address(n)).unwrap());
        prop_assert_eq!(proof.storage[0].value, state.storage(address(n), slot).unwrap());
        let key = Nibbles::unpack(keccak256(address(n)));
        verify_proof(root, key, proof.account.map(rlp), &proof.nodes).unwrap();
        if let Some(account) = proof.account {
            let key = Nibbles::unpack(keccak256(slot.to_be_bytes::<32>()));
            let value = proof.storage[0].value;
            let value = (!value.is_zero()).then(|| rlp(value));
            verify_proof(account.storage_root, key, value, &proof.storage[0].nodes).unwrap();
        }

        let mut lie = proof.clone();
        lie.storage[0].value += U256::from(1);
        prop_assert!(lie.verify(root).is_err());
        let mut lie = proof.clone();
        lie.account = match lie.account {
            Some(account) => Some(TrieAccount { nonce: account.nonce + 1, ..account }),
            None => Some(TrieAccount::default()),
        };
        prop_assert!(lie.verify(root).is_err());
        prop_assert!(proof.verify(keccak256(root)).is_err());
    }
}
