//! Blob sidecars: do a transaction's blobs, commitments and proofs belong together?

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_eips::eip4844::c_kzg::{self, KzgSettings};
use alloy_eips::eip4844::{AsAlloy as _, AsCkzg as _, Blob, Bytes48};
use alloy_eips::eip7594::{BlobTransactionSidecarVariant, MAX_BLOBS_PER_TX_FUSAKA};
use alloy_primitives::B256;
use altana_protocol::Transaction;
use altana_rpc::SubmitError;

/// First byte of a versioned hash (EIP-4844).
const HASH_VERSION: u8 = 1;

/// One blob with its commitment; its proof has been checked and is not kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CheckedBlob {
    pub(crate) versioned_hash: B256,
    pub(crate) commitment: Bytes48,
    pub(crate) blob: Blob,
}

impl CheckedBlob {
    /// The proof that the commitment is the blob's (EIP-4844).
    pub(crate) fn proof(&self) -> Result<Bytes48, String> {
        let proof = kzg()
            .compute_blob_kzg_proof(self.blob.as_ckzg(), self.commitment.as_ckzg())
            .map_err(|e| e.to_string())?;
        Ok(*proof.as_alloy())
    }
}

/// The blobs of one transaction in its order; none unless it is a blob transaction.
pub(crate) type Sidecar = Vec<Arc<CheckedBlob>>;

/// The trusted setup of mainnet; the first call loads it (about a second). Without the tables
/// that only speed up making cell proofs, which take 100 MB.
pub(crate) fn kzg() -> &'static KzgSettings {
    c_kzg::ethereum_kzg_settings(0)
}

/// Checks the blobs that came with `tx`: EIP-7594 cell proofs or EIP-4844 blob proofs.
pub(crate) fn check(
    tx: &Transaction,
    sidecar: Option<BlobTransactionSidecarVariant>,
) -> Result<Sidecar, SubmitError> {
    let wrong = |why: String| Err(SubmitError::Blobs(why));
    let (hashes, sidecar) = match (tx.blob_versioned_hashes(), sidecar) {
        (None, None) => return Ok(Sidecar::new()),
        (None, Some(_)) => return wrong("the transaction has no blobs".to_owned()),
        (Some(_), None) => return wrong("missing sidecar".to_owned()),
        (Some(hashes), Some(sidecar)) => (hashes, sidecar),
    };
    let max = MAX_BLOBS_PER_TX_FUSAKA as usize;
    if hashes.is_empty() {
        return wrong("blobless blob transaction".to_owned());
    }
    if hashes.len() > max {
        return wrong(format!("too many blobs in transaction: have {}, max {max}", hashes.len()));
    }
    if let Some(hash) = hashes.iter().find(|h| h[0] != HASH_VERSION) {
        return wrong(format!("blob hash {hash} is not of version {HASH_VERSION}"));
    }
    let (blobs, commitments) = (sidecar.blobs().len(), sidecar.commitments().len());
    if blobs != hashes.len() || commitments != hashes.len() {
        let n = hashes.len();
        return wrong(format!("{n} versioned hashes, {commitments} commitments, {blobs} blobs"));
    }
    if let Err(error) = sidecar.validate(hashes, kzg()) {
        return wrong(error.to_string());
    }
    let commitments = sidecar.commitments().to_vec();
    let parts = hashes.iter().zip(commitments).zip(sidecar.into_blobs());
    Ok(parts
        .map(|((hash, commitment), blob)| {
            Arc::new(CheckedBlob { versioned_hash: *hash, commitment, blob })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::{Signed, TxEip4844};
    use alloy_eips::eip4844::builder::{SidecarBuilder, SimpleCoder};
    use alloy_primitives::Signature;

    fn tx(hashes: &[B256]) -> Transaction {
        let tx = TxEip4844 { blob_versioned_hashes: hashes.to_vec(), ..TxEip4844::default() };
        Transaction::Eip4844(Signed::new_unhashed(tx, Signature::test_signature()))
    }

    #[test]
    fn blobs_must_be_those_that_the_transaction_names() {
        let sidecar = SidecarBuilder::<SimpleCoder>::from_slice(b"blob").build_7594().unwrap();
        let named: Vec<_> = sidecar.versioned_hashes().collect();
        let check = |hashes: &[B256], sidecar: Option<_>| check(&tx(hashes), sidecar);
        let given = || Some(BlobTransactionSidecarVariant::from(sidecar.clone()));
        assert_eq!(check(&named, given()).unwrap()[0].versioned_hash, named[0]);
        let mut other = named.clone();
        other[0][31] ^= 1;
        let mut version = named.clone();
        version[0][0] = 2;
        let twice = [named[0], named[0]];
        for (what, hashes, sidecar) in [
            ("another hash", &other[..], given()),
            ("another version", &version, given()),
            ("two hashes", &twice, given()),
            ("no hash", &[], given()),
            ("no sidecar", &named, None),
        ] {
            assert!(matches!(check(hashes, sidecar), Err(SubmitError::Blobs(_))), "{what}");
        }
    }
}
