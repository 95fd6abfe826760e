//! From the inputs to the output.

use crate::{input, precompiles, scalar::BlobScalar, seed};
use alloy_primitives::{Bytes, keccak256};
use altana_proof::prove;
use core::iter;

pub(crate) fn main() {
    let statement = input::next();
    // The batches are named here, so nobody can choose keys for these seeds.
    seed::set(keccak256(&statement));
    precompiles::install();
    let blobs = input::next();
    // Each is an input of its own, read when it is asked for. Behind the last one the run ends.
    let pages = iter::from_fn(|| Some(Bytes::from(input::next())));
    let (output, _) = prove::<BlobScalar>(&statement, &blobs, pages).expect("a whole witness");
    openvm::io::reveal_bytes32(output.0);
}
