//! Holds the guest to native execution: on every job of a folder, and on mutations of each.
//!
//! Native execution and the guest refuse the same inputs, and give the same output for others. A
//! mutated statement or page is refused or gives the job's output: every byte is either checked or
//! irrelevant. Other blobs may have another output, with openings that the parent chain refuses.

use std::{fs, panic::AssertUnwindSafe, path::Path};

use altana_proof::{Job, encode_pages, prove_natively};
use eyre::{Result, WrapErr, ensure, eyre};
use openvm_circuit::{
    arch::instructions::riscv::RV32_MEMORY_AS,
    system::memory::{merkle::public_values::extract_public_values, online::LinearMemory},
};
use serde_json::{Value, json};

use crate::{
    Options,
    job::{self, GuestInputs},
    meter,
    prove::Prover,
};

pub(crate) fn run(options: &Options, folder: &Path, mutations: u64) -> Result<Value> {
    let Prover { sdk, exe, .. } = Prover::new(options)?;
    let machine = sdk.executor().instance(&exe).map_err(|e| eyre!("{e}"))?;
    let outputs = sdk.app_config().app_vm_config.system.config.num_public_values;
    let execute = |inputs: &GuestInputs| -> Option<Ran> {
        // The machine's host panics at some of what a guest can do.
        let run = AssertUnwindSafe(|| machine.execute(job::stdin(inputs), None));
        let state = std::panic::catch_unwind(run).ok()?.ok()?;
        let memory = &state.memory.memory;
        // The heap marks the end of memory.
        let bytes = memory.mem[RV32_MEMORY_AS as usize].as_slice();
        let bytes = &bytes[..bytes.len() - PAGE];
        Some(Ran {
            output: extract_public_values(outputs, memory),
            memory: bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1),
        })
    };
    let mut folders: Vec<_> = fs::read_dir(folder)
        .wrap_err_with(|| folder.display().to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("statement").exists())
        .collect();
    folders.sort();
    let mut counts = Counts::default();
    let mut memory = serde_json::Map::new();
    meter::step("the jobs", || {
        for folder in &folders {
            let name = folder.display().to_string();
            let bytes = compare(&Job::at(folder)?, &execute, mutations, &mut counts)
                .wrap_err_with(|| name.clone())?;
            eprintln!("{name}: {} MiB of memory", bytes >> 20);
            memory.insert(name, bytes.into());
        }
        Ok::<_, eyre::Report>(())
    })?;
    ensure!(!folders.is_empty(), "{}: no jobs", folder.display());
    let Counts { refused, irrelevant, other_blobs } = counts;
    Ok(json!({
        "jobs": folders.len(),
        "memory_bytes": memory,
        "refused": refused,
        "irrelevant": irrelevant,
        "other_blobs": other_blobs,
        "steps": meter::take(),
    }))
}

const PAGE: usize = 4096;

/// What the guest left.
struct Ran {
    output: Vec<u8>,
    /// Up to the highest address that it wrote to.
    memory: usize,
}

#[derive(Default)]
struct Counts {
    refused: u32,
    irrelevant: u32,
    other_blobs: u32,
}

/// Gives the memory that the job takes, in bytes.
fn compare(
    job: &Job,
    execute: &impl Fn(&GuestInputs) -> Option<Ran>,
    mutations: u64,
    counts: &mut Counts,
) -> Result<usize> {
    let natively = |inputs: &GuestInputs| {
        let pages = encode_pages(&inputs.pages).into();
        prove_natively(&inputs.statement, &inputs.blobs, &pages)
    };
    let inputs = job::inputs(job)?;
    let (output, openings) = natively(&inputs)?;
    ensure!(output == job.output(), "natively {output}");
    let Ran { output: guest, memory } = execute(&inputs).ok_or_else(|| eyre!("refused"))?;
    ensure!(guest == output.as_slice(), "the guest gives {}", hex::encode(guest));
    for seed in 0..mutations {
        let (is_blob, mutated) = mutated(&inputs, seed);
        let (native, guest) = (natively(&mutated).ok(), execute(&mutated).map(|ran| ran.output));
        let expected = native.as_ref().map(|run| run.0.to_vec());
        ensure!(guest == expected, "mutation {seed}: {guest:?}, natively {expected:?}");
        match native {
            None => counts.refused += 1,
            Some(run) if run.0 == output => counts.irrelevant += 1,
            Some((_, others)) => {
                // A blob that is not read may be left out.
                let changed = others.len() < openings.len()
                    || others.iter().any(|opening| !openings.contains(opening));
                ensure!(is_blob && changed, "mutation {seed} gives another output");
                counts.other_blobs += 1;
            }
        }
    }
    Ok(memory)
}

/// Inputs of which one has a bit turned, a word set, is cut or lengthened, or of whose pages one is
/// missing, doubled or late; whether it is the blobs.
fn mutated(inputs: &GuestInputs, seed: u64) -> (bool, GuestInputs) {
    let mut inputs = inputs.clone();
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = |below: usize| {
        state ^= state >> 30;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 27;
        (state % below as u64) as usize
    };
    // The statement is small, and most of what matters is in the pages.
    let which = next(4);
    if which == 0 {
        change(&mut inputs.statement, &mut next);
        return (false, inputs);
    }
    if which == 1 && !inputs.blobs.is_empty() {
        change(&mut inputs.blobs, &mut next);
        return (true, inputs);
    }
    let pages = &mut inputs.pages;
    let at = next(pages.len());
    match next(8) {
        0 => drop(pages.remove(at)),
        1 => pages.insert(at, pages[at].clone()),
        2 => {
            let page = pages.remove(at);
            pages.insert(next(pages.len() + 1), page);
        }
        _ => {
            let mut page = pages[at].to_vec();
            change(&mut page, &mut next);
            pages[at] = page.into();
        }
    }
    (false, inputs)
}

fn change(input: &mut Vec<u8>, next: &mut impl FnMut(usize) -> usize) {
    let at = next(input.len().max(1));
    match next(5) {
        0 | 1 if !input.is_empty() => input[at] ^= 1 << next(8),
        2 => input.iter_mut().skip(at / 4 * 4).take(4).for_each(|byte| *byte = 0xff),
        3 => input.truncate(at),
        _ => input.extend_from_slice(&[0; 4]),
    }
}
