//! Pre-images in the order in which the program asks for them, each hashed before it answers anything.
//!
//! The program holds none that it was not asked for: its memory is for what one transaction reads, not
//! for what all do.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
use altana_protocol::stf::{MissingPreimage, PREIMAGE_BYTES_MAX};

/// Most bytes of encoded pages: a prover holds them in memory, four times over.
pub const PAGES_BYTES_MAX: usize = 3 << 30;

/// Bytes are no pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagesError {
    /// They end within a page.
    #[error("the pages: cut short")]
    Short,
    /// A page is longer than any pre-image, or all of them are.
    #[error("the pages: too long")]
    TooLong,
}

/// Pre-images in the order in which [`run_batches`](crate::run_batches) asks for them, each as often as
/// it does, and as a little-endian length of 4 bytes, then its bytes, padded to words with zeros: the
/// guest's third input.
pub fn encode_pages(pages: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for page in pages {
        let page = page.as_ref();
        bytes.extend_from_slice(&(page.len() as u32).to_le_bytes());
        bytes.extend_from_slice(page);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// Bytes that [`encode_pages`] makes of a page of so many.
#[cfg(feature = "std")]
pub(crate) fn encoded_bytes(page: usize) -> usize {
    4 + page.next_multiple_of(4)
}

/// Reads what [`encode_pages`] gives. Padding may be anything.
pub fn decode_pages(bytes: &Bytes) -> Result<Vec<Bytes>, PagesError> {
    if bytes.len() > PAGES_BYTES_MAX {
        return Err(PagesError::TooLong);
    }
    let mut pages = Vec::new();
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
        pages.push(bytes.slice(begin..begin + length));
    }
    Ok(pages)
}

/// Pages that are still to come, and those that came before they were asked for.
pub(crate) struct Pages<I> {
    coming: I,
    early: B256Map<Vec<Bytes>>,
}

impl<I: Iterator<Item = Bytes>> Pages<I> {
    pub(crate) fn new(coming: I) -> Self {
        Self { coming, early: B256Map::default() }
    }

    /// The page with this hash, which answers once.
    pub(crate) fn take(&mut self, hash: B256) -> Result<Bytes, MissingPreimage> {
        if let Some(page) = self.early.get_mut(&hash).and_then(Vec::pop) {
            return Ok(page);
        }
        for page in self.coming.by_ref() {
            let found = keccak256(&page);
            if found == hash {
                return Ok(page);
            }
            self.early.entry(found).or_default().push(page);
        }
        Err(MissingPreimage::Keccak(hash))
    }
}
