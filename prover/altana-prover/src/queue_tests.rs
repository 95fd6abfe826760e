//! Jobs that are shared over a real server, with workers that prove nothing.

use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use altana_proof::{CLAIM_BYTES, Inputs, Job, Jobs, Proof};
use eyre::{Result, bail, ensure};
use serde_json::Value;

use crate::{
    job,
    nats::{Found, Queue, Server},
    share::{Check, FAILURES_MAX, Sharer},
    task::{Answer, Step, Task, encode_inputs, inputs_name, segments_name},
    work::{PAUSE_MAX, rest},
    worker::{DELIVERIES_MAX, Did, Prove, Worker},
};

const TAG: &str = "test";
/// What the server waits for a worker that is gone.
const ACK_WAIT: Duration = Duration::from_secs(1);
const WAIT: Duration = Duration::from_millis(200);
/// What any of this takes at most, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);
const SEGMENTS: u32 = 5;

/// A server of this test, and the folder of all it has.
pub(crate) struct Nats {
    process: Child,
    folder: PathBuf,
    url: String,
}

impl Nats {
    pub(crate) fn start(name: &str) -> Self {
        let name = format!("altana-queue-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let process = Self::spawn(&folder, "-1");
        let path = folder.join(format!("nats-server_{}.ports", process.id()));
        let ports = until(|| serde_json::from_slice::<Value>(&fs::read(&path).ok()?).ok());
        let url = ports["nats"][0].as_str().unwrap();
        let url = url.replace("://", "://altana:a%40b@");
        Self { process, folder, url }
    }

    fn spawn(folder: &Path, port: &str) -> Child {
        Command::new("nats-server")
            .args(["--user", "altana", "--pass", "a@b"])
            .args(["--jetstream", "--addr", "127.0.0.1", "--port", port])
            .args(["--store_dir".as_ref(), folder.as_os_str()])
            .args(["--ports_file_dir".as_ref(), folder.as_os_str()])
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server is installed (Debian: nats-server; `cargo xtask soak zk` does it)")
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        let port = self.url.rsplit(':').next().unwrap().to_owned();
        self.process = Self::spawn(&self.folder, &port);
    }

    /// As another machine has it.
    pub(crate) fn queue(&self) -> Queue {
        let server = Server { nats: self.url.clone(), nats_creds: None };
        Queue::open(&server, TAG, ACK_WAIT).unwrap()
    }

    fn jobs(&self) -> Jobs {
        Jobs::new(self.folder.join("jobs"))
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What something gives when it gives anything.
fn until<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not happen");
        rest(Duration::from_millis(10));
    }
}

/// Proofs that say what they are of.
#[derive(Default)]
struct Fake {
    /// What was done, in order.
    done: RefCell<Vec<Step>>,
    is_broken: bool,
}

fn segment(output: [u8; 32], index: u32) -> Vec<u8> {
    format!("segment {index} of {}", hex::encode(output)).into()
}

fn joined(output: [u8; 32]) -> Vec<u8> {
    (0..SEGMENTS).flat_map(|index| segment(output, index)).collect()
}

fn proof(output: [u8; 32]) -> Vec<u8> {
    format!("proof of {}", hex::encode(output)).into()
}

fn inputs() -> Inputs {
    Inputs { statement: b"statement".into(), pages: vec![1; 300_000], blobs: vec![] }
}

impl Check for Fake {
    fn plan(&self, job: &Job) -> Result<(usize, Option<Vec<u8>>)> {
        let kept = job::SEGMENTS.read(job, |bytes| Ok(bytes.to_vec()));
        Ok((SEGMENTS as usize, kept?))
    }

    fn segment(&self, bytes: &[u8], _: bool) -> Result<()> {
        if bytes == b"panic" {
            panic!("as the library does");
        }
        ensure!(bytes.starts_with(b"segment"), "no proof");
        Ok(())
    }

    fn join(&self, job: &Job, segments: &[Vec<u8>]) -> Result<Vec<u8>> {
        ensure!(segments.concat() == joined(job.output().0), "of another run");
        Ok(segments.concat())
    }

    fn proof(&self, job: &Job, bytes: &[u8]) -> Result<Proof> {
        ensure!(bytes == proof(job.output().0), "no proof");
        Ok(Proof { claim: [1; CLAIM_BYTES], part1: bytes.into(), part2: vec![] })
    }
}

impl Prove for Fake {
    fn segment(&self, output: [u8; 32], given: Inputs, index: u32) -> Result<Vec<u8>> {
        self.done.borrow_mut().push(Step::Segment(index));
        if self.is_broken {
            bail!("no memory");
        }
        ensure!(given == inputs(), "other inputs");
        Ok(segment(output, index))
    }

