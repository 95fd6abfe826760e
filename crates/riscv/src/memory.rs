//! The machine's memory: 2^32 bytes, read and written in place, and sealed into a [`Tree`].
//!
//! Pages in use stand in one array, and a table says where. The fast paths, [`Memory::get`] and
//! [`Memory::set`], look at one entry of the table and at the page.

use crate::{
    plain::Leaf,
    tree::{NODE_BYTES, PAGE_BYTES, PAGES, Page, Tree},
};

/// Bits of a table entry below the page's place in `pages`.
const PLACE_SHIFT: u32 = 2;
/// The page may differ from the tree, and is in `dirty`.
const DIRTY: u32 = 2;
/// `DIRTY`, and no instruction decoded from the page is kept: stores need no further care.
const OPEN: u32 = 1;

/// The bytes do not lie in the memory's 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes at {address:#x} are not in memory")]
pub struct OutOfMemory {
    /// Address of the first byte.
    pub address: u64,
    /// How many bytes.
    pub length: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// By page number: place and flags. Place 0 is a page of zeros that nothing is written to.
    table: Box<[u32; PAGES]>,
    pages: Vec<Page>,
    /// Numbers of the pages that have changed since the memory was sealed.
    dirty: Vec<u32>,
    tree: Tree,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let table = vec![0; PAGES].into_boxed_slice();
        let table = table.try_into().expect("the table has an entry per page");
        Self { table, pages: vec![[0; PAGE_BYTES]], dirty: Vec::new(), tree: Tree::Zero }
    }

    /// The `N` bytes at an address that is a multiple of `N`, a power of two.
    #[inline(always)]
    pub(crate) fn get<const N: usize>(&self, address: u32) -> [u8; N] {
        let entry = self.table[(address >> 12) as usize];
        let page = &self.pages[(entry >> PLACE_SHIFT) as usize];
        page.as_chunks::<N>().0[address as usize % PAGE_BYTES / N]
    }

    /// Writes to an open page; if the page is not open, does nothing and returns false.
    #[inline(always)]
    pub(crate) fn set<const N: usize>(&mut self, address: u32, bytes: [u8; N]) -> bool {
        let entry = self.table[(address >> 12) as usize];
        if entry & OPEN == 0 {
            return false;
        }
        let page = &mut self.pages[(entry >> PLACE_SHIFT) as usize];
        page.as_chunks_mut::<N>().0[address as usize % PAGE_BYTES / N] = bytes;
        true
    }

    /// Where a page stands among those in use; 0 if it was never written to.
    #[inline(always)]
    pub(crate) fn place(&self, page: u32) -> u32 {
        self.table[page as usize] >> PLACE_SHIFT
    }

    pub(crate) fn page(&self, page: u32) -> &Page {
        &self.pages[self.place(page) as usize]
    }

    /// Opens a page and returns it. The caller sees to it that no decoded instruction of it is kept.
    pub(crate) fn open(&mut self, page: u32) -> &mut Page {
        let mut entry = self.table[page as usize];
        if entry >> PLACE_SHIFT == 0 {
            entry |= (self.pages.len() as u32) << PLACE_SHIFT;
            self.pages.push([0; PAGE_BYTES]);
        }
        if entry & DIRTY == 0 {
            self.dirty.push(page);
        }
        self.table[page as usize] = entry | DIRTY | OPEN;
        &mut self.pages[(entry >> PLACE_SHIFT) as usize]
    }

    /// From now on stores to the page are refused, until it is opened again.
    pub(crate) fn close(&mut self, page: u32) {
        self.table[page as usize] &= !OPEN;
    }

    /// The number behind the highest page below `end` that was ever written to; 0 if there is none.
    pub(crate) fn written_below(&self, end: u32) -> u32 {
        (0..end).rev().find(|page| self.place(*page) != 0).map_or(0, |page| page + 1)
    }

    /// Replaces the leaf that holds `address`, under the condition of [`Memory::open`].
    pub(crate) fn set_leaf(&mut self, address: u32, leaf: Leaf) {
        let page = self.open(address / PAGE_BYTES as u32);
        page.as_chunks_mut().0[address as usize % PAGE_BYTES / 32] = leaf;
    }

    /// Bytes that all this takes, at most.
    pub(crate) fn bytes(&self) -> usize {
        self.pages.len() * (PAGE_BYTES + NODE_BYTES) + PAGES * size_of::<u32>()
    }

    /// The tree of what the memory holds now.
    pub(crate) fn seal(&mut self) -> &Tree {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        for page in &dirty {
            self.table[*page as usize] &= !(DIRTY | OPEN);
        }
        let (table, pages) = (&self.table, &self.pages);
        let bytes = |page: u32| &pages[(table[page as usize] >> PLACE_SHIFT) as usize];
        self.tree.replace(&dirty, &bytes);
        &self.tree
    }

    /// Makes the memory hold what a tree does, and returns the numbers of the pages it replaced.
    pub(crate) fn restore(&mut self, tree: &Tree) -> Vec<u32> {
        let mut stale = std::mem::take(&mut self.dirty);
        self.tree.differences(tree, &mut stale);
        for page in &stale {
            match tree.page(*page) {
                Some(bytes) => *self.open(*page) = *bytes,
                None if self.place(*page) == 0 => {}
                None => *self.open(*page) = [0; PAGE_BYTES],
            }
            self.table[*page as usize] &= !(DIRTY | OPEN);
        }
        self.dirty.clear();
        self.tree = tree.clone();
        stale
    }
}
