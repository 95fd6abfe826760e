//! Blob sidecars: reading a transaction as wallets send it, and checking its blobs.

use std::sync::Arc;

use alloy_consensus::Signed;
use alloy_consensus::transaction::{RlpEcdsaDecodableTx, TxEip4844WithSidecar};
use alloy_eips::Decodable2718;
use alloy_eips::eip4844::env_settings::EnvKzgSettings;
use alloy_eips::eip4844::{Blob, Bytes48};
use alloy_eips::eip7594::BlobTransactionSidecarVariant;
use alloy_primitives::B256;
use altana_protocol::Transaction;

use crate::refusal::Refusal;

/// EIP-7594: most blobs in one transaction.
pub(crate) const MAX_BLOBS_PER_TRANSACTION: usize = 6;

/// Longest transaction accepted, in bytes: six blobs with cell proofs, and 128 KiB for the rest.
pub(crate) const MAX_TRANSACTION_BYTES: usize =
    MAX_BLOBS_PER_TRANSACTION * (131_072 + 48 * 129 + 64) + 128 * 1024;

const BLOB_TYPE: u8 = 3;
const VERSIONED_HASH_VERSION: u8 = 1;

/// One blob with its commitment; its proof has been checked and is not kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CheckedBlob {
    pub(crate) versioned_hash: B256,
    pub(crate) commitment: Bytes48,
    pub(crate) blob: Blob,
}

/// The blobs of one transaction in its order.
pub(crate) type Sidecar = Vec<Arc<CheckedBlob>>;

/// The trusted setup of mainnet; the first call loads it (some tenths of a second).
pub(crate) fn kzg() -> &'static alloy_eips::eip4844::env_settings::KzgSettings {
    static SETTINGS: EnvKzgSettings = EnvKzgSettings::Default;
    SETTINGS.get()
}

/// Reads a transaction as `eth_sendRawTransaction` takes it: a blob transaction with its sidecar
/// (EIP-7594 cell proofs, or EIP-4844 blob proofs), any other as in a block. Proofs are verified.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Transaction, Sidecar), Refusal> {
    if bytes.len() > MAX_TRANSACTION_BYTES {
        return Err(Refusal::Malformed(format!(
            "{} bytes are more than {MAX_TRANSACTION_BYTES}",
            bytes.len()
        )));
    }
    match bytes.split_first() {
        Some((&BLOB_TYPE, mut rest)) => decode_blobs(&mut rest),
        _ => {
            let tx = Transaction::decode_2718_exact(bytes)
                .map_err(|e| Refusal::Malformed(e.to_string()))?;
            match tx {
                Transaction::Deposit(_) => Err(Refusal::UnsupportedType(0x7e)),
                tx => Ok((tx, Sidecar::new())),
            }
        }
    }
}

fn decode_blobs(rest: &mut &[u8]) -> Result<(Transaction, Sidecar), Refusal> {
    type Network = TxEip4844WithSidecar<BlobTransactionSidecarVariant>;
    let signed: Signed<Network> = Network::rlp_decode_signed(rest)
        .map_err(|e| Refusal::Malformed(format!("blob transaction with its sidecar: {e}")))?;
    if !rest.is_empty() {
        return Err(Refusal::Malformed("bytes after the transaction".to_owned()));
    }
    let (network, signature, hash) = signed.into_parts();
    let (tx, sidecar) = network.into_parts();
    let sidecar = check(&tx.blob_versioned_hashes, sidecar)?;
    Ok((Transaction::Eip4844(Signed::new_unchecked(tx, signature, hash)), sidecar))
}

fn check(hashes: &[B256], sidecar: BlobTransactionSidecarVariant) -> Result<Sidecar, Refusal> {
    match hashes.len() {
        0 => return Err(Refusal::Blobs("blobless blob transaction".to_owned())),
        n if n > MAX_BLOBS_PER_TRANSACTION => {
            return Err(Refusal::Blobs(format!(
                "too many blobs in transaction: have {n}, max {MAX_BLOBS_PER_TRANSACTION}"
            )));
        }
        _ => {}
    }
    if hashes.iter().any(|h| h[0] != VERSIONED_HASH_VERSION) {
        return Err(Refusal::Blobs("blob hash version is not 1".to_owned()));
    }
    if sidecar.blobs().len() != hashes.len() || sidecar.commitments().len() != hashes.len() {
        return Err(Refusal::Blobs(format!(
            "{} versioned hashes, {} blobs, {} commitments",
            hashes.len(),
            sidecar.blobs().len(),
            sidecar.commitments().len()
        )));
    }
    sidecar.validate(hashes, kzg()).map_err(|e| Refusal::Blobs(e.to_string()))?;
    let commitments = sidecar.commitments().to_vec();
    let blobs = sidecar.into_blobs();
    let checked = hashes.iter().zip(commitments).zip(blobs).map(|((hash, commitment), blob)| {
        Arc::new(CheckedBlob { versioned_hash: *hash, commitment, blob })
    });
    Ok(checked.collect())
}
