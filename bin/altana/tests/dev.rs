//! `altana dev`, seen by the tools that its users have.

mod common;

use common::{Dev, altana, root, succeed, tool};
use serde_json::Value;
use std::process::Command;

fn cast(args: &[&str]) -> String {
    let mut command = Command::new(tool("cast"));
    command.args(args);
    succeed(command).trim().to_owned()
}

#[test]
fn viem_moves_ether_in_and_out_unmodified() {
    let dev = Dev::start(&[]);
    let mut command = Command::new("node");
    command.arg(root().join("tests/viem/op-stack.mjs")).arg(dev.info.to_string());
    let seen: Value = serde_json::from_str(&succeed(command)).expect("JSON");
    assert_eq!(seen["ok"], true);
}

#[test]
fn cast_reads_and_sends_on_both_chains() {
    let dev = Dev::start(&[]);
    for chain in ["parent", "rollup"] {
        let rpc = dev.get(&format!("/{chain}/rpc"));
        let id = dev.info[chain]["chainId"].as_u64().expect("a chain id");
        assert_eq!(cast(&["chain-id", "--rpc-url", rpc]), id.to_string());
        let to = "0x00000000000000000000000000000000000ca570";
        let key = dev.get("/accounts/0/key");
        cast(&["send", to, "--value", "1ether", "--private-key", key, "--rpc-url", rpc]);
        assert_eq!(cast(&["balance", to, "--ether", "--rpc-url", rpc]), "1.000000000000000000");
    }
}

#[test]
fn a_wrong_command_says_what_to_do() {
    let output = altana(&["bridge", "deposit", "1"]).output().expect("altana starts");
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("ALTANA_KEY"), "{text}");
}

#[test]
fn the_tests_that_docs_incidents_names_exist() {
    let page = std::fs::read_to_string(root().join("docs/incidents.md")).expect("the page");
    let tests = page.split('`').filter_map(|text| text.split_once("::"));
    for (path, name) in tests {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        let is_there = [format!("fn {name}("), format!("function {name}(")]
            .iter()
            .any(|signature| text.contains(signature));
        assert!(is_there, "{path} has no test {name}");
    }
}

#[test]
fn the_cli_reference_is_what_the_binary_says() {
    let committed = std::fs::read_to_string(root().join("docs/cli.md")).expect("docs/cli.md");
    assert!(
        committed == succeed(altana(&["help-markdown"])),
        "docs/cli.md is stale: run `cargo xtask docs` and commit the result"
    );
}
