//! The native run that a trace begins with.

use alloy_primitives::{B256, Bytes};
use altana_protocol::stf::{BlockInput, MissingPreimage, Oracle, Recorder, Witness, run_block};

/// Runs one block natively over an oracle; gives the leaf, and all that was read. The oracle need
/// not know the input itself.
pub fn record(
    oracle: &impl Oracle,
    input: &BlockInput,
) -> Result<(B256, Witness), MissingPreimage> {
    let recorder = Recorder::new(WithInput { oracle, hash: input.hash(), input });
    let leaf = run_block(&recorder, input.hash())?;
    Ok((leaf, recorder.into_witness()))
}

struct WithInput<'a, O> {
    oracle: &'a O,
    hash: B256,
    input: &'a BlockInput,
}

impl<O: Oracle> Oracle for WithInput<'_, O> {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        if hash == self.hash { Ok(self.input.encode().into()) } else { self.oracle.keccak(hash) }
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        self.oracle.element(versioned_hash, index)
    }
}
