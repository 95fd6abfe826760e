//! A proof, and everything that its verification computes, as a vector.

use altana_stark::{Checkpoint, Key, Log};
use altana_stark_key::Encoded;
use serde_json::{Map, Value, json};

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

pub(crate) fn record(key_bytes: &[u8], encoded: &Encoded) -> Value {
    let key = Key::parse(key_bytes).unwrap();
    let Encoded { claim, part1, part2 } = encoded;
    let checkpoint = altana_stark::verify_constraints(&key, claim, part1).unwrap();
    assert_eq!(Checkpoint::from_bytes(&key, &checkpoint.to_bytes()), Ok(checkpoint.clone()));
    let mut log = Log::default();
    altana_stark::verify_traced(&key, claim, part1, part2, &mut log).unwrap();
    let values: Map<String, Value> = log
        .values
        .iter()
        .map(|(name, values)| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_bytes()).collect();
            (name.replace('.', "_"), hex(bytes).into())
        })
        .collect();
    json!({
        "key": hex(key_bytes),
        "keyHash": hex(key.hash()),
        "claim": hex(claim),
        "part1": hex(part1),
        "part2": hex(part2),
        "checkpoint": hex(checkpoint.to_bytes()),
        "checkpointId": hex(checkpoint.id(&key, claim)),
        "states": log.states.iter().map(hex).collect::<Vec<_>>(),
        "absorbed": log.absorbed,
        "values": values,
        "indices": log.numbers.get("whir.index").cloned().unwrap_or_default(),
        "openings": log.numbers.get("whir.openings").cloned().unwrap_or_default(),
    })
}
