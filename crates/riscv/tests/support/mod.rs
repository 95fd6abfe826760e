//! What the tests share: an assembler, random numbers and a host that knows its answers.
#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod asm;
pub(crate) mod elf;
pub(crate) mod host;
pub(crate) mod random;
