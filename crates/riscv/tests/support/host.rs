//! A host and judge with a fixed set of answers.

use alloy_primitives::{Address, B256, Bytes, keccak256};
use altana_riscv::{BlobElement, Host, Judge, Kind, Missing, PrecompileCall};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

#[derive(Clone, Default)]
pub(crate) struct Answers {
    pub(crate) preimages: HashMap<B256, Bytes>,
    pub(crate) blobs: HashMap<B256, BlobElement>,
    pub(crate) calls: HashMap<B256, PrecompileCall>,
    pub(crate) hints: Vec<Vec<u8>>,
}

impl Answers {
    pub(crate) fn local(&mut self, input: B256) -> B256 {
        self.add(Kind::Local.key(B256::ZERO), input.as_slice())
    }

    pub(crate) fn keccak(&mut self, preimage: &[u8]) -> B256 {
        self.add(Kind::Keccak.key(keccak256(preimage)), preimage)
    }

    pub(crate) fn sha256(&mut self, preimage: &[u8]) -> B256 {
        let hash: [u8; 32] = Sha256::digest(preimage).into();
        self.add(Kind::Sha256.key(hash.into()), preimage)
    }

    pub(crate) fn blob(&mut self, element: BlobElement) -> B256 {
        let index = B256::left_padding_from(&element.index.to_be_bytes());
        let hash = keccak256([element.versioned_hash, index].concat());
        let key = self.add(Kind::Blob.key(hash), element.element.as_slice());
        self.blobs.insert(key, element);
        key
    }

    /// `answer` is what a read gives: the success byte, then what the call returned.
    pub(crate) fn call(&mut self, address: u16, input: &[u8], answer: &[u8]) -> B256 {
        let address = Address::left_padding_from(&address.to_be_bytes());
        let hash = keccak256([address.as_slice(), input].concat());
        let key = self.add(Kind::Precompile.key(hash), answer);
        let input = Bytes::copy_from_slice(input);
        self.calls.insert(key, PrecompileCall { address, input });
        key
    }

    fn add(&mut self, key: B256, preimage: &[u8]) -> B256 {
        self.preimages.insert(key, Bytes::copy_from_slice(preimage));
        key
    }
}

impl Host for Answers {
    fn read(&mut self, key: B256) -> Result<Bytes, Missing> {
        self.preimages.get(&key).cloned().ok_or(Missing(key))
    }

    fn blob(&mut self, key: B256) -> Result<BlobElement, Missing> {
        self.blobs.get(&key).cloned().ok_or(Missing(key))
    }

    fn precompile(&mut self, key: B256) -> Result<PrecompileCall, Missing> {
        self.calls.get(&key).cloned().ok_or(Missing(key))
    }

    fn hint(&mut self, bytes: &[u8]) {
        self.hints.push(bytes.to_vec());
    }
}

impl Judge for Answers {
    fn blob(&self, element: &BlobElement) -> bool {
        self.blobs.values().any(|known| known == element)
    }

    fn precompile(&self, call: &PrecompileCall) -> Option<Bytes> {
        let key = self.calls.iter().find(|(_, known)| *known == call).map(|(key, _)| key);
        key.map(|key| self.preimages[key].clone())
    }
}
