//! The folder: what a node and a prover can rely on.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use alloy_primitives::{B256, hex};
use altana_proof::{FAILED_BYTES_MAX, Inputs, Job, JobError, Jobs, PART1_BYTES_MAX, Proof};
use tempfile::TempDir;

fn inputs() -> Inputs {
    Inputs { statement: vec![1; 128], pages: vec![2; 8], blobs: vec![] }
}

fn proof() -> Proof {
    Proof { claim: [7; 192], part1: vec![8; 9], part2: vec![9; 10] }
}

fn folder() -> (TempDir, Jobs) {
    let folder = tempfile::tempdir().unwrap();
    let jobs = Jobs::new(folder.path().join("jobs"));
    (folder, jobs)
}

#[test]
fn a_job_is_read_as_it_was_written() {
    let (_folder, jobs) = folder();
    assert_eq!(jobs.open().unwrap(), []);
    let job = jobs.create(B256::repeat_byte(1), &inputs()).unwrap();
    assert_eq!(job.inputs().unwrap(), inputs());
    assert_eq!(job.output(), B256::repeat_byte(1));
    assert_eq!(job.folder().file_name().unwrap(), &hex::encode([1; 32])[..]);
    assert_eq!(Job::at(job.folder()).unwrap(), job);
    assert_eq!(jobs.open().unwrap(), std::slice::from_ref(&job));
    job.remove().unwrap();
    job.remove().unwrap();
    assert_eq!(jobs.all().unwrap(), []);
}

#[test]
fn a_job_that_is_there_stays_as_it_is() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    job.finish(&proof()).unwrap();
    assert_eq!(jobs.create(B256::ZERO, &inputs()).unwrap(), job);
    assert!(job.is_proven());
}

/// Outputs are no secret: somebody may have been in the place of a job before.
#[test]
fn what_lies_in_the_place_of_a_job_makes_room() {
    let (_folder, jobs) = folder();
    let planted = jobs.create(B256::ZERO, &Inputs::default()).unwrap();
    planted.fail("nothing to prove").unwrap();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    assert_eq!((job.inputs().unwrap(), job.is_open()), (inputs(), true));
    for byte in [1, 2] {
        let output = B256::repeat_byte(byte);
        let place = job.folder().with_file_name(hex::encode(output));
        match byte {
            1 => fs::write(&place, "a file").unwrap(),
            _ => fs::create_dir_all(place.join("statement/more")).unwrap(),
        }
        let job = jobs.create(output, &inputs()).unwrap();
        assert_eq!(job.inputs().unwrap(), inputs());
    }
}

/// Who opens a pipe waits until somebody writes into it.
#[test]
fn pipes_and_folders_are_no_files() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    let pipe = job.folder().join("failed");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert!(matches!(job.failure(), Err(JobError::NoFile(_))));
    job.finish(&proof()).unwrap();
    fs::remove_file(job.folder().join("chain.part1")).unwrap();
    fs::create_dir_all(job.folder().join("chain.part1/more")).unwrap();
    assert!(matches!(job.proof(), Err(JobError::NoFile(_))));
    job.reopen().unwrap();
    assert!(job.is_open());
    assert_eq!(job.inputs().unwrap(), inputs());
}

#[test]
fn what_a_killed_writer_left_goes_in_time() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    let [old, young] = ["old", "young"].map(|name| job.folder().with_file_name(format!(".{name}")));
    for path in [&old, &young] {
        fs::create_dir(path).unwrap();
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7_200);
    fs::File::open(&old).unwrap().set_modified(long_ago).unwrap();
    jobs.tidy().unwrap();
    assert_eq!(
        [&old, &young, &job.folder().to_owned()].map(|path| path.exists()),
        [false, true, true]
    );
}

