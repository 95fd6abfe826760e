//! What a devnet costs before anybody uses it: time to the first answer, memory.

use super::{Figure, load, server::Server};
use anyhow::{Context, Result};
use serde_json::json;
use std::time::{Duration, Instant};

/// Blocks after which the node's memory has settled.
const SETTLED_BLOCKS: u64 = 10;

/// Starts `altana dev` and looks.
pub async fn run() -> Result<Vec<Figure>> {
    let begin = Instant::now();
    let server = Server::altana().await?;
    let client = reqwest::Client::new();
    let parent = server.info["parent"]["rpc"].as_str().context("no parent.rpc")?;
    for url in [&server.url, parent] {
        load::request(&client, url, "eth_blockNumber", json!([])).await?;
    }
    let ready = begin.elapsed();
    loop {
        let number = load::request(&client, &server.url, "eth_blockNumber", json!([])).await?;
        if load::quantity(&number)? >= SETTLED_BLOCKS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut figures = vec![Figure::new("dev_ready", ready.as_secs_f64(), "s").at_most(3.0)];
    if let Some(bytes) = server.memory() {
        let megabytes = bytes as f64 / 1e6;
        figures.push(Figure::new("dev_idle_memory", megabytes, "MB").at_most(200.0));
    }
    Ok(figures)
}
