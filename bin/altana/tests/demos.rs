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
    assert!(story["steps"].as_array().is_some_and(|steps| steps.len() > 3), "{story:#}");
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
