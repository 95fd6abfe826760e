//! Decoded pages of instructions. Whoever writes to a page removes its decoded form first.

use crate::{
    decode::{Op, decode},
    tree::{PAGE_BYTES, Page},
};

/// Most decoded pages that are kept, 8 KiB each; at the limit all are dropped.
const DECODED_PAGES_MAX: usize = 1 << 13;

/// Instructions of a page.
pub(crate) const PAGE_OPS: usize = PAGE_BYTES / 4;

/// A decoded page.
pub(crate) type Ops = [Op; PAGE_OPS];

/// Pages are known by their place in [`Memory`](crate::memory::Memory).
#[derive(Clone, Debug, Default)]
pub(crate) struct Code {
    pages: Vec<Option<Box<Ops>>>,
    /// How many of `pages` are there.
    decoded: usize,
}

impl Code {
    /// The decoded page, if there is one.
    #[inline(always)]
    pub(crate) fn page(&self, place: u32) -> Option<&Ops> {
        self.pages.get(place as usize)?.as_deref()
    }

    /// Decodes a page that is not decoded.
    pub(crate) fn decode(&mut self, place: u32, page: &Page) {
        if self.decoded >= DECODED_PAGES_MAX {
            *self = Self::default();
        }
        let mut ops = Box::new([Op::plain(); PAGE_OPS]);
        for (op, word) in ops.iter_mut().zip(page.as_chunks().0) {
            *op = decode(u32::from_le_bytes(*word));
        }
        let place = place as usize;
        self.pages.resize(self.pages.len().max(place + 1), None);
        self.pages[place] = Some(ops);
        self.decoded += 1;
    }

    /// Bytes of memory that they take.
    pub(crate) fn bytes(&self) -> usize {
        self.decoded * size_of::<Ops>() + self.pages.len() * size_of::<Option<Box<Ops>>>()
    }

    /// Forgets a page, because it changes.
    pub(crate) fn remove(&mut self, place: u32) {
        let page = self.pages.get_mut(place as usize).and_then(Option::take);
        self.decoded -= usize::from(page.is_some());
    }
}
