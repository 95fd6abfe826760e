//! A node recovers signers with libsecp256k1, the program with k256. They must agree on every
//! signature, or a batch would have two results.

use alloy_consensus::{SignableTransaction, Signed, transaction::SignerRecoverable};
use alloy_primitives::{Address, Signature, U256, uint};
use altana_protocol::Transaction;
use proptest::prelude::*;

use crate::chain::{STORE, call, sign};

/// Order of the group.
const N: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
/// Size of the field.
const P: U256 = uint!(0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f_U256);

fn edge() -> impl Strategy<Value = U256> {
    let near = prop::sample::select(vec![U256::ZERO, N, P, N >> 1, U256::MAX, P - N]);
    let near = (near, -3_i8..=3).prop_map(|(value, delta)| {
        let distance = U256::from(delta.unsigned_abs());
        if delta < 0 { value.wrapping_sub(distance) } else { value.wrapping_add(distance) }
    });
    prop_oneof![near, any::<[u8; 32]>().prop_map(U256::from_be_bytes)]
}

/// As a build without `std` recovers.
fn soft(signature: &Signature, tx: &impl SignableTransaction<Signature>) -> Option<Address> {
    if signature.s() > N >> 1 {
        return None;
    }
    let key = signature.recover_from_prehash(&tx.signature_hash()).ok()?;
    Some(Address::from_public_key(&key))
}

fn check(signature: Signature, nonce: u64) {
    let tx = call(nonce, STORE);
    let expect = soft(&signature, &tx);
    let found = Transaction::Eip1559(Signed::new_unhashed(tx, signature)).recover_signer().ok();
    assert_eq!(found, expect, "{signature:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn both_recover_the_same_signer_or_none(r in edge(), s in edge(), parity: bool, nonce: u64) {
        check(Signature::new(r, s, parity), nonce);
    }

    #[test]
    fn both_recover_true_signers_and_refuse_malleable_ones(sender in 0_usize..8, nonce: u64) {
        let Transaction::Eip1559(tx) = sign(sender, call(nonce, STORE)) else { unreachable!() };
        let signature = *tx.signature();
        prop_assert_eq!(soft(&signature, tx.tx()), Some(crate::chain::sender(sender)));
        check(signature, nonce);
        check(Signature::new(signature.r(), N - signature.s(), !signature.v()), nonce);
    }
}
