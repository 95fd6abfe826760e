//! Witnesses that were tampered with prove nothing else.

use crate::{
    programs::INPUT,
    random_programs::random_machine,
    support::{host::Answers, random::Random},
};
use alloy_primitives::B256;
use altana_riscv::{STATE_BYTES, Status, verify_step};
use proptest::prelude::*;

/// Where the status stands in a state.
const STATUS: usize = 48;

/// No changed witness gives another `after` for the same `before`.
fn check(changed: &[u8], (before, after): (B256, B256), host: &Answers) {
    if let Ok(found) = verify_step(changed, INPUT, host) {
        assert!(
            found.0 != before || found.1 == after,
            "{}",
            alloy_primitives::hex::encode(changed)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_changed_byte_never_gives_another_result(seed: u64) {
        let mut random = Random(seed);
        let (mut machine, mut host) = random_machine(seed);
        for _ in 0..4 {
            let _ = machine.run(machine.cpu().step + random.below(40), &mut host);
            let Ok(witness) = machine.witness(&mut host) else { break };
            let proved = verify_step(&witness, INPUT, &host).unwrap();
            for at in 0..witness.len() {
                let mut changed = witness.clone();
                changed[at] ^= 1 + random.below(255) as u8;
                check(&changed, proved, &host);
                changed[at] = witness[at] ^ 1 << random.below(8);
                check(&changed, proved, &host);
            }
            for _ in 0..20 {
                let mut changed = witness.clone();
                changed.truncate(random.below(witness.len() as u64) as usize);
                check(&changed, proved, &host);
                changed.extend((0..random.below(80)).map(|_| random.next() as u8));
                check(&changed, proved, &host);
            }
        }
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..900)) {
        let _ = verify_step(&bytes, INPUT, &Answers::default());
        if let Some(status) = bytes.get_mut(STATUS) {
            *status = Status::Unfinished as u8;
            let _ = verify_step(&bytes, INPUT, &Answers::default());
        }
    }
}

/// Whoever changes the root of the state can have his own memory, but not that state's hash.
#[test]
fn a_witness_speaks_for_its_own_state_only() {
    let (mut machine, mut host) = random_machine(7);
    machine.run(50, &mut host).unwrap();
    let witness = machine.witness(&mut host).unwrap();
    let (before, _) = verify_step(&witness, INPUT, &host).unwrap();
    for at in 0..STATE_BYTES {
        let mut changed = witness.clone();
        changed[at] ^= 1;
        if let Ok(found) = verify_step(&changed, INPUT, &host) {
            assert_ne!(found.0, before, "byte {at}");
        }
    }
}
