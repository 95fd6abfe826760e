//! `altana dispute`: look at the claims that are not final, or answer the wrong ones.

use crate::{
    cli::{self, DisputeAction},
    keys, output,
    stack::{NodeRoles, NodeSetup, claim_reader, connect, start_node},
};
use altana_contracts::Deployment;
use altana_node::claims;
use altana_parent::Claim;
use anyhow::{Result, anyhow};
use serde::Serialize;
use serde_json::json;
use std::{net::SocketAddr, path::Path};

/// Looks, or plays.
pub async fn run(args: cli::Dispute, json: bool) -> Result<()> {
    match args.action {
        DisputeAction::Status { chain, parent } => status(&chain, &parent, json).await,
        DisputeAction::Play { chain, parent, dir, key } => {
            play(&chain, &parent, &dir, &key, json).await
        }
    }
}

/// A claim, as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(flatten)]
    claim: Claim,
    /// Other claims on the same parent claim.
    rivals: Vec<u64>,
    /// Seconds that count for it already.
    timer_s: u64,
    /// Seconds until it is final if nothing more happens to it.
    seconds_left: u64,
}

impl Row {
    fn words(&self) -> String {
        let Claim { index, parent_claim, batch_index, last_block, output_root, .. } = &self.claim;
        let fate = match self.rivals.as_slice() {
            [] => "nobody objects".to_owned(),
            rivals => format!("DISPUTED by {rivals:?}, timer {} s", self.timer_s),
        };
        format!(
            "claim {index} on {parent_claim}: up to batch {batch_index}, block {last_block}, output \
             root {output_root}\n  {fate}; final in {} s at the earliest",
            self.seconds_left
        )
    }
}

async fn status(chain: &Path, at: &cli::ParentArgs, json: bool) -> Result<()> {
    let deployment = Deployment::read(chain)?;
    let beacon = at.beacon.as_deref().unwrap_or(&at.parent);
    let parent = connect(&at.parent, beacon, &deployment).await?;
    let reader = claim_reader(parent.clone(), &deployment).await?;
    let window_s = reader.terms().await?.window_s;
    let now = parent.heads().await?.latest.timestamp;
    let open = reader.open(0).await?;
    let mut rows = Vec::new();
    for claim in &open.pending {
        let standing = reader.standing(claim.index).await?;
        let siblings = open
            .pending
            .iter()
            .filter(|other| other.parent_claim == claim.parent_claim && other.index != claim.index);
        rows.push(Row {
            claim: *claim,
            rivals: siblings.map(|other| other.index).collect(),
            timer_s: standing.state.creditedSeconds,
            seconds_left: standing.expected_at.saturating_sub(now),
        });
    }
    let value = json!({
        "windowSeconds": window_s,
        "final": open.last_final,
        "pending": rows,
        "rejected": open.rejected,
    });
    output::result(json, &value, || {
        let last = &open.last_final;
        let mut lines = vec![format!(
            "final: claim {}, up to batch {}, block {}; {} rejected so far; window {window_s} s",
            last.index,
            last.batch_index,
            last.last_block,
            open.rejected.len()
        )];
        lines.extend(rows.iter().map(Row::words));
        if rows.is_empty() {
            lines.push("nothing is pending".into());
        }
        lines.join("\n")
    })
}

async fn play(
    chain: &Path,
    at: &cli::ParentArgs,
    dir: &Path,
    key: &cli::KeyArgs,
    json: bool,
) -> Result<()> {
    let deployment = Deployment::read(chain)?;
    let key = keys::read(key.key_file.as_deref(), "ALTANA_KEY")?;
    let setup = NodeSetup {
        parent_url: &at.parent,
        beacon_url: at.beacon.as_deref().unwrap_or(&at.parent),
        deployment: &deployment,
        dir,
        // Nobody is told of it.
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let claims = Some((claims::Config::challenger(), key));
    let roles = NodeRoles { claims, ..NodeRoles::default() };
    let spinner = output::spinner(json, "deriving the chain, and answering wrong claims");
    let (mut node, server) = start_node(setup, roles, Box::new(|backend| backend)).await?;
    let answered = node.answered();
    let result = tokio::select! {
        sent = answered => sent.map_err(Into::into),
        error = node.failed() => Err(error.into()),
        asked = super::interrupted() => asked.and(Err(anyhow!("interrupted"))),
    };
    spinner.finish_and_clear();
    server.stop();
    node.stop().await?;
    let sent = result?;
    output::result(json, &json!({"transactions": sent}), || match sent {
        0 => "nothing is to be answered now".into(),
        sent => format!("{sent} transactions were sent; nothing more is to be answered now"),
    })
}
