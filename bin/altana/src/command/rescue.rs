//! `altana rescue`: commit what waits in the queue when the sequencer is dead.

use crate::{
    cli, keys, output,
    stack::{connect, rebuild::rescue},
};
use alloy::{eips::BlockId, providers::Provider};
use altana_contracts::{Deployment, bindings::Inbox};
use altana_parent::{Parent, Sender, SenderOptions};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// How often the parent's clock is looked at by `--wait`.
const POLL: Duration = Duration::from_secs(1);

/// Commits, once the sequencer's time is up.
pub async fn run(args: cli::Rescue, json: bool) -> Result<()> {
    let key = keys::read(args.key.key_file.as_deref(), "ALTANA_KEY")?;
    let deployment = Deployment::read(&args.chain)?;
    let beacon = args.parent.beacon.as_deref().unwrap_or(&args.parent.parent);
    let parent = connect(&args.parent.parent, beacon, &deployment).await?;
    let spinner = output::spinner(json, "asking the parent");
    loop {
        let queue = Queue::read(&parent, &deployment).await?;
        if queue.seconds_left == 0 {
            break;
        }
        let words = queue.too_early();
        ensure!(args.wait, "{words}; come back, or say --wait");
        spinner.set_message(words);
        tokio::time::sleep(POLL).await;
    }
    let waiting = Queue::read(&parent, &deployment).await?.messages;
    spinner.set_message("deriving the chain from the parent, to commit on top of it");
    // The commit's journal: after a crash there is nothing to resume that a new run would not do.
    let folder = tempfile::Builder::new().prefix("altana-rescue-").tempdir()?;
    let options = SenderOptions::default();
    let sender = Sender::open(parent.clone(), Arc::new(key), folder.path(), options)?;
    let sent = rescue(parent, &deployment, sender).await?;
    spinner.finish_and_clear();
    let Some((sent, messages)) = sent else {
        bail!("nothing waits in the queue: there is nothing to rescue")
    };
    ensure!(
        sent.reverted.is_none(),
        "the commit {} was reverted: somebody else committed first; look at the queue again",
        sent.hash
    );
    let value = json!({"transaction": sent.hash, "gasUsed": sent.gas_used, "messages": messages, "left": waiting.saturating_sub(messages)});
    output::result(json, &value, || {
        let words = format!(
            "committed in {} ({} gas): {messages} messages of the queue are part of the chain",
            sent.hash, sent.gas_used
        );
        match waiting.saturating_sub(messages) {
            0 => words,
            left => format!("{words}\n{left} are left: run `altana rescue` again"),
        }
    })
}

/// The Inbox, as far as it matters here.
struct Queue {
    messages: u64,
    timeout: u64,
    seconds_left: u64,
}

impl Queue {
    async fn read(parent: &Parent, deployment: &Deployment) -> Result<Self> {
        let inbox = Inbox::new(deployment.contracts.inbox, parent.provider());
        let latest = parent.provider().get_block(BlockId::latest()).await?;
        let now = latest.context("the parent has no block")?.header.timestamp;
        let timeout = inbox.sequencerTimeout().call().await?;
        // The timeout has to be over, not just reached.
        let from = inbox.lastCommitAt().call().await?.saturating_add(timeout).saturating_add(1);
        let messages =
            inbox.queueLength().call().await?.saturating_sub(inbox.queueConsumed().call().await?);
        Ok(Self { messages, timeout, seconds_left: from.saturating_sub(now) })
    }

    fn too_early(&self) -> String {
        format!(
            "not allowed yet: anyone may commit after {} s without a batch, and {} s remain",
            self.timeout, self.seconds_left
        )
    }
}
