//! States along a trace, kept so that any step of it is near.

use crate::{
    cpu::{Cpu, Status},
    host::Host,
    machine::{Machine, RunError},
    tree::{NODE_BYTES, Tree},
};
use std::collections::BTreeMap;

/// Steps after which the host is asked whether to go on: a tenth of a second.
const BURST_STEPS: u64 = 1 << 24;

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
/// It keeps snapshots a power of two of steps apart. When there are too many, or they take too much
/// memory, every other one is dropped and the distance doubles: a jump costs at most one distance of
/// steps.
#[derive(Debug)]
pub struct Snapshots {
    machine: Machine,
    first: u64,
    kept: BTreeMap<u64, Kept>,
    distance_log2: u32,
    kept_max: usize,
    bytes_max: usize,
}

#[derive(Debug)]
struct Kept {
    snapshot: Snapshot,
    /// Pages that it does not share with the snapshot before.
    pages: usize,
}

impl Snapshots {
    /// Starts at the machine's state, with snapshots every `2^distance_log2` steps. Keeps at most
    /// `kept_max` of them, in at most `bytes_max` of memory, and at least two.
    pub fn new(
        mut machine: Machine,
        distance_log2: u32,
        kept_max: usize,
        bytes_max: usize,
    ) -> Self {
        let first = machine.cpu().step;
        let kept = BTreeMap::from([(first, Kept { snapshot: machine.snapshot(), pages: 0 })]);
        let (distance_log2, kept_max) = (distance_log2.min(63), kept_max.max(2));
        let mut snapshots = Self { machine, first, kept, distance_log2, kept_max, bytes_max };
        snapshots.count(first);
        snapshots
    }

    /// Bytes of memory that the machine and its snapshots take, at most.
    pub fn bytes(&self) -> usize {
        self.machine.bytes() + self.kept_bytes()
    }

    fn kept_bytes(&self) -> usize {
        self.kept.values().map(|kept| kept.pages * NODE_BYTES).sum()
    }

    /// The machine at a step: at the last step if the trace is shorter, and at the first if `step`
    /// is before it. After [`RunError::Missing`] or [`RunError::Stopped`] the call may be repeated,
    /// and goes on from there.
    pub fn go_to(&mut self, step: u64, host: &mut impl Host) -> Result<&mut Machine, RunError> {
        let step = step.max(self.first);
        let (nearest, kept) =
            self.kept.range(..=step).next_back().expect("the first is always kept");
        if !(*nearest..=step).contains(&self.machine.cpu().step) {
            self.machine.restore(&kept.snapshot);
        }
        loop {
            if host.is_stopped() {
                return Err(RunError::Stopped);
            }
            if self.machine.run(self.next_stop(step), host)? != Status::Unfinished {
                return Ok(&mut self.machine);
            }
            self.keep();
            if self.machine.cpu().step == step {
                return Ok(&mut self.machine);
            }
        }
    }

    /// Drops the snapshot from which `step` is reached, so that the next jump there begins at an
    /// earlier one; false if there is none but the first.
    pub fn forget(&mut self, step: u64) -> bool {
        let nearest = self.kept.range(..=step).next_back().map(|(nearest, _)| *nearest);
        let Some(nearest) = nearest.filter(|nearest| *nearest != self.first) else { return false };
        self.kept.remove(&nearest);
        self.count_after(nearest);
        // The machine, too, is to go back.
        self.machine.restore(&self.kept[&self.first].snapshot);
        true
    }

    /// The next step that is kept, or the one we go to; or where the host is asked.
    fn next_stop(&self, step: u64) -> u64 {
        let now = self.machine.cpu().step;
        let next = (now >> self.distance_log2) + 1;
        let next = next.checked_mul(1 << self.distance_log2).unwrap_or(step);
        next.min(step).min(now.saturating_add(BURST_STEPS))
    }

