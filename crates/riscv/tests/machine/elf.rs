//! Executables: good ones are loaded, bad ones refused with a reason.

use crate::support::{asm::*, elf::executable, host::Answers};
use alloy_primitives::b256;
use altana_riscv::{Cpu, ElfError, Machine, State, Status};
use proptest::prelude::*;

/// Where the first and the second program header are.
const FIRST: usize = 64;
const SECOND: usize = 64 + 56;

/// A program that adds up two numbers of its data, and halts.
fn sum() -> Vec<u8> {
    let code = bytes(&[
        lui(6, 0x2_0000),
        i(0x03, 3, 11, 6, 0),
        i(0x03, 3, 12, 6, 8),
        r(0x33, 0, 0, 11, 11, 12),
        ECALL,
    ]);
    let data: Vec<u8> = [40u64, 2].iter().flat_map(|number| number.to_le_bytes()).collect();
    executable(0x1_0078, &[(0x1_0078, &code, code.len() as u64), (0x2_0000, &data, 0x1_0000)])
}

#[test]
fn an_executable_is_loaded_and_runs() {
    let mut machine = Machine::load(&sum()).unwrap();
    let State { cpu, .. } = machine.state();
    assert_eq!(cpu, Cpu::new(0x1_0078));
    assert_eq!(machine.run(100, &mut Answers::default()), Ok(Status::Valid));
    assert_eq!(machine.cpu().x[11], 42);
}

#[test]
fn the_programs_hash_is_pinned() {
    let hash = Machine::load(&sum()).unwrap().state_hash();
    assert_eq!(hash, b256!("03555d9d4aad13a1f52d417c04ccc5bdf67e319be95e61fffa7c80cc231a343f"));
}

/// `sum`, with a number of `length` bytes at `at` changed.
fn with(at: usize, length: usize, value: u64) -> Result<(), ElfError> {
    let mut file = sum();
    file[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
    Machine::load(&file).map(drop)
}

#[test]
fn a_header_that_the_machine_cannot_run_is_refused() {
    for (at, length, value, field) in [
        (0, 1, 0, "e_ident"),
        (4, 1, 1, "e_ident"),
        (5, 1, 2, "e_ident"),
        (6, 1, 0, "e_ident"),
        (16, 2, 1, "e_type"),
        (16, 2, 3, "e_type"),
        (18, 2, 62, "e_machine"),
        (24, 8, 1 << 32, "e_entry"),
        (24, 8, 0x1_0002, "e_entry"),
        (54, 2, 32, "e_phentsize"),
        (56, 2, 65, "e_phnum"),
    ] {
        let found = with(at, length, value);
        assert!(
            matches!(found, Err(ElfError::Header { field: found, .. }) if found == field),
            "{field} = {value}: {found:?}"
        );
    }
    assert_eq!(with(56, 2, 0), Ok(()), "a program without segments");
}

#[test]
fn a_segment_that_does_not_fit_is_refused() {
    let outside = "does not lie below 2^32";
    let behind = "ends behind the file's end";
    for (header, at, value, problem) in [
        (FIRST, 8, 1 << 40, behind),
        (FIRST, 8, u64::MAX, behind),
        (SECOND, 32, 0x8000, behind),
        (FIRST, 16, 1 << 32, outside),
        (FIRST, 16, (1 << 32) - 1, outside),
        (FIRST, 16, u64::MAX, outside),
        (FIRST, 40, 1 << 32, outside),
        (FIRST, 40, u64::MAX, outside),
        (SECOND, 32, 0x1_0001, "has more bytes in the file than in memory"),
        (SECOND, 16, 0x1_0080, "overlaps another"),
        (SECOND, 16, 0x79, "overlaps another"),
        (SECOND, 16, 0x1_008b, "overlaps another"),
    ] {
        let index = (header - FIRST) / 56;
        assert_eq!(
            with(header + at, 8, value),
            Err(ElfError::Segment { index, problem }),
            "{value:#x}"
        );
    }
    for (header, at, value) in
        [(SECOND, 16, 0x1_008c), (SECOND, 16, 0x78), (SECOND, 16, 0xffff_0000), (SECOND, 40, 16)]
    {
        assert_eq!(with(header + at, 8, value), Ok(()), "{value:#x}");
    }
    assert_eq!(with(SECOND, 4, 2), Ok(()), "only PT_LOAD counts");
}

#[test]
fn a_truncated_file_is_refused() {
    let file = sum();
    for length in 0..file.len() {
        assert!(Machine::load(&file[..length]).is_err(), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn no_file_makes_the_loader_panic(
        changes in prop::collection::vec((0usize..200, any::<u8>()), 1..6),
        length in 0usize..9000,
    ) {
        let mut file = sum();
        for (at, byte) in changes {
            file[at] = byte;
        }
        let _ = Machine::load(&file);
        file.truncate(length);
        let _ = Machine::load(&file);
    }

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Machine::load(&bytes);
    }
}
