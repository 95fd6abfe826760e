//! Counts.

use eyre::{Report, Result};
use openvm_circuit::system::memory::merkle::public_values::extract_public_values;
use serde_json::{Value, json};

use crate::{Common, job::Job, machine, meter};

/// AIRs that are listed: those with the most cells.
const LISTED: usize = 12;

pub(crate) fn run(common: &Common) -> Result<Value> {
    let sdk = machine::sdk(common)?;
    let job = Job::new(&common.job);
    let exe = machine::guest(common, &sdk)?;
    let prover = meter::step("machine's key, commitment to the guest", || sdk.app_prover(exe))?;
    let (vm, exe) = (prover.vm(), prover.exe());
    let (segments, state) = meter::step("execution", || {
        let run = vm.metered_interpreter(&exe)?;
        Ok::<_, Report>(run.execute_metered(job.stdin()?, vm.build_metered_ctx(&exe))?)
    })?;
    let output = extract_public_values(prover.num_user_pvs(), &state.memory.memory);
    job.check_output(&output)?;

    let airs = &sdk.app_pk().app_vm_pk.vm_pk.per_air;
    let mut cells: Vec<(u64, &str, u64)> = airs
        .iter()
        .enumerate()
        .map(|(air, key)| {
            let rows = segments.iter().map(|segment| u64::from(segment.trace_heights[air])).sum();
            (rows * key.vk.params.width.total_width() as u64, key.air_name.as_str(), rows)
        })
        .collect();
    cells.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.0));
    let listed = cells
        .iter()
        .take(LISTED)
        .map(|(cells, name, rows)| json!({ "air": name, "rows": rows, "cells": cells }));
    Ok(json!({
        "output": hex::encode(output),
        "instructions": segments.iter().map(|segment| segment.num_insns).sum::<u64>(),
        "segments": segments.len(),
        "cells": cells.iter().map(|entry| entry.0).sum::<u64>(),
        "airs": listed.collect::<Vec<_>>(),
        "steps": meter::figures(),
    }))
}
