//! The zkVM as we configure it, and the guest.

use std::{borrow::Cow, fs, sync::Arc};

use eyre::{Result, WrapErr, eyre};
use openvm_circuit::arch::{VmInstance, instructions::exe::VmExe};
use openvm_sdk::{
    DefaultStarkEngine, F, Sdk,
    config::{AggregationSystemParams, AppConfig},
    prover::vm::new_local_prover,
};
use openvm_sdk_config::{SdkVmBuilder, SdkVmConfig};
use openvm_stark_sdk::config::{
    MAX_APP_LOG_STACKED_HEIGHT, app_params_with_100_bits_security,
    root_params_with_100_bits_security,
};
use openvm_transpiler::{elf::Elf, openvm_platform::memory::MEM_SIZE};

use crate::Options;

/// The guest (`cargo xtask guest`).
const GUEST: &[u8] = include_bytes!("../../guest.elf");
/// Its machine.
const MACHINE: &str = include_str!("../../guest/openvm.toml");

/// The guest in its machine, committed to.
pub(crate) type Machine = VmInstance<DefaultStarkEngine, SdkVmBuilder>;

pub(crate) fn commit(sdk: &Sdk, exe: Arc<VmExe<F>>) -> Result<Machine> {
    Ok(new_local_prover(*sdk.app_vm_builder(), &sdk.app_pk().app_vm_pk, exe)?)
}

pub(crate) fn sdk(options: &Options) -> Result<Sdk> {
    let mut machine = config()?.optimize();
    machine.system.config.segmentation_max_memory = options.segment_mib << 20;
    let params = app_params_with_100_bits_security(MAX_APP_LOG_STACKED_HEIGHT);
    let sdk = Sdk::builder()
        .app_config(AppConfig { app_vm_config: machine, system_params: params })
        .agg_params(AggregationSystemParams::default())
        .root_params(root_params_with_100_bits_security())
        .build()?;
    Ok(sdk)
}

fn config() -> Result<SdkVmConfig> {
    Ok(SdkVmConfig::from_toml(MACHINE)?)
}

pub(crate) fn guest(options: &Options, sdk: &Sdk) -> Result<Arc<VmExe<F>>> {
    let bytes = match &options.elf {
        None => Cow::Borrowed(GUEST),
        Some(path) => fs::read(path).wrap_err_with(|| path.display().to_string())?.into(),
    };
    let elf = Elf::decode(&bytes, MEM_SIZE as u32).map_err(|e| eyre!("the guest: {e}"))?;
    Ok(sdk.convert_to_exe(elf)?)
}

#[cfg(test)]
mod tests {
    use openvm_circuit::arch::InitFileGenerator;

    use super::*;

    #[test]
    fn the_guests_instructions_are_numbered_as_its_machines() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/openvm_init.rs");
        let expect = config().unwrap().generate_init_file_contents().unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(path, &expect).unwrap();
        }
        assert_eq!(fs::read_to_string(path).unwrap(), expect, "with UPDATE=1 it is written");
    }
}
