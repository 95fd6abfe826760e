//! Has revm and the recovery of senders use the machine's own instructions.

use crate::secp256k1::recover;
use alloy_consensus::crypto::{
    RecoveryError,
    backend::{CryptoProvider, install_default_provider},
};
use alloy_primitives::Address;
use openvm_sha2::{Digest, Sha256};
use revm::precompile::Crypto;

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
    ) -> Result<[u8; 32], revm::precompile::PrecompileHalt> {
        let address = recover(signature, parity, hash)
            .ok_or(revm::precompile::PrecompileHalt::Secp256k1RecoverFailed)?;
        Ok(address.into_word().0)
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
