//! What a machine and its host have to do with each other.

use crate::{
    programs::{INPUT, PC, machine, step},
    support::{asm::*, host::Answers},
};
use alloy_primitives::{Address, B256, Bytes, keccak256};
use altana_riscv::{
    BlobElement, CALL_BYTES_MAX, HINT_BYTES_MAX, Kind, Machine, Missing, PREIMAGE_BYTES_MAX,
    RunError, Status, WitnessError, verify_step,
};

/// A machine that reads from `key` at `offset`, and then adds 1 to x5.
fn reader(key: B256, offset: u64) -> Machine {
    let x = |at: usize| u64::from_le_bytes(key[at * 8..at * 8 + 8].try_into().unwrap());
    let registers = [(17, 1), (10, x(0)), (11, x(1)), (12, x(2)), (13, x(3)), (14, offset)];
    machine(&[ECALL, addi(5, 5, 1)], &registers)
}

/// `key` has this pre-image: at every offset that a program can use.
fn check(host: &mut Answers, key: B256, preimage: &[u8]) {
    let length = preimage.len() as u64;
    for offset in (0..length + 64).step_by(32).chain([1 << 32, u64::MAX - 31]) {
        let mut machine = reader(key, offset);
        step(&mut machine, host);
        let mut expect = [0; 32];
        for (byte, value) in expect.iter_mut().zip(preimage.iter().skip(offset as usize)) {
            *byte = *value;
        }
        let cpu = machine.cpu();
        let found: Vec<u8> = cpu.x[10..14].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(
            (&found[..], cpu.x[14], cpu.pc),
            (&expect[..], length, PC + 4),
            "{key} {offset}"
        );
        assert_eq!(cpu.status, Status::Unfinished);
    }
}

#[test]
fn every_kind_of_pre_image_can_be_read() {
    let mut host = Answers::default();
    let bytes: Vec<u8> = (1..=255).collect();
    let local = host.local(INPUT);
    check(&mut host, local, INPUT.as_slice());
    for length in [0, 1, 31, 32, 33, 64, 255] {
        for key in [host.keccak(&bytes[..length]), host.sha256(&bytes[..length])] {
            check(&mut host, key, &bytes[..length]);
        }
    }
    for index in [0, 4095] {
        let element = element(index);
        let key = host.blob(element.clone());
        check(&mut host, key, element.element.as_slice());
    }
    for address in [0x01, 0x05, 0x06, 0x07, 0x08, 0x0a, 0x0b, 0x11, 0x0100] {
        let key = host.call(address, &bytes[..100], &bytes[..70]);
        check(&mut host, key, &bytes[..70]);
        let key = host.call(address, &[], &[0]);
        check(&mut host, key, &[0]);
    }
}

fn element(index: u16) -> BlobElement {
    BlobElement {
        versioned_hash: B256::repeat_byte(1),
        index,
        element: B256::repeat_byte(2),
        commitment: [3; 48],
        proof: [4; 48],
    }
}

#[test]
fn the_longest_pre_image_can_be_read() {
    let mut host = Answers::default();
    let longest = vec![0xab; PREIMAGE_BYTES_MAX];
    for key in [host.keccak(&longest), host.sha256(&longest)] {
        let mut machine = reader(key, PREIMAGE_BYTES_MAX as u64 - 32);
        step(&mut machine, &mut host);
        assert_eq!(machine.cpu().x[13..15], [0xabab_abab_abab_abab, PREIMAGE_BYTES_MAX as u64]);
    }
}

