//! Runs blocks natively and in the machine, and compares.

use crate::chain::Committed;
use altana_program::{State, Status, Trace};

/// The program's final state after a batch's block `index`, which is what the native run says.
pub(crate) fn block(committed: &Committed, index: u64) -> State {
    let (input, leaf, witness) = committed.run_block(index);
    let mut trace = Trace::new(witness, committed.blobs.clone(), input);
    let end = trace.end_state().unwrap();
    assert_eq!(end.cpu.status, Status::Valid, "block {index}");
    assert_eq!(trace.leaf(), Ok(leaf), "block {index}");
    end
}

/// All of a batch's blocks, and one behind the last.
pub(crate) fn batch(committed: &Committed) {
    committed.check();
    for index in 0..committed.parents.len() as u64 {
        block(committed, index);
    }
}
