//! Run the state transition of batches inside the zkVM: the program of the validity proof; never on
//! any other computer.
//!
//! `build-guest.sh` builds it. Its inputs are the statement, pre-images and blobs, its output is what
//! [`altana_proof::prove`] gives. It panics, and so cannot be proved, if there is nothing to prove.
#![cfg_attr(target_os = "zkvm", no_std, no_main)]

#[cfg(target_os = "zkvm")]
extern crate alloc;

#[cfg(target_os = "zkvm")]
mod bls12_381;
#[cfg(target_os = "zkvm")]
mod bn254;
#[cfg(target_os = "zkvm")]
mod curves;
#[cfg(target_os = "zkvm")]
mod input;
#[cfg(target_os = "zkvm")]
mod kzg;
#[cfg(any(target_os = "zkvm", test))]
mod memory;
#[cfg(target_os = "zkvm")]
mod p256;
#[cfg(target_os = "zkvm")]
mod precompiles;
#[cfg(target_os = "zkvm")]
mod scalar;
#[cfg(target_os = "zkvm")]
mod secp256k1;
#[cfg(target_os = "zkvm")]
#[path = "../../../crates/guest/src/seed.rs"]
mod seed;
#[cfg(target_os = "zkvm")]
mod soft;
#[cfg(target_os = "zkvm")]
mod start;

#[cfg(target_os = "zkvm")]
openvm::entry!(start::main);

// The order of moduli and curves here is that of openvm.toml.
#[cfg(target_os = "zkvm")]
openvm::init!();

// Names the hash, so that the linker keeps it.
#[cfg(target_os = "zkvm")]
use openvm_keccak256 as _;

#[cfg(not(target_os = "zkvm"))]
fn main() {
    eprintln!("this is a program for the zkVM: `build-guest.sh` builds it");
}