#[test]
fn a_read_without_a_valid_key_or_offset_traps() {
    let mut host = Answers::default();
    let (local, keccak) = (host.local(INPUT), host.keccak(b"a"));
    let with = |key: B256, at: usize, byte: u8| {
        let mut key = key;
        key[at] = byte;
        key
    };
    let kinds = (0..=255).filter(|kind| ![1, 2, 4, 5, 6].contains(kind));
    let mut rows: Vec<(B256, u64)> = kinds.map(|kind| (with(keccak, 0, kind), 0)).collect();
    rows.extend((1..32).map(|at| (with(local, at, 1), 0)));
    rows.extend([1, 8, 31, 33, u64::MAX].map(|offset| (keccak, offset)));
    for (key, offset) in rows {
        let mut machine = reader(key, offset);
        let before = machine.state();
        step(&mut machine, &mut host);
        assert_eq!(machine.cpu().status, Status::Panicked, "{key} {offset}");
        assert_eq!((machine.cpu().pc, machine.cpu().x), (before.cpu.pc, before.cpu.x));
    }
}

#[test]
fn a_machine_waits_where_a_pre_image_is_missing() {
    let mut host = Answers::default();
    let key = host.keccak(b"late");
    let late = host.preimages.remove(&key).unwrap();
    let mut machine = reader(key, 0);
    let before = machine.state();
    let missing = RunError::Missing(Missing(key));
    for _ in 0..2 {
        assert_eq!(machine.run(10, &mut host), Err(missing));
        assert_eq!(machine.witness(&mut host), Err(missing));
        assert_eq!(machine.step(&mut host), Err(missing));
        assert_eq!(machine.state(), before);
    }
    host.preimages.insert(key, late);
    machine.run(2, &mut host).unwrap();
    assert_eq!((machine.cpu().x[14], machine.cpu().x[5]), (4, 1));
}

#[test]
fn an_answer_that_cannot_be_is_an_error() {
    let mut host = Answers::default();
    let too_long = vec![0; PREIMAGE_BYTES_MAX + 1];
    let blob = host.blob(element(1));
    let call = host.call(1, &[], &[1]);
    for (key, answer) in [
        (Kind::Local.key(B256::ZERO), &[0; 31][..]),
        (Kind::Local.key(B256::ZERO), &[0; 33]),
        (host.keccak(b"a"), &too_long),
        (host.sha256(b"a"), &too_long),
        (blob, &[0; 31]),
        (call, &[]),
    ] {
        host.preimages.insert(key, Bytes::copy_from_slice(answer));
        let error = Err(RunError::Length { key, bytes: answer.len() });
        let mut machine = reader(key, 0);
        assert_eq!(machine.run(1, &mut host), error);
        assert_eq!(machine.cpu().step, 0);
        assert_eq!(machine.witness(&mut host).map(drop), error.map(drop));
    }
}

#[test]
fn evidence_that_no_contract_accepts_is_an_error() {
    let longest = vec![7; CALL_BYTES_MAX];
    let mut host = Answers::default();
    assert!(reader(host.call(1, &longest, &[1]), 0).witness(&mut host).is_ok());
    let mut keys = vec![
        host.call(1, &[longest, vec![7]].concat(), &[1]),
        host.blob(element(4096)),
        host.blob(element(u16::MAX)),
    ];
    let not_listed = [0x00, 0x02, 0x03, 0x04, 0x09, 0x12, 0xff, 0x0101, 0x0200, 0x0500];
    keys.extend(not_listed.map(|address| host.call(address, b"", &[1])));
    let (blob, call) = (host.blob(element(1)), host.call(1, b"input", &[1]));
    host.blobs.insert(blob, element(2));
    host.calls.get_mut(&call).unwrap().input = Bytes::from_static(b"Input");
    keys.extend([blob, call]);
    for key in keys {
        assert_eq!(reader(key, 0).witness(&mut host), Err(RunError::Evidence(key)));
    }
}

