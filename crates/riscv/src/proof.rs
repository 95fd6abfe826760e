//! Merkle proofs of memory leaves (docs/machine.md §1 and §5).

use crate::plain::Leaf;
use alloy_primitives::{B256, keccak256};
use std::sync::LazyLock;

/// Levels of the memory tree: 2^27 leaves of 32 bytes.
pub(crate) const LEVELS: usize = 27;

/// Roots of subtrees of zeros, by height.
pub(crate) static ZEROS: LazyLock<[B256; LEVELS + 1]> = LazyLock::new(|| {
    let mut zeros = [B256::ZERO; LEVELS + 1];
    for height in 1..zeros.len() {
        zeros[height] = keccak256([zeros[height - 1], zeros[height - 1]].concat());
    }
    zeros
});

/// The node above two nodes of this height.
pub(crate) fn parent(height: usize, left: &B256, right: &B256) -> B256 {
    if *left == ZEROS[height] && *right == ZEROS[height] {
        return ZEROS[height + 1];
    }
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(left.as_slice());
    bytes[32..].copy_from_slice(right.as_slice());
    keccak256(bytes)
}

/// A leaf, and the siblings on its way to the root in rising order of levels.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) leaf: Leaf,
    pub(crate) siblings: [B256; LEVELS],
}

impl Proof {
    /// The root of a memory in which the leaf that holds `address` is `leaf`.
    pub(crate) fn root_with(&self, address: u32, leaf: &Leaf) -> B256 {
        let index = address / 32;
        let mut node = B256::new(*leaf);
        for (level, sibling) in self.siblings.iter().enumerate() {
            let right = index >> level & 1 == 1;
            let (l, r) = if right { (sibling, &node) } else { (&node, sibling) };
            node = parent(level, l, r);
        }
        node
    }

    /// Appends `leaf ++ mask ++ siblings`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let given = |level: usize| self.siblings[level] != ZEROS[level];
        let mask = (0..LEVELS).fold(0, |mask, level| mask | u32::from(given(level)) << level);
        out.extend_from_slice(&self.leaf);
        out.extend_from_slice(&mask.to_be_bytes());
        for level in (0..LEVELS).filter(|level| given(*level)) {
            out.extend_from_slice(self.siblings[level].as_slice());
        }
    }

    /// Takes a proof from the front of `bytes`; `None` if there is none.
    pub(crate) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let leaf = *bytes.split_off(..32)?.as_array()?;
        let mask = u32::from_be_bytes(*bytes.split_off(..4)?.as_array()?);
        if mask >> LEVELS != 0 {
            return None;
        }
        let mut siblings = [B256::ZERO; LEVELS];
        for (level, sibling) in siblings.iter_mut().enumerate() {
            let given = mask >> level & 1 == 1;
            *sibling = if given { B256::from_slice(bytes.split_off(..32)?) } else { ZEROS[level] };
        }
        Some(Self { leaf, siblings })
    }
}
