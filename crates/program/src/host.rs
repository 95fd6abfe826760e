//! What the program may read.

use crate::{blobs::Blobs, calls::Calls};
use alloy_primitives::{B256, Bytes};
use altana_protocol::{
    batch::Blob,
    stf::{BlockInput, Witness},
};
use altana_riscv::{BlobElement, Host, Kind, Missing, PrecompileCall};
use std::{collections::HashMap, sync::Arc};

/// What a pre-image takes besides its own bytes.
const PREIMAGE_BYTES: usize = size_of::<(B256, Bytes)>() + 32;

/// Tells a machine that nobody wants its result any more.
pub type IsStopped = Arc<dyn Fn() -> bool + Send + Sync>;

/// A block's pre-images by the machine's keys: what answers a machine that runs the program.
pub struct BlockHost {
    input: Bytes,
    preimages: HashMap<B256, Bytes>,
    blobs: Blobs,
    calls: Calls,
    pub(crate) is_stopped: IsStopped,
}

impl std::fmt::Debug for BlockHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockHost").field("input", &self.input).finish_non_exhaustive()
    }
}

impl BlockHost {
    /// `witness` is what [`crate::record`] gave, `blobs` are those of the block's batch by their
    /// versioned hashes, whole.
    pub fn new(witness: &Witness, blobs: Vec<(B256, Blob)>, input: &BlockInput) -> Self {
        let mut all = Blobs::default();
        for (versioned_hash, blob) in blobs {
            all.insert(versioned_hash, blob);
        }
        let key = |hash: B256| Kind::Keccak.key(hash);
        let mut preimages: HashMap<_, _> =
            witness.entries().map(|(hash, bytes)| (key(*hash), bytes.clone())).collect();
        preimages.insert(key(input.hash()), input.encode().into());
        let input = Bytes::copy_from_slice(input.hash().as_slice());
        let is_stopped = Arc::new(|| false);
        Self { input, preimages, blobs: all, calls: Calls::default(), is_stopped }
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        let preimages = self.preimages.values().map(|bytes| bytes.len() + PREIMAGE_BYTES);
        preimages.sum::<usize>() + self.blobs.bytes() + self.calls.bytes()
    }
}

impl Host for BlockHost {
    fn read(&mut self, key: B256) -> Result<Bytes, Missing> {
        let answer = match Kind::of(&key) {
            Some(Kind::Local) => Some(self.input.clone()),
            Some(Kind::Keccak) => self.preimages.get(&key).cloned(),
            Some(Kind::Blob) => self.blobs.element(key).map(|element| element.0.into()),
            Some(Kind::Precompile) => self.calls.get(key).map(|(_, answer)| answer.clone()),
            Some(Kind::Sha256) | None => None,
        };
        answer.ok_or(Missing(key))
    }

    fn blob(&mut self, key: B256) -> Result<BlobElement, Missing> {
        self.blobs.prove(key).ok_or(Missing(key))
    }

    fn precompile(&mut self, key: B256) -> Result<PrecompileCall, Missing> {
        self.calls.get(key).map(|(call, _)| call.clone()).ok_or(Missing(key))
    }

    fn hint(&mut self, bytes: &[u8]) {
        self.calls.hint(bytes);
    }

    fn is_stopped(&self) -> bool {
        (self.is_stopped)()
    }
}
