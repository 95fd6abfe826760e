//! Give the zkVM's guest a heap that uses memory again; never for more than one thread.
//!
//! What stops a proof is memory that runs out, so freed blocks are joined with their neighbours: a
//! block of one size must not be lost to those of all others. But small blocks are most of what a run
//! asks for, and stand in lists by size, which takes a few instructions.
//!
//! `openvm-platform` is built with its feature `heap-embedded-alloc` and finds this crate in the
//! place of the one that it names (`[patch]` in the guest's Cargo.toml).
#![no_std]

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::{NonNull, null_mut},
};
use talc::{ErrOnOom, Span, Talc};

/// Small blocks are multiples of this, and aligned to it.
const GRAIN: usize = 16;
/// Blocks up to here have a list for each multiple of [`GRAIN`].
const SMALL: usize = 1024;
const CLASSES: usize = SMALL / GRAIN;
/// Small blocks are cut from pieces of so many bytes.
const PIECE: usize = 1 << 15;
/// What the heap begins with. Its end is marked, and a proof hashes memory up to the last address that
/// was written to: so it is doubled when it is needed.
const FIRST: usize = 1 << 20;

/// The heap, under the name that `openvm-platform` uses.
pub struct LlffHeap(UnsafeCell<Heap>);

struct Heap {
    large: Talc<ErrOnOom>,
    /// What `large` has, and the end of what it may have.
    span: Span,
    limit: usize,
    /// What is left of the newest piece.
    next: usize,
    end: usize,
    /// Free small blocks; each begins with the address of the next.
    free: [*mut u8; CLASSES],
}

// SAFETY: the machine has one thread.
unsafe impl Sync for LlffHeap {}

impl LlffHeap {
    /// A heap without memory.
    pub const fn empty() -> Self {
        Self(UnsafeCell::new(Heap {
            large: Talc::new(ErrOnOom),
            span: Span::empty(),
            limit: 0,
            next: 0,
            end: 0,
            free: [null_mut(); CLASSES],
        }))
    }

    /// Gives it memory.
    ///
    /// # Safety
    ///
    /// Nothing else uses these `size` bytes from `start`, and this is called once.
    pub unsafe fn init(&self, start: usize, size: usize) {
        // SAFETY: one thread, and no reference is kept. It can only fail if there were too little.
        unsafe {
            let heap = &mut *self.0.get();
            heap.limit = start + size;
            let first = Span::from_base_size(start as *mut u8, size.min(FIRST));
            heap.span = heap.large.claim(first).unwrap_or_default();
        }
    }
}

