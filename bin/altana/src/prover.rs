//! Start `altana-prover`, which is a program of its own.

use anyhow::{Context, Result, bail, ensure};
use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::{Child, Command};

const NAME: &str = "altana-prover";

/// The prover's program: the one that was named, or one beside this program, where a build of it
/// would lie, or in PATH.
pub fn find(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    let beside = env::current_exe().ok().and_then(|path| Some(path.parent()?.join(NAME)));
    let built = PathBuf::from("prover/target/release").join(NAME);
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = env::split_paths(&path).map(|folder| folder.join(NAME));
    beside.into_iter().chain([built]).chain(in_path).find(|path| path.is_file())
}

/// [`find`], where there has to be one.
pub fn find_or_fail(named: Option<&Path>) -> Result<PathBuf> {
    let found = find(named).context(
        "there is no altana-prover: build it with `cargo build --release` in prover/ (7 minutes on \
         two cores), or name it with --prover",
    )?;
    ensure!(found.is_file(), "{} is no program: name another with --prover", found.display());
    Ok(found)
}

/// Starts a prover that works on a folder's jobs as they come, and writes its log to `log`. Ctrl-C
/// does not reach it.
pub fn start(program: &Path, jobs: &Path, keys: &Path, log: &Path) -> Result<Child> {
    let file = std::fs::File::create(log).with_context(|| log.display().to_string())?;
    let mut command = Command::new(program);
    command.arg("work").arg("--jobs").arg(jobs).arg("--keys").arg(keys).process_group(0);
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).kill_on_drop(true);
    command.spawn().with_context(|| format!("cannot start {}", program.display()))
}

/// Has all jobs of a folder proved. The prover's progress goes to stderr.
pub async fn prove_all(program: &Path, jobs: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("work").arg("--jobs").arg(jobs).arg("--once").arg("--keys").arg(jobs.join("keys"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let status = command.status().await;
    let status = status.with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{} failed ({status})", program.display());
    }
    Ok(())
}
