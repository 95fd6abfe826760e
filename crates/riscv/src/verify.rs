//! The judgement of a step from its witness alone: the twin of the step contract.

use crate::{
    cpu::{STATE_BYTES, STATUS_AT, State, Status, hash_encoding},
    host::{BlobElement, Judge, PrecompileCall},
    plain::{self, Bus, Leaf},
    preimage::{BLOB_ELEMENTS, Kind, PREIMAGE_BYTES_MAX, blob_key, is_provable, precompile_key},
    proof::Proof,
};
use alloy_primitives::{Address, B256, Bytes, keccak256};
use sha2::{Digest, Sha256};

/// What is wrong with a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The witness ends before it is complete, or goes on behind its end.
    #[error("the witness is too short or too long")]
    Length,
    /// A proof is malformed, or not one under the state's memory root.
    #[error("a proof is not one under the memory root")]
    Proof,
    /// The evidence is not that of the key that is read, or does not hold.
    #[error("the evidence does not vouch for {0}")]
    Evidence(B256),
}

/// The hashes of the states before and after the step of a witness. `input` is the game's, the
/// pre-image of the local key.
pub fn verify_step(
    witness: &[u8],
    input: B256,
    judge: &impl Judge,
) -> Result<(B256, B256), WitnessError> {
    let (encoding, rest) =
        witness.split_first_chunk::<STATE_BYTES>().ok_or(WitnessError::Length)?;
    let before = hash_encoding(encoding);
    if encoding[STATUS_AT] != Status::Unfinished as u8 {
        return if rest.is_empty() { Ok((before, before)) } else { Err(WitnessError::Length) };
    }
    let State { memory_root, mut cpu } = State::decode_unfinished(encoding);
    let mut reader = Reader { rest, root: memory_root, proof: None, input, judge };
    plain::step(&mut cpu, &mut reader)?;
    if !reader.rest.is_empty() {
        return Err(WitnessError::Length);
    }
    Ok((before, State { memory_root: reader.root, cpu }.hash()))
}

/// Answers a step from a witness, part by part.
struct Reader<'a, J> {
    rest: &'a [u8],
    /// Of the memory; a store changes it.
    root: B256,
    /// Of the leaf that was asked for last.
    proof: Option<Proof>,
    input: B256,
    judge: &'a J,
}

impl<J: Judge> Bus for Reader<'_, J> {
    type Error = WitnessError;

    fn leaf(&mut self, address: u32) -> Result<Leaf, WitnessError> {
        let proof = Proof::decode(&mut self.rest).ok_or(WitnessError::Proof)?;
        if proof.root_with(address, &proof.leaf) != self.root {
            return Err(WitnessError::Proof);
        }
        Ok(self.proof.insert(proof).leaf)
    }

    fn set_leaf(&mut self, address: u32, leaf: Leaf) {
        if let Some(proof) = &self.proof {
            self.root = proof.root_with(address, &leaf);
        }
    }

    fn preimage(&mut self, kind: Kind, key: B256) -> Result<Bytes, WitnessError> {
        match kind {
            Kind::Local => Ok(Bytes::copy_from_slice(self.input.as_slice())),
            Kind::Keccak => self.hashed(key, kind.key(keccak256(self.rest))),
            Kind::Sha256 => {
                let hash: [u8; 32] = Sha256::digest(self.rest).into();
                self.hashed(key, kind.key(hash.into()))
            }
            Kind::Blob => self.blob(key),
            Kind::Precompile => self.precompile(key),
        }
    }

    fn hint(&mut self, _address: u64, _length: u64) {}
}

impl<'a, J: Judge> Reader<'a, J> {
    /// The next `N` bytes.
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WitnessError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(WitnessError::Length)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// The rest of the witness, which is at most as long as a pre-image.
    fn take_rest(&mut self) -> Result<&'a [u8], WitnessError> {
        let rest = std::mem::take(&mut self.rest);
        if rest.len() <= PREIMAGE_BYTES_MAX { Ok(rest) } else { Err(WitnessError::Length) }
    }

    /// The rest of the witness, whose key by its hash is `found`.
    fn hashed(&mut self, key: B256, found: B256) -> Result<Bytes, WitnessError> {
        let preimage = self.take_rest()?;
        if found == key {
            Ok(Bytes::copy_from_slice(preimage))
        } else {
            Err(WitnessError::Evidence(key))
        }
    }

    fn blob(&mut self, key: B256) -> Result<Bytes, WitnessError> {
        let blob = BlobElement {
            versioned_hash: self.take()?.into(),
            index: u16::from_be_bytes(self.take()?),
            element: self.take()?.into(),
            commitment: self.take()?,
            proof: self.take()?,
        };
        let names = blob_key(blob.versioned_hash, blob.index) == key;
        if names && blob.index < BLOB_ELEMENTS && self.judge.blob(&blob) {
            Ok(Bytes::copy_from_slice(blob.element.as_slice()))
        } else {
            Err(WitnessError::Evidence(key))
        }
    }

    fn precompile(&mut self, key: B256) -> Result<Bytes, WitnessError> {
        let address = Address::new(self.take()?);
        let input = Bytes::copy_from_slice(self.take_rest()?);
        if precompile_key(address, &input) != key || !is_provable(address, &input) {
            return Err(WitnessError::Evidence(key));
        }
        let answer = self.judge.precompile(&PrecompileCall { address, input });
        answer.ok_or(WitnessError::Evidence(key))
    }
}
