//! A view into a verification, for test vectors.

use alloc::{collections::BTreeMap, vec::Vec};

use alloy_primitives::B256;

use crate::field::Ext;

/// Is told what a verification computes. `()` does not listen.
pub trait Trace {
    /// The transcript absorbed `buffer` and reached `state`.
    fn squeezed(&mut self, _state: B256, _buffer: &[u8]) {}
    /// A value was computed; values of the same name follow one another.
    fn value(&mut self, _name: &'static str, _value: Ext) {}
    /// An index was drawn, or another number of that kind.
    fn number(&mut self, _name: &'static str, _number: u64) {}
}

impl Trace for () {}

/// Keeps everything.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The transcript's states.
    pub states: Vec<B256>,
    /// How many bytes were absorbed before each.
    pub absorbed: Vec<usize>,
    /// The values of each name, in order.
    pub values: BTreeMap<&'static str, Vec<Ext>>,
    /// The numbers of each name, in order.
    pub numbers: BTreeMap<&'static str, Vec<u64>>,
}

impl Trace for Log {
    fn squeezed(&mut self, state: B256, buffer: &[u8]) {
        self.states.push(state);
        self.absorbed.push(buffer.len());
    }

    fn value(&mut self, name: &'static str, value: Ext) {
        self.values.entry(name).or_default().push(value);
    }

    fn number(&mut self, name: &'static str, number: u64) {
        self.numbers.entry(name).or_default().push(number);
    }
}
