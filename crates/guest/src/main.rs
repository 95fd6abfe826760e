//! Run the state transition of one block inside the fault proof's machine (docs/dispute.md §2);
//! never on any other computer.
//!
//! `cargo xtask guest` builds it. All that it knows of the outside are the machine's calls
//! (`ecall.rs`); what it asks for obeys docs/machine.md §4, so that each step can be proven.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
extern crate alloc;

#[cfg(target_os = "none")]
mod ecall;
#[cfg(target_os = "none")]
mod heap;
#[cfg(any(target_os = "none", test))]
mod keccak;
#[cfg(target_os = "none")]
mod oracle;
#[cfg(target_os = "none")]
mod precompiles;
#[cfg(target_os = "none")]
mod seed;
#[cfg(target_os = "none")]
mod start;

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this is a program for the fault proof's machine: `cargo xtask guest` builds it");
}
