//! What a dispute asks of a trace.

use crate::chain::*;
use alloy_primitives::{B256, Bytes};
use altana_program::{ELF, PROGRAM_HASH, STRIDE_LOG2, Status, Trace, TraceError};
use altana_riscv::{BlobElement, Judge, Machine, PrecompileCall, verify_step};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Believes proofs of elements: the step contract's tests judge those.
pub(crate) struct Believer;

impl Judge for Believer {
    fn blob(&self, _: &BlobElement) -> bool {
        true
    }

    fn precompile(&self, call: &PrecompileCall) -> Option<Bytes> {
        Some(answer(call))
    }
}

fn answer(call: &PrecompileCall) -> Bytes {
    let precompile = revm::precompile::Precompiles::osaka().get(&call.address).unwrap();
    let output = precompile.execute(&call.input, u64::MAX, 0).unwrap();
    [&[u8::from(output.is_success())], output.bytes.as_ref()].concat().into()
}

fn trace(blobs: bool) -> (Trace, altana_program::BlockInput) {
    let (mut trace, input, leaf) = untouched(blobs);
    assert_eq!(trace.leaf(), Ok(leaf));
    (trace, input)
}

/// A trace that has not run, and where it will arrive.
fn untouched(blobs: bool) -> (Trace, altana_program::BlockInput, B256) {
    let mut chain = Chain::new();
    chain.build(1_001, 1, vec![sign(0, call(0, STORE)), sign(1, call(0, CATCHER))]);
    let committed = chain.commit_batch(blobs);
    let (input, leaf, witness) = committed.run_block(0);
    (Trace::new(witness, committed.blobs, input), input, leaf)
}

#[test]
fn the_program_is_what_its_hash_says() {
    assert_eq!(Machine::load(ELF).unwrap().state_hash(), PROGRAM_HASH);
}

#[test]
fn strides_and_steps_are_one_history() {
    let (mut trace, _) = trace(true);
    let strides = trace.strides().unwrap();
    let end = trace.end_state().unwrap();
    assert_eq!(strides.len() as u64, end.cpu.step.div_ceil(1 << STRIDE_LOG2));
    assert_eq!(strides.last(), Some(&end.hash()));
    assert_eq!(end.cpu.status, Status::Valid);
    for stride in [strides.len() - 1, 0, 1, strides.len() / 2] {
        let steps = trace.steps(stride as u64).unwrap();
        let start = (stride as u64) << STRIDE_LOG2;
        assert_eq!(steps.len() as u64, (end.cpu.step - start).min(1 << STRIDE_LOG2));
        assert_eq!(steps.last(), strides.get(stride));
    }
    assert_eq!(trace.steps(strides.len() as u64), Ok(vec![]));
    assert_eq!(trace.strides(), Ok(strides));
}

#[test]
fn a_trace_can_be_stopped_and_goes_on() {
    let (mut trace, _) = trace(true);
    let whole = trace.strides().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let is_stopped = {
        let asked = asked.clone();
        move || asked.fetch_add(1, Ordering::Relaxed) == 3
    };
    let mut stopped = untouched(true).0.stopped_by(Arc::new(is_stopped));
    assert_eq!(stopped.strides(), Err(TraceError::Stopped));
    assert_eq!(asked.load(Ordering::Relaxed), 4, "it went on");
    assert_eq!(stopped.strides(), Ok(whole));
}

/// Every read of a word, and some of all other instructions.
#[test]
fn any_step_can_be_proven() {
    for blobs in [false, true] {
        let (mut trace, input) = trace(blobs);
        let end = trace.end_state().unwrap().cpu.step;
        let mut longest = 0;
        for stride in [0, 1, 2, (end >> STRIDE_LOG2) - 1, end >> STRIDE_LOG2] {
            let start = stride << STRIDE_LOG2;
            let hashes = trace.steps(stride).unwrap();
            for offset in (1..hashes.len()).step_by(997).chain([hashes.len() - 1]) {
                let witness = trace.witness(start + offset as u64).unwrap();
                longest = longest.max(witness.len());
                let judged = verify_step(&witness, input.hash(), &Believer);
                assert_eq!(judged, Ok((hashes[offset - 1], hashes[offset])));
            }
        }
        assert!(longest > 700);
        let witness = trace.witness(end + 5).unwrap();
        let last = trace.end_state().unwrap().hash();
        assert_eq!(verify_step(&witness, input.hash(), &Believer), Ok((last, last)));
    }
}
