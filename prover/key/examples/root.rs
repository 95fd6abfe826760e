//! Says what the key of a job's last layer is made of, and how long our verifier takes on its proof.
//!
//! `cargo run --release -p altana-stark-key --example root -- JOB` reads `chain.vk`, `chain.proof` and `chain.json` of
//! the job's folder, and writes `chain.vector.json`, which may become a vector (`docs/stark.md`, 7).

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf, time::Instant};

use altana_keccak_stark::{F, KeccakConfig};
use altana_stark::{Key, verify, verify_constraints};
use altana_stark_key::{Circuit, Encoded};
use openvm_stark_backend::{
    codec::Decode, keygen::types::MultiStarkVerifyingKey, p3_field::PrimeCharacteristicRing,
    proof::Proof, soundness::SoundnessCalculator,
};

#[path = "../tests/oracle/recording.rs"]
mod recording;

/// The AIR whose public values are the commitment to the recursion's constraints.
const DAG_AIR: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let job = PathBuf::from(std::env::args().nth(1).ok_or("which job?")?);
    let facts: serde_json::Value = serde_json::from_slice(&fs::read(job.join("chain.json"))?)?;
    let numbers = |name: &str| -> Vec<u64> {
        facts[name].as_array().into_iter().flatten().filter_map(serde_json::Value::as_u64).collect()
    };
    let vk: MultiStarkVerifyingKey<KeccakConfig> =
        bitcode::deserialize(&fs::read(job.join("chain.vk"))?)?;
    let proof = Proof::<KeccakConfig>::decode_from_bytes(&fs::read(job.join("chain.proof"))?)?;
    let heights = numbers("log_heights").into_iter().map(|height| height as usize).collect();
    let dag = numbers("dag_commit").into_iter().map(F::from_u64).collect();
    println!("{:#?}", SoundnessCalculator::calculate_from_vk(&vk));
    let circuit = Circuit::new(vk, heights, BTreeMap::from([(DAG_AIR, dag)]))?;

    let start = Instant::now();
    let bytes = circuit.key()?;
    let compiled = start.elapsed();
    let Encoded { claim, part1, part2 } = circuit.encode(&proof)?;
    let start = Instant::now();
    let key = Key::parse(&bytes)?;
    let parsed = start.elapsed();
    let start = Instant::now();
    verify_constraints(&key, &claim, &part1)?;
    let constraints = start.elapsed();
    verify(&key, &claim, &part1, &part2)?;
    let both = start.elapsed() - constraints;
    for (name, bytes) in [("key", &bytes), ("claim", &claim), ("part1", &part1), ("part2", &part2)]
    {
        println!("{name}: {} bytes", bytes.len());
    }
    let vector = recording::record(&bytes, &Encoded { claim, part1, part2 });
    fs::write(job.join("chain.vector.json"), serde_json::to_string_pretty(&vector)? + "\n")?;
    println!("key hash {}", key.hash());
    println!("compile {compiled:?}, parse {parsed:?}, part 1 {constraints:?}, both parts {both:?}");

    let mut total = [0; 6];
    println!(
        "air: [add, sub, sub8, sub64, mul, mul_base] tightened runs slots constraints interactions elements"
    );
    for (air, s) in circuit.statistics()? {
        println!(
            "{air}: {:?} {} {} {} {} {} {}",
            s.operations,
            s.tightened,
            s.runs,
            s.slots,
            s.constraints,
            s.interactions,
            s.message_elements
        );
        total.iter_mut().zip(s.operations).for_each(|(total, n)| *total += n);
    }
    println!("all: {total:?}");
    Ok(())
}
