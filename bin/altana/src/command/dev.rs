//! `altana dev`: a parent chain and a rollup, ready for wallets.

use crate::{
    cli, output, prover,
    stack::{Stack, StackOptions, accounts},
};
use alloy::{
    hex,
    primitives::{Address, utils::format_ether},
    signers::local::PrivateKeySigner,
};
use altana_contracts::{Deployment, Preset, genesis::MULTICALL3, predeploy};
use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Child;

/// How long a claim can be disputed: not long, but so that a proof can come first where there are any.
const WINDOW_S: u64 = 4;
const HYBRID_WINDOW_S: u64 = 1_800;

/// Starts everything, says where it is, and runs until Ctrl-C or a failure.
pub async fn run(args: cli::Dev, json: bool) -> Result<()> {
    let preset = args.preset.map(Preset::from);
    let window = match preset {
        Some(Preset::Hybrid) => HYBRID_WINDOW_S,
        _ => WINDOW_S,
    };
    let mut stack = Stack::start(StackOptions {
        parent: args.parent,
        beacon: args.beacon,
        parent_port: args.parent_port,
        port: args.port,
        parent_block_time_s: args.parent_block_time,
        block_time_ms: args.block_time,
        dir: args.dir,
        claim_interval_s: (!args.no_claims).then_some(0),
        challenge_window_s: Some(args.challenge_window.unwrap_or(window)),
        preset,
        ..StackOptions::default()
    })
    .await?;
    let proofs = match stack.deployment.config.preset.has_proofs() {
        true => Some(Proofs::start(&stack, args.prover.as_deref())?),
        false => None,
    };
    output::result(json, &description(&stack, proofs.as_ref()), || {
        banner(&stack, proofs.as_ref())
    })?;
    let stopped = Proofs::stopped(proofs);
    tokio::select! {
        error = stack.failed() => Err(error),
        error = stopped => Err(error),
        asked = super::interrupted() => asked.and(stack.stop_node().await),
    }
}

/// Of the prover's log, when it has stopped.
const LOG_LINES: usize = 5;

/// What this machine does for validity proofs.
struct Proofs {
    /// Where node and prover meet.
    jobs: PathBuf,
    /// The prover that runs, if there is one.
    prover: Option<Running>,
}

/// A prover that runs.
struct Running {
    program: PathBuf,
    log: PathBuf,
    child: Child,
}

impl Proofs {
    fn start(stack: &Stack, named: Option<&Path>) -> Result<Self> {
        let jobs = stack.jobs();
        let Some(program) = prover::find(named) else {
            return Ok(Self { jobs, prover: None });
        };
        let log = stack.folder("prover.log");
        let child = prover::start(&program, &jobs, &stack.folder("keys"), &log)?;
        Ok(Self { jobs, prover: Some(Running { program, log, child }) })
    }

    /// Waits until the prover, if there is one, has stopped.
    async fn stopped(proofs: Option<Self>) -> anyhow::Error {
        let Some(Running { program, log, mut child }) = proofs.and_then(|proofs| proofs.prover)
        else {
            return std::future::pending().await;
        };
        let status = child.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        // The log may be gone with its folder.
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
        anyhow!("{} stopped ({status}):\n{last}", program.display())
    }

    fn describe(&self) -> Vec<(String, String)> {
        let jobs = ("Jobs".into(), self.jobs.display().to_string());
        let Some(Running { program, log, .. }) = &self.prover else {
            let next = format!(
                "none: claims stay unproved. Build it in prover/ and run altana-prover work --jobs {}",
                self.jobs.display()
            );
            return vec![("Prover".into(), next), jobs];
        };
        let minutes = "a claim takes minutes, and 8 GB of memory";
        vec![
            ("Prover".into(), format!("{}: {minutes}", program.display())),
            ("Log".into(), log.display().to_string()),
            jobs,
        ]
    }
}

/// Where everything is, for programs.
fn description(stack: &Stack, proofs: Option<&Proofs>) -> Value {
    let contracts = &stack.deployment.contracts;
    let accounts: Vec<Value> = stack
        .accounts
        .iter()
        .map(|key| json!({"address": key.address(), "key": hex::encode_prefixed(key.to_bytes())}))
        .collect();
    json!({
        "parent": {
            "rpc": stack.parent_url,
            "ws": websocket(&stack.parent_url),
            "beacon": stack.beacon_url,
            "chainId": stack.deployment.spec.parent_chain_id,
            "contracts": contracts,
        },
        "rollup": {
            "rpc": stack.rollup_url,
            "ws": stack.rollup_ws,
            "chainId": stack.deployment.spec.chain_id,
            "gasLimit": stack.deployment.spec.gas_limit,
            "baseFee": stack.deployment.config.blocks.initial_base_fee,
            "contracts": predeploys().map(|(name, address)| (name, json!(address)))
                .collect::<serde_json::Map<_, _>>(),
        },
        "mnemonic": accounts::MNEMONIC,
        "accounts": accounts,
        "dir": stack.dir(),
        "preset": stack.deployment.config.preset,
        "proofs": proofs.map(|proofs| json!({
            "jobs": proofs.jobs,
            "prover": proofs.prover.as_ref().map(|prover| &prover.program),
            "log": proofs.prover.as_ref().map(|prover| &prover.log),
        })),
    })
}

