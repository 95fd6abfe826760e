//! Calls to precompiles of the parent chain, which the program announces in hints.

use alloy_primitives::{Address, B256, Bytes, keccak256};
use altana_riscv::{Kind, PrecompileCall, is_provable};
use revm::precompile::Precompiles;
use std::collections::{HashMap, VecDeque};

/// Most calls that are remembered, of at most 16 KiB each. The program reads an answer right after
/// its hint.
const CALLS_MAX: usize = 4096;

/// The newest calls and their answers.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    known: HashMap<B256, (PrecompileCall, Bytes)>,
    /// Keys from the oldest to the newest.
    order: VecDeque<B256>,
    /// Bytes of their inputs and answers.
    bytes: usize,
}

impl Calls {
    /// Makes the call that a hint announces: address and input.
    pub(crate) fn hint(&mut self, hint: &[u8]) {
        let Some((address, input)) = hint.split_first_chunk::<20>() else { return };
        let address = Address::from(address);
        let key = Kind::Precompile.key(keccak256(hint));
        if !is_provable(address, input) || self.known.contains_key(&key) {
            return;
        }
        let answer = answer(address, input);
        let call = PrecompileCall { address, input: Bytes::copy_from_slice(input) };
        self.bytes += call.input.len() + answer.len();
        self.known.insert(key, (call, answer));
        self.order.push_back(key);
        if self.order.len() > CALLS_MAX
            && let Some(oldest) = self.order.pop_front()
            && let Some((call, answer)) = self.known.remove(&oldest)
        {
            self.bytes -= call.input.len() + answer.len();
        }
    }

    /// Bytes of what is remembered, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.order.len() * size_of::<(B256, B256, PrecompileCall, Bytes)>()
    }

    pub(crate) fn get(&self, key: B256) -> Option<&(PrecompileCall, Bytes)> {
        self.known.get(&key)
    }
}

/// One byte, 1 if the call succeeds or 0 if it fails, then what it returns. The parent chain has
/// Osaka's precompiles; gas is plenty.
fn answer(address: Address, input: &[u8]) -> Bytes {
    let precompile = Precompiles::osaka().get(&address);
    let output = precompile.and_then(|precompile| precompile.execute(input, u64::MAX, 0).ok());
    match output.filter(|output| output.is_success()) {
        Some(output) => [&[1], output.bytes.as_ref()].concat().into(),
        None => Bytes::from_static(&[0]),
    }
}
