//! The trie against alloy's `HashBuilder`, which builds each root from scratch.

use alloy_primitives::{B256, Bytes, U256, b256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{HashBuilder, Nibbles, proof::verify_proof};
use altana_protocol::trie::{
    EMPTY_ROOT_HASH, InvalidNode, MissingNode, ProofError, Recorder, Trie, TrieError, Witness,
    prove, verify,
};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeMap;

type Model = BTreeMap<B256, U256>;
type Edits = Vec<(B256, Option<U256>)>;

/// Keys that fork early, late (where nodes are short enough to be embedded) and in between.
fn key() -> impl Strategy<Value = B256> {
    let spread = any::<u8>().prop_map(|n| keccak256([n]));
    let late = (0_u8..3, 0_u8..4).prop_map(|(a, b)| {
        let mut key = B256::repeat_byte(0x11);
        (key[30], key[31]) = (a * 0x10, b);
        key
    });
    let middle = (0_usize..32, 0_u8..3).prop_map(|(at, n)| {
        let mut key = B256::repeat_byte(0x11);
        key[at] = n;
        key
    });
    prop_oneof![spread, late, middle]
}

fn edits() -> impl Strategy<Value = Edits> {
    let value = prop_oneof![
        2 => Just(None),
        2 => (1_u64..4).prop_map(|n| Some(U256::from(n))),
        1 => (1_u64..4).prop_map(|n| Some(U256::MAX / U256::from(n))),
    ];
    vec((key(), value), 0..20)
}

fn apply(model: &mut Model, edits: &Edits) {
    for (key, value) in edits {
        match value {
            Some(value) => model.insert(*key, *value),
            None => model.remove(key),
        };
    }
}

fn encoded(value: U256) -> Vec<u8> {
    let mut rlp = Vec::new();
    value.encode(&mut rlp);
    rlp
}

fn expected_root(model: &Model) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in model {
        builder.add_leaf(Nibbles::unpack(key), &encoded(*value));
    }
    builder.root()
}

/// The whole trie of a model, in a node source.
fn store(model: &Model) -> (B256, Witness) {
    let mut source = Witness::default();
    let mut trie = Trie::<U256>::default();
    trie.update(&source, model.iter().map(|(key, value)| (*key, Some(*value))).collect()).unwrap();
    let commit = trie.commit();
    source.extend_hashed(commit.nodes);
    (commit.root, source)
}

#[test]
fn roots_are_the_known_ones() {
    let root = |entries: &[(B256, u64)]| {
        store(&entries.iter().map(|(key, value)| (*key, U256::from(*value))).collect()).0
    };
    assert_eq!(root(&[]), EMPTY_ROOT_HASH);
    // The storage of a contract that was left with 1 in slot 0.
    let slot_0 = keccak256([0; 32]);
    assert_eq!(
        root(&[(slot_0, 1)]),
        b256!("0x821e2556a290c86405f8160a2d662042a431ba456b9db265c79bb837c04be5f0")
    );
    let numbers: Vec<_> = (1..=1000_u64).map(|n| (keccak256(n.to_be_bytes()), n)).collect();
    let model = numbers.iter().map(|(key, value)| (*key, U256::from(*value))).collect();
    assert_eq!(root(&numbers), expected_root(&model));
}

#[test]
fn a_removal_that_leaves_an_unloaded_sibling_names_it() {
    let far = B256::repeat_byte(0x22);
    let model = Model::from([(B256::repeat_byte(0x11), U256::from(1)), (far, U256::MAX)]);
    let (root, source) = store(&model);
    let (_, way) = prove::<U256, _>(&source, root, &B256::repeat_byte(0x11)).unwrap();
    let sibling = keccak256(&prove::<U256, _>(&source, root, &far).unwrap().1[1]);

    let narrow: Witness = way.into_iter().collect();
    let mut trie = Trie::<U256>::at(root);
    let error = trie.remove(&narrow, B256::repeat_byte(0x11)).unwrap_err();
    assert_eq!(error, TrieError::Missing(MissingNode(sibling)));
    assert_eq!(trie.commit().root, root, "an error changes nothing");
    trie.remove(&source, B256::repeat_byte(0x11)).unwrap();
    assert_eq!(trie.commit().root, store(&Model::from([(far, U256::MAX)])).0);
}

