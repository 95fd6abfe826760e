//! The zkVM as we configure it.

use std::{fs, sync::Arc};

use eyre::{Result, WrapErr, eyre};
use openvm_circuit::arch::instructions::exe::VmExe;
use openvm_sdk::{
    F, Sdk,
    config::{AggregationSystemParams, AppConfig},
};
use openvm_sdk_config::SdkVmConfig;
use openvm_stark_sdk::config::{
    MAX_APP_LOG_STACKED_HEIGHT, app_params_with_100_bits_security,
    root_params_with_100_bits_security,
};
use openvm_transpiler::{elf::Elf, openvm_platform::memory::MEM_SIZE};

use crate::Common;

pub(crate) fn sdk(common: &Common) -> Result<Sdk> {
    let mut machine = match &common.machine {
        None => SdkVmConfig::riscv32(),
        Some(path) => {
            let text = fs::read_to_string(path).wrap_err_with(|| path.display().to_string())?;
            SdkVmConfig::from_toml(&text)?.optimize()
        }
    };
    machine.system.config.segmentation_max_memory = common.segment_mib << 20;
    let params = app_params_with_100_bits_security(MAX_APP_LOG_STACKED_HEIGHT);
    let sdk = Sdk::builder()
        .app_config(AppConfig { app_vm_config: machine, system_params: params })
        .agg_params(AggregationSystemParams::default())
        .root_params(root_params_with_100_bits_security())
        .build()?;
    Ok(sdk)
}

pub(crate) fn guest(common: &Common, sdk: &Sdk) -> Result<Arc<VmExe<F>>> {
    let bytes = fs::read(&common.elf).wrap_err_with(|| common.elf.display().to_string())?;
    let elf = Elf::decode(&bytes, MEM_SIZE as u32).map_err(|e| eyre!("the guest: {e}"))?;
    Ok(sdk.convert_to_exe(elf)?)
}
