//! Shares the jobs of a folder with workers on other machines, over a queue: publishes tasks, checks
//! what comes back, and finishes the jobs as a prover beside them would.
//!
//! The folder says what is to be done, and the queue holds nothing that is needed: what is missing
//! there, is put there again.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use altana_proof::{Job, Jobs, Lock, Proof};
use eyre::{Result, bail, ensure};
use serde_json::{Value, json};

use crate::{
    Options,
    job::{self, Refusal},
    nats::{ACK_WAIT, Down, Found, Queue, Server},
    prove::{Prover, natively},
    task::{
        ANSWER_BYTES_MAX, Answer, SEGMENTS_MAX, Step, Task, decode_proof, encode_inputs,
        inputs_name, segments_name,
    },
    work::{Unfinished, next, rest},
};

/// How often folder and queue are looked at.
const POLL: Duration = Duration::from_secs(2);
/// How long a queue that is away is left alone.
pub(crate) const PAUSE: Duration = Duration::from_secs(10);
/// Most jobs that are shared at once.
const SHARED_MAX: usize = 16;
/// After so many failures of one task its job is left alone, as one that failed here.
pub(crate) const FAILURES_MAX: u32 = 4;

/// What is checked of all that comes back. (Tests share jobs without proving anything.)
pub(crate) trait Check {
    /// How many segments the job has, and their proofs joined, if it has them. A [`Refusal`] is
    /// final.
    fn plan(&self, job: &Job) -> Result<(usize, Option<Vec<u8>>)>;
    /// Whether this is the proof of a segment.
    fn segment(&self, bytes: &[u8], is_last: bool) -> Result<()>;
    /// What the last task needs, if these are the job's segments.
    fn join(&self, job: &Job, segments: &[Vec<u8>]) -> Result<Vec<u8>>;
    /// The job's proof, if it is one.
    fn proof(&self, job: &Job, bytes: &[u8]) -> Result<Proof>;
}

/// What is done.
enum Stage {
    /// These segments' proofs, each checked.
    Segments(Vec<Option<Vec<u8>>>),
    /// All of them, joined.
    Finish(Vec<u8>),
}

pub(crate) struct Sharer<'a, C> {
    queue: &'a Queue,
    check: &'a C,
    jobs: Jobs,
    shared: Vec<Shared>,
    unfinished: Unfinished,
    pub(crate) proven: Vec<Value>,
    pub(crate) failed: Vec<Value>,
}

/// A job that this process has.
struct Shared {
    job: Job,
    _lock: Lock,
    begun: Instant,
    stage: Stage,
    segments: u32,
    /// Whether what workers read is there.
    is_put: bool,
    failures: HashMap<Step, u32>,
}

enum Told {
    Nothing,
    Wrong(String),
    Right(Vec<u8>),
}

pub(crate) fn run(options: &Options, folder: &Path, server: &Server, once: bool) -> Result<Value> {
    let prover = Prover::new(options)?;
    let tag = prover.tag()?;
    let queue = Queue::open(server, &tag, ACK_WAIT)?;
    eprintln!("sharing {} with workers of {tag}", folder.display());
    let mut sharer = Sharer::new(&queue, &prover, Jobs::new(folder), once);
    loop {
        let now = Instant::now();
        match sharer.tick(now) {
            Ok(()) if once && sharer.is_idle(now) => {
                let count = sharer.unfinished.count();
                ensure!(count == 0, "{count} jobs are not finished");
                return Ok(json!({ "proven": sharer.proven, "failed": sharer.failed }));
            }
            Ok(()) => rest(POLL),
            Err(error) => {
                eprintln!("{error:#}");
                rest(PAUSE);
            }
        }
        if !once {
            // Nobody reads them.
            sharer.proven.clear();
            sharer.failed.clear();
        }
    }
}

impl<'a, C: Check> Sharer<'a, C> {
    pub(crate) fn new(queue: &'a Queue, check: &'a C, jobs: Jobs, once: bool) -> Self {
        let (shared, proven, failed) = Default::default();
        Self { queue, check, jobs, shared, unfinished: Unfinished::new(once), proven, failed }
    }

