//! cast and viem, unmodified.

use altana_devnet::{Config, DEFAULT_MNEMONIC};
use serde_json::{Value, json};

use crate::common::{account, get, output, root, start, tool};

#[tokio::test(flavor = "multi_thread")]
async fn cast_sends_and_reads() {
    let devnet = start(Config::default()).await;
    let url = devnet.url();
    let to = account(&devnet, 1).to_string();
    let mut send = tool("cast");
    send.args(["send", &to, "--value", "1ether", "--mnemonic", DEFAULT_MNEMONIC]);
    send.args(["--rpc-url", &url, "--json"]);
    let receipt: Value = serde_json::from_str(&output(send).await).unwrap();
    assert_eq!(receipt["status"], json!("0x1"));
    let mut balance = tool("cast");
    balance.args(["balance", &to, "--ether", "--rpc-url", &url]);
    assert_eq!(output(balance).await, "10001.000000000000000000");
    let mut block = tool("cast");
    block.args(["block", "latest", "--field", "number", "--rpc-url", &url]);
    assert_eq!(output(block).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_sends_a_blob_that_the_beacon_route_gives_back() {
    let devnet = start(Config::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("payload");
    let payload = b"what cast puts into a blob";
    std::fs::write(&path, payload).unwrap();
    let mut send = tool("cast");
    send.args(["send", &account(&devnet, 1).to_string(), "--blob", "--path"]).arg(&path);
    send.args(["--mnemonic", DEFAULT_MNEMONIC, "--rpc-url", &devnet.url(), "--json"]);
    let receipt: Value = serde_json::from_str(&output(send).await).unwrap();
    assert_eq!((&receipt["status"], &receipt["type"]), (&json!("0x1"), &json!("0x3")));
    let (_, answer) = get(format!("{}/eth/v1/beacon/blobs/head", devnet.url())).await;
    let blob = alloy::hex::decode(answer["data"][0].as_str().unwrap()).unwrap();
    // Each field element holds 31 bytes behind a zero byte; the first holds the length.
    assert_eq!(&blob[33..33 + payload.len()], payload);
}

#[tokio::test(flavor = "multi_thread")]
async fn viem_deploys_calls_and_watches() {
    let devnet = start(Config::default()).await;
    assert!(root().join("node_modules/viem").exists(), "viem is missing: run `cargo xtask setup`");
    assert!(root().join("node_modules/viem").exists(), "viem is missing: run `cargo xtask setup`");
    let mut node = std::process::Command::new("node");
    node.arg(root().join("crates/devnet/tests/it/viem.mjs"));
    node.args([devnet.url(), devnet.ws_url()]).current_dir(root());
    let result: Value = serde_json::from_str(&output(node).await).unwrap();
    assert_eq!(
        result,
        json!({
            "name": "Demo",
            "supply": "1000",
            "balance": "25",
            "transfers": 1,
            "reverted": "ERC20InsufficientBalance",
            "watched": "25",
            "automine": true,
            "time": true,
            "snapshot": true,
        })
    );
}
