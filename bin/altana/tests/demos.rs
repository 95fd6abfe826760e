//! The stories, on the embedded parent and on anvil.

mod common;

use common::{Anvil, altana, succeed};
use serde_json::Value;

fn tell(scenario: &str, parent: Option<&str>) {
    let mut command = altana(&["demo", scenario, "--json"]);
    if let Some(url) = parent {
        command.args(["--parent", url]);
    }
    let story: Value = serde_json::from_str(&succeed(command)).expect("one JSON object");
    assert_eq!(story["ok"], true, "{story:#}");
    assert_eq!(story["scenario"], scenario);
    let steps = story["steps"].as_array().expect("steps");
    assert!(steps.len() > 3, "{story:#}");
    for step in steps {
        let told = step["name"].is_string() && step["gas"].is_u64() && step["latency_ms"].is_u64();
        assert!(told && step["ok"] == true, "{step:#}");
    }
    let counted = |figure: &str| steps.iter().any(|step| step[figure].as_u64() > Some(0));
    let figure = match scenario {
        "fraud" => "honest_moves",
        "zk" => "first_part_gas",
        _ => "bytes",
    };
    assert!(counted(figure), "no {figure}: {story:#}");
}

#[test]
fn a_broken_promise_is_told_and_is_a_failure() {
    let mut command = altana(&["demo", "rollup", "--json", "--parent", "http://127.0.0.1:1"]);
    let output = command.output().expect("altana starts");
    assert!(!output.status.success());
    let story: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(story["ok"], false, "{story:#}");
    assert!(story["steps"][0]["error"].is_string(), "{story:#}");
}

#[test]
fn demo_rollup_keeps_its_promises_on_the_embedded_parent() {
    tell("rollup", None);
}

#[test]
fn demo_rollup_keeps_its_promises_on_anvil() {
    let anvil = Anvil::start(&[]);
    tell("rollup", Some(&anvil.url));
}

#[test]
fn demo_censored_keeps_its_promises_on_the_embedded_parent() {
    tell("censored", None);
}

#[test]
fn demo_censored_keeps_its_promises_on_anvil() {
    let anvil = Anvil::start(&[]);
    tell("censored", Some(&anvil.url));
}

#[test]
fn demo_fraud_keeps_its_promises_on_the_embedded_parent() {
    tell("fraud", None);
}

#[test]
fn demo_fraud_keeps_its_promises_on_anvil() {
    let anvil = Anvil::start(&[]);
    tell("fraud", Some(&anvil.url));
}

#[test]
fn demo_zk_keeps_its_promises_on_the_embedded_parent() {
    tell("zk", None);
}

#[test]
fn demo_zk_keeps_its_promises_on_anvil() {
    let anvil = Anvil::start(&[]);
    tell("zk", Some(&anvil.url));
}
