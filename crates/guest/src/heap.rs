//! The heap: all memory between the program and its stack.
#![allow(unsafe_code, reason = "an allocator hands out memory")]

use talc::{ErrOnOom, Span, Talc, Talck, locking::AssumeUnlockable};

/// End of the stack, at the end of memory.
const MEMORY_END: usize = 1 << 32;
/// Bytes of the stack; what is below is heap.
const STACK_BYTES: usize = 256 << 20;

#[global_allocator]
// SAFETY: the machine has one thread and no interrupts.
static HEAP: Talck<AssumeUnlockable, ErrOnOom> = Talc::new(ErrOnOom).lock();

unsafe extern "C" {
    /// The linker's: where the program and its statics end.
    static _end: u8;
}

/// Must be called once, before anything is allocated.
pub(crate) fn init() {
    let start = &raw const _end as usize;
    let span = Span::new(start as *mut u8, (MEMORY_END - STACK_BYTES) as *mut u8);
    // SAFETY: nothing else uses this memory. It can only fail if there were too little.
    let _ = unsafe { HEAP.lock().claim(span) };
}
