//! Pre-images, each hashed before it answers anything.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256};
use altana_protocol::stf::{MissingPreimage, Oracle};

/// The witness: pre-images in the order of their hashes.
pub(crate) struct Pages(Vec<(B256, Bytes)>);

impl Pages {
    /// Reads `length ‖ bytes`, padded to words, over and over. Lengths are little-endian words.
    pub(crate) fn read() -> Self {
        let bytes: &'static [u8] = openvm::io::read_vec().leak();
        let mut pages: Vec<(B256, Bytes)> = Vec::new();
        let mut rest = bytes;
        while let Some((length, tail)) = rest.split_first_chunk() {
            let length = u32::from_le_bytes(*length) as usize;
            let (padded, tail) = tail.split_at(length.next_multiple_of(4));
            let page = &padded[..length];
            let hash = keccak256(page);
            assert!(pages.last().is_none_or(|last| last.0 < hash), "pages in order");
            pages.push((hash, Bytes::from_static(page)));
            rest = tail;
        }
        Self(pages)
    }
}

impl Oracle for Pages {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        let place = self.0.binary_search_by(|page| page.0.cmp(&hash));
        place.map(|place| self.0[place].1.clone()).map_err(|_| MissingPreimage::Keccak(hash))
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        // Not before the claim says what the parent chain checks of a blob.
        Err(MissingPreimage::Element { versioned_hash, index })
    }
}