/// The verifier is told just what such a machine would not write.
#[test]
fn evidence_that_names_nothing_is_refused() {
    let mut host = Answers::default();
    let (good_call, good_blob) = (host.call(1, b"input", &[1]), host.blob(element(1)));
    let judge = |key: B256, evidence: &[u8], host: &Answers| {
        let mut witness = reader(good_call, 0).witness(&mut host.clone()).unwrap();
        let state = reader(key, 0).state().encode();
        witness[..state.len()].copy_from_slice(&state);
        witness.truncate(witness.len() - 20 - b"input".len());
        verify_step(&[&witness, evidence].concat(), INPUT, host)
    };
    let call = |address: u16, input: &[u8]| {
        [Address::left_padding_from(&address.to_be_bytes()).as_slice(), input].concat()
    };
    assert!(judge(good_call, &call(1, b"input"), &host).is_ok());
    for (address, length) in [(0x02, 0), (0x09, 0), (0x12, 0), (0x0101, 0), (1, CALL_BYTES_MAX + 1)]
    {
        let input = vec![7; length];
        let key = host.call(address, &input, &[1]);
        let verdict = judge(key, &call(address, &input), &host);
        assert_eq!(verdict, Err(WitnessError::Evidence(key)), "{address:#x}");
    }
    // A call that can be made, but is not the key's.
    host.call(1, b"other", &[1]);
    let verdict = judge(good_call, &call(1, b"other"), &host);
    assert_eq!(verdict, Err(WitnessError::Evidence(good_call)));
    // A call that the judge cannot make.
    let unknown = Kind::Precompile.key(keccak256(call(1, b"unknown")));
    let verdict = judge(unknown, &call(1, b"unknown"), &host);
    assert_eq!(verdict, Err(WitnessError::Evidence(unknown)));

    let blob = |element: &BlobElement| {
        let mut bytes = element.versioned_hash.to_vec();
        bytes.extend(element.index.to_be_bytes());
        bytes.extend(element.element);
        bytes.extend(element.commitment);
        bytes.extend(element.proof);
        bytes
    };
    assert!(judge(good_blob, &blob(&element(1)), &host).is_ok());
    // Proven, but another than the key's.
    let (outside, _) = (host.blob(element(4096)), host.blob(element(2)));
    let not_proven = BlobElement { element: B256::repeat_byte(9), ..element(1) };
    for (key, element) in
        [(outside, element(4096)), (good_blob, element(2)), (good_blob, not_proven)]
    {
        let verdict = judge(key, &blob(&element), &host);
        assert_eq!(verdict, Err(WitnessError::Evidence(key)), "{element:?}");
    }
    // Pre-images of hashes: another, and one that is too long.
    let long = vec![0; PREIMAGE_BYTES_MAX + 1];
    for (key, preimage) in [
        (host.keccak(b"a"), &b"b"[..]),
        (host.sha256(b"a"), b"b"),
        (host.keccak(b"a"), b""),
        (host.keccak(b""), b"a"),
    ] {
        assert_eq!(judge(key, preimage, &host), Err(WitnessError::Evidence(key)));
    }
    for key in [host.keccak(&long), host.sha256(&long)] {
        assert_eq!(judge(key, &long, &host), Err(WitnessError::Length));
    }
    assert_eq!(judge(host.local(INPUT), b"a", &host), Err(WitnessError::Length));
}

#[test]
fn a_host_sees_hints_that_are_in_memory_and_short() {
    let max = HINT_BYTES_MAX;
    for (address, length, seen) in [
        (PC, 4, true),
        (0x1_0ffe, 4, true),
        ((1 << 32) - 4, 4, true),
        (PC, 0, true),
        (1 << 32, 0, false),
        (PC, max, true),
        (PC, max + 1, false),
        ((1 << 32) - 4, 5, false),
        (u64::MAX, 2, false),
        (0, u64::MAX, false),
    ] {
        let mut host = Answers::default();
        let mut machine = machine(&[ECALL], &[(17, 2), (10, address), (11, length)]);
        let mut expect = machine.state();
        machine.run(1, &mut host).unwrap();
        (expect.cpu.pc, expect.cpu.step) = (PC + 4, 1);
        assert_eq!(machine.state(), expect);
        let hint = machine.read(address, length.min(max + 1) as usize);
        assert_eq!(host.hints, if seen { vec![hint.unwrap()] } else { vec![] }, "{address:#x}");
    }
}
