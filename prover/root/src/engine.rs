//! The CPU backend, over Keccak.

use altana_keccak_stark::{KeccakConfig, Transcript};
use openvm_cpu_backend::{CpuBackend, CpuDevice};
use openvm_stark_backend::{StarkEngine, SystemParams, prover::Coordinator};

/// Makes keys and proofs of the last layer on the CPU.
pub struct KeccakEngine {
    device: CpuDevice<KeccakConfig>,
}

impl StarkEngine for KeccakEngine {
    type SC = KeccakConfig;
    type PB = CpuBackend<KeccakConfig>;
    type PD = CpuDevice<KeccakConfig>;
    type TS = Transcript;

    fn new(params: SystemParams) -> Self {
        Self { device: CpuDevice::new(KeccakConfig::new(params)) }
    }

    fn config(&self) -> &KeccakConfig {
        self.device.config()
    }

    fn device(&self) -> &Self::PD {
        &self.device
    }

    fn initial_transcript(&self) -> Transcript {
        Transcript::default()
    }

    fn prover_from_transcript(
        &self,
        transcript: Transcript,
    ) -> Coordinator<KeccakConfig, Self::PB, Self::PD, Transcript> {
        Coordinator::new(CpuBackend::new(), self.device.clone(), transcript)
    }
}
