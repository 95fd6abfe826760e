//! The servers that `altana bench` drives: our own devnet and anvil, each a process of its own.

use super::load;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A server process, killed when dropped.
pub struct Server {
    child: Child,
    /// JSON-RPC over HTTP.
    pub url: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// What `altana dev --json` printed; null for anvil.
    pub info: Value,
}

/// Time between our blocks.
const BLOCK_TIME_MS: &str = "500";

impl Server {
    /// This very binary, as `altana dev` on free ports.
    pub async fn altana() -> Result<Self> {
        Self::altana_in(None).await
    }

    /// [`Server::altana`] that keeps its chains in a folder.
    pub async fn altana_in(dir: Option<&Path>) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["dev", "--json", "--port", "0", "--parent-port", "0"]);
        // A block holds 11,900 transfers: its gas limit must not be the bound.
        command.args(["--block-time", BLOCK_TIME_MS]);
        if let Some(dir) = dir {
            command.arg("--dir").arg(dir);
        }
        let (child, line) = start(command, |line| line.starts_with('{')).await?;
        let info: Value = serde_json::from_str(&line)?;
        let url = info["rollup"]["rpc"].as_str().context("no rollup.rpc")?.to_owned();
        let chain_id = info["rollup"]["chainId"].as_u64().context("no rollup.chainId")?;
        Ok(Self { child, url, chain_id, info })
    }

    /// anvil on a free port, with blocks large enough not to be the bound.
    pub async fn anvil(program: &Path, args: &[&str]) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["--port", "0", "--gas-limit", "5000000000"]).args(args);
        let (child, line) = start(command, |line| line.starts_with("Listening on ")).await?;
        let url = format!("http://{}", line.trim_start_matches("Listening on ").trim());
        Ok(Self { child, url, chain_id: 31337, info: Value::Null })
    }

    /// Waits until our devnet has published a batch: what it loads once, it has loaded then.
    pub async fn settled(&self) -> Result<()> {
        let client = reqwest::Client::new();
        let params = serde_json::json!(["safe", false]);
        loop {
            let block =
                load::request(&client, &self.url, "eth_getBlockByNumber", params.clone()).await?;
            if load::quantity(&block["number"])? > 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Resident memory in bytes, where the system tells it.
    pub fn memory(&self) -> Option<u64> {
        memory_of(&self.child.id()?.to_string())
    }
}

/// Bytes of memory that a process holds, by what it is called under `/proc`.
pub fn memory_of(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

/// Starts a process and waits for the line that announces it.
async fn start(mut command: Command, ready: impl Fn(&str) -> bool) -> Result<(Child, String)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {:?}", command.as_std().get_program()))?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
    while let Some(line) = lines.next_line().await? {
        if ready(&line) {
            // Somebody must go on reading, or the process blocks on a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((child, line));
        }
    }
    bail!("{:?} ended before it was ready", command.as_std().get_program())
}

/// The anvil to compare with, if there is one.
pub fn find_anvil(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    // The program itself: npm's wrapper does not end it when it is killed.
    let packages = std::fs::read_dir("node_modules/@foundry-rs").into_iter().flatten().flatten();
    let local = packages.map(|package| package.path().join("bin/anvil")).find(|file| file.exists());
    if local.is_some() {
        return local;
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("anvil")).find(|file| file.exists())
}
