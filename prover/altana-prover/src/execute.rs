//! Counts.

use eyre::Result;
use serde_json::{Value, json};

use crate::{Common, job::Job, machine, meter};

pub(crate) fn run(common: &Common) -> Result<Value> {
    let sdk = machine::sdk(common)?;
    let job = Job::new(&common.job);
    let exe = machine::guest(common, &sdk)?;
    let (output, (cost, instructions)) =
        meter::step("execution", || sdk.execute_metered_cost(exe.clone(), job.stdin()?))?;
    job.check_output(&output)?;
    let (_, segments) =
        meter::step("segmentation", || sdk.execute_metered(exe, job.stdin()?))?;
    Ok(json!({
        "output": hex::encode(output),
        "instructions": instructions,
        "trace_cells": cost,
        "segments": segments.len(),
        "steps": meter::figures(),
    }))
}
