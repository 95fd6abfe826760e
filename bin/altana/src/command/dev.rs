//! `altana dev`: a parent chain and a rollup, ready for wallets.

use crate::{
    cli, output,
    stack::{Stack, StackOptions, accounts},
};
use alloy::{hex, primitives::utils::format_ether};
use altana_contracts::{genesis::MULTICALL3, predeploy};
use anyhow::Result;
use serde_json::{Value, json};

/// Starts everything, says where it is, and runs until Ctrl-C or a failure.
pub async fn run(args: cli::Dev, json: bool) -> Result<()> {
    let mut stack = Stack::start(StackOptions {
        parent: args.parent,
        beacon: args.beacon,
        parent_port: args.parent_port,
        port: args.port,
        parent_block_time_s: args.parent_block_time,
        block_time_ms: args.block_time,
        dir: args.dir,
        delay_messages: false,
    })
    .await?;
    output::result(json, &description(&stack), || banner(&stack))?;
    tokio::select! {
        error = stack.failed() => Err(error),
        _ = tokio::signal::ctrl_c() => stack.stop_node().await,
    }
}

/// Where everything is, for programs.
fn description(stack: &Stack) -> Value {
    let contracts = &stack.deployment.contracts;
    let accounts: Vec<Value> = stack
        .accounts
        .iter()
        .map(|key| json!({"address": key.address(), "key": hex::encode_prefixed(key.to_bytes())}))
        .collect();
    json!({
        "parent": {
            "rpc": stack.parent_url,
            "beacon": stack.beacon_url,
            "chainId": stack.deployment.spec.parent_chain_id,
            "contracts": contracts,
        },
        "rollup": {
            "rpc": stack.rollup_url,
            "ws": stack.rollup_ws,
            "chainId": stack.deployment.spec.chain_id,
            "contracts": predeploys().map(|(name, address)| (name, json!(address)))
                .collect::<serde_json::Map<_, _>>(),
        },
        "mnemonic": accounts::MNEMONIC,
        "accounts": accounts,
    })
}

fn predeploys() -> impl Iterator<Item = (String, alloy::primitives::Address)> {
    [
        ("weth", predeploy::WETH),
        ("messenger", predeploy::MESSENGER),
        ("gasPriceOracle", predeploy::GAS_PRICE_ORACLE),
        ("standardBridge", predeploy::STANDARD_BRIDGE),
        ("erc20Factory", predeploy::ERC20_FACTORY),
        ("erc721Bridge", predeploy::ERC721_BRIDGE),
        ("l1Block", predeploy::L1_BLOCK),
        ("messagePasser", predeploy::MESSAGE_PASSER),
        ("erc721Factory", predeploy::ERC721_FACTORY),
        ("multicall3", MULTICALL3),
    ]
    .into_iter()
    .map(|(name, address)| (name.to_owned(), address))
}

/// Where everything is, for people.
fn banner(stack: &Stack) -> String {
    let spec = &stack.deployment.spec;
    let contracts = &stack.deployment.contracts;
    let mut lines = vec![
        format!("altana {}", env!("CARGO_PKG_VERSION")),
        String::new(),
        "Accounts (funded on both chains; the last three run the rollup)".into(),
    ];
    for (index, key) in stack.accounts.iter().enumerate() {
        lines.push(format!(
            "  ({index}) {}  {}",
            key.address(),
            hex::encode_prefixed(key.to_bytes())
        ));
    }
    let balance = stack.deployment.config.balances.values().next().copied().unwrap_or_default();
    lines.push(format!("  mnemonic: {}", accounts::MNEMONIC));
    lines.push(format!(
        "  balance:  {} ether each",
        format_ether(balance).trim_end_matches(".000000000000000000")
    ));
    lines.push(String::new());
    lines.push("Contracts on the parent".into());
    for (name, address) in [
        ("Portal", contracts.portal),
        ("Inbox", contracts.inbox),
        ("Settlement", contracts.settlement),
        ("ChallengeWindow", contracts.validity),
        ("L1CrossDomainMessenger", contracts.messenger),
        ("L1StandardBridge", contracts.standard_bridge),
        ("L1ERC721Bridge", contracts.erc721_bridge),
        ("Timelock", contracts.timelock),
        ("Multicall3", contracts.multicall3),
    ] {
        lines.push(format!("  {name:<24}{address}"));
    }
    lines.push(String::new());
    lines.push("Contracts on the rollup".into());
    for (name, address) in predeploys() {
        lines.push(format!("  {name:<24}{address}"));
    }
    lines.push(String::new());
    lines.push("Nothing can be disputed yet: claims become final after a window unless the guardian vetoes.".into());
    lines.push(String::new());
    lines.push(format!(
        "parent  chain id {:<8} {}  (JSON-RPC, WebSocket, beacon API)",
        spec.parent_chain_id, stack.parent_url
    ));
    lines.push(format!(
        "rollup  chain id {:<8} {}  (JSON-RPC, WebSocket, /metrics)",
        spec.chain_id, stack.rollup_url
    ));
    lines.join("\n")
}
