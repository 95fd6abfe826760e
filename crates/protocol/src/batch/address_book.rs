//! Addresses of a batch: twenty bytes where one first occurs, a small number from then on.

use alloc::vec::Vec;
use alloy_primitives::{Address, map::HashMap};

use super::DecodeError;

/// Turns addresses into references: 0 for a new one, else one more than its place among the
/// distinct addresses so far.
#[derive(Default)]
pub(super) struct AddressWriter {
    index: HashMap<Address, u128>,
    /// Distinct addresses in the order of their first occurrence.
    pub(super) new: Vec<u8>,
}

impl AddressWriter {
    pub(super) fn reference(&mut self, address: Address) -> u128 {
        let next = self.index.len() as u128 + 1;
        match self.index.entry(address) {
            alloy_primitives::map::Entry::Occupied(entry) => *entry.get(),
            alloy_primitives::map::Entry::Vacant(entry) => {
                entry.insert(next);
                self.new.extend_from_slice(address.as_slice());
                0
            }
        }
    }
}

/// Turns references back into addresses.
pub(super) struct AddressReader<'a> {
    new: &'a [u8],
    seen: usize,
}

impl<'a> AddressReader<'a> {
    /// `new` is what [`AddressWriter::new`] was.
    pub(super) fn new(new: &'a [u8]) -> Self {
        Self { new, seen: 0 }
    }

    pub(super) fn address(&mut self, reference: u128) -> Result<Address, DecodeError> {
        let index = if reference == 0 {
            self.seen += 1;
            self.seen
        } else {
            usize::try_from(reference).unwrap_or(usize::MAX)
        };
        if index > self.seen {
            return Err(DecodeError::Reference);
        }
        let bytes = self.new.get(20 * (index - 1)..20 * index).ok_or(DecodeError::Truncated)?;
        Ok(Address::from_slice(bytes))
    }

    /// Whether every new address was used.
    pub(super) fn is_exhausted(&self) -> bool {
        self.new.len() == 20 * self.seen
    }
}
