//! States along a trace, kept so that any step of it is near.

use crate::{
    cpu::{Cpu, Status},
    host::Host,
    machine::{Machine, RunError},
    tree::Tree,
};
use std::collections::BTreeMap;

/// A state that a machine can be brought back to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) cpu: Cpu,
    pub(crate) tree: Tree,
}

impl Snapshot {
    /// Counters and registers.
    pub const fn cpu(&self) -> &Cpu {
        &self.cpu
    }
}

/// A machine that moves freely along its trace.
///
/// It keeps snapshots a power of two of steps apart. When there are too many, every other one is
/// dropped and the distance doubles: a jump costs at most one distance of steps.
#[derive(Debug)]
pub struct Snapshots {
    machine: Machine,
    first: u64,
    kept: BTreeMap<u64, Snapshot>,
    distance_log2: u32,
    kept_max: usize,
}

impl Snapshots {
    /// Starts at the machine's state, with snapshots every `2^distance_log2` steps. Keeps at most
    /// `kept_max` of them, and at least two.
    pub fn new(mut machine: Machine, distance_log2: u32, kept_max: usize) -> Self {
        let first = machine.cpu().step;
        let kept = BTreeMap::from([(first, machine.snapshot())]);
        let distance_log2 = distance_log2.min(63);
        Self { machine, first, kept, distance_log2, kept_max: kept_max.max(2) }
    }

    /// The machine at a step: at the last step if the trace is shorter, and at the first if `step`
    /// is before it. After [`RunError::Missing`] the call may be repeated, and goes on from there.
    pub fn go_to(&mut self, step: u64, host: &mut impl Host) -> Result<&mut Machine, RunError> {
        let step = step.max(self.first);
        let (nearest, snapshot) =
            self.kept.range(..=step).next_back().expect("the first is always kept");
        if !(*nearest..=step).contains(&self.machine.cpu().step) {
            self.machine.restore(snapshot);
        }
        while self.machine.run(self.next_stop(step), host)? == Status::Unfinished {
            self.keep();
            if self.machine.cpu().step == step {
                break;
            }
        }
        Ok(&mut self.machine)
    }

    /// Drops the snapshot from which `step` is reached, so that the next jump there begins at an
    /// earlier one; false if there is none but the first.
    pub fn forget(&mut self, step: u64) -> bool {
        let nearest = self.kept.range(..=step).next_back().map(|(nearest, _)| *nearest);
        let Some(nearest) = nearest.filter(|nearest| *nearest != self.first) else { return false };
        self.kept.remove(&nearest);
        // The machine, too, is to go back.
        self.machine.restore(&self.kept[&self.first]);
        true
    }

    /// The next step that is kept, or the one we go to.
    fn next_stop(&self, step: u64) -> u64 {
        let next = (self.machine.cpu().step >> self.distance_log2) + 1;
        next.checked_mul(1 << self.distance_log2).map_or(step, |next| next.min(step))
    }

    /// Keeps the machine's state, if it is one of those that are kept.
    fn keep(&mut self) {
        let step = self.machine.cpu().step;
        if !is_multiple(step, self.distance_log2) || self.kept.contains_key(&step) {
            return;
        }
        self.kept.insert(step, self.machine.snapshot());
        while self.kept.len() > self.kept_max {
            self.distance_log2 += 1;
            let (first, distance_log2) = (self.first, self.distance_log2);
            self.kept.retain(|step, _| *step == first || is_multiple(*step, distance_log2));
        }
    }
}

const fn is_multiple(step: u64, of_log2: u32) -> bool {
    step.trailing_zeros() >= of_log2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Missing;
    use alloy_primitives::{B256, Bytes};

    struct Nothing;

    impl Host for Nothing {
        fn read(&mut self, key: B256) -> Result<Bytes, Missing> {
            Err(Missing(key))
        }
    }

    /// An endless loop that writes to memory, from a step that is no power of two.
    fn endless() -> Machine {
        let mut cpu = Cpu::new(0);
        cpu.step = 3;
        let mut machine = Machine::new(cpu);
        // sw x5, 64(x0); addi x5, x5, 1; j -8
        let words = [0x0450_2023u32, 0x0012_8293, 0xff9f_f06f];
        machine.write(0, words.map(u32::to_le_bytes).as_flattened()).unwrap();
        machine
    }

    #[test]
    fn the_number_of_snapshots_is_bounded_and_their_distance_grows() {
        let mut snapshots = Snapshots::new(endless(), 2, 10);
        for step in [0, 10, 1000, 100_000, 5, 99_999, 2] {
            let found = snapshots.go_to(step, &mut Nothing).unwrap().cpu().clone();
            assert_eq!(found.step, step.max(3));
            assert_eq!(found.x[5], (found.step - 2) / 3);
            assert!(snapshots.kept.len() <= 10, "{}", snapshots.kept.len());
        }
        assert_eq!(snapshots.distance_log2, 14);
        let kept: Vec<u64> = snapshots.kept.keys().copied().collect();
        assert_eq!(kept, [3, 16384, 32768, 49152, 65536, 81920, 98304]);
    }

    #[test]
    fn what_states_have_in_common_is_kept_once() {
        let mut machine = endless();
        machine.write(1 << 20, &[7; 1 << 16]).unwrap();
        let (a, mut b) = (machine.snapshot(), machine.clone());
        b.run(100, &mut Nothing).unwrap();
        let mut pages = Vec::new();
        a.tree.differences(&b.snapshot().tree, &mut pages);
        assert_eq!(pages, [0]);
    }
}
