//! A prover at work: takes jobs, the oldest first, and puts proofs there.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use altana_proof::{Job, Jobs, Lock, guest};
use eyre::{Result, ensure, eyre};
use serde_json::{Value, json};

use crate::{
    Options,
    job::{self, Refusal},
    prove::Prover,
};

/// How often the folder is looked at.
const POLL: Duration = Duration::from_secs(2);

pub(crate) fn run(options: &Options, folder: &Path, once: bool) -> Result<Value> {
    let jobs = Jobs::new(folder);
    let prover = Prover::new(options)?;
    let ours = options.elf.is_some() || prover.commits()? == [guest::EXE_COMMIT, guest::VM_COMMIT];
    ensure!(ours, "nodes know another guest: `altana-prover key` tells them of this one");
    let (mut proven, mut failed, mut unfinished) = (vec![], vec![], HashSet::new());
    loop {
        let Some((job, _lock)) = next(&jobs, &unfinished)? else {
            if once {
                ensure!(unfinished.is_empty(), "{} jobs are not finished", unfinished.len());
                return Ok(json!({ "proven": proven, "failed": failed }));
            }
            rest();
            continue;
        };
        let name = hex::encode(job.output());
        eprintln!("job {name}");
        match prove(&prover, &job) {
            Ok(None) => {
                eprintln!("job {name}: proven");
                let figures = job::figures(&job).unwrap_or_default();
                proven.push(json!({ "output": name, "figures": figures }));
            }
            Ok(Some(reason)) => {
                eprintln!("job {name}: {reason}");
                failed.push(json!({ "output": name, "reason": reason }));
            }
            // It may be this computer's fault: another start tries again.
            Err(error) => {
                eprintln!("job {name}: {error:#}; left for another start");
                unfinished.insert(job.folder().to_owned());
            }
        }
        if !once {
            // Nobody reads them.
            proven.clear();
            failed.clear();
        }
    }
}

/// Proves a job; gives the reason if there is nothing to prove.
fn prove(prover: &Prover<'_>, job: &Job) -> Result<Option<String>> {
    // The library panics where it expects nothing to go wrong, and other jobs can do without it.
    let chain = AssertUnwindSafe(|| prover.chain(job));
    match catch_unwind(chain).unwrap_or_else(|_| Err(eyre!("the library panicked"))) {
        Ok(()) => Ok(None),
        Err(error) => {
            let Refusal(reason) = error.downcast::<Refusal>()?;
            job.fail(&reason)?;
            Ok(Some(reason))
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a folder does not say that it has changed")]
fn rest() {
    thread::sleep(POLL);
}

/// The oldest open job that nobody has.
fn next(jobs: &Jobs, but: &HashSet<PathBuf>) -> Result<Option<(Job, Lock)>> {
    for job in jobs.open()? {
        if !but.contains(job.folder())
            && let Some(lock) = job.lock()?
            // Whoever had it may just have finished it.
            && job.is_open()
        {
            return Ok(Some((job, lock)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use altana_proof::Inputs;

    use super::*;

    #[test]
    fn the_next_job_is_the_oldest_that_nobody_has_and_that_did_not_fail_here() {
        let folder = std::env::temp_dir().join(format!("altana-prover-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let jobs = Jobs::new(&folder);
        let mut but = HashSet::new();
        assert!(next(&jobs, &but).unwrap().is_none());
        let create = |byte| jobs.create([byte; 32].into(), &Inputs::default()).unwrap();
        let (first, second) = (create(1), create(2));
        let (found, lock) = next(&jobs, &but).unwrap().unwrap();
        assert_eq!(found, first);
        assert_eq!(next(&jobs, &but).unwrap().unwrap().0, second, "another has the first");
        drop(lock);
        but.insert(first.folder().to_owned());
        assert_eq!(next(&jobs, &but).unwrap().unwrap().0, second, "the first went wrong here");
        second.fail("nothing to prove").unwrap();
        assert!(next(&jobs, &but).unwrap().is_none());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
