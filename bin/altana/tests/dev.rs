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
fn viem_moves_ether_and_tokens_in_and_out_unmodified() {
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
    let dev = Dev::start(&[]);
    let (rpc, parent) = (dev.get("/rollup/rpc"), dev.get("/parent/rpc"));
    let port = rpc.rsplit(':').next().expect("a port");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (good, bad, same) = (file("good.toml"), file("bad.toml"), file("same.toml"));
    succeed(altana(&["init", &good, "--dev"]));
    let text = std::fs::read_to_string(&good).expect("chain.toml");
    std::fs::write(&bad, text.replace("elasticity = 10", "elasticity = 0")).expect("written");
    std::fs::write(&same, text.replace("chain_id = 42069", "chain_id = 31337")).expect("written");
    let out = file("out");
    let poor = "0x1111111111111111111111111111111111111111111111111111111111111111";
    let rich = dev.get("/accounts/1/key");
    let bridge = ["bridge", "--rollup", rpc, "--parent", parent];
    let nobody = "http://127.0.0.1:1";
    let zero = "0x0000000000000000000000000000000000000000000000000000000000000000";
    let cases: &[(&[&str], &[&str], &str, &str)] = &[
        (&["bridge"], &["deposit", "1"], "", "ALTANA_KEY"),
        (&["bridge"], &["deposit", "1"], "zz", "ALTANA_KEY is not 32 bytes of hex"),
        (&bridge, &["deposit", "1"], poor, "has 0 ether on the parent, and 1 are needed"),
        (&bridge, &["deposit", "x"], rich, "write it like 1.5"),
        (&bridge, &["deposit", "1", "--token", rpc], rich, "invalid value"),
        (&bridge, &["status", zero], "", "neither chain knows"),
        (&["bridge", "--rollup", nobody], &["deposit", "1"], rich, "--rollup"),
        (&["bridge", "--rollup", parent], &["deposit", "1"], rich, "--chain"),
        (&["bridge", "--rollup", rpc, "--parent", rpc], &["deposit", "1"], rich, "--parent"),
        (&["dev", "--port", port], &["--parent-port", "0"], "", "choose another port"),
        (&["dev", "--port", "0"], &["--parent", nobody], "", "is it running?"),
        (&["dev", "--port", "0"], &["--parent", "foo"], "", "not a URL like"),
        (&["dev", "--port", "0"], &["--parent-port", "0", "--block-time", "1"], "", "block_time"),
        (&["init", &good], &[], "", "--force"),
        (&["deploy", &bad], &[], rich, "`blocks.elasticity` is 0: take 1 to"),
        (&["deploy", &file("none.toml")], &[], rich, "altana init"),
        (&["deploy", &good, "--parent", nobody], &[], rich, "is it running?"),
        (&["deploy", &good, "--parent", parent, "--out", &out], &[], poor, "no ether"),
        (&["deploy", &same, "--parent", parent, "--out", &out], &[], rich, "`chain_id` is 31337"),
        (&["node", "--chain", &out], &[], "", "altana deploy"),
        (&["rebuild", "--chain", &out], &[], "", "altana deploy"),
        (&["rescue", "--chain", &out], &[], rich, "altana deploy"),
    ];
    for (command, more, key, expect) in cases {
        let mut command = altana(command);
        command.args(*more);
        if !key.is_empty() {
            command.env("ALTANA_KEY", key);
        }
        let output = command.output().expect("altana starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{command:?} went through");
        assert!(text.contains(expect), "{command:?} does not say {expect:?}: {text}");
        assert!(output.stdout.is_empty(), "{command:?} failed, and printed a result");
    }
}

#[test]
fn shells_are_offered_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = succeed(altana(&["completions", shell]));
        assert!(script.contains("rescue") && script.contains("finalize"), "{shell}: {script}");
    }
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
