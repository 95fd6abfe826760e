//! Pre-images, each hashed before it answers anything.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256};
use altana_protocol::stf::{MissingPreimage, PREIMAGE_BYTES_MAX};

/// Most bytes of encoded pages: the guest's memory is 512 MiB.
pub const PAGES_BYTES_MAX: usize = 128 << 20;

/// Pre-images in the order of their hashes.
#[derive(Clone, Debug, Default)]
pub struct Pages(Vec<(B256, Bytes)>);

/// Bytes are no pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagesError {
    /// They end within a page.
    #[error("the pages: cut short")]
    Short,
    /// A page is longer than any pre-image, or all of them are.
    #[error("the pages: too long")]
    TooLong,
    /// Hashes do not rise.
    #[error("the pages: not in the order of their hashes")]
    Order,
}

/// Pre-images by rising hashes, each a little-endian length of 4 bytes, then its bytes, padded to
/// words with zeros: the guest's second input. `entries` may come in any order, and more than once.
pub fn encode_pages<'a>(entries: impl IntoIterator<Item = (&'a B256, &'a Bytes)>) -> Vec<u8> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_unstable_by_key(|entry| entry.0);
    entries.dedup_by_key(|entry| entry.0);
    let mut bytes = Vec::new();
    for (_, page) in entries {
        bytes.extend_from_slice(&(page.len() as u32).to_le_bytes());
        bytes.extend_from_slice(page);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

impl Pages {
    /// Reads what [`encode_pages`] gives. Padding may be anything.
    pub fn decode(bytes: &Bytes) -> Result<Self, PagesError> {
        if bytes.len() > PAGES_BYTES_MAX {
            return Err(PagesError::TooLong);
        }
        let mut pages: Vec<(B256, Bytes)> = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let length = bytes[at..].first_chunk().ok_or(PagesError::Short)?;
            let length = u32::from_le_bytes(*length) as usize;
            if length > PREIMAGE_BYTES_MAX {
                return Err(PagesError::TooLong);
            }
            let begin = at + 4;
            at = begin + length.next_multiple_of(4);
            if at > bytes.len() {
                return Err(PagesError::Short);
            }
            let page = bytes.slice(begin..begin + length);
            let hash = keccak256(&page);
            if pages.last().is_some_and(|last| last.0 >= hash) {
                return Err(PagesError::Order);
            }
            pages.push((hash, page));
        }
        Ok(Self(pages))
    }

    /// The page with this hash.
    pub fn get(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        let place = self.0.binary_search_by(|page| page.0.cmp(&hash));
        place.map(|place| self.0[place].1.clone()).map_err(|_| MissingPreimage::Keccak(hash))
    }
}
