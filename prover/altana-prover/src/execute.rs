//! Counts.

use std::path::Path;

use altana_proof::Job;
use eyre::{Result, ensure, eyre};
use openvm_circuit::{
    arch::execution_mode::metered::segment_ctx::Segment,
    system::memory::merkle::public_values::extract_public_values,
};
use openvm_sdk::StdIn;
use serde_json::{Value, json};

use crate::{
    Options, job,
    machine::{self, Machine},
    meter,
    prove::Prover,
};

/// AIRs that are listed: those with the most cells.
const LISTED: usize = 12;

/// A run without a proof.
pub(crate) struct Run {
    pub(crate) output: [u8; 32],
    pub(crate) instructions: u64,
    pub(crate) segments: Vec<Segment>,
}

pub(crate) fn count(machine: &Machine, stdin: StdIn) -> Result<Run> {
    let (vm, exe) = (&machine.vm, machine.exe());
    let interpreter = vm.metered_interpreter(exe)?;
    let (segments, state) = interpreter.execute_metered(stdin, vm.build_metered_ctx(exe))?;
    let outputs = vm.config().system.config.num_public_values;
    let output = extract_public_values(outputs, &state.memory.memory);
    Ok(Run {
        output: output.try_into().map_err(|_| eyre!("the output is not 32 bytes"))?,
        instructions: segments.iter().map(|segment| segment.num_insns).sum(),
        segments,
    })
}

pub(crate) fn run(options: &Options, folder: &Path) -> Result<Value> {
    let job = Job::at(folder)?;
    let Prover { sdk, exe, .. } = Prover::new(options)?;
    let machine =
        meter::step("machine's key, commitment to the guest", || machine::commit(&sdk, exe))?;
    let inputs = job::inputs(&job)?;
    let run = meter::step("execution", || count(&machine, job::stdin(&inputs)))?;
    ensure!(run.output == job.output(), "the guest gives {}", hex::encode(run.output));
    let airs = &sdk.app_pk().app_vm_pk.vm_pk.per_air;
    let mut cells: Vec<(u64, &str, u64)> = airs
        .iter()
        .enumerate()
        .map(|(air, key)| {
            let heights = run.segments.iter().map(|segment| segment.trace_heights[air]);
            let rows = heights.map(u64::from).sum();
            (rows * key.vk.params.width.total_width() as u64, key.air_name.as_str(), rows)
        })
        .collect();
    cells.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.0));
    let listed = cells
        .iter()
        .take(LISTED)
        .map(|(cells, name, rows)| json!({ "air": name, "rows": rows, "cells": cells }));
    Ok(json!({
        "output": hex::encode(run.output),
        "instructions": run.instructions,
        "segments": run.segments.len(),
        "cells": cells.iter().map(|entry| entry.0).sum::<u64>(),
        "airs": listed.collect::<Vec<_>>(),
        "steps": meter::take(),
    }))
}
