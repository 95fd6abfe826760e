//! What the node keeps with each block of the ledger: where in the queue it ends.

use alloy_primitives::Bytes;
use altana_ledger::Block;

const VERSION: u8 = 1;

/// A block's place in the queue. Not part of the chain: it follows from the batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The first message that this block and all before it have left.
    pub queue_end: u64,
}

impl Note {
    /// The note of a block; the genesis has consumed nothing. `None`: somebody else's bytes.
    pub fn of(block: &Block) -> Option<Self> {
        if block.number() == 0 {
            return Some(Self::default());
        }
        let (version, rest) = block.note.split_first()?;
        let queue_end = u64::from_be_bytes(rest.try_into().ok()?);
        (*version == VERSION).then_some(Self { queue_end })
    }

    /// The bytes to keep.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.queue_end.to_be_bytes());
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_pinned() {
        assert_eq!(Note { queue_end: 0x0102 }.encode().as_ref(), [1, 0, 0, 0, 0, 0, 0, 1, 2]);
    }
}
