//! Small proofs of many shapes, made by the library's reference prover.

use std::{collections::BTreeMap, sync::Arc};

use altana_keccak_stark::{F, KeccakConfig, Transcript};
use altana_stark_key::Circuit;
use openvm_stark_backend::{
    AirRef, PartitionedBaseAir, StarkEngine, SystemParams, WhirProximityStrategy,
    interaction::{InteractionBuilder, LogUpSecurityParameters},
    keygen::types::MultiStarkVerifyingKey,
    p3_air::{Air, AirBuilder, AirBuilderWithPublicValues, BaseAir, BaseAirWithPublicValues},
    p3_field::PrimeCharacteristicRing,
    p3_matrix::{Matrix, dense::RowMajorMatrix},
    proof::Proof,
    prover::{
        AirProvingContext, ColMajorMatrix, Coordinator, CpuColMajorBackend, DeviceDataTransporter,
        ProvingContext, ReferenceDevice,
    },
    test_utils::{
        FibFixture, InteractionsFixture11, MixtureFixture, MixtureFixtureEnum,
        SelfInteractionFixture, TestFixture, test_system_params_small,
    },
    verifier::VerifierError,
};

pub(crate) struct Engine {
    device: ReferenceDevice<KeccakConfig>,
}

impl StarkEngine for Engine {
    type SC = KeccakConfig;
    type PB = CpuColMajorBackend<KeccakConfig>;
    type PD = ReferenceDevice<KeccakConfig>;
    type TS = Transcript;

    fn new(params: SystemParams) -> Self {
        Self { device: ReferenceDevice::new(KeccakConfig::new(params)) }
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
        Coordinator::new(CpuColMajorBackend::new(), self.device.clone(), transcript)
    }
}

/// A proof, with all that is needed to verify it by both verifiers.
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    pub(crate) engine: Engine,
    pub(crate) vk: MultiStarkVerifyingKey<KeccakConfig>,
    pub(crate) circuit: Circuit,
    pub(crate) proof: Proof<KeccakConfig>,
}

impl Fixture {
    fn new(
        name: &'static str,
        params: SystemParams,
        fixture: &dyn Traces,
        pinned: &[usize],
    ) -> Self {
        let engine = Engine::new(params);
        let (pk, vk) = engine.keygen(&fixture.airs());
        let pk = engine.device().transport_pk_to_device(&pk);
        let proof = engine.prove(&pk, fixture.traces()).unwrap();
        let heights =
            proof.trace_vdata.iter().map(|trace| trace.as_ref().unwrap().log_height).collect();
        let pinned = pinned.iter().map(|&air| (air, proof.public_values[air].clone()));
        let circuit =
            Circuit::new(vk.clone(), heights, pinned.collect::<BTreeMap<_, _>>()).unwrap();
        Self { name, engine, vk, circuit, proof }
    }

    pub(crate) fn library(
        &self,
        proof: &Proof<KeccakConfig>,
    ) -> Result<(), VerifierError<altana_keccak_stark::EF>> {
        self.engine.verify(&self.vk, proof)
    }
}

/// A fixture of any type: its AIRs, and their traces.
trait Traces {
    fn airs(&self) -> Vec<AirRef<KeccakConfig>>;
    fn traces(&self) -> ProvingContext<CpuColMajorBackend<KeccakConfig>>;
}

impl<T: TestFixture<KeccakConfig>> Traces for T {
    fn airs(&self) -> Vec<AirRef<KeccakConfig>> {
        TestFixture::airs(self)
    }

    fn traces(&self) -> ProvingContext<CpuColMajorBackend<KeccakConfig>> {
        self.generate_proving_ctx()
    }
}

/// Powers of a public base, with constraints up to degree 4, constants, negations and a bus on which each row sends
/// what it receives under another expression.
struct PowersAir;

impl<T> BaseAir<T> for PowersAir {
    fn width(&self) -> usize {
        5
    }
}

impl<T> BaseAirWithPublicValues<T> for PowersAir {
    fn num_public_values(&self) -> usize {
        2
    }
}

impl<T> PartitionedBaseAir<T> for PowersAir {}

impl<AB: InteractionBuilder + AirBuilderWithPublicValues> Air<AB> for PowersAir {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let (local, next) = (main.row_slice(0).unwrap(), main.row_slice(1).unwrap());
        let [x, square, cube, bit, sum] = [0, 1, 2, 3, 4].map(|i| Into::<AB::Expr>::into(local[i]));
        let [next_x, next_sum] = [0, 4].map(|i| Into::<AB::Expr>::into(next[i]));
        let [base, first]: [AB::Expr; 2] = [0, 1].map(|i| builder.public_values()[i].into());
        let seven = AB::Expr::from_u64(7);

