//! Decoded pages of instructions. Whoever writes to a page removes its decoded form first.

use crate::{
    decode::{Do, Op, decode},
    tree::{PAGE_BYTES, PAGES, Page},
};

/// Most decoded pages that are kept, 8 KiB each; at the limit all are dropped.
const DECODED_PAGES_MAX: usize = 1 << 15;

/// Instructions of a page.
pub(crate) const PAGE_OPS: usize = PAGE_BYTES / 4;

/// A decoded page, and [`Do::PageEnd`] behind it.
pub(crate) type Ops = [Op; PAGE_OPS + 1];

#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// By page number: one more than the place in `pages`, 0 if the page is not decoded.
    table: Box<[u32; PAGES]>,
    pages: Vec<Ops>,
    /// Numbers of the pages in `pages`, by place; a removed page's place is in `free`.
    numbers: Vec<u32>,
    free: Vec<u32>,
}

impl Code {
    pub(crate) fn new() -> Self {
        let table = vec![0; PAGES].into_boxed_slice();
        let table = table.try_into().expect("the table has an entry per page");
        Self { table, pages: Vec::new(), numbers: Vec::new(), free: Vec::new() }
    }

    /// The decoded page, if there is one.
    #[inline(always)]
    pub(crate) fn page(&self, page: u32) -> Option<&Ops> {
        let place = self.table[page as usize];
        if place == 0 { None } else { self.pages.get(place as usize - 1) }
    }

    /// Decodes a page that is not decoded.
    pub(crate) fn decode(&mut self, number: u32, page: &Page) {
        if self.pages.len() == DECODED_PAGES_MAX && self.free.is_empty() {
            self.clear();
        }
        let place = self.free.pop().map_or(self.pages.len(), |place| place as usize);
        if place == self.pages.len() {
            self.pages.push([Op::bare(Do::PageEnd); PAGE_OPS + 1]);
            self.numbers.push(number);
        }
        for (op, word) in self.pages[place].iter_mut().zip(page.as_chunks().0) {
            *op = decode(u32::from_le_bytes(*word));
        }
        self.numbers[place] = number;
        self.table[number as usize] = place as u32 + 1;
    }

    /// Forgets a page, because it changes.
    pub(crate) fn remove(&mut self, page: u32) {
        if let Some(place) = std::mem::take(&mut self.table[page as usize]).checked_sub(1) {
            self.free.push(place);
        }
    }

    fn clear(&mut self) {
        for page in &self.numbers {
            self.table[*page as usize] = 0;
        }
        self.pages.clear();
        self.numbers.clear();
        self.free.clear();
    }
}
