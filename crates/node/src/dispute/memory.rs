//! What was worked out for disputes, within one bound for all of them: whoever asks for more than
//! fits has it computed again, and nobody makes the node take more memory.

use alloy_primitives::B256;
use altana_dispute::History;
use altana_program::Trace;
use lru::LruCache;
use parking_lot::Mutex;
use std::sync::Arc;

/// Bytes of machines that are kept, but for the newest, which is kept whatever it takes.
const TRACES_BYTES_MAX: usize = 256 << 20;
/// Bytes of histories that are kept. The longest is one of strides: 256 MiB.
const HISTORIES_BYTES_MAX: usize = 512 << 20;

/// A block of a batch: the batch's hash, and the place in it. Claims that cover the same batches
/// share what is known of them, and after a reorganisation these are others.
pub(super) type BlockName = (B256, u64);

/// A history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Name {
    /// How a block runs.
    Run(BlockName),
    /// A stride's history of instructions.
    Steps(BlockName, u64),
}

#[derive(Debug)]
enum Kept {
    Run(Arc<Run>),
    Steps(Arc<History>),
}

/// How a block runs in the machine.
#[derive(Debug)]
pub(super) struct Run {
    /// The machine after each stride.
    pub(super) strides: History,
    /// The encoding of the state in which it halts.
    pub(super) end: Vec<u8>,
}

/// Keeps what was used last. A machine never drives out a history: both are needed for a move.
#[derive(Debug)]
pub struct Memory {
    traces: Mutex<Weighed<BlockName, Box<Trace>>>,
    histories: Mutex<Weighed<Name, Kept>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            traces: Mutex::new(Weighed::new(TRACES_BYTES_MAX)),
            histories: Mutex::new(Weighed::new(HISTORIES_BYTES_MAX)),
        }
    }
}

impl Memory {
    pub(super) fn has_trace(&self, block: BlockName) -> bool {
        self.traces.lock().all.contains(&block)
    }

    /// The block's machine, out of here: nobody else has it until it is kept again.
    pub(super) fn take_trace(&self, block: BlockName) -> Option<Trace> {
        self.traces.lock().take(&block).map(|trace| *trace)
    }

    pub(super) fn keep_trace(&self, block: BlockName, trace: Trace) {
        let bytes = trace.bytes();
        self.traces.lock().keep(block, trace.into(), bytes);
    }

    pub(super) fn run(&self, block: BlockName) -> Option<Arc<Run>> {
        match self.histories.lock().get(&Name::Run(block)) {
            Some(Kept::Run(run)) => Some(run.clone()),
            _ => None,
        }
    }

    pub(super) fn keep_run(&self, block: BlockName, run: Arc<Run>) {
        let bytes = run.strides.bytes();
        self.histories.lock().keep(Name::Run(block), Kept::Run(run), bytes);
    }

    pub(super) fn steps(&self, block: BlockName, stride: u64) -> Option<Arc<History>> {
        match self.histories.lock().get(&Name::Steps(block, stride)) {
            Some(Kept::Steps(steps)) => Some(steps.clone()),
            _ => None,
        }
    }

    pub(super) fn keep_steps(&self, block: BlockName, stride: u64, steps: Arc<History>) {
        let bytes = steps.bytes();
        self.histories.lock().keep(Name::Steps(block, stride), Kept::Steps(steps), bytes);
    }
}

/// Things by name, with what each weighs. When there is too much, what was not used for longest goes.
#[derive(Debug)]
struct Weighed<K: std::hash::Hash + Eq, V> {
    all: LruCache<K, (V, usize)>,
    bytes: usize,
    bytes_max: usize,
}

impl<K: std::hash::Hash + Eq, V> Weighed<K, V> {
    fn new(bytes_max: usize) -> Self {
        Self { all: LruCache::unbounded(), bytes: 0, bytes_max }
    }

    fn get(&mut self, name: &K) -> Option<&V> {
        self.all.get(name).map(|(value, _)| value)
    }

    fn take(&mut self, name: &K) -> Option<V> {
        let (value, bytes) = self.all.pop(name)?;
        self.bytes -= bytes;
        Some(value)
    }

    /// Keeps a thing, and of the others what still fits.
    fn keep(&mut self, name: K, value: V, bytes: usize) {
        let before = self.all.put(name, (value, bytes));
        self.bytes = self.bytes + bytes - before.map_or(0, |(_, bytes)| bytes);
        while self.bytes > self.bytes_max
            && self.all.len() > 1
            && let Some((_, (_, bytes))) = self.all.pop_lru()
        {
            self.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_is_kept_as_far_as_it_fits() {
        let mut kept = Weighed::new(10);
        let check = |kept: &Weighed<char, ()>, names: &str, bytes| {
            let mut all: Vec<char> = kept.all.iter().map(|(name, _)| *name).collect();
            all.sort_unstable();
            assert_eq!((all, kept.bytes), (names.chars().collect(), bytes));
        };
        kept.keep('a', (), 4);
        kept.keep('b', (), 4);
        assert!(kept.get(&'a').is_some() && kept.get(&'x').is_none());
        kept.keep('c', (), 3);
        check(&kept, "ac", 7);
        kept.keep('c', (), 6);
        check(&kept, "ac", 10);
        kept.keep('d', (), 1);
        check(&kept, "cd", 7);
        // It comes back heavier than it went.
        assert_eq!(kept.take(&'d'), Some(()));
        check(&kept, "c", 6);
        kept.keep('d', (), 30);
        check(&kept, "d", 30);
        kept.keep('e', (), 1);
        check(&kept, "e", 1);
    }
}
