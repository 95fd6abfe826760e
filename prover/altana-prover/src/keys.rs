//! The last layer's key, made once and kept in a file.

use std::{fs, path::PathBuf, sync::Arc};

use altana_prover_root::{Child, RootKey, RootProver};
use eyre::{Result, WrapErr};
use openvm_circuit::arch::instructions::{
    LocalOpcode, SystemOpcode, exe::VmExe, instruction::Instruction, program::Program,
};
use openvm_continuations::CommitBytes;
use openvm_sdk::{F, Sdk, StdIn};
use openvm_verify_stark_host::VmStarkProof;
use serde::{Deserialize, Serialize};

use crate::{Options, job, meter};

/// Changed with anything that changes a key but not the child's.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct KeyFile {
    format: u32,
    child: [F; 8],
    key: RootKey,
}

pub(crate) fn child(sdk: &Sdk) -> Child {
    let aggregation = sdk.agg_prover();
    let inner = &aggregation.internal_recursive_prover;
    let system = sdk.app_config().app_vm_config.as_ref();
    Child {
        vk: inner.get_vk(),
        commit: inner.get_self_vk_pcs_data().expect("it verifies itself").commitment.into(),
        memory_dimensions: system.memory_config.memory_dimensions(),
        output_bytes: system.num_public_values,
    }
}

/// The last layer's prover, with the key from its file or a new one.
pub(crate) fn root(options: &Options, sdk: &Sdk) -> Result<RootProver> {
    let child = meter::step("aggregation keys", || child(sdk));
    let path = path(options, &child);
    if path.exists() {
        let bytes = fs::read(&path).wrap_err_with(|| path.display().to_string())?;
        match bitcode::deserialize::<KeyFile>(&bytes) {
            Ok(file) if file.format == FORMAT && file.child == child.vk.pre_hash => {
                return Ok(RootProver::with_key(child, file.key));
            }
            _ => eprintln!("{}: damaged, or of another version; made anew", path.display()),
        }
    }
    let dummy = meter::step("a proof that gives the heights", || dummy(sdk))?;
    let root = meter::step("last layer's key", || RootProver::keygen(child.clone(), &dummy));
    let file = KeyFile { format: FORMAT, child: child.vk.pre_hash, key: root.key().clone() };
    job::write(&path, &bitcode::serialize(&file)?)?;
    Ok(root)
}

fn path(options: &Options, child: &Child) -> PathBuf {
    let name: CommitBytes = child.vk.pre_hash.into();
    options.keys.join(format!("root-{}.key", hex::encode(&name.as_slice()[..8])))
}

/// A proof of a program that does nothing.
fn dummy(sdk: &Sdk) -> Result<VmStarkProof> {
    let opcode = SystemOpcode::TERMINATE.global_opcode();
    let halt = Instruction::<F>::from_isize(opcode, 0, 0, 0, 0, 0);
    let exe = Arc::new(VmExe::new(Program::from_instructions(&[halt])));
    Ok(sdk.prove(exe, StdIn::default(), &[])?.0)
}
