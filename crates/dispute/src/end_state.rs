//! How a machine's last state is encoded, and the block leaf that it ends with (docs/machine.md
//! §1, docs/dispute.md §2).

use alloy_primitives::{B256, keccak256};

/// Length of an encoded state.
pub const STATE_BYTES: usize = 297;

/// Where the status stands, and the status of a machine that halted with 0.
const STATUS_AT: usize = 48;
const VALID: u8 = 0;

/// Where `a1` (x11) stands, the first of the four registers with the leaf. `x1` stands behind the
/// status.
const LEAF_AT: usize = STATUS_AT + 1 + 8 * 10;

/// The block leaf that an end state holds in `a1`…`a4`; `None` if it isn't a valid end state.
pub fn leaf(state: &[u8]) -> Option<B256> {
    (state.len() == STATE_BYTES && state[STATUS_AT] == VALID).then(|| {
        let mut leaf = B256::from_slice(&state[LEAF_AT..LEAF_AT + 32]);
        swap_registers(&mut leaf);
        leaf
    })
}

/// The same end state, valid and with another leaf: a lie.
pub fn with_leaf(state: &[u8], mut leaf: B256) -> Vec<u8> {
    let mut state = state.to_vec();
    state[STATUS_AT] = VALID;
    swap_registers(&mut leaf);
    state[LEAF_AT..LEAF_AT + 32].copy_from_slice(leaf.as_slice());
    state
}

/// The same state over another memory: a lie that ends well.
pub fn with_other_memory(state: &[u8]) -> Vec<u8> {
    let mut state = state.to_vec();
    state[0] ^= 1;
    state
}

/// The state hash: keccak256, its first byte replaced by the status.
pub(crate) fn hash(state: &[u8]) -> B256 {
    let mut hash = keccak256(state);
    hash[0] = state[STATUS_AT];
    hash
}

/// Registers hold a hash little-endian, and are encoded big-endian.
fn swap_registers(leaf: &mut B256) {
    leaf.0.as_chunks_mut::<8>().0.iter_mut().for_each(|register| register.reverse());
}
