//! Holds the guest to native execution: on every job of a folder, and on mutations of each.
//!
//! A mutated input is refused or gives the same output: every byte is either checked or irrelevant.

use std::{fs, panic::AssertUnwindSafe};

use eyre::{Result, WrapErr, ensure, eyre};
use openvm_circuit::system::memory::merkle::public_values::extract_public_values;
use openvm_sdk::StdIn;
use serde_json::{Value, json};

use crate::{Common, job::Job, machine, meter};

/// Mutations of each job.
const MUTATIONS: u64 = 24;

pub(crate) fn run(common: &Common) -> Result<Value> {
    let sdk = machine::sdk(common)?;
    let exe = machine::guest(common, &sdk)?;
    let machine = sdk.executor().instance(&exe).map_err(|e| eyre!("{e}"))?;
    let outputs = sdk.app_config().app_vm_config.system.config.num_public_values;
    let execute = |stdin: StdIn| -> Option<Vec<u8>> {
        // The machine's host panics at some of what a guest can do.
        let run = AssertUnwindSafe(|| machine.execute(stdin, None));
        let state = std::panic::catch_unwind(run).ok()?.ok()?;
        Some(extract_public_values(outputs, &state.memory.memory))
    };
    let mut folders: Vec<_> = fs::read_dir(&common.job)
        .wrap_err_with(|| common.job.display().to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("claim").exists())
        .collect();
    folders.sort();
    let (mut refused, mut irrelevant) = (0, 0);
    meter::step("the jobs", || -> Result<()> {
        for folder in &folders {
            let name = folder.display();
            let job = Job::new(folder);
            let output = execute(job.stdin()?).ok_or_else(|| eyre!("{name}: refused"))?;
            job.check_output(&output).wrap_err_with(|| name.to_string())?;
            let inputs = job.inputs()?;
            for seed in 0..MUTATIONS {
                let mut stdin = StdIn::default();
                mutated(&inputs, seed).iter().for_each(|bytes| stdin.write_bytes(bytes));
                match execute(stdin) {
                    None => refused += 1,
                    Some(other) => {
                        ensure!(other == output, "{name}: mutation {seed} gives another output");
                        irrelevant += 1;
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok(json!({ "jobs": folders.len(), "refused": refused, "irrelevant": irrelevant }))
}

/// Inputs with a bit turned, a word set, cut or lengthened.
fn mutated(inputs: &[Vec<u8>], seed: u64) -> Vec<Vec<u8>> {
    let mut inputs = inputs.to_vec();
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = |below: usize| {
        state ^= state >> 30;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 27;
        (state % below as u64) as usize
    };
    // The claim is small, and most of what matters is in the pages.
    let which = usize::from(next(4) != 0);
    let input = &mut inputs[which];
    let at = next(input.len());
    match next(5) {
        0 | 1 => input[at] ^= 1 << next(8),
        2 => input[at / 4 * 4..][..4].fill(0xff),
        3 => input.truncate(at),
        _ => input.extend_from_slice(&[0; 4]),
    }
    inputs
}
