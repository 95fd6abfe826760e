//! The beacon block that stands behind an execution block: the least that gives each block a
//! beacon root, and each blob an inclusion proof that verifies against it.
//!
//! Containers and generalized indices are those of the consensus specification (Electra's
//! `BeaconBlockBody`, `BeaconBlockHeader`); all that a devnet does not have is zero.

use alloy_eips::eip4844::Bytes48;
use alloy_primitives::{B256, keccak256};
use sha2::{Digest as _, Sha256};

/// `MAX_BLOB_COMMITMENTS_PER_BLOCK` is 2^12.
const COMMITMENTS_DEPTH: usize = 12;
/// Depth of the body's fields: 13 of them, padded to 16.
const BODY_DEPTH: usize = 4;
/// Place of `blob_kzg_commitments` in the body.
const COMMITMENTS_FIELD: usize = 11;

/// `BeaconBlockHeader`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BeaconHeader {
    pub(crate) slot: u64,
    pub(crate) parent_root: B256,
    /// Stands for the state of the consensus layer, of which a devnet has none: the hash of the
    /// execution block, so that the root commits to it.
    pub(crate) state_root: B256,
    pub(crate) body_root: B256,
}

impl BeaconHeader {
    /// Its SSZ hash tree root: the beacon root of the block.
    pub(crate) fn root(&self) -> B256 {
        let mut slot = B256::ZERO;
        slot[..8].copy_from_slice(&self.slot.to_le_bytes());
        let fields = [slot, B256::ZERO, self.parent_root, self.state_root, self.body_root];
        Tree::new(fields.to_vec(), 3).root()
    }
}

/// The body: its root and proofs of its commitments.
pub(crate) struct BeaconBody {
    commitments: Tree,
    fields: Tree,
    len: B256,
}

impl BeaconBody {
    pub(crate) fn new(commitments: &[Bytes48]) -> Self {
        let mut len = B256::ZERO;
        len[..8].copy_from_slice(&(commitments.len() as u64).to_le_bytes());
        let leaves = commitments.iter().map(commitment_root).collect();
        let commitments = Tree::new(leaves, COMMITMENTS_DEPTH);
        let mut fields = vec![B256::ZERO; COMMITMENTS_FIELD + 1];
        fields[COMMITMENTS_FIELD] = hash(commitments.root(), len);
        Self { commitments, fields: Tree::new(fields, BODY_DEPTH), len }
    }

    pub(crate) fn root(&self) -> B256 {
        self.fields.root()
    }

    /// Siblings from the commitment at `index` up to the body's root.
    pub(crate) fn inclusion_proof(&self, index: usize) -> Vec<B256> {
        let mut proof = self.commitments.siblings(index);
        proof.push(self.len);
        proof.extend(self.fields.siblings(COMMITMENTS_FIELD));
        proof
    }
}

/// Hash tree root of a `Bytes48`.
fn commitment_root(commitment: &Bytes48) -> B256 {
    let mut tail = B256::ZERO;
    tail[..16].copy_from_slice(&commitment[32..]);
    hash(B256::from_slice(&commitment[..32]), tail)
}

fn hash(left: B256, right: B256) -> B256 {
    let mut hasher = Sha256::new();
    hasher.update(left);
    hasher.update(right);
    B256::from_slice(&hasher.finalize())
}

/// A Merkle tree whose missing leaves are zero, level by level from the leaves.
struct Tree {
    levels: Vec<Vec<B256>>,
    zeros: Vec<B256>,
}

impl Tree {
    fn new(leaves: Vec<B256>, depth: usize) -> Self {
        let mut zeros = vec![B256::ZERO];
        let mut levels = vec![leaves];
        for level in 0..depth {
            let zero = zeros[level];
            let pairs = levels[level].chunks(2);
            let up = pairs.map(|p| hash(p[0], p.get(1).copied().unwrap_or(zero))).collect();
            levels.push(up);
            zeros.push(hash(zero, zero));
        }
        Self { levels, zeros }
    }

    fn node(&self, level: usize, index: usize) -> B256 {
        self.levels[level].get(index).copied().unwrap_or(self.zeros[level])
    }

    fn root(&self) -> B256 {
        self.node(self.levels.len() - 1, 0)
    }

    fn siblings(&self, index: usize) -> Vec<B256> {
        (0..self.levels.len() - 1).map(|level| self.node(level, (index >> level) ^ 1)).collect()
    }
}

/// PREVRANDAO of the block after `parent`; `fork` differs for each of its children.
pub(crate) fn prev_randao(parent: B256, fork: u64) -> B256 {
    keccak256([parent.as_slice(), &fork.to_be_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_is_proven_against_the_body() {
        let commitments: Vec<_> = (1..=9).map(Bytes48::repeat_byte).collect();
        let body = BeaconBody::new(&commitments);
        for (index, commitment) in commitments.iter().enumerate() {
            let proof = body.inclusion_proof(index);
            assert_eq!(proof.len(), COMMITMENTS_DEPTH + 1 + BODY_DEPTH);
            // Generalized index as in the specification: body field, then data, then list item.
            let field = (1 << BODY_DEPTH) | COMMITMENTS_FIELD;
            let mut place = (field << (COMMITMENTS_DEPTH + 1)) | index;
            let root = proof.iter().fold(commitment_root(commitment), |node, sibling| {
                let up = if place & 1 == 0 { hash(node, *sibling) } else { hash(*sibling, node) };
                place /= 2;
                up
            });
            assert_eq!(root, body.root(), "{index}");
        }
    }

    #[test]
    fn an_empty_header_has_the_root_that_the_specification_gives() {
        let zero = BeaconHeader {
            slot: 0,
            parent_root: B256::ZERO,
            state_root: B256::ZERO,
            body_root: B256::ZERO,
        };
        let level = |x: B256| hash(x, x);
        assert_eq!(zero.root(), level(level(level(B256::ZERO))));
    }
}
