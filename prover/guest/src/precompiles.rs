//! Has revm and the recovery of senders use the machine's own instructions.

#[cfg(any(feature = "ecc", feature = "sha2"))]
use revm::precompile::Crypto;
#[cfg(feature = "ecc")]
use {
    crate::secp256k1::recover,
    alloy_consensus::crypto::{
        RecoveryError,
        backend::{CryptoProvider, install_default_provider},
    },
    alloy_primitives::Address,
};

pub(crate) fn install() {
    // Nothing is installed before.
    #[cfg(any(feature = "ecc", feature = "sha2"))]
    revm::precompile::install_crypto(Machine);
    #[cfg(feature = "ecc")]
    let _ = install_default_provider(alloc::sync::Arc::new(Machine));
}

#[cfg(any(feature = "ecc", feature = "sha2"))]
#[derive(Clone, Debug)]
struct Machine;

#[cfg(any(feature = "ecc", feature = "sha2"))]
impl Crypto for Machine {
    #[cfg(feature = "sha2")]
    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        use openvm_sha2::{Digest, Sha256};
        Sha256::digest(input).into()
    }

    #[cfg(feature = "ecc")]
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

#[cfg(feature = "ecc")]
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