#[test]
fn nodes_that_no_trie_writes_are_refused() {
    let hash = |n: u8| [&[0xa0][..], &[n; 32]].concat();
    let list = |items: &[&[u8]]| {
        let payload = items.concat();
        let mut rlp = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut rlp);
        [rlp, payload].concat()
    };
    let leaf_path = [&[0xa1, 0x20][..], &[7; 32]].concat();
    let empty: &[u8] = &[0x80];
    let (first, second) = (hash(1), hash(2));
    let branch = |children: &[(usize, &[u8])], value: &'static [u8]| {
        let mut items = [empty; 17];
        children.iter().for_each(|(nibble, child)| items[*nibble] = child);
        items[16] = value;
        list(&items)
    };
    let cases: Vec<(&str, Vec<u8>, InvalidNode)> = vec![
        ("nothing", vec![], InvalidNode::Rlp),
        ("a string", vec![0x81, 0x80], InvalidNode::Rlp),
        ("three items", list(&[empty; 3]), InvalidNode::Rlp),
        ("eighteen items", list(&[empty; 18]), InvalidNode::Rlp),
        ("a tail", [list(&[&leaf_path, &[1]]), vec![0]].concat(), InvalidNode::Rlp),
        ("branch without children", branch(&[], &[0x80]), InvalidNode::Branch),
        ("branch with one child", branch(&[(3, &first)], &[0x80]), InvalidNode::Branch),
        ("branch with a value", branch(&[(3, &first), (4, &second)], &[1]), InvalidNode::Branch),
        (
            "child of 31 bytes",
            branch(&[(3, &first), (4, &[0x9f; 32])], &[0x80]),
            InvalidNode::Child,
        ),
        ("empty path", list(&[&[0x80], &first]), InvalidNode::Path),
        ("extension of no nibble", list(&[&[0x00], &first]), InvalidNode::Path),
        ("padding in a path", list(&[&[0x82, 0x01, 0x23], &first]), InvalidNode::Path),
        ("unknown flag", list(&[&[0x41], &first]), InvalidNode::Path),
        ("short leaf path", list(&[&[0x82, 0x20, 0x23], &[1]]), InvalidNode::Path),
        (
            "extension to a key's end",
            list(&[&[&[0xa1, 0][..], &[7; 32]].concat(), &first]),
            InvalidNode::Path,
        ),
        ("zero", list(&[&leaf_path, empty]), InvalidNode::Value),
        ("value with a leading zero", list(&[&leaf_path, &[0x82, 0, 1]]), InvalidNode::Value),
        (
            "extension to a short leaf",
            list(&[&[0x15], &list(&[&[0x20], &[1]])]),
            InvalidNode::Extension,
        ),
    ];
    for (name, rlp, reason) in cases {
        let hash = keccak256(&rlp);
        let source: Witness = [Bytes::from(rlp)].into_iter().collect();
        let error = Trie::<U256>::at(hash).read(&source, &B256::repeat_byte(0x55)).unwrap_err();
        assert_eq!(error, TrieError::Invalid { hash, reason }, "{name}");
    }
}

#[test]
fn an_extension_to_an_extension_is_refused() {
    let model: Model = (0..2_u8)
        .map(|n| {
            let mut key = B256::repeat_byte(0x33);
            key[5] = n;
            (key, U256::MAX)
        })
        .collect();
    let (root, mut source) = store(&model);
    // Put an extension of one nibble on top: its child hangs one nibble lower, where it is an
    // extension still.
    let mut rlp = vec![0xe2, 0x13, 0xa0];
    rlp.extend_from_slice(root.as_slice());
    let forged = keccak256(&rlp);
    source.extend_hashed([(forged, Bytes::from(rlp))]);
    let mut trie = Trie::<U256>::at(forged);
    let error = trie.get(&source, &B256::repeat_byte(0x33)).unwrap_err();
    assert_eq!(error, TrieError::Invalid { hash: root, reason: InvalidNode::Extension });
}