    /// Keeps the machine's state, if it is one of those that are kept.
    fn keep(&mut self) {
        let step = self.machine.cpu().step;
        if !is_multiple(step, self.distance_log2) || self.kept.contains_key(&step) {
            return;
        }
        self.kept.insert(step, Kept { snapshot: self.machine.snapshot(), pages: 0 });
        self.count(step);
        self.count_after(step);
        while self.kept.len() > self.kept_max
            || self.kept.len() > 2 && self.kept_bytes() > self.bytes_max
        {
            self.distance_log2 += 1;
            let (first, distance_log2) = (self.first, self.distance_log2);
            self.kept.retain(|step, _| *step == first || is_multiple(*step, distance_log2));
            let steps: Vec<u64> = self.kept.keys().copied().collect();
            steps.into_iter().for_each(|step| self.count(step));
        }
    }

    /// Counts what the snapshot at a step does not share with the one before.
    fn count(&mut self, step: u64) {
        let before = self.kept.range(..step).next_back();
        let before = before.map_or(Tree::Zero, |(_, kept)| kept.snapshot.tree.clone());
        if let Some(kept) = self.kept.get_mut(&step) {
            let mut pages = Vec::new();
            kept.snapshot.tree.differences(&before, &mut pages);
            kept.pages = pages.len();
        }
    }

    /// Counts for the snapshot that follows a step, because another one precedes it now.
    fn count_after(&mut self, step: u64) {
        if let Some(next) = self.kept.range(step + 1..).next().map(|(next, _)| *next) {
            self.count(next);
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
        let mut snapshots = Snapshots::new(endless(), 2, 10, usize::MAX);
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

    /// Each time round it writes to another of 1,024 pages.
    fn spreading() -> Machine {
        let mut machine = Machine::new(Cpu::new(1 << 30));
        // lui x5, 1 (a page); add x6, x6, x5; slli x7, x6, 42; srli x7, x7, 42; sw x6, 64(x7); j -16
        let words =
            [0x0000_12b7u32, 0x0053_0333, 0x02a3_1393, 0x02a3_d393, 0x0463_a023, 0xff1f_f06f];
        machine.write(1 << 30, words.map(u32::to_le_bytes).as_flattened()).unwrap();
        machine
    }

    #[test]
    fn the_memory_of_snapshots_is_bounded_whatever_the_program_writes() {
        const BYTES_MAX: usize = 300 * NODE_BYTES;
        let mut snapshots = Snapshots::new(spreading(), 8, 64, BYTES_MAX);
        let mut most = 0;
        for step in (256..40_000).step_by(256) {
            snapshots.go_to(step, &mut Nothing).unwrap();
            let kept: usize = snapshots.kept.values().map(|kept| kept.pages).sum();
            assert!(kept * NODE_BYTES <= BYTES_MAX || snapshots.kept.len() == 2, "{kept} pages");
            most = most.max(snapshots.kept.len());
        }
        assert!((4..20).contains(&most), "{most} snapshots");
        assert!(snapshots.bytes() > 1_000 * NODE_BYTES, "the machine's own pages count, too");
        // Whatever was dropped, every step can still be reached.
        let mut other = Snapshots::new(spreading(), 8, 64, usize::MAX);
        for step in [39_000, 3, 20_000, 20_001, 39_001] {
            let state = |it: &mut Snapshots| it.go_to(step, &mut Nothing).unwrap().state();
            assert_eq!(state(&mut snapshots), state(&mut other));
        }
    }

    #[test]
    fn a_stopped_machine_goes_on_where_it_was() {
        /// Stops whoever asks for the second time.
        struct Second(std::cell::Cell<usize>);

        impl Host for Second {
            fn read(&mut self, key: B256) -> Result<Bytes, Missing> {
                Err(Missing(key))
            }

            fn is_stopped(&self) -> bool {
                self.0.set(self.0.get() + 1);
                self.0.get() == 2
            }
        }

        let step = 3 * BURST_STEPS;
        let mut snapshots = Snapshots::new(spreading(), 40, 10, usize::MAX);
        let mut host = Second(0.into());
        let stopped = snapshots.go_to(step, &mut host).map(drop);
        assert_eq!(stopped, Err(RunError::Stopped));
        let at = snapshots.machine.cpu().step;
        assert_eq!(at, BURST_STEPS);
        assert_eq!(snapshots.go_to(step, &mut host).unwrap().cpu().step, step);
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
