//! From the first instruction to the result.
#![allow(unsafe_code, reason = "the first instruction has no stack, and its symbol a fixed name")]

use crate::{
    ecall::{Status, halt, read_word},
    heap,
    oracle::{LOCAL_KEY, Preimages},
    precompiles, seed,
};
use alloy_primitives::B256;
use altana_protocol::stf::run_block;
use core::{arch::global_asm, panic::PanicInfo};

// The stack ends where memory does. Registers and statics are zero or what the file says.
global_asm!(".global _start", "_start:", "li sp, 1", "slli sp, sp, 32", "call {}", sym main);

extern "C" fn main() -> ! {
    heap::init();
    let input = read_word(LOCAL_KEY);
    seed::set(input);
    precompiles::install();
    match run_block(&Preimages, input) {
        Ok(leaf) => halt(Status::Valid, leaf),
        Err(_) => halt(Status::Invalid, B256::ZERO),
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    halt(Status::Panicked, B256::ZERO)
}
