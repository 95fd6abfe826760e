//! The witness of a step (docs/machine.md §5), written by a machine that is about to make it.

use crate::{
    cpu::{Cpu, State},
    host::Host,
    machine::{Machine, RunError, checked_preimage},
    plain::{self, Bus, Leaf},
    preimage::{BLOB_ELEMENTS, Kind, blob_key, is_provable, precompile_key},
    tree::Tree,
};
use alloy_primitives::{B256, Bytes};

impl Machine {
    /// The witness of the next step; the machine stays where it is.
    pub fn witness(&mut self, host: &mut impl Host) -> Result<Vec<u8>, RunError> {
        let state = self.state();
        let (cpu, tree) = self.sealed();
        write(state, cpu, tree, host)
    }
}

fn write(state: State, cpu: &Cpu, tree: &Tree, host: &mut impl Host) -> Result<Vec<u8>, RunError> {
    let mut scribe = Scribe { tree, host, witness: state.encode().to_vec() };
    plain::step(&mut cpu.clone(), &mut scribe)?;
    Ok(scribe.witness)
}

/// Writes down all that a step asks for.
struct Scribe<'a, H> {
    tree: &'a Tree,
    host: &'a mut H,
    witness: Vec<u8>,
}

impl<H: Host> Bus for Scribe<'_, H> {
    type Error = RunError;

    fn leaf(&mut self, address: u32) -> Result<Leaf, RunError> {
        let proof = self.tree.prove(address);
        proof.encode(&mut self.witness);
        Ok(proof.leaf)
    }

    fn set_leaf(&mut self, _address: u32, _leaf: Leaf) {}

    fn preimage(&mut self, kind: Kind, key: B256) -> Result<Bytes, RunError> {
        let preimage = checked_preimage(self.host, kind, key)?;
        match kind {
            Kind::Local => {}
            Kind::Keccak | Kind::Sha256 => self.witness.extend_from_slice(&preimage),
            Kind::Blob => self.blob(key)?,
            Kind::Precompile => self.precompile(key)?,
        }
        Ok(preimage)
    }

    fn hint(&mut self, _address: u64, _length: u64) {}
}

impl<H: Host> Scribe<'_, H> {
    fn blob(&mut self, key: B256) -> Result<(), RunError> {
        let blob = self.host.blob(key)?;
        if blob_key(blob.versioned_hash, blob.index) != key || blob.index >= BLOB_ELEMENTS {
            return Err(RunError::Evidence(key));
        }
        self.witness.extend_from_slice(blob.versioned_hash.as_slice());
        self.witness.extend_from_slice(&blob.index.to_be_bytes());
        self.witness.extend_from_slice(blob.element.as_slice());
        self.witness.extend_from_slice(&blob.commitment);
        self.witness.extend_from_slice(&blob.proof);
        Ok(())
    }

    fn precompile(&mut self, key: B256) -> Result<(), RunError> {
        let call = self.host.precompile(key)?;
        let provable = is_provable(call.address, &call.input);
        if precompile_key(call.address, &call.input) != key || !provable {
            return Err(RunError::Evidence(key));
        }
        self.witness.extend_from_slice(call.address.as_slice());
        self.witness.extend_from_slice(&call.input);
        Ok(())
    }
}
