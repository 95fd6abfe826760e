//! A development zk-rollup without a prover: claims wait, and nothing pretends that they do not.

mod common;

use altana_proof::{CLAIM_BYTES, Job, Jobs, Proof};
use common::{Dev, altana, succeed};
use serde_json::Value;
use std::{
    path::Path,
    time::{Duration, Instant},
};

const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// How often something is looked at, and how long at most.
const POLL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);

async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited for {what} in vain");
        tokio::time::sleep(POLL).await;
    }
}

/// A zk-rollup in a folder, on a machine that has no prover.
fn start(folder: &Path) -> Dev {
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.to_str().expect("text");
    let args = ["--preset", "zk-rollup", "--dir", dir];
    Dev::start_in(nowhere.path(), &args)
}

fn bridge(dev: &Dev, args: &[&str]) -> Value {
    let ends = ["--rollup", dev.get("/rollup/rpc"), "--parent", dev.get("/parent/rpc")];
    let mut command = altana(&["bridge", "--json"]);
    command.args(ends).args(args).env("ALTANA_KEY", KEY);
    serde_json::from_str(&succeed(command)).expect("JSON")
}

#[tokio::test]
async fn without_a_prover_claims_wait_and_bad_results_are_thrown_away() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut dev = start(folder.path());
    assert_eq!(dev.get("/preset"), "zk-rollup");
    assert!(dev.info["proofs"]["prover"].is_null(), "{:#}", dev.info);
    let jobs = Jobs::new(dev.get("/proofs/jobs"));
    bridge(&dev, &["deposit", "--wait", "2"]);
    let withdrawal = bridge(&dev, &["withdraw", "0.5"]);
    let withdrawal = withdrawal["transaction"].as_str().expect("a hash");
    bridge(&dev, &["prove", "--wait", withdrawal]);

    let job = until("a job", || jobs.open().expect("the jobs").into_iter().next()).await;
    let inputs = job.inputs().expect("the inputs");
    let pages = inputs.pages.into();
    let proved = altana_proof::prove_natively(&inputs.statement, &inputs.blobs, &pages);
    assert_eq!(proved.expect("a complete witness").0, job.output());

    // What no prover made is no proof: the job is open again.
    let garbage = Proof { claim: [1; CLAIM_BYTES], part1: vec![2; 70_000], part2: vec![3; 9] };
    for claim in [garbage.claim, altana_proof::guest::claim(job.output())] {
        job.finish(&Proof { claim, ..garbage.clone() }).expect("it is written");
        until("the job to be open again", || job.is_open().then_some(())).await;
    }
    let status = bridge(&dev, &["status", withdrawal]);
    assert_eq!(status["status"], "waiting-for-proof", "{status:#}");

    // A node that was killed finds its jobs again.
    dev.process.kill();
    drop(dev);
    let dev = start(folder.path());
    let again = Job::at(job.folder()).expect("the job");
    again.finish(&garbage).expect("it is written");
    until("the job to be open again", || again.is_open().then_some(())).await;
    let status = bridge(&dev, &["status", withdrawal]);
    assert_eq!(status["status"], "waiting-for-proof", "{status:#}");
}

#[test]
fn a_hybrid_is_an_optimistic_rollup_to_who_does_not_prove() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().to_str().expect("text");
    let dev = Dev::start_in(
        nowhere.path(),
        &["--preset", "hybrid", "--dir", dir, "--challenge-window", "4"],
    );
    bridge(&dev, &["deposit", "--wait", "2"]);
    let withdrawal = bridge(&dev, &["withdraw", "0.5"]);
    let withdrawal = withdrawal["transaction"].as_str().expect("a hash");
    bridge(&dev, &["prove", "--wait", withdrawal]);
    let paid = bridge(&dev, &["finalize", "--wait", withdrawal]);
    assert_eq!(paid["success"], true, "{paid:#}");
}
