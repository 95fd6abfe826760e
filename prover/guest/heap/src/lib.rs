//! Give the zkVM's guest a heap that uses memory again; never for more than one thread.
//!
//! Every eight bytes that a run touches are hashed into the memory's Merkle tree twice, which costs
//! far more than the few instructions that it takes to keep free blocks in lists. OpenVM's own heap
//! never frees, and the other that it can be built with searches one list of all free blocks.
//!
//! `openvm-platform` is built with its feature `heap-embedded-alloc` and finds this crate in the
//! place of the one that it names (`[patch]` in the guest's Cargo.toml).
#![no_std]

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::null_mut,
};

/// Blocks are multiples of this, and aligned to it.
const GRAIN: usize = 16;
/// Blocks up to here have a list for each multiple of [`GRAIN`]; greater ones, for each quarter of the
/// way from a power of two to the next.
const SMALL: usize = 1 << SMALL_LOG2;
const SMALL_LOG2: u32 = 10;
const SMALL_CLASSES: usize = SMALL / GRAIN;
const CLASSES: usize = SMALL_CLASSES + 4 * (usize::BITS - SMALL_LOG2) as usize;

/// The heap, under the name that `openvm-platform` uses.
pub struct LlffHeap(UnsafeCell<Heap>);

struct Heap {
    /// Memory that was never used.
    next: usize,
    end: usize,
    /// Free blocks; each begins with the address of the next.
    free: [*mut u8; CLASSES],
}

// SAFETY: the machine has one thread.
unsafe impl Sync for LlffHeap {}

impl LlffHeap {
    /// A heap without memory.
    pub const fn empty() -> Self {
        Self(UnsafeCell::new(Heap { next: 0, end: 0, free: [null_mut(); CLASSES] }))
    }

    /// Gives it memory, which is all zeros.
    ///
    /// # Safety
    ///
    /// Nothing else uses these `size` bytes from `start`, and this is called once.
    pub unsafe fn init(&self, start: usize, size: usize) {
        // SAFETY: one thread, and no reference is kept.
        let heap = unsafe { &mut *self.0.get() };
        heap.next = start.next_multiple_of(GRAIN);
        heap.end = start + size;
    }
}

impl Heap {
    /// A block that was given back.
    #[inline(always)]
    fn again(&mut self, class: usize, layout: Layout) -> Option<*mut u8> {
        let block = self.free[class];
        if block.is_null() || layout.align() > GRAIN {
            return None;
        }
        // SAFETY: a free block begins with the next one's address.
        self.free[class] = unsafe { block.cast::<*mut u8>().read() };
        Some(block)
    }

    /// A block of memory that was never used; null if there is too little.
    #[inline(always)]
    fn cut(&mut self, size: usize, layout: Layout) -> *mut u8 {
        let start = self.next.next_multiple_of(layout.align().max(GRAIN));
        match start.checked_add(size) {
            Some(next) if next <= self.end => {
                self.next = next;
                start as *mut u8
            }
            _ => null_mut(),
        }
    }
}

/// The list of blocks for `size` bytes, and how large these blocks are.
#[inline(always)]
fn class(size: usize) -> (usize, usize) {
    if size <= SMALL {
        let grains = size.max(1).div_ceil(GRAIN);
        return (grains - 1, grains * GRAIN);
    }
    let log2 = usize::BITS - 1 - (size - 1).leading_zeros();
    // 4 to 7.
    let quarter = (size - 1) >> (log2 - 2);
    let class = SMALL_CLASSES + 4 * (log2 - SMALL_LOG2) as usize + quarter - 4;
    (class, (quarter + 1) << (log2 - 2))
}

// SAFETY: blocks are cut from the heap's memory one after another, are at least as large and as
// aligned as was asked, and are given away again only after they were given back.
unsafe impl GlobalAlloc for LlffHeap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and no reference is kept.
        let heap = unsafe { &mut *self.0.get() };
        let (class, size) = class(layout.size());
        heap.again(class, layout).unwrap_or_else(|| heap.cut(size, layout))
    }

    /// The machine's memory begins as zeros: only what is used again is cleared.
    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and no reference is kept.
        let heap = unsafe { &mut *self.0.get() };
        let (class, size) = class(layout.size());
        match heap.again(class, layout) {
            Some(block) => {
                // SAFETY: the block has this size.
                unsafe { block.write_bytes(0, layout.size()) };
                block
            }
            None => heap.cut(size, layout),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one thread, and no reference is kept.
        let heap = unsafe { &mut *self.0.get() };
        let (class, _) = class(layout.size());
        // SAFETY: nobody uses the block any more, and it has room for an address.
        unsafe { block.cast::<*mut u8>().write(heap.free[class]) };
        heap.free[class] = block;
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let ((old_class, old_size), (new_class, new_size)) = (class(layout.size()), class(size));
        if old_class == new_class {
            return block;
        }
        // SAFETY: one thread, and no reference is kept.
        let heap = unsafe { &mut *self.0.get() };
        if block as usize + old_size == heap.next && new_size <= heap.end - block as usize {
            // The newest block takes what lies behind it: a growing list leaves nothing behind.
            heap.next = block as usize + new_size;
            return block;
        }
        // SAFETY: the caller's promises: `size` is not zero, and fits the layout.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_do_not_overlap_and_come_back() {
        let memory = std::vec![0u128; 1 << 12];
        let start = memory.as_ptr() as usize;
        let heap = LlffHeap::empty();
        // SAFETY: the memory is the test's own.
        unsafe { heap.init(start, 16 << 12) };
        let mut taken: std::vec::Vec<(usize, usize)> = std::vec![];
        for size in [1, 8, 16, 17, 31, 500, 1024, 1025, 3000, 5000] {
            let layout = Layout::from_size_align(size, 8).unwrap();
            // SAFETY: sizes are not zero, and blocks go back with their layouts.
            let block = unsafe { heap.alloc(layout) } as usize;
            assert!(block != 0 && block % GRAIN == 0);
            assert!(taken.iter().all(|(at, end)| block + size <= *at || *end <= block));
            taken.push((block, block + size));
            unsafe { heap.dealloc(block as *mut u8, layout) };
            assert_eq!(unsafe { heap.alloc(layout) } as usize, block);
        }
        let layout = Layout::from_size_align(7000, 8).unwrap();
        // SAFETY: as above.
        unsafe {
            let newest = heap.alloc(layout);
            assert_eq!(heap.realloc(newest, layout, 20_000), newest);
            assert!(heap.alloc(layout) as usize >= newest as usize + 20_000);
            let layout = Layout::from_size_align(20_000, 8).unwrap();
            assert_ne!(heap.realloc(newest, layout, 22_000), newest);
        }
        let huge = Layout::from_size_align(1 << 20, 8).unwrap();
        // SAFETY: as above.
        assert!(unsafe { heap.alloc(huge) }.is_null());
    }

    #[test]
    fn a_class_has_one_size_and_all_sizes_fit() {
        for size in 0..100_000 {
            let (index, block) = class(size);
            assert!(block >= size && class(block) == (index, block));
        }
    }
}

#[cfg(test)]
extern crate std;