    fn finish(&self, output: [u8; 32], _: Inputs, segments: Vec<u8>) -> Result<Vec<u8>> {
        self.done.borrow_mut().push(Step::Finish);
        ensure!(segments == joined(output), "other segments");
        Ok(proof(output))
    }
}

/// Shares and works until the job has its proof.
fn prove(sharer: &mut Sharer<'_, Fake>, workers: &[Worker<'_, Fake>], job: &Job) {
    until(|| {
        sharer.tick(Instant::now()).unwrap();
        for worker in workers {
            worker.step(WAIT).unwrap();
        }
        job.is_proven().then_some(())
    });
    assert_eq!(job.proof().unwrap().unwrap().part1, proof(job.output().0));
}

/// Nothing of a job is in the queue.
fn assert_clean(queue: &Queue, output: [u8; 32]) {
    let steps = (0..SEGMENTS).map(Step::Segment).chain([Step::Finish]);
    let answers = steps.map(|step| Task { output, step }.name());
    for name in answers.chain([inputs_name(&output), segments_name(&output)]) {
        assert!(!queue.has(&name).unwrap(), "{name}");
    }
    assert!(queue.take(WAIT).unwrap().is_none(), "a task");
}

#[test]
fn two_workers_share_the_segments_of_a_job() {
    let nats = Nats::start("two");
    let job = nats.jobs().create([1; 32].into(), &inputs()).unwrap();
    let (share, first, second) = (nats.queue(), nats.queue(), nats.queue());
    let (check, one, other) = (Fake::default(), Fake::default(), Fake::default());
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    let workers = [Worker { queue: &first, prove: &one }, Worker { queue: &second, prove: &other }];
    prove(&mut sharer, &workers, &job);
    let (mut one, mut other) = (one.done.into_inner(), other.done.into_inner());
    assert!(one.len() > 1 && other.len() > 1, "{one:?} {other:?}");
    one.append(&mut other);
    assert_eq!(one.len(), SEGMENTS as usize + 1, "each once: {one:?}");
    assert!(sharer.is_idle(Instant::now()));
    assert_eq!(sharer.proven.len(), 1);
    assert_clean(&share, [1; 32]);
}

#[test]
fn the_task_of_a_worker_that_was_killed_goes_to_another() {
    let nats = Nats::start("killed");
    let job = nats.jobs().create([2; 32].into(), &inputs()).unwrap();
    let (share, doomed, queue) = (nats.queue(), nats.queue(), nats.queue());
    let (check, fake) = (Fake::default(), Fake::default());
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    sharer.tick(Instant::now()).unwrap();
    let taken = until(|| doomed.take(WAIT).unwrap());
    let lost = Task::parse(&taken.name).unwrap();
    // Its process and its connection end.
    drop(taken);
    drop(doomed);
    prove(&mut sharer, &[Worker { queue: &queue, prove: &fake }], &job);
    assert!(fake.done.borrow().contains(&lost.step));
    assert_clean(&share, [2; 32]);
}

#[test]
fn wrong_answers_are_thrown_away_and_asked_for_again() {
    let nats = Nats::start("garbage");
    let output = [3; 32];
    let job = nats.jobs().create(output.into(), &inputs()).unwrap();
    let (share, queue) = (nats.queue(), nats.queue());
    let (check, fake) = (Fake::default(), Fake::default());
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    let put = |step, bytes: &[u8]| queue.put(&Task { output, step }.name(), bytes).unwrap();
    put(Step::Segment(0), b"");
    put(Step::Segment(1), &Answer::Done(b"panic".into()).encode());
    put(Step::Segment(2), &Answer::Failed("\x1b[2J".into()).encode());
    put(Step::Segment(3), &vec![1; 9 << 20]);
    // A right one, of another run: found out when they are joined.
    put(Step::Segment(4), &Answer::Done(segment([9; 32], 4)).encode());
    put(Step::Finish, &Answer::Done(b"wrong".into()).encode());
    for nonsense in ["nonsense", "0.0.0", &format!("{}.7", "ab".repeat(32))] {
        queue.publish(nonsense).unwrap();
    }
    prove(&mut sharer, &[Worker { queue: &queue, prove: &fake }], &job);
    assert!(fake.done.borrow().contains(&Step::Segment(4)));
    assert_clean(&share, output);
}

#[test]
fn what_workers_read_is_put_there_again() {
    let nats = Nats::start("inputs");
    let output = [4; 32];
    let job = nats.jobs().create(output.into(), &inputs()).unwrap();
    let (share, queue) = (nats.queue(), nats.queue());
    let (check, fake) = (Fake::default(), Fake::default());
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    let worker = Worker { queue: &queue, prove: &fake };
    sharer.tick(Instant::now()).unwrap();
    let other = Inputs { statement: vec![9], ..inputs() };
    queue.put(&inputs_name(&output), &encode_inputs(&other)).unwrap();
    assert_eq!(until(|| did(&worker)), Did::Failed);
    sharer.tick(Instant::now()).unwrap();
    queue.remove(&inputs_name(&output)).unwrap();
    assert_eq!(until(|| did(&worker)), Did::Failed);
    prove(&mut sharer, &[worker], &job);
}

fn did(worker: &Worker<'_, Fake>) -> Option<Did> {
    Some(worker.step(WAIT).unwrap()).filter(|did| *did != Did::Nothing)
}

