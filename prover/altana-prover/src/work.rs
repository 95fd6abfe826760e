//! A prover at work: takes jobs, the oldest first, and puts proofs there.

use std::{
    collections::HashMap,
    fmt::Display,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use altana_proof::{Job, JobError, Jobs, Lock};
use eyre::{Result, ensure};
use serde_json::{Value, json};

use crate::{
    Options,
    job::{self, Refusal},
    prove::{Prover, WrongKey},
};

/// How often the folder is looked at.
const POLL: Duration = Duration::from_secs(2);
/// How long what went wrong is left alone. For a job it doubles each time, up to the other.
pub(crate) const PAUSE_MIN: Duration = Duration::from_secs(60);
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(3_600);

pub(crate) fn run(options: &Options, folder: &Path, once: bool) -> Result<Value> {
    let jobs = Jobs::new(folder);
    let prover = Prover::new(options)?;
    prover.check_known()?;
    let (mut proven, mut failed) = (vec![], vec![]);
    let mut unfinished = Unfinished::new(once);
    loop {
        let (job, _lock) = match next(&jobs, &mut unfinished, Instant::now()) {
            Ok(Some(next)) => next,
            Ok(None) if once => {
                let count = unfinished.count();
                ensure!(count == 0, "{count} jobs are not finished");
                return Ok(json!({ "proven": proven, "failed": failed }));
            }
            Ok(None) => {
                rest(POLL);
                continue;
            }
            Err(error) if once => return Err(error.into()),
            Err(error) => {
                eprintln!("{error}");
                rest(PAUSE_MIN);
                continue;
            }
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
            // No job can be proven.
            Err(error) if error.is::<WrongKey>() => return Err(error),
            Err(_) if !job.exists() => eprintln!("job {name}: removed meanwhile"),
            Err(error) => unfinished.add(&job, Instant::now(), format_args!("{error:#}")),
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
    match job::caught(|| prover.chain(job)) {
        Ok(()) => Ok(None),
        Err(error) => {
            let Refusal(reason) = error.downcast::<Refusal>()?;
            job.fail(&reason)?;
            Ok(Some(reason))
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a folder does not say that it has changed")]
pub(crate) fn rest(pause: Duration) {
    thread::sleep(pause);
}

/// Open jobs that went wrong here. It may be this computer's fault, and pass: they are tried again.
pub(crate) struct Unfinished {
    /// This run does not try again.
    once: bool,
    jobs: HashMap<PathBuf, Again>,
}

struct Again {
    at: Instant,
    pause: Duration,
}

impl Unfinished {
    pub(crate) fn new(once: bool) -> Self {
        Self { once, jobs: HashMap::new() }
    }

    pub(crate) fn add(&mut self, job: &Job, now: Instant, error: impl Display) {
        let name = hex::encode(job.output());
        let before = self.jobs.get(job.folder());
        let pause = before.map_or(PAUSE_MIN, |again| (again.pause * 2).min(PAUSE_MAX));
        self.jobs.insert(job.folder().to_owned(), Again { at: now + pause, pause });
        if self.once {
            eprintln!("job {name}: {error}; left for another start");
        } else {
            eprintln!("job {name}: {error}; tried again in {} s", pause.as_secs());
        }
    }

    pub(crate) fn is_due(&self, job: &Job, now: Instant) -> bool {
        self.jobs.get(job.folder()).is_none_or(|again| !self.once && again.at <= now)
    }

    pub(crate) fn count(&self) -> usize {
        self.jobs.len()
    }

    /// Forgets what is no longer open.
    fn keep(&mut self, open: &[Job]) {
        self.jobs.retain(|folder, _| open.iter().any(|job| job.folder() == folder));
    }
}

/// The oldest open job that nobody has.
pub(crate) fn next(
    jobs: &Jobs,
    unfinished: &mut Unfinished,
    now: Instant,
) -> Result<Option<(Job, Lock)>, JobError> {
    let open = jobs.open()?;
    unfinished.keep(&open);
    for job in open {
        if !unfinished.is_due(&job, now) {
            continue;
        }
        match job.lock() {
            // Whoever had it may just have finished it.
            Ok(Some(lock)) if job.is_open() => return Ok(Some((job, lock))),
            Ok(_) => {}
            // Removed meanwhile.
            Err(_) if !job.exists() => {}
            Err(error) => unfinished.add(&job, now, error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use altana_proof::Inputs;

    use super::*;

    fn jobs(name: &str) -> Jobs {
        let name = format!("altana-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        Jobs::new(&folder)
    }

    fn create(jobs: &Jobs, byte: u8) -> Job {
        jobs.create([byte; 32].into(), &Inputs::default()).unwrap()
    }

    #[test]
    fn the_next_job_is_the_oldest_that_nobody_has_and_that_did_not_fail_here() {
        let jobs = jobs("next");
        let now = Instant::now();
        let mut unfinished = Unfinished::new(true);
        assert!(next(&jobs, &mut unfinished, now).unwrap().is_none());
        let (first, second) = (create(&jobs, 1), create(&jobs, 2));
        let (found, lock) = next(&jobs, &mut unfinished, now).unwrap().unwrap();
        assert_eq!(found, first);
        let (found, _) = next(&jobs, &mut unfinished, now).unwrap().unwrap();
        assert_eq!(found, second, "another has the first");
        drop(lock);
        unfinished.add(&first, now, "wrong");
        let (found, _) = next(&jobs, &mut unfinished, now + PAUSE_MAX).unwrap().unwrap();
        assert_eq!(found, second, "the first went wrong here");
        second.fail("nothing to prove").unwrap();
        assert!(next(&jobs, &mut unfinished, now + PAUSE_MAX).unwrap().is_none());
        assert_eq!(unfinished.jobs.len(), 1);
        first.remove().unwrap();
        second.remove().unwrap();
    }

    #[test]
    fn what_went_wrong_is_tried_again_after_ever_longer_pauses() {
        let jobs = jobs("again");
        let job = create(&jobs, 1);
        let mut unfinished = Unfinished::new(false);
        let mut now = Instant::now();
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = Duration::from_secs(60 * minutes);
            unfinished.add(&job, now, "no memory");
            let before = now + pause - Duration::from_secs(1);
            assert!(next(&jobs, &mut unfinished, before).unwrap().is_none(), "{minutes}");
            now += pause;
            assert!(next(&jobs, &mut unfinished, now).unwrap().is_some(), "{minutes}");
        }
        job.remove().unwrap();
        assert!(next(&jobs, &mut unfinished, now).unwrap().is_none());
        assert!(unfinished.jobs.is_empty(), "a removed job is forgotten");
    }

    #[test]
    fn a_job_that_cannot_be_locked_does_not_stand_in_the_way() {
        let jobs = jobs("lock");
        let (first, second) = (create(&jobs, 1), create(&jobs, 2));
        fs::create_dir(first.folder().join("lock")).unwrap();
        let mut unfinished = Unfinished::new(false);
        let now = Instant::now();
        let (found, _) = next(&jobs, &mut unfinished, now).unwrap().unwrap();
        assert_eq!(found, second);
        fs::remove_dir(first.folder().join("lock")).unwrap();
        let (found, _) = next(&jobs, &mut unfinished, now + PAUSE_MIN).unwrap().unwrap();
        assert_eq!(found, first);
        first.remove().unwrap();
        second.remove().unwrap();
    }
}
