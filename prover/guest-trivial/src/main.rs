//! Give the bytes 0 to 31: the least that can be proved, for fixtures.
#![cfg_attr(target_os = "zkvm", no_std, no_main)]

#[cfg(target_os = "zkvm")]
openvm::entry!(give);

#[cfg(target_os = "zkvm")]
fn give() {
    openvm::io::reveal_bytes32(core::array::from_fn(|index| index as u8));
}

#[cfg(not(target_os = "zkvm"))]
fn main() {}
