//! Blobs with their commitments and proofs.

use super::SendError;
use crate::{ParentError, kzg};
use alloy::{
    consensus::{BlobTransactionSidecar, BlobTransactionSidecarEip7594},
    eips::{
        eip4844::{Blob as WireBlob, kzg_to_versioned_hash},
        eip7594::BlobTransactionSidecarVariant,
    },
    primitives::B256,
};
use altana_protocol::batch::Blob;
use std::thread;

/// The forms in which blobs travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With proofs of their cells (EIP-7594).
    Cells,
    /// With a proof of each blob (EIP-4844). Few parents want it, so it is made when it is needed.
    Whole,
}

/// A transaction's blobs.
pub(super) struct Sidecar {
    cells: BlobTransactionSidecarEip7594,
}

impl Sidecar {
    /// Computes commitments and the proofs of all cells: about a quarter of a second of one core for
    /// each blob.
    pub(super) async fn prove(blobs: Vec<Blob>) -> Result<Self, SendError> {
        let cells = compute(move || {
            let settings = kzg::settings();
            let parts = each(&blobs, |blob| {
                BlobTransactionSidecarEip7594::try_from_blobs_with_settings(
                    vec![wire(blob)],
                    settings,
                )
            })?;
            let mut whole = BlobTransactionSidecarEip7594::default();
            for part in parts {
                whole.blobs.extend(part.blobs);
                whole.commitments.extend(part.commitments);
                whole.cell_proofs.extend(part.cell_proofs);
            }
            Ok(whole)
        });
        Ok(Self { cells: cells.await? })
    }

    pub(super) fn versioned_hashes(&self) -> Vec<B256> {
        let commitments = self.cells.commitments.iter();
        commitments.map(|commitment| kzg_to_versioned_hash(commitment.as_slice())).collect()
    }

    /// What a transaction carries.
    pub(super) async fn encode(
        &self,
        form: Form,
    ) -> Result<BlobTransactionSidecarVariant, SendError> {
        if form == Form::Cells {
            return Ok(BlobTransactionSidecarVariant::Eip7594(self.cells.clone()));
        }
        let blobs = self.cells.blobs.clone();
        let whole = compute(move || {
            let settings = kzg::settings();
            BlobTransactionSidecar::try_from_blobs_with_settings(blobs, settings)
        });
        Ok(BlobTransactionSidecarVariant::Eip4844(whole.await?))
    }
}

fn wire(blob: &Blob) -> WireBlob {
    WireBlob::from_slice(&blob[..])
}

async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, c_kzg::Error> + Send + 'static,
) -> Result<T, SendError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(ParentError::temporary)?;
    done.map_err(|error| SendError::Invalid(error.to_string()))
}

/// Works on all blobs (at most six), a thread for each core.
fn each<T: Send>(
    blobs: &[Blob],
    work: impl Fn(&Blob) -> Result<T, c_kzg::Error> + Sync,
) -> Result<Vec<T>, c_kzg::Error> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let share = blobs.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let shares: Vec<_> = blobs
            .chunks(share)
            .map(|share| scope.spawn(|| share.iter().map(&work).collect::<Vec<_>>()))
            .collect();
        // A panic of the library is one of ours.
        let done = shares.into_iter().flat_map(|share| share.join().expect("no panic"));
        done.collect()
    })
}
