//! From the inputs to the output.

use crate::{precompiles, scalar::BlobScalar, seed};
use alloy_primitives::{Bytes, keccak256};
use altana_proof::prove;

pub(crate) fn main() {
    let statement = openvm::io::read_vec();
    // The batches are named here, so nobody can choose keys for these seeds.
    seed::set(keccak256(&statement));
    precompiles::install();
    // Never freed, so that pages are no copies.
    let pages = Bytes::from_static(openvm::io::read_vec().leak());
    let blobs = openvm::io::read_vec();
    let (output, _) = prove::<BlobScalar>(&statement, &pages, &blobs).expect("a whole witness");
    openvm::io::reveal_bytes32(output.0);
}