        builder.assert_eq(x.clone() * x.clone(), square.clone());
        builder.assert_eq(cube.clone(), square.clone() * x.clone());
        builder.assert_bool(bit.clone());
        // x, 7x or −x may be written in many ways.
        let mixed = -x.clone() + seven.clone() * square.clone() - (-cube.clone()) * bit.clone();
        builder.assert_eq(sum.clone(), mixed + base.clone() * seven);
        builder.when_first_row().assert_eq(x.clone(), first);
        builder.when_transition().assert_eq(next_x, x.clone() * base);
        let wide = (x.clone() + square.clone() + cube.clone() + sum.clone())
            - (bit.clone() + square.clone() + sum.clone() + x.clone());
        builder.when_last_row().assert_zero(
            wide.clone() * (cube.clone() - bit.clone()) * AB::Expr::ZERO
                + bit.clone() * (bit.clone() - AB::Expr::ONE) * x.clone(),
        );
        builder.push_interaction(3, [x.clone(), wide], bit.clone() + AB::Expr::TWO, 1);
        builder.push_interaction(3, [x.clone(), cube - bit.clone()], -(bit + AB::Expr::TWO), 1);
        builder.push_interaction(4, [sum, AB::Expr::from_u64(9)], AB::Expr::ONE, 1);
        builder.push_interaction(4, [next_sum, AB::Expr::from_u64(9)], AB::Expr::NEG_ONE, 1);
    }
}

struct PowersFixture {
    log_height: usize,
}

impl TestFixture<KeccakConfig> for PowersFixture {
    fn airs(&self) -> Vec<AirRef<KeccakConfig>> {
        vec![Arc::new(PowersAir)]
    }

    fn generate_proving_ctx(&self) -> ProvingContext<CpuColMajorBackend<KeccakConfig>> {
        let (base, first) = (F::from_u64(5), F::from_u64(3));
        let mut x = first;
        let mut rows = vec![];
        for row in 0..1 << self.log_height {
            let (square, bit) = (x * x, F::from_bool(row % 3 == 1));
            let cube = square * x;
            let seven = F::from_u64(7);
            let sum = -x + seven * square + cube * bit + base * seven;
            rows.extend([x, square, cube, bit, sum]);
            x *= base;
        }
        let trace = ColMajorMatrix::from_row_major(&RowMajorMatrix::new(rows, 5));
        ProvingContext::new(vec![(0, AirProvingContext::simple(trace, vec![base, first]))])
    }
}

/// Fixtures one after the other, as one.
struct Together(Vec<Box<dyn Traces>>);

impl TestFixture<KeccakConfig> for Together {
    fn airs(&self) -> Vec<AirRef<KeccakConfig>> {
        self.0.iter().flat_map(|fixture| fixture.airs()).collect()
    }

    fn generate_proving_ctx(&self) -> ProvingContext<CpuColMajorBackend<KeccakConfig>> {
        let traces = self.0.iter().flat_map(|fixture| fixture.traces().per_trace);
        ProvingContext::new(traces.map(|(_, trace)| trace).enumerate().collect())
    }
}

fn fibonacci(log_height: usize) -> MixtureFixtureEnum<KeccakConfig> {
    MixtureFixtureEnum::FibFixture(FibFixture::new(8, 13, 1 << log_height))
}

fn selves(widths: &[usize], log_height: usize, bus: u16) -> MixtureFixtureEnum<KeccakConfig> {
    MixtureFixtureEnum::SelfInteractionFixture(SelfInteractionFixture::new(
        widths.to_vec(),
        log_height,
        bus,
    ))
}

fn interactions() -> MixtureFixtureEnum<KeccakConfig> {
    MixtureFixtureEnum::InteractionsFixture11(InteractionsFixture11)
}

/// A small relative of the root's parameters.
fn listed(l_skip: usize, n_stack: usize, k: usize) -> SystemParams {
    let logup = LogUpSecurityParameters {
        max_interaction_count: 1 << 20,
        log_max_message_length: 7,
        pow_bits: 6,
    };
    let log_final = (l_skip + n_stack) % k;
    let proximity = WhirProximityStrategy::ListDecoding { m: 1 };
    SystemParams::new(3, l_skip, n_stack, 200, log_final, 4, 3, proximity, 18, logup, 4, 5, k)
}

/// Name, what it shows, and the proof.
pub(crate) fn all() -> Vec<Fixture> {
    vec![
        // No rotations, few columns, n_logup > n_max.
        Fixture::new("buses", test_system_params_small(2, 6, 2), &InteractionsFixture11, &[]),
        // Public values, an AIR without interactions, n_max > n_logup.
        Fixture::new(
            "fibonacci",
            test_system_params_small(2, 8, 3),
            &MixtureFixture::new(vec![interactions(), fibonacci(7)]),
            &[],
        ),
        // Heights 1 and 2 below the skip domain.
        Fixture::new(
            "low",
            test_system_params_small(2, 6, 2),
            &MixtureFixture::new(vec![selves(&[4, 7], 0, 5), selves(&[3], 1, 6), fibonacci(4)]),
            &[],
        ),
        // Eighteen stacked columns, a skip domain of 8.
        Fixture::new(
            "wide",
            test_system_params_small(3, 4, 2),
            &MixtureFixture::new(vec![selves(&[4, 7, 8, 8, 10, 100], 4, 5)]),
            &[],
        ),
        // Degree 4, constants, pinned and free public values, several queries.
        Fixture::new(
            "powers",
            listed(2, 7, 3),
            &Together(vec![
                Box::new(FibFixture::new(1, 1, 8)),
                Box::new(PowersFixture { log_height: 5 }),
                Box::new(PowersFixture { log_height: 1 }),
                Box::new(InteractionsFixture11),
            ]),
            &[1],
        ),
    ]
}
