//! What nodes and contracts know of this prover: the last layer's key, and the commitments to the
//! guest and to its machine.

use std::{fs, path::Path};

use altana_stark::Key;
use eyre::{Result, WrapErr, ensure};
use serde_json::{Value, json};

use crate::{Options, job, meter, prove::Prover};

pub(crate) fn run(options: &Options, folder: &Path, check: bool) -> Result<Value> {
    let prover = Prover::new(options)?;
    let key = prover.root()?.statement()?.key()?;
    let hash = Key::parse(&key)?.hash();
    let [exe, vm] = prover.commits()?;
    for (name, bytes) in [("key.bin", key), ("commits.bin", [exe, vm].concat())] {
        let path = folder.join(name);
        if check {
            let found = fs::read(&path).wrap_err_with(|| path.display().to_string())?;
            ensure!(found == bytes, "{} is stale: run `altana-prover key`", path.display());
        } else {
            job::write(&path, &bytes)?;
        }
    }
    Ok(json!({
        "key_hash": hash.to_string(),
        "exe_commit": hex::encode(exe),
        "vm_commit": hex::encode(vm),
        "steps": meter::take(),
    }))
}
