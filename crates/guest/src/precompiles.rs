//! Precompiles that the parent chain computes: the machine reads the result of a call (kind 6).
//!
//! A question must be one that the step contract can answer (docs/machine.md §4, "What a program
//! may ask"): at most 16,384 bytes, and never short of gas, which revm has charged before it comes
//! here. What is longer is asked in parts, or computed here by revm's own code.

mod bls;
mod modexp;

use crate::{
    ecall::{hint, read_all},
    oracle::Kind,
};
use alloc::{sync::Arc, vec::Vec};
use alloy_consensus::crypto::{
    RecoveryError,
    backend::{CryptoProvider, install_default_provider},
};
use alloy_primitives::{Address, keccak256};
use revm::precompile::{
    Crypto, DefaultCrypto, PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

/// Longest input of a call that may be asked for, in bytes.
const INPUT_BYTES_MAX: usize = 16_384;

const EC_RECOVER: u16 = 0x01;
const BN_ADD: u16 = 0x06;
const BN_MUL: u16 = 0x07;
const BN_PAIRING: u16 = 0x08;
const KZG: u16 = 0x0a;
const P256_VERIFY: u16 = 0x0100;

/// Has revm and the recovery of senders ask the parent chain.
pub(crate) fn install() {
    revm::precompile::install_crypto(Parent);
    // Nothing is installed before.
    let _ = install_default_provider(Arc::new(Parent));
}

/// What a precompile returns for the parts of an input, at most [`INPUT_BYTES_MAX`] in all; `None`
/// if the call fails.
fn call(address: u16, input: &[&[u8]]) -> Option<Vec<u8>> {
    let length = input.iter().map(|part| part.len()).sum::<usize>();
    let mut name = Vec::with_capacity(20 + length);
    name.extend_from_slice(&[0; 18]);
    name.extend_from_slice(&address.to_be_bytes());
    input.iter().for_each(|part| name.extend_from_slice(part));
    let key = Kind::Precompile.key(keccak256(&name));
    hint(&name);
    let mut answer = read_all(key);
    if answer.first() != Some(&1) {
        return None;
    }
    answer.remove(0);
    Some(answer)
}

/// [`call`], where a success returns `N` bytes.
fn call_fixed<const N: usize>(address: u16, input: &[&[u8]]) -> Option<[u8; N]> {
    call(address, input)?.try_into().ok()
}

/// The last 20 bytes of what 0x01 returns; nothing for a signature that names nobody.
fn recover(signature: &[u8], parity: u8, hash: &[u8; 32]) -> Option<[u8; 32]> {
    let mut v = [0; 32];
    v[31] = 27 + parity;
    call_fixed(EC_RECOVER, &[hash, &v, signature])
}

#[derive(Clone, Debug)]
struct Parent;

impl CryptoProvider for Parent {
    fn recover_signer_unchecked(
        &self,
        signature: &[u8; 65],
        hash: &[u8; 32],
    ) -> Result<Address, RecoveryError> {
        let (rs, parity) = signature.split_at(64);
        let word = recover(rs, parity[0], hash).ok_or_else(RecoveryError::new)?;
        Ok(Address::from_word(word.into()))
    }

    /// No rule of the protocol knows a public key.
    fn verify_and_compute_signer_unchecked(
        &self,
        _: &[u8; 65],
        _: &[u8; 64],
        _: &[u8; 32],
    ) -> Result<Address, RecoveryError> {
        Err(RecoveryError::new())
    }
}

impl Crypto for Parent {
    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        parity: u8,
        hash: &[u8; 32],
    ) -> Result<[u8; 32], PrecompileHalt> {
        recover(signature, parity, hash).ok_or(PrecompileHalt::Secp256k1RecoverFailed)
    }

    fn bn254_g1_add(&self, a: &[u8], b: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        call_fixed(BN_ADD, &[a, b]).ok_or(PrecompileHalt::Bn254AffineGFailedToCreate)
    }

    fn bn254_g1_mul(&self, point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        call_fixed(BN_MUL, &[point, scalar]).ok_or(PrecompileHalt::Bn254AffineGFailedToCreate)
    }

    fn bn254_pairing_check(&self, pairs: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
        let parts: Vec<&[u8]> = pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
        if parts.iter().map(|part| part.len()).sum::<usize>() > INPUT_BYTES_MAX {
            return DefaultCrypto.bn254_pairing_check(pairs);
        }
        let word: Option<[u8; 32]> = call_fixed(BN_PAIRING, &parts);
        word.map(|word| word[31] == 1).ok_or(PrecompileHalt::Bn254AffineGFailedToCreate)
    }

    fn modexp(
        &self,
        base: &[u8],
        exponent: &[u8],
        modulus: &[u8],
    ) -> Result<Vec<u8>, PrecompileHalt> {
        Ok(modexp::modexp(base, exponent, modulus))
    }

    fn secp256r1_verify_signature(&self, hash: &[u8; 32], rs: &[u8; 64], key: &[u8; 64]) -> bool {
        call(P256_VERIFY, &[hash, rs, key]).is_some_and(|answer| !answer.is_empty())
    }

    fn verify_kzg_proof(
        &self,
        z: &[u8; 32],
        y: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Result<(), PrecompileHalt> {
        let hash = revm::precompile::kzg_point_evaluation::kzg_to_versioned_hash(commitment);
        let answer = call(KZG, &[&hash, z, y, commitment, proof]);
        answer.map(|_| ()).ok_or(PrecompileHalt::BlobVerifyKzgProofFailed)
    }

    fn bls12_381_g1_add(&self, a: G1Point, b: G1Point) -> Result<[u8; 96], PrecompileHalt> {
        bls::g1_add(a, b)
    }

    fn bls12_381_g1_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G1PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 96], PrecompileHalt> {
        bls::g1_msm(pairs)
    }

    fn bls12_381_g2_add(&self, a: G2Point, b: G2Point) -> Result<[u8; 192], PrecompileHalt> {
        bls::g2_add(a, b)
    }

    fn bls12_381_g2_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G2PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 192], PrecompileHalt> {
        bls::g2_msm(pairs)
    }

    fn bls12_381_pairing_check(
        &self,
        pairs: &[(G1Point, G2Point)],
    ) -> Result<bool, PrecompileHalt> {
        bls::pairing_check(pairs)
    }

    fn bls12_381_fp_to_g1(&self, fp: &[u8; 48]) -> Result<[u8; 96], PrecompileHalt> {
        bls::fp_to_g1(fp)
    }

    fn bls12_381_fp2_to_g2(&self, fp2: ([u8; 48], [u8; 48])) -> Result<[u8; 192], PrecompileHalt> {
        bls::fp2_to_g2(fp2)
    }
}