proptest! {
    #[test]
    fn any_sequence_of_edits_has_the_root_of_what_remains(
        rounds in vec((edits(), any::<bool>()), 1..8),
    ) {
        let (mut model, mut source, mut trie) = (Model::new(), Witness::default(), Trie::default());
        for (edits, forget) in rounds {
            apply(&mut model, &edits);
            let mut single = trie.clone();
            for (key, value) in &edits {
                match value {
                    Some(value) => single.insert(&source, *key, *value).unwrap(),
                    None => single.remove(&source, *key).unwrap(),
                }
            }
            trie.update(&source, edits.clone()).unwrap();
            let commit = trie.commit();
            prop_assert_eq!(commit.root, expected_root(&model));
            prop_assert_eq!(single.commit().root, commit.root, "one by one");
            source.extend_hashed(commit.nodes);
            if forget {
                trie = Trie::at(commit.root);
            }
            for (key, _) in &edits {
                prop_assert_eq!(trie.read(&source, key).unwrap(), model.get(key).copied());
                prop_assert_eq!(trie.get(&source, key).unwrap(), model.get(key));
            }
        }
    }

    #[test]
    fn a_witness_is_enough_and_nothing_of_it_is_superfluous(
        before in edits(), edits in edits(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let mut model = Model::new();
        apply(&mut model, &before);
        let (root, source) = store(&model);
        let recorder = Recorder::new(&source);
        Trie::<U256>::at(root).update(&recorder, edits.clone()).unwrap();
        let nodes = recorder.into_nodes();
        apply(&mut model, &edits);

        let replay = |nodes: &[Bytes]| {
            let witness: Witness = nodes.iter().cloned().collect();
            let mut trie = Trie::<U256>::at(root);
            trie.update(&witness, edits.clone()).map(|()| trie.commit().root)
        };
        prop_assert_eq!(replay(&nodes).unwrap(), expected_root(&model));
        if !nodes.is_empty() {
            let broken = at.index(nodes.len());
            let hash = keccak256(&nodes[broken]);
            let mut mutated = nodes;
            let mut node = mutated[broken].to_vec();
            let byte = at.index(node.len());
            node[byte] ^= 1 << bit;
            mutated[broken] = node.into();
            prop_assert_eq!(replay(&mutated).unwrap_err(), TrieError::Missing(MissingNode(hash)));
        }
    }

    #[test]
    fn proofs_satisfy_alloy_and_break_with_any_bit(
        edits in edits(), key in key(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let mut model = Model::new();
        apply(&mut model, &edits);
        let (root, source) = store(&model);
        let (value, proof) = prove::<U256, _>(&source, root, &key).unwrap();
        prop_assert_eq!(value, model.get(&key).copied());
        prop_assert_eq!(verify::<U256>(root, &key, &proof).unwrap(), value);
        verify_proof(root, Nibbles::unpack(key), value.map(encoded), &proof).unwrap();

        let superfluous = [&proof[..], &[Bytes::new()]].concat();
        prop_assert_eq!(verify::<U256>(root, &key, &superfluous), Err(ProofError::Superfluous));
        if !proof.is_empty() {
            let mut mutated = proof;
            let broken = at.index(mutated.len());
            let mut node = mutated[broken].to_vec();
            let byte = at.index(node.len());
            node[byte] ^= 1 << bit;
            mutated[broken] = node.into();
            prop_assert!(verify::<U256>(root, &key, &mutated).is_err());
            prop_assert!(verify::<U256>(root, &key, &mutated[..broken]).is_err());
        }
    }

    #[test]
    fn a_node_that_is_accepted_is_the_one_that_the_trie_writes(
        edits in edits(), key in key(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut model = Model::new();
        apply(&mut model, &edits);
        let (root, mut source) = store(&model);
        let (_, proof) = prove::<U256, _>(&source, root, &key).unwrap();
        let mut node = proof.first().map_or_else(Vec::new, |node| node.to_vec());
        node.push(byte);
        let end = at.index(node.len());
        node[end] = byte;
        for node in [node.clone(), node[..node.len() - 1].to_vec(), node[..end].to_vec()] {
            let hash = keccak256(&node);
            source.extend_hashed([(hash, Bytes::from(node))]);
            let mut trie = Trie::<U256>::at(hash);
            // Change a value and change it back: the nodes on its way are written anew.
            let Ok(old) = trie.read(&source, &key) else { continue };
            let there = trie.insert(&source, key, U256::from(77));
            let back = trie.update(&source, vec![(key, old)]);
            if there.is_ok() && back.is_ok() {
                prop_assert_eq!(trie.commit().root, hash);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..700), key in key()) {
        let hash = keccak256(&bytes);
        let source: Witness = [Bytes::from(bytes)].into_iter().collect();
        let mut trie = Trie::<U256>::at(hash);
        let _ = trie.insert(&source, key, U256::from(1));
        let _ = trie.remove(&source, key);
    }
}
