//! Has revm and the recovery of senders use the machine's own instructions.

use crate::{bls12_381, bn254, kzg, p256, secp256k1::recover};
use alloy_consensus::crypto::{
    RecoveryError,
    backend::{CryptoProvider, install_default_provider},
};
use alloy_primitives::Address;
use openvm_sha2::{Digest, Sha256};
use revm::precompile::{
    Crypto, PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

pub(crate) fn install() {
    // Nothing is installed before.
    revm::precompile::install_crypto(Machine);
    let _ = install_default_provider(alloc::sync::Arc::new(Machine));
}

#[derive(Clone, Debug)]
struct Machine;

impl Crypto for Machine {
    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        Sha256::digest(input).into()
    }

    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        parity: u8,
        hash: &[u8; 32],
    ) -> Result<[u8; 32], PrecompileHalt> {
        let address =
            recover(signature, parity, hash).ok_or(PrecompileHalt::Secp256k1RecoverFailed)?;
        Ok(address.into_word().0)
    }

    fn secp256r1_verify_signature(
        &self,
        hash: &[u8; 32],
        signature: &[u8; 64],
        key: &[u8; 64],
    ) -> bool {
        p256::is_valid(hash, signature, key)
    }

    fn bn254_g1_add(&self, left: &[u8], right: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        bn254::add(left, right)
    }

    fn bn254_g1_mul(&self, point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        bn254::multiply(point, scalar)
    }

    fn bn254_pairing_check(&self, pairs: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
        bn254::pairing(pairs)
    }

    fn verify_kzg_proof(
        &self,
        z: &[u8; 32],
        y: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Result<(), PrecompileHalt> {
        let valid = kzg::is_valid(z, y, commitment, proof);
        valid.then_some(()).ok_or(PrecompileHalt::BlobVerifyKzgProofFailed)
    }

    fn bls12_381_g1_add(&self, left: G1Point, right: G1Point) -> Result<[u8; 96], PrecompileHalt> {
        bls12_381::g1_add(left, right)
    }

    fn bls12_381_g1_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G1PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 96], PrecompileHalt> {
        bls12_381::g1_msm(pairs)
    }

    fn bls12_381_g2_add(&self, left: G2Point, right: G2Point) -> Result<[u8; 192], PrecompileHalt> {
        bls12_381::g2_add(left, right)
    }

    fn bls12_381_g2_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G2PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 192], PrecompileHalt> {
        bls12_381::g2_msm(pairs)
    }

    fn bls12_381_pairing_check(
        &self,
        pairs: &[(G1Point, G2Point)],
    ) -> Result<bool, PrecompileHalt> {
        bls12_381::pairing(pairs)
    }
}

impl CryptoProvider for Machine {
    fn recover_signer_unchecked(
        &self,
        signature: &[u8; 65],
        hash: &[u8; 32],
    ) -> Result<Address, RecoveryError> {
        let (signature, parity) = signature.split_first_chunk().expect("64 bytes");
        recover(signature, parity[0], hash).ok_or_else(RecoveryError::new)
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