    /// Takes jobs that are new, and goes on with each as far as it goes. An error concerns all.
    pub(crate) fn tick(&mut self, now: Instant) -> Result<()> {
        self.admit(now)?;
        let mut at = 0;
        while let Some(shared) = self.shared.get_mut(at) {
            if shared.job.is_open() && !self.unfinished.is_due(&shared.job, now) {
                at += 1;
                continue;
            }
            match shared.advance(self.queue, self.check) {
                Ok(false) => at += 1,
                Ok(true) => {
                    shared.clear(self.queue)?;
                    let Shared { job, begun, .. } = self.shared.remove(at);
                    self.report(&job, begun);
                }
                Err(error) if error.is::<Down>() => return Err(error),
                Err(_) if !shared.job.exists() => {}
                Err(error) => {
                    shared.failures.clear();
                    self.queue.withdraw(&hex::encode(shared.job.output()))?;
                    self.unfinished.add(&shared.job, now, format_args!("{error:#}"));
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// Whether there is nothing to wait for.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.shared.iter().all(|shared| !self.unfinished.is_due(&shared.job, now))
    }

    fn admit(&mut self, now: Instant) -> Result<()> {
        while self.shared.len() < SHARED_MAX {
            let Some((job, lock)) = next(&self.jobs, &mut self.unfinished, now)? else { break };
            let name = hex::encode(job.output());
            match job::caught(|| self.check.plan(&job)) {
                Ok((count @ 1..=SEGMENTS_MAX, joined)) => {
                    let segments = if joined.is_some() { "proven" } else { "to prove" };
                    eprintln!("job {name}: shared, {count} segments {segments}");
                    let (is_put, failures) = Default::default();
                    self.shared.push(Shared {
                        job,
                        _lock: lock,
                        begun: Instant::now(),
                        stage: joined
                            .map_or_else(|| Stage::Segments(vec![None; count]), Stage::Finish),
                        segments: count as u32,
                        is_put,
                        failures,
                    });
                }
                Ok((count, _)) => {
                    self.unfinished.add(&job, now, format_args!("{count} segments: not shared"));
                }
                Err(error) => match error.downcast() {
                    Ok(Refusal(reason)) => {
                        job.fail(&reason)?;
                        eprintln!("job {name}: {reason}");
                        self.failed.push(json!({ "output": name, "reason": reason }));
                    }
                    Err(_) if !job.exists() => {}
                    Err(error) => self.unfinished.add(&job, now, format_args!("{error:#}")),
                },
            }
        }
        Ok(())
    }

    fn report(&mut self, job: &Job, begun: Instant) {
        let (name, seconds) = (hex::encode(job.output()), begun.elapsed().as_secs());
        if job.exists() && job.is_proven() {
            eprintln!("job {name}: proven, {seconds} s after it was shared");
            let figures = job::figures(job).unwrap_or_default();
            self.proven.push(json!({ "output": name, "seconds": seconds, "figures": figures }));
        } else {
            eprintln!("job {name}: removed meanwhile");
        }
    }
}

impl Shared {
    /// Goes on as far as there are answers, and asks for what is missing; gives whether nothing is
    /// left to do.
    fn advance(&mut self, queue: &Queue, check: &impl Check) -> Result<bool> {
        if !self.job.is_open() {
            return Ok(true);
        }
        self.put(queue)?;
        let output = self.job.output().0;
        if let Stage::Segments(found) = &mut self.stage {
            let mut wrong = vec![];
            for index in 0..self.segments {
                let (at, step) = (index as usize, Step::Segment(index));
                if found[at].is_some() {
                    continue;
                }
                let is_last = index + 1 == self.segments;
                let right = |bytes: &[u8]| check.segment(bytes, is_last);
                match ask(queue, &Task { output, step }, right)? {
                    Told::Nothing => {}
                    Told::Right(bytes) => found[at] = Some(bytes),
                    Told::Wrong(why) => wrong.push((step, why)),
                }
            }
            let Some(segments) = found.iter().cloned().collect::<Option<Vec<_>>>() else {
                for (step, why) in wrong {
                    self.wrong(step, &why)?;
                }
                return Ok(false);
            };
            let joined = match job::caught(|| check.join(&self.job, &segments)) {
                Ok(joined) => joined,
                Err(error) => {
                    // Which of them is of another run, nobody knows.
                    for index in 0..self.segments {
                        queue.remove(&Task { output, step: Step::Segment(index) }.name())?;
                    }
                    found.fill(None);
                    return self.wrong(Step::Finish, &format!("its segments: {error:#}"));
                }
            };
            job::SEGMENTS.write(&self.job, &joined)?;
            self.stage = Stage::Finish(joined);
            self.is_put = false;
            self.put(queue)?;
        }
        let mut proof = None;
        let right = |bytes: &[u8]| {
            proof = Some(check.proof(&self.job, bytes)?);
            Ok(())
        };
        match (ask(queue, &Task { output, step: Step::Finish }, right)?, proof) {
            (Told::Right(_), Some(proof)) => {
                job::record(&self.job, json!({}))?;
                self.job.finish(&proof)?;
                let _ = job::SEGMENTS.discard(&self.job);
                Ok(true)
            }
            (Told::Wrong(why), _) => self.wrong(Step::Finish, &why),
            _ => Ok(false),
        }
    }

    /// Counts a failure; a task that has too many is given up.
    fn wrong(&mut self, step: Step, why: &str) -> Result<bool> {
        let name = hex::encode(self.job.output());
        let failures = self.failures.entry(step).or_default();
        *failures += 1;
        // It may be due to what was put there.
        self.is_put = false;
        if *failures >= FAILURES_MAX {
            bail!("{step} failed {failures} times on workers; the last time {why}");
        }
        eprintln!("job {name}: {step} again: {why}");
        Ok(false)
    }

    /// Puts there what workers read.
    fn put(&mut self, queue: &Queue) -> Result<()> {
        if self.is_put {
            return Ok(());
        }
        let output = self.job.output().0;
        queue.put(&inputs_name(&output), &encode_inputs(&self.job.inputs()?))?;
        if let Stage::Finish(joined) = &self.stage {
            queue.put(&segments_name(&output), joined)?;
        }
        self.is_put = true;
        Ok(())
    }

    /// Removes all of it from the queue.
    fn clear(&self, queue: &Queue) -> Result<()> {
        let output = self.job.output().0;
        queue.withdraw(&hex::encode(output))?;
        let segments = (0..self.segments).map(Step::Segment);
        for step in segments.chain([Step::Finish]) {
            queue.remove(&Task { output, step }.name())?;
        }
        queue.remove(&inputs_name(&output))?;
        queue.remove(&segments_name(&output))?;
        Ok(())
    }
}

/// The answer to a task. Without one the task is published; a wrong one goes.
fn ask(queue: &Queue, task: &Task, right: impl FnOnce(&[u8]) -> Result<()>) -> Result<Told, Down> {
    let name = task.name();
    let why = match queue.get(&name, ANSWER_BYTES_MAX)? {
        Found::Nothing => {
            queue.publish(&name)?;
            return Ok(Told::Nothing);
        }
        Found::Garbage(why) => format!("its answer cannot be read: {why}"),
        Found::Bytes(bytes) => match Answer::decode(&bytes) {
            Err(error) => format!("its answer cannot be read: {error}"),
            Ok(Answer::Failed(reason)) => format!("a worker said: {reason}"),
            Ok(Answer::Done(bytes)) => match job::caught(|| right(&bytes)) {
                Ok(()) => return Ok(Told::Right(bytes)),
                Err(error) => format!("its proof is wrong: {error:#}"),
            },
        },
    };
    queue.remove(&name)?;
    Ok(Told::Wrong(why))
}

impl Check for Prover<'_> {
    fn plan(&self, job: &Job) -> Result<(usize, Option<Vec<u8>>)> {
        natively(job)?;
        if let Some((proofs, joined)) = self.kept_segments(job)? {
            return Ok((proofs.per_segment.len(), Some(joined)));
        }
        let run = self.execute(job)?;
        let facts = json!({ "instructions": run.instructions, "segments": run.segments.len() });
        job::record(job, facts)?;
        Ok((run.segments.len(), None))
    }

    fn segment(&self, bytes: &[u8], is_last: bool) -> Result<()> {
        self.verify_segment(bytes, is_last)
    }

    fn join(&self, job: &Job, segments: &[Vec<u8>]) -> Result<Vec<u8>> {
        Prover::join(self, job, segments)
    }

    fn proof(&self, job: &Job, bytes: &[u8]) -> Result<Proof> {
        let proof = decode_proof(bytes)?;
        let key = altana_proof::guest::key();
        proof.verify(key, &self.claim(job)?)?;
        Ok(proof)
    }
}
