//! Rebuilding from the parent, beside the rate at which the chain was produced: until it was on the
//! parent, and, in a burst that publication has yet to catch up with, until it was sealed.

use super::{
    Figure, load,
    rpc::{Kind, Load},
    server::Server,
};
use crate::stack::rebuild::rebuild;
use altana_contracts::Deployment;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::{Duration, Instant};

/// Produces a chain through RPC, waits until it is published, rebuilds it.
pub async fn run(transactions: usize) -> Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let server = Server::altana_in(Some(dir.path())).await?;
    server.settled().await?;
    let mut load = Load::prepare(&server).await?;
    let begin = Instant::now();
    let produced = load.run(Kind::Transfer, transactions).await?;
    let client = reqwest::Client::new();
    let number = async |tag: &str| {
        let params = json!([tag, false]);
        let block = load::request(&client, &server.url, "eth_getBlockByNumber", params).await?;
        load::quantity(&block["number"])
    };
    let head = number("latest").await?;
    while number("safe").await? < head {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let published = transactions as f64 / begin.elapsed().as_secs_f64();
    let deployment = Deployment::read(&dir.path().join("chain"))?;
    let parent = server.info["parent"]["rpc"].as_str().context("no parent.rpc")?;
    let rebuilt = rebuild(parent, parent, &deployment).await?;
    ensure!(rebuilt.transactions >= transactions as u64, "transactions are missing");
    let rate = rebuilt.transactions as f64 / rebuilt.seconds;
    Ok(vec![
        Figure::new("publish", published, "tx/s"),
        Figure::new("rebuild", rate, "tx/s").against("production", published).at_least(2.0),
        Figure::new("rebuild_burst", rate, "tx/s").against("sealing", produced.rate()),
    ])
}
