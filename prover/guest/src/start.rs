//! From the inputs to the output.

use crate::{oracle::Pages, precompiles, seed};
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use altana_protocol::{
    batch::BatchHeader,
    stf::{Oracle, StfInput, public_input, run},
};

pub(crate) fn main() {
    let claim = openvm::io::read_vec();
    // The batches are named here, so nobody can choose keys for these seeds.
    seed::set(keccak256(&claim));
    precompiles::install();
    openvm::io::reveal_bytes32(prove(&claim).0);
}

/// `config ‖ previous root ‖ previous batch ‖ batches`, 32 bytes each.
fn prove(claim: &[u8]) -> B256 {
    let (words, []) = claim.as_chunks::<32>() else { panic!("the claim: bad length") };
    let words: Vec<B256> = words.iter().map(|word| B256::from(*word)).collect();
    let [config_hash, previous_root, previous_batch, batches @ ..] = &words[..] else {
        panic!("the claim: too short")
    };
    let last = *batches.last().expect("the claim names a batch");
    let oracle = Pages::read();
    let (mut root, mut parent, mut last_block) = (*previous_root, *previous_batch, 0);
    for hash in batches {
        let header = oracle.keccak(*hash).expect("the batch");
        let batch = BatchHeader::decode(&header).expect("a batch");
        assert_eq!(batch.parent, parent, "batches follow one another");
        let input = StfInput { config_hash: *config_hash, previous_output_root: root, batch };
        let output = run(&oracle, &input).expect("the witness is complete");
        (root, parent, last_block) = (output.output_root, *hash, output.last_block);
    }
    public_input(*config_hash, *previous_root, *previous_batch, last, root, last_block)
}
