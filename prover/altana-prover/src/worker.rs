//! A worker: takes tasks from a queue, one at a time, and puts answers there.

use std::{path::Path, time::Duration};

use altana_proof::{Inputs, Jobs};
use eyre::{Result, ensure, eyre};
use serde_json::{Value, json};

use crate::{
    Options, job, meter,
    nats::{ACK_WAIT, Down, Found, Queue, Server},
    prove::{Prover, WrongKey, natively_of},
    share::PAUSE,
    task::{
        Answer, INPUTS_BYTES_MAX, SEGMENTS_BYTES_MAX, Step, Task, decode_inputs, encode_proof,
        inputs_name, segments_name,
    },
    work::{PAUSE_MIN, rest},
};

/// How long the server keeps a worker that waits.
const WAIT: Duration = Duration::from_secs(20);
/// A task that was handed out so often, and never answered, kills those who take it.
pub(crate) const DELIVERIES_MAX: i64 = 4;

/// What is done of tasks. (Tests have workers that prove nothing.)
pub(crate) trait Prove {
    /// The proof of one segment.
    fn segment(&self, output: [u8; 32], inputs: Inputs, index: u32) -> Result<Vec<u8>>;
    /// The job's proof.
    fn finish(&self, output: [u8; 32], inputs: Inputs, segments: Vec<u8>) -> Result<Vec<u8>>;
}

pub(crate) struct Worker<'a, P> {
    pub(crate) queue: &'a Queue,
    pub(crate) prove: &'a P,
}

/// What became of a worker's wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Did {
    Nothing,
    Done,
    Failed,
}

pub(crate) fn run(options: &Options, server: &Server, scratch: &Path, once: bool) -> Result<Value> {
    let prover = Prover::new(options)?;
    let tag = prover.tag()?;
    let queue = Queue::open(server, &tag, ACK_WAIT)?;
    eprintln!("taking tasks of {tag}");
    let hands = Hands { prover: &prover, scratch: Jobs::new(scratch) };
    let worker = Worker { queue: &queue, prove: &hands };
    let (mut done, mut failed) = (0, 0);
    loop {
        match worker.step(WAIT) {
            Ok(Did::Done) => done += 1,
            Ok(Did::Nothing) if once => return Ok(json!({ "done": done, "failed": failed })),
            Ok(Did::Nothing) => {}
            // It may be this machine's fault: others shall have it first.
            Ok(Did::Failed) => {
                failed += 1;
                rest(PAUSE_MIN);
            }
            Err(error) if error.is::<Down>() => {
                eprintln!("{error}");
                rest(PAUSE);
            }
            // No task can be done.
            Err(error) => return Err(error),
        }
    }
}

impl<P: Prove> Worker<'_, P> {
    /// Does one task, if there is one within this time.
    pub(crate) fn step(&self, wait: Duration) -> Result<Did> {
        let Some(delivery) = self.queue.take(wait)? else { return Ok(Did::Nothing) };
        let Some(task) = Task::parse(&delivery.name) else {
            eprintln!("a task of no use goes");
            delivery.done()?;
            return Ok(Did::Done);
        };
        let name = task.name();
        // Somebody was slow to say so, or was thought dead.
        if self.queue.has(&name)? {
            delivery.done()?;
            return Ok(Did::Done);
        }
        eprintln!("job {}: {}", hex::encode(task.output), task.step);
        let answer = if delivery.times > DELIVERIES_MAX {
            Err(eyre!("{DELIVERIES_MAX} workers took it and did not answer: out of memory?"))
        } else {
            job::caught(|| self.work(&task))
        };
        let (answer, did) = match answer {
            Ok(bytes) => (Answer::Done(bytes), Did::Done),
            Err(error) if error.is::<Down>() || error.is::<WrongKey>() => return Err(error),
            Err(error) => {
                eprintln!("job {}: {} failed: {error:#}", hex::encode(task.output), task.step);
                (Answer::Failed(format!("{error:#}")), Did::Failed)
            }
        };
        // Minutes of work would be lost. Meanwhile the task stays ours, if the server is there.
        while let Err(error) = self.queue.put(&name, &answer.encode()) {
            eprintln!("{error}");
            rest(PAUSE);
        }
        delivery.done()?;
        Ok(did)
    }

    fn work(&self, task: &Task) -> Result<Vec<u8>> {
        let inputs = self.read(&inputs_name(&task.output), INPUTS_BYTES_MAX)?;
        let inputs = decode_inputs(&inputs)?;
        match task.step {
            Step::Segment(index) => self.prove.segment(task.output, inputs, index),
            Step::Finish => {
                let segments = self.read(&segments_name(&task.output), SEGMENTS_BYTES_MAX)?;
                self.prove.finish(task.output, inputs, segments)
            }
        }
    }

    fn read(&self, name: &str, bytes_max: usize) -> Result<Vec<u8>> {
        match self.queue.get(name, bytes_max)? {
            Found::Bytes(bytes) => Ok(bytes),
            Found::Nothing => Err(eyre!("{name} is not there")),
            Found::Garbage(why) => Err(eyre!("{name} cannot be read: {why}")),
        }
    }
}

/// A prover, and where it keeps what it has done of a job's last task.
struct Hands<'a> {
    prover: &'a Prover<'a>,
    scratch: Jobs,
}

impl Prove for Hands<'_> {
    fn segment(&self, output: [u8; 32], inputs: Inputs, index: u32) -> Result<Vec<u8>> {
        // Nobody reads what the one before took.
        meter::take();
        natively_of(inputs.clone(), output)?;
        self.prover.segment(&job::guest_inputs(inputs)?, index)?.encode()
    }

    fn finish(&self, output: [u8; 32], inputs: Inputs, segments: Vec<u8>) -> Result<Vec<u8>> {
        natively_of(inputs.clone(), output)?;
        self.tidy(output)?;
        let job = self.scratch.create(output.into(), &inputs)?;
        let lock = job.lock()?;
        ensure!(lock.is_some(), "another worker on this machine has it");
        job::SEGMENTS.write(&job, &segments)?;
        // Otherwise they would all be made anew, here.
        let kept = self.prover.kept_segments(&job)?;
        ensure!(kept.is_some(), "the segments' proofs are of no use");
        drop(kept);
        self.prover.chain(&job)?;
        let proof = job.proof()?.ok_or_else(|| eyre!("the proof is gone"))?;
        job.remove()?;
        Ok(encode_proof(&proof))
    }
}

impl Hands<'_> {
    /// What is left of other jobs goes: somebody else has finished them, or will.
    fn tidy(&self, output: [u8; 32]) -> Result<()> {
        self.scratch.tidy()?;
        for job in self.scratch.all()? {
            if job.output() != output && job.lock()?.is_some() {
                job.remove()?;
            }
        }
        Ok(())
    }
}
