//! A disk that fills up: the node stops and says so, and nothing that it acknowledged is lost.

mod common;

use common::{
    Anvil, Dev,
    load::{Load, all_safe, provider},
};
use std::fs::File;

/// One run of the node, until it ends.
struct Life {
    /// How large its files may become, in the shell's blocks.
    limit_blocks: u32,
    block_time_ms: &'static str,
    senders: usize,
    /// In each transfer.
    data_bytes: usize,
}

/// So that first the sender's journal cannot be written, then the block log, then the pool's
/// journal.
const LIVES: [Life; 3] = [
    Life { limit_blocks: 400, block_time_ms: "1000", senders: 3, data_bytes: 0 },
    Life { limit_blocks: 800, block_time_ms: "20", senders: 1, data_bytes: 0 },
    Life { limit_blocks: 1_600, block_time_ms: "1000", senders: 3, data_bytes: 10_000 },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_node_and_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (dir, log) = (folder.path().join("dev"), folder.path().join("log"));
    let anvil = Anvil::start(&["--block-time", "1"]);
    let args = ["--parent", &anvil.url, "--dir", dir.to_str().expect("a path that is text")];
    // Deploys while there is room.
    drop(Dev::start(&args));

    let mut acknowledged = Vec::new();
    for life in LIVES {
        let args = [&args[..], &["--block-time", life.block_time_ms]].concat();
        let stderr = File::create(&log).expect("a log");
        let mut dev = Dev::start_limited(&args, life.limit_blocks, stderr);
        let load = Load::start_with(&dev, life.senders, life.data_bytes);
        let process = tokio::task::spawn_blocking(move || dev.process.wait());
        let status = process.await.expect("no panic");
        acknowledged.extend(load.stop().await);
        let text = std::fs::read_to_string(&log).expect("the log");
        assert!(!status.success(), "{text}");
        assert!(text.contains("no space left, make room and start again"), "{text}");
        assert!(!text.contains("panicked"), "{text}");
        println!("{} transfers, then {}", acknowledged.len(), text.lines().last().unwrap_or(""));
    }
    assert!(!acknowledged.is_empty());
    let dev = Dev::start(&args);
    all_safe(&provider(dev.get("/rollup/rpc")), &acknowledged).await;
}
