//! `altana node`: run roles of a deployed chain.

use crate::{
    cli::{self, Role},
    keys, output,
    stack::{NodeRoles, NodeSetup, connect, start_node},
};
use alloy::primitives::Address;
use altana_contracts::{Deployment, bindings::Inbox};
use altana_ledger::Ledger;
use altana_node::{batcher, claims, sequencer};
use altana_parent::Parent;
use anyhow::{Result, ensure};
use serde_json::json;
use std::time::Duration;

/// Runs until Ctrl-C or a failure.
pub async fn run(args: cli::Node, json: bool) -> Result<()> {
    let deployment = Deployment::read(&args.chain)?;
    let beacon = args.parent.beacon.as_deref().unwrap_or(&args.parent.parent);
    let setup = NodeSetup {
        parent_url: &args.parent.parent,
        beacon_url: beacon,
        deployment: &deployment,
        dir: &args.dir,
        address: args.http,
    };
    let roles = roles(&args, &deployment)?;
    let (mut node, server) = start_node(setup, roles, Box::new(|backend| backend)).await?;
    output::result(json, &json!({"rpc": server.http_url(), "ws": server.ws_url()}), || {
        format!("{} at {}", deployment.spec.name, server.http_url())
    })?;
    // Only a bar: what fails here, the node itself will see.
    let (url, beacon, ledger) =
        (args.parent.parent.clone(), beacon.to_owned(), node.ledger().clone());
    let syncing = tokio::spawn(async move {
        let parent = connect(&url, &beacon, &deployment).await?;
        show_sync(parent, deployment.contracts.inbox, ledger, json).await
    });
    let result = tokio::select! {
        error = node.failed() => Err(error.into()),
        asked = super::interrupted() => asked,
    };
    syncing.abort();
    server.stop();
    let stopped = node.stop().await;
    server.stopped().await;
    result.and(stopped.map_err(Into::into))
}

/// How often the bar of the first sync moves.
const SYNC_POLL: Duration = Duration::from_millis(500);

/// Shows how far the chain is, by its own clock, until it is where the parent was at the start.
async fn show_sync(parent: Parent, inbox: Address, ledger: Ledger, json: bool) -> Result<()> {
    let target = Inbox::new(inbox, parent.provider()).lastTimestamp().call().await?;
    let genesis = ledger.genesis().header.timestamp;
    let bar = output::bar(json, target.saturating_sub(genesis));
    loop {
        let head = ledger.head();
        if head.header.timestamp >= target {
            return Ok(());
        }
        bar.set_position(head.header.timestamp.saturating_sub(genesis));
        bar.set_message(format!("read from the parent: block {}", head.number()));
        tokio::time::sleep(SYNC_POLL).await;
    }
}

fn roles(args: &cli::Node, deployment: &Deployment) -> Result<NodeRoles> {
    let has = |role| args.roles.contains(&role);
    ensure!(
        !(has(Role::Sequencer) && (has(Role::Verifier) || args.peer.is_some())),
        "a sequencer leads the chain: it cannot be a verifier or follow a peer as well"
    );
    let mut roles = NodeRoles { peer: args.peer.clone(), ..NodeRoles::default() };
    let blocks = &deployment.config.blocks;
    if has(Role::Sequencer) {
        roles.sequencer = Some(sequencer::Config {
            block_time_ms: blocks.block_time_ms,
            slice_ms: blocks.preconfirmation_ms,
            empty_block_interval_ms: blocks.block_time_ms,
            ..sequencer::Config::default()
        });
    }
    if has(Role::Batcher) {
        let key = keys::read(args.batcher_key_file.as_deref(), "ALTANA_BATCHER_KEY")?;
        roles.batcher = Some((batcher::Config::default(), key));
    }
    roles.jobs = args.jobs.clone();
    // Whether claims can be proved, the module says that the parent has now, not the preset.
    let proves = has(Role::Prover);
    if has(Role::Proposer) {
        let key = keys::read(args.proposer_key_file.as_deref(), "ALTANA_PROPOSER_KEY")?;
        let interval_s = Some(args.claim_interval);
        let config = claims::Config { interval_s, proves, ..claims::Config::proposer() };
        roles.claims = Some((config, key));
    } else if has(Role::Challenger) {
        let key = keys::read(args.challenger_key_file.as_deref(), "ALTANA_CHALLENGER_KEY")?;
        roles.claims = Some((claims::Config { proves, ..claims::Config::challenger() }, key));
    } else if proves {
        let key = keys::read(args.prover_key_file.as_deref(), "ALTANA_PROVER_KEY")?;
        roles.claims = Some((claims::Config::prover(), key));
    }
    Ok(roles)
}