impl Heap {
    /// A small block that was given back, or a new one; null if there is too little memory.
    #[inline(always)]
    fn small(&mut self, layout: Layout) -> *mut u8 {
        let class = class(layout.size());
        let block = self.free[class];
        if !block.is_null() {
            // SAFETY: a free block begins with the next one's address.
            self.free[class] = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let size = (class + 1) * GRAIN;
        if self.end - self.next < size && !self.piece() {
            return null_mut();
        }
        self.next += size;
        (self.next - size) as *mut u8
    }

    /// Takes a new piece; the rest of the old one is lost, less than [`SMALL`] bytes of it.
    #[cold]
    fn piece(&mut self) -> bool {
        // SAFETY: neither is zero, and the alignment is a power of two.
        let layout = unsafe { Layout::from_size_align_unchecked(PIECE, GRAIN) };
        let piece = self.large(layout);
        if !piece.is_null() {
            (self.next, self.end) = (piece as usize, piece as usize + PIECE);
        }
        !piece.is_null()
    }

    fn large(&mut self, layout: Layout) -> *mut u8 {
        // SAFETY: nobody asks for nothing.
        self.again(|large| unsafe { large.malloc(layout) })
    }

    /// Asks with ever more memory.
    fn again(&mut self, ask: impl Fn(&mut Talc<ErrOnOom>) -> Result<NonNull<u8>, ()>) -> *mut u8 {
        loop {
            if let Ok(block) = ask(&mut self.large) {
                return block.as_ptr();
            }
            let Some((start, end)) = self.span.get_base_acme() else { return null_mut() };
            let (start, end) = (start as usize, end as usize);
            let wanted = end.saturating_add(end - start).min(self.limit);
            if wanted == end {
                return null_mut();
            }
            let wanted = Span::new(start as *mut u8, wanted as *mut u8);
            // SAFETY: it is the heap's, and nothing uses it.
            self.span = unsafe { self.large.extend(self.span, wanted) };
            if self.span.get_base_acme().is_none_or(|(_, now)| now as usize == end) {
                return null_mut();
            }
        }
    }
}

#[inline(always)]
fn is_small(layout: Layout) -> bool {
    layout.size() <= SMALL && layout.align() <= GRAIN
}

/// The list of blocks for a small block of `size` bytes.
#[inline(always)]
fn class(size: usize) -> usize {
    size.max(1).div_ceil(GRAIN) - 1
}

// SAFETY: blocks are at least as large and as aligned as was asked, do not overlap, and are given away
// again only after they were given back.
unsafe impl GlobalAlloc for LlffHeap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and no reference is kept.
        let heap = unsafe { &mut *self.0.get() };
        if is_small(layout) { heap.small(layout) } else { heap.large(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one thread, no reference is kept, and nobody uses the block any more. A small one has
        // room for an address.
        unsafe {
            let heap = &mut *self.0.get();
            if is_small(layout) {
                let class = class(layout.size());
                block.cast::<*mut u8>().write(heap.free[class]);
                heap.free[class] = block;
            } else if let Some(block) = NonNull::new(block) {
                heap.large.free(block, layout);
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises: `size` is not zero, and fits the layout.
        unsafe {
            let wanted = Layout::from_size_align_unchecked(size, layout.align());
            match (is_small(layout), is_small(wanted), NonNull::new(block)) {
                (true, true, _) if class(layout.size()) == class(size) => return block,
                (false, false, Some(block)) => {
                    let heap = &mut *self.0.get();
                    if size <= layout.size() {
                        heap.large.shrink(block, layout, size);
                        return block.as_ptr();
                    }
                    return heap.again(|large| large.grow(block, layout, size));
                }
                _ => {}
            }
            let new = self.alloc(wanted);
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

    const BYTES: usize = 4 << 20;

    fn heap(memory: &mut std::vec::Vec<u128>) -> LlffHeap {
        memory.resize(BYTES / 16, u128::MAX);
        let heap = LlffHeap::empty();
        // SAFETY: the memory is the test's own.
        unsafe { heap.init(memory.as_mut_ptr() as usize, BYTES) };
        heap
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn blocks_do_not_overlap_are_aligned_and_keep_what_is_in_them() {
        let mut memory = std::vec![];
        let heap = heap(&mut memory);
        let mut state = 1u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 33) as usize % below
        };
        let mut taken: std::vec::Vec<(*mut u8, Layout, u8)> = std::vec![];
        for round in 0..20_000 {
            // SAFETY: sizes are not zero, and blocks are used with their layouts while they are taken.
            unsafe {
                if taken.len() > 40 || (next(3) == 0 && !taken.is_empty()) {
                    let (block, layout, byte) = taken.swap_remove(next(taken.len()));
                    let bytes = core::slice::from_raw_parts(block, layout.size());
                    assert!(bytes.iter().all(|found| *found == byte), "round {round}");
                    if next(2) == 0 {
                        heap.dealloc(block, layout);
                        continue;
                    }
                    let size = 1 + next(3_000);
                    let block = heap.realloc(block, layout, size);
                    let bytes = core::slice::from_raw_parts(block, size.min(layout.size()));
                    assert!(bytes.iter().all(|found| *found == byte), "round {round}");
                    block.write_bytes(byte, size);
                    assert_eq!(block as usize % layout.align(), 0);
                    let layout = Layout::from_size_align(size, layout.align()).unwrap();
                    taken.push((block, layout, byte));
                    continue;
                }
                let layout = layout(1 + next(3_000), 1 << next(7));
                let is_zeroed = next(2) == 0;
                let block = if is_zeroed { heap.alloc_zeroed(layout) } else { heap.alloc(layout) };
                assert!(!block.is_null(), "round {round}");
                assert_eq!(block as usize % layout.align(), 0);
                let bytes = core::slice::from_raw_parts(block, layout.size());
                assert!(!is_zeroed || bytes.iter().all(|byte| *byte == 0), "round {round}");
                block.write_bytes(round as u8, layout.size());
                taken.push((block, layout, round as u8));
            }
        }
    }

    /// Whoever pays for it could ask for blocks of all sizes, one size after the other.
    #[test]
    fn memory_is_not_lost_to_other_sizes_or_alignments() {
        let mut memory = std::vec![];
        let heap = heap(&mut memory);
        for size in (2_000..30_000).step_by(1_000) {
            for align in [1, 16, 32, 64] {
                let layout = layout(size, align);
                let count = BYTES * 3 / 4 / size;
                // SAFETY: blocks go back with their layouts.
                unsafe {
                    let blocks: std::vec::Vec<_> = (0..count).map(|_| heap.alloc(layout)).collect();
                    assert!(blocks.iter().all(|block| !block.is_null()), "{size}");
                    blocks.into_iter().for_each(|block| heap.dealloc(block, layout));
                }
            }
        }
    }

    #[test]
    fn too_much_is_refused() {
        let mut memory = std::vec![];
        let heap = heap(&mut memory);
        // SAFETY: nothing is used.
        assert!(unsafe { heap.alloc(layout(BYTES, 8)) }.is_null());
    }
}

#[cfg(test)]
extern crate std;