#[test]
fn the_oldest_open_job_comes_first() {
    let (_folder, jobs) = folder();
    let create = |byte: u8, age: u64| {
        let job = jobs.create(B256::repeat_byte(byte), &inputs()).unwrap();
        let output = fs::File::options().append(true).open(job.folder().join("output")).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 - age);
        output.set_modified(time).unwrap();
        job
    };
    let (young, old, older, oldest) = (create(1, 0), create(9, 1), create(3, 2), create(5, 3));
    assert_eq!(jobs.open().unwrap(), [&oldest, &older, &old, &young].map(Clone::clone));
    oldest.finish(&proof()).unwrap();
    old.fail("there is nothing to prove").unwrap();
    assert_eq!(jobs.open().unwrap(), [older.clone(), young.clone()]);
    assert_eq!(jobs.all().unwrap(), [&oldest, &older, &old, &young].map(Clone::clone));
    oldest.reopen().unwrap();
    old.reopen().unwrap();
    assert_eq!(jobs.open().unwrap(), [oldest, older, old, young]);
}

#[test]
fn what_is_no_job_is_ignored() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    let folder = job.folder().parent().unwrap();
    // A folder that a crash left, another without anything in it, a file.
    fs::create_dir(folder.join(format!(".{}.77", hex::encode([1; 32])))).unwrap();
    fs::create_dir(folder.join(hex::encode([2; 32]))).unwrap();
    fs::write(folder.join(hex::encode([3; 32])), "").unwrap();
    fs::write(folder.join("figures.json"), "").unwrap();
    assert_eq!(jobs.open().unwrap(), [job]);
}

#[test]
fn two_provers_do_not_take_one_job() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    let lock = job.lock().unwrap().unwrap();
    assert!(job.lock().unwrap().is_none());
    drop(lock);
    assert!(job.lock().unwrap().is_some());
}

#[test]
fn a_proof_counts_when_all_of_it_is_there() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    assert_eq!(job.proof().unwrap(), None);
    job.write("chain.part1", &proof().part1).unwrap();
    assert_eq!(job.proof().unwrap(), None);
    assert!(job.is_open());
    job.finish(&proof()).unwrap();
    assert_eq!(job.proof().unwrap(), Some(proof()));
    assert!(!job.is_open());
    job.reopen().unwrap();
    assert_eq!(job.proof().unwrap(), None);
}

#[test]
fn a_failure_says_why() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    assert_eq!(job.failure().unwrap(), None);
    job.fail(&"x".repeat(2 * FAILED_BYTES_MAX)).unwrap();
    assert_eq!(job.failure().unwrap(), Some("x".repeat(FAILED_BYTES_MAX)));
    assert!(!job.is_open());
}

#[test]
fn files_of_another_size_are_refused() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    job.finish(&proof()).unwrap();
    let check = |name: &str, bytes: usize| {
        fs::write(job.folder().join(name), vec![0; bytes]).unwrap();
        assert!(matches!(job.proof(), Err(JobError::Length(_))), "{name}");
        job.finish(&proof()).unwrap();
    };
    check("chain.claim", 191);
    check("chain.claim", 193);
    check("chain.part1", PART1_BYTES_MAX + 1);
    fs::write(job.folder().join("output"), [1; 32]).unwrap();
    assert!(matches!(job.inputs(), Err(JobError::Output(_))));
    fs::write(job.folder().join("output"), [1; 31]).unwrap();
    assert!(matches!(Job::at(job.folder()), Err(JobError::Length(_))));
}

/// Whoever sees that a job is open may write into it at once.
#[test]
fn a_job_is_open_again_only_once_all_else_has_gone() {
    let (_folder, jobs) = folder();
    let job = jobs.create(B256::ZERO, &inputs()).unwrap();
    let has_ended = AtomicBool::new(false);
    let (proved, reopened) = std::thread::scope(|scope| {
        let prover = scope.spawn(|| {
            for _ in 0..50 {
                while !job.is_open() && !has_ended.load(Relaxed) {
                    std::thread::yield_now();
                }
                job.finish(&proof())?;
            }
            Ok::<_, JobError>(())
        });
        let mut reopened = Ok(());
        while !prover.is_finished() && reopened.is_ok() {
            if job.is_proven() {
                reopened = job.proof().and_then(|_| job.reopen());
            }
        }
        has_ended.store(true, Relaxed);
        (prover.join().unwrap(), reopened)
    });
    proved.unwrap();
    reopened.unwrap();
}
