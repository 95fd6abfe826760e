//! Jumps along a trace.

use crate::{
    random_programs::random_machine,
    support::{host::Answers, random::Random},
};
use altana_riscv::{Snapshots, State, Status};

/// Steps of the traces.
const STEPS: u64 = 400;

#[test]
fn any_step_of_a_trace_can_be_gone_to() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let (mut machine, mut host) = random_machine(seed);
        if machine.clone().run(STEPS, &mut host).is_err() {
            continue; // It asks for a pre-image that nobody knows.
        }
        let mut snapshots = Snapshots::new(machine.clone(), random.below(7) as u32, 5, usize::MAX);
        let trace: Vec<State> = (0..=STEPS)
            .map(|step| {
                machine.run(step, &mut host).unwrap();
                machine.state()
            })
            .collect();
        for _ in 0..60 {
            let step = random.below(STEPS + 1);
            let found = snapshots.go_to(step, &mut host).unwrap().state();
            assert_eq!(found, trace[step as usize], "seed {seed}, step {step}");
        }
    }
}

#[test]
fn behind_the_end_is_the_last_state() {
    use crate::{programs::machine, support::asm::*};
    let program = machine(&[addi(5, 0, 3), addi(5, 5, -1), b(1, 5, 0, -4), ECALL], &[]);
    let mut snapshots = Snapshots::new(program, 1, 3, usize::MAX);
    for step in [1000, u64::MAX, 8, 9] {
        let machine = snapshots.go_to(step, &mut Answers::default()).unwrap();
        assert_eq!((machine.cpu().step, machine.cpu().status), (8, Status::Valid), "{step}");
    }
    let machine = snapshots.go_to(7, &mut Answers::default()).unwrap();
    assert_eq!((machine.cpu().step, machine.cpu().status), (7, Status::Unfinished));
    assert_eq!(snapshots.go_to(0, &mut Answers::default()).unwrap().cpu().step, 0);
}
