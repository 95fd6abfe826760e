//! Chores of the validity proof: its program, and the long test of everything in `prover/`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{Task, debian, root, run_in};

const GUEST_TARGET: &str = "riscv32im-risc0-zkvm-elf";
/// The batch that is proven.
const PROVEN: &str = "transfers-10";

/// Builds the zkVM's guest and writes `prover/guest.elf`, or proves that it is fresh.
pub(crate) fn guest(check: bool) -> Task {
    let target = target("target");
    let vars = [("CARGO_TARGET_DIR", &*target.to_string_lossy())];
    run_in(&root(), "bash", &["prover/build-guest.sh"], &vars)?;
    let built = target.join(GUEST_TARGET).join("release/altana-zk-guest");
    let bytes = fs::read(&built).map_err(|e| format!("cannot read {}: {e}", built.display()))?;
    let path = root().join("prover/guest.elf");
    if check && fs::read(&path).ok().as_ref() != Some(&bytes) {
        return Err(
            "prover/guest.elf is stale: run `cargo xtask guest`, then `altana-prover key`".into()
        );
    }
    fs::write(&path, &bytes).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

/// Tests and lints `prover/`, holds its guest to native execution and to the fault proof's machine, and
/// to its memory, and proves a batch; prints what each step took.
pub(crate) fn soak() -> Task {
    guest(true)?;
    // Its tests share jobs over a real queue.
    debian("nats-server", "nats-server")?;
    let target = target("prover/target");
    let cargo = |folder: &str, args: &[&str]| {
        let vars = [("CARGO_TARGET_DIR", &*target.to_string_lossy())];
        run_in(&root().join(folder), "cargo", args, &vars)
    };
    cargo("prover", &["fmt", "--check"])?;
    cargo("prover/guest", &["fmt", "--all", "--check"])?;
    let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--locked"];
    cargo("prover", &[&clippy[..], &["--", "-D", "warnings"]].concat())?;
    cargo("prover", &["test", "--release", "--workspace", "--locked"])?;
    cargo("prover/guest", &["test", "--release", "--workspace", "--locked"])?;
    cargo("prover", &["build", "--release", "--locked"])?;

    let folder = target.join("soak");
    let (jobs, hogs, fresh) = (folder.join("jobs"), folder.join("hogs"), folder.join("fresh"));
    for old in [&jobs, &hogs, &fresh] {
        let _ = fs::remove_dir_all(old);
    }
    let witness = ["run", "--release", "--locked", "--package", "altana-zk-witness", "--"];
    cargo("prover/guest", &[&witness[..], &[&jobs.to_string_lossy()]].concat())?;
    cargo("prover/guest", &[&witness[..], &[&hogs.to_string_lossy(), "hogs"]].concat())?;
    let prover = |args: &[&str]| {
        let program = target.join("release/altana-prover");
        run_in(&root().join("prover"), &program.to_string_lossy(), args, &[])
    };
    prover(&["key", "--check"])?;
    prover(&["check", "--jobs", &jobs.to_string_lossy()])?;
    prover(&["check", "--jobs", &hogs.to_string_lossy(), "--mutations", "0"])?;
    // Gigabytes.
    let _ = fs::remove_dir_all(&hogs);
    copy(&jobs.join(PROVEN), &fresh)?;
    prover(&["work", "--once", "--jobs", &fresh.to_string_lossy()])
}

/// Copies a job into a folder of jobs, under the name that a node gives it.
fn copy(job: &Path, jobs: &Path) -> Task {
    let copy = || {
        let output = fs::read(job.join("output"))?;
        let name: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = jobs.join(name);
        fs::create_dir_all(&folder)?;
        for file in fs::read_dir(job)? {
            let file = file?;
            fs::copy(file.path(), folder.join(file.file_name()))?;
        }
        Ok::<_, std::io::Error>(())
    };
    copy().map_err(|e| format!("cannot copy {}: {e}", job.display()))
}

/// Where cargo builds: not where this process was built, unless the caller says so.
fn target(usual: &str) -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").map_or_else(|| usual.into(), PathBuf::from))
}
