//! Orders operations into long runs, and gives their results slots.

use std::collections::BTreeSet;

use altana_stark::{MAX_SLOTS, Op};

use crate::{
    CompileError,
    program::{Step, Value},
};

/// Where constants and temporaries begin.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) constants: usize,
    pub(crate) temporaries: usize,
}

/// Runs of slots (a, b, target), and where each result is at the end, if it is needed there.
pub(crate) struct Plan {
    pub(crate) runs: Vec<(Op, Vec<[usize; 3]>)>,
    pub(crate) slots: usize,
    place: Place,
    targets: Vec<usize>,
}

impl Plan {
    pub(crate) fn slot(&self, value: Value) -> usize {
        match value {
            Value::Slot(slot) => slot,
            Value::Constant(constant) => self.place.constants + constant,
            Value::Result(step) => self.targets[step],
        }
    }
}

/// Long runs if the slots suffice, else the order as given.
pub(crate) fn schedule(
    steps: &[Step],
    live: impl Iterator<Item = Value>,
    place: Place,
) -> Result<Plan, CompileError> {
    let live: BTreeSet<usize> = live.filter_map(result).collect();
    let plans = [long_runs(steps), (0..steps.len()).collect()];
    let mut plans = plans.into_iter().map(|order| allocate(steps, &order, &live, place));
    plans.find(|plan| plan.slots <= MAX_SLOTS).ok_or(CompileError::Slots)
}

fn result(value: Value) -> Option<usize> {
    match value {
        Value::Result(step) => Some(step),
        _ => None,
    }
}

/// Again and again, the operation that has the most steps ready, until none of its steps is.
fn long_runs(steps: &[Step]) -> Vec<usize> {
    let operands =
        |step: &Step| [step.a, step.b].into_iter().filter_map(result).collect::<BTreeSet<_>>();
    let mut waits: Vec<usize> = steps.iter().map(|step| operands(step).len()).collect();
    let mut users = vec![vec![]; steps.len()];
    for (index, step) in steps.iter().enumerate() {
        operands(step).into_iter().for_each(|operand| users[operand].push(index));
    }
    let mut ready: [BTreeSet<usize>; Op::ALL.len()] = Default::default();
    let queue = |op: Op| op as usize - 1;
    for (index, step) in steps.iter().enumerate().filter(|&(index, _)| waits[index] == 0) {
        ready[queue(step.op)].insert(index);
    }
    let mut order = Vec::with_capacity(steps.len());
    while let Some(longest) =
        (0..ready.len()).filter(|&q| !ready[q].is_empty()).max_by_key(|&q| ready[q].len())
    {
        while let Some(index) = ready[longest].pop_first() {
            order.push(index);
            for &user in &users[index] {
                waits[user] -= 1;
                if waits[user] == 0 {
                    ready[queue(steps[user].op)].insert(user);
                }
            }
        }
    }
    order
}

fn allocate(steps: &[Step], order: &[usize], live: &BTreeSet<usize>, place: Place) -> Plan {
    let mut last_use = vec![0; steps.len()];
    for (time, &index) in order.iter().enumerate() {
        let operands = [steps[index].a, steps[index].b].into_iter().filter_map(result);
        operands.for_each(|operand| last_use[operand] = time);
    }
    live.iter().for_each(|&step| last_use[step] = usize::MAX);

    let mut plan =
        Plan { runs: vec![], slots: place.temporaries, place, targets: vec![0; steps.len()] };
    let mut free: Vec<usize> = vec![];
    for (time, &index) in order.iter().enumerate() {
        let Step { op, a, b } = steps[index];
        let (a_slot, b_slot) = (plan.slot(a), plan.slot(b));
        let ended: BTreeSet<usize> = [a, b]
            .into_iter()
            .filter_map(result)
            .filter(|&operand| last_use[operand] == time)
            .collect();
        free.extend(ended.iter().map(|&operand| plan.targets[operand]));
        let target = free.pop().unwrap_or_else(|| {
            plan.slots += 1;
            plan.slots - 1
        });
        plan.targets[index] = target;
        match plan.runs.last_mut() {
            Some((last, triples)) if *last == op && triples.len() < usize::from(u16::MAX) => {
                triples.push([a_slot, b_slot, target]);
            }
            _ => plan.runs.push((op, vec![[a_slot, b_slot, target]])),
        }
    }
    plan
}