#[test]
fn a_job_that_is_removed_leaves_nothing_in_the_queue() {
    let nats = Nats::start("removed");
    let output = [5; 32];
    let job = nats.jobs().create(output.into(), &inputs()).unwrap();
    let (share, queue) = (nats.queue(), nats.queue());
    let (check, fake) = (Fake::default(), Fake::default());
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    sharer.tick(Instant::now()).unwrap();
    let worker = Worker { queue: &queue, prove: &fake };
    assert_eq!(until(|| did(&worker)), Did::Done);
    assert!(share.has(&inputs_name(&output)).unwrap());
    job.remove().unwrap();
    sharer.tick(Instant::now()).unwrap();
    assert_clean(&share, output);
    assert!(sharer.proven.is_empty());
    // The node has it proven after all.
    let job = nats.jobs().create(output.into(), &inputs()).unwrap();
    prove(&mut sharer, &[worker], &job);
}

#[test]
fn a_task_that_always_fails_is_given_up_and_tried_again_later() {
    let nats = Nats::start("failing");
    let output = [6; 32];
    let job = nats.jobs().create(output.into(), &inputs()).unwrap();
    let (share, queue) = (nats.queue(), nats.queue());
    let (check, broken) = (Fake::default(), Fake { is_broken: true, ..Fake::default() });
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), false);
    let worker = Worker { queue: &queue, prove: &broken };
    let now = Instant::now();
    until(|| {
        sharer.tick(now).unwrap();
        worker.step(WAIT).unwrap();
        sharer.is_idle(now).then_some(())
    });
    assert!(broken.done.borrow().len() >= FAILURES_MAX as usize);
    assert!(queue.take(WAIT).unwrap().is_none(), "nobody tries meanwhile");
    assert!(job.is_open(), "another prover may be able to");
    let (fake, later) = (Fake::default(), now + PAUSE_MAX);
    let worker = Worker { queue: &queue, prove: &fake };
    until(|| {
        sharer.tick(later).unwrap();
        worker.step(WAIT).unwrap();
        job.is_proven().then_some(())
    });
    assert_clean(&share, output);
}

#[test]
fn a_task_that_kills_its_workers_is_not_handed_out_for_ever() {
    let nats = Nats::start("deadly");
    let task = Task { output: [7; 32], step: Step::Segment(0) };
    let (queue, fake) = (nats.queue(), Fake::default());
    queue.publish(&task.name()).unwrap();
    for times in 1..=DELIVERIES_MAX {
        assert_eq!(until(|| queue.take(WAIT).unwrap()).times, times);
    }
    let worker = Worker { queue: &queue, prove: &fake };
    assert_eq!(until(|| did(&worker)), Did::Failed);
    assert!(fake.done.borrow().is_empty(), "it did not try");
    let Found::Bytes(bytes) = queue.get(&task.name(), 1 << 20).unwrap() else { panic!() };
    let Answer::Failed(reason) = Answer::decode(&bytes).unwrap() else { panic!() };
    assert!(reason.contains("did not answer"), "{reason}");
    assert!(queue.take(WAIT).unwrap().is_none());
}

#[test]
fn a_server_that_comes_back_is_gone_on_with() {
    let mut nats = Nats::start("down");
    let output = [8; 32];
    let job = nats.jobs().create(output.into(), &inputs()).unwrap();
    let (share, queue) = (nats.queue(), nats.queue());
    let (check, fake) = (Fake::default(), Fake::default());
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    let worker = Worker { queue: &queue, prove: &fake };
    sharer.tick(Instant::now()).unwrap();
    assert_eq!(until(|| did(&worker)), Did::Done);
    nats.stop();
    assert!(sharer.tick(Instant::now()).is_err());
    assert!(worker.step(WAIT).is_err());
    nats.start_again();
    until(|| {
        // They find it when they try next.
        let _ = sharer.tick(Instant::now());
        let _ = worker.step(WAIT);
        job.is_proven().then_some(())
    });
}

#[test]
fn one_who_shares_and_was_killed_goes_on_with_what_is_there() {
    let nats = Nats::start("again");
    let output = [9; 32];
    let job = nats.jobs().create(output.into(), &inputs()).unwrap();
    let (share, queue) = (nats.queue(), nats.queue());
    let (check, fake) = (Fake::default(), Fake::default());
    let worker = Worker { queue: &queue, prove: &fake };
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    sharer.tick(Instant::now()).unwrap();
    for _ in 0..SEGMENTS - 1 {
        assert_eq!(until(|| did(&worker)), Did::Done);
    }
    drop(sharer);
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    until(|| {
        sharer.tick(Instant::now()).unwrap();
        worker.step(WAIT).unwrap();
        job.folder().join("segments.proof").exists().then_some(())
    });
    drop(sharer);
    let mut sharer = Sharer::new(&share, &check, nats.jobs(), true);
    prove(&mut sharer, &[worker], &job);
    assert_clean(&share, output);
    assert_eq!(fake.done.borrow().len(), SEGMENTS as usize + 1, "nothing was made twice");
}
