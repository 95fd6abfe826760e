//! Run the state transition of batches inside the zkVM: the program of the validity proof; never on
//! any other computer.
//!
//! `build-guest.sh` builds it. Its first input says what is to be proved, its second is the witness; its
//! output is [`public_input`](altana_protocol::stf::public_input). It panics, and so cannot be
//! proved, if the witness lacks something.
#![cfg_attr(target_os = "zkvm", no_std, no_main)]

#[cfg(target_os = "zkvm")]
extern crate alloc;

#[cfg(target_os = "zkvm")]
mod oracle;
#[cfg(target_os = "zkvm")]
mod precompiles;
#[cfg(all(target_os = "zkvm", feature = "ecc"))]
mod secp256k1;
#[cfg(target_os = "zkvm")]
#[path = "../../../crates/guest/src/seed.rs"]
mod seed;
#[cfg(target_os = "zkvm")]
mod start;

#[cfg(target_os = "zkvm")]
openvm::entry!(start::main);

// The order of moduli and curves here is that of openvm.toml.
#[cfg(all(target_os = "zkvm", feature = "ecc"))]
openvm::init!();

// Names the hash, so that the linker keeps it.
#[cfg(all(target_os = "zkvm", feature = "keccak"))]
use openvm_keccak256 as _;

#[cfg(not(target_os = "zkvm"))]
fn main() {
    eprintln!("this is a program for the zkVM: `build-guest.sh` builds it");
}