fn predeploys() -> impl Iterator<Item = (String, Address)> {
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

/// WebSocket of a node that serves it on the port of its JSON-RPC, as ours and anvil do.
fn websocket(http: &str) -> String {
    http.replacen("http", "ws", 1)
}

/// Where everything is, for people.
fn banner(stack: &Stack, proofs: Option<&Proofs>) -> String {
    let Deployment { spec, config, contracts, .. } = &stack.deployment;
    let mut lines = vec![format!("altana {}", env!("CARGO_PKG_VERSION"))];
    let mut section = |title: &str, rows: Vec<(String, String)>| {
        lines.extend([String::new(), title.to_owned()]);
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        lines.extend(rows.into_iter().map(|(name, value)| format!("  {name:<width$}  {value}")));
    };
    let numbered = |value: fn(&PrivateKeySigner) -> String| -> Vec<(String, String)> {
        let named = |(i, key)| (format!("({i})"), value(key));
        stack.accounts.iter().enumerate().map(named).collect()
    };
    let balance = config.balances.values().next().copied().unwrap_or_default();
    let balance = format_ether(balance);
    section(
        &format!(
            "Accounts ({} ether each on both chains; the last three run the rollup)",
            balance.trim_end_matches('0').trim_end_matches('.')
        ),
        numbered(|key| key.address().to_string()),
    );
    section("Private keys", numbered(|key| hex::encode_prefixed(key.to_bytes())));
    section("Mnemonic", vec![(accounts::MNEMONIC.into(), "m/44'/60'/0'/0/".into())]);
    let name = |(name, address): (&str, Address)| (name.to_owned(), address.to_string());
    let on_parent = [
        ("Portal", contracts.portal),
        ("Inbox", contracts.inbox),
        ("Settlement", contracts.settlement),
        (config.preset.module(), contracts.validity),
        ("L1CrossDomainMessenger", contracts.messenger),
        ("L1StandardBridge", contracts.standard_bridge),
        ("L1ERC721Bridge", contracts.erc721_bridge),
        ("Timelock", contracts.timelock),
        ("Multicall3", contracts.multicall3),
    ];
    let stark = contracts.stark.map(|stark| {
        [
            ("StarkConstraints", stark.constraints),
            ("StarkOpenings", stark.openings),
            ("StarkKeyStore", stark.key_store),
        ]
    });
    let judges = contracts.step.map(|step| ("Step", step));
    let judges = judges.into_iter().chain(stark.into_iter().flatten());
    section("Contracts on the parent", on_parent.into_iter().chain(judges).map(name).collect());
    let on_rollup = predeploys().map(|(name, address)| (name, address.to_string()));
    section("Contracts on the rollup", on_rollup.collect());
    section(
        "Parent",
        vec![
            ("Chain id".into(), spec.parent_chain_id.to_string()),
            ("JSON-RPC".into(), stack.parent_url.clone()),
            ("WebSocket".into(), websocket(&stack.parent_url)),
            ("Beacon API".into(), stack.beacon_url.clone()),
        ],
    );
    section(
        "Rollup",
        vec![
            ("Chain id".into(), spec.chain_id.to_string()),
            ("JSON-RPC".into(), stack.rollup_url.clone()),
            ("WebSocket".into(), stack.rollup_ws.clone()),
            ("Metrics".into(), format!("{}/metrics", stack.rollup_url)),
            ("Gas limit".into(), spec.gas_limit.to_string()),
            ("Base fee".into(), format!("{} wei at first", config.blocks.initial_base_fee)),
            ("Block time".into(), format!("{} ms", config.blocks.block_time_ms)),
        ],
    );
    section("Claims", claims(stack, proofs));
    let kept = if stack.is_temporary() { "gone at the end; keep it with --dir" } else { "kept" };
    section("Data", vec![(stack.dir().display().to_string(), format!("({kept})"))]);
    lines.join("\n")
}

/// When claims are final.
fn claims(stack: &Stack, proofs: Option<&Proofs>) -> Vec<(String, String)> {
    let config = &stack.deployment.config;
    let window = config.delays.challenge_window_s;
    let rule = match config.preset {
        Preset::Optimistic => format!("when nobody has contradicted them for {window} s"),
        Preset::ZkRollup => "when they are proved, and not before".into(),
        Preset::Hybrid => {
            format!("when they are proved, or nobody has contradicted them for {window} s")
        }
    };
    let mut rows = vec![("Final".to_owned(), rule)];
    rows.extend(proofs.into_iter().flat_map(Proofs::describe));
    rows
}
