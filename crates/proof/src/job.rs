//! The folder in which a node and a prover meet: a job is a folder in it, named by its output.
//!
//! Everything is written whole or not at all, and what is there is checked by whoever reads it.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use alloy_primitives::{B256, hex};

use crate::{
    BLOBS_BYTES_MAX, CLAIM_BYTES, PAGES_BYTES_MAX, PART1_BYTES_MAX, PART2_BYTES_MAX, Proof,
    STATEMENT_BYTES_MAX,
};

/// Most bytes of the reason for which a job failed.
pub const FAILED_BYTES_MAX: usize = 4096;

/// No job takes so long to write.
const WRITING_MAX: Duration = Duration::from_secs(3_600);

const STATEMENT: &str = "statement";
const PAGES: &str = "pages";
const BLOBS: &str = "blobs";
const OUTPUT: &str = "output";
const CLAIM: &str = "chain.claim";
const PART1: &str = "chain.part1";
const PART2: &str = "chain.part2";
const FAILED: &str = "failed";
const LOCK: &str = "lock";

/// A folder of jobs.
#[derive(Clone, Debug)]
pub struct Jobs {
    folder: PathBuf,
}

/// What a prover needs to know, encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// [`crate::Statement::encode`].
    pub statement: Vec<u8>,
    /// [`crate::encode_pages`].
    pub pages: Vec<u8>,
    /// [`crate::encode_blobs`].
    pub blobs: Vec<u8>,
}

/// One job's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    folder: PathBuf,
    output: B256,
}

/// Keeps other provers of this machine from a job, until it is dropped or its process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// A file of a job cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The file system refuses: try again.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Remove the job.
    #[error("{}: too long, or too short", .0.display())]
    Length(PathBuf),
    /// Remove the job.
    #[error("{}: not what the folder's name says", .0.display())]
    Output(PathBuf),
    /// Remove the job. (Who opens a pipe waits for whoever writes into it.)
    #[error("{}: no file", .0.display())]
    NoFile(PathBuf),
}

impl JobError {
    /// Whether the same may be there a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Io { error, .. } if !is_absent(error))
    }
}

impl Jobs {
    /// Jobs in this folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The job with this output, whether it is there or not.
    pub fn job(&self, output: B256) -> Job {
        Job { folder: self.folder.join(hex::encode(output)), output }
    }

    /// Puts a job there, if it is not. `output` is what [`crate::prove`] says of it.
    pub fn create(&self, output: B256, inputs: &Inputs) -> Result<Job, JobError> {
        Job::put(self.job(output).folder, output, inputs)
    }

    /// All jobs, the oldest first.
    pub fn all(&self) -> Result<Vec<Job>, JobError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            entries => entries.map_err(at(&self.folder))?,
        };
        let mut jobs: Vec<(SystemTime, Job)> = Vec::new();
        for entry in entries {
            let name = entry.map_err(at(&self.folder))?.file_name();
            let output = name.to_str().and_then(|name| hex::decode_to_array(name).ok());
            let Some(output) = output else { continue };
            let job = self.job(B256::new(output));
            // What another removes meanwhile is none.
            if let Ok(facts) = fs::metadata(job.folder.join(OUTPUT)) {
                jobs.push((facts.modified().map_err(at(&job.folder))?, job));
            }
        }
        jobs.sort_by(|(age, job), (other_age, other)| {
            (age, job.output).cmp(&(other_age, other.output))
        });
        Ok(jobs.into_iter().map(|(_, job)| job).collect())
    }

    /// Removes what writers that were killed have left half done.
    pub fn tidy(&self) -> Result<(), JobError> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Ok(()) };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|facts| facts.modified()).ok();
            let age = age.and_then(|changed| changed.elapsed().ok());
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            if is_hidden && age.is_some_and(|age| age > WRITING_MAX) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// The jobs that neither have a proof nor failed, the oldest first.
    pub fn open(&self) -> Result<Vec<Job>, JobError> {
        let mut jobs = self.all()?;
        jobs.retain(Job::is_open);
        Ok(jobs)
    }
}

impl Job {
    /// Puts a job into a folder of any name, if this one is not there. Anything else there goes.
    pub fn put(
        folder: impl Into<PathBuf>,
        output: B256,
        inputs: &Inputs,
    ) -> Result<Self, JobError> {
        let job = Self { folder: folder.into(), output };
        match job.inputs() {
            Ok(known) if known == *inputs => return Ok(job),
            Err(error) if error.is_passing() => return Err(error),
            _ => job.remove()?,
        }
        let parent = job.folder.parent().unwrap_or(Path::new("."));
        // Other machines may have processes of the same number.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let unique = format!(".{}.{}.{}", hex::encode(output), std::process::id(), now.as_nanos());
        let new = parent.join(unique);
        fs::create_dir_all(&new).map_err(at(&new))?;
        for (name, bytes) in [
            (STATEMENT, &inputs.statement[..]),
            (PAGES, &inputs.pages),
            (BLOBS, &inputs.blobs),
            (OUTPUT, output.as_slice()),
        ] {
            write_new(&new.join(name), bytes)?;
        }
        match fs::rename(&new, &job.folder) {
            Ok(()) => sync(parent)?,
            // Somebody else was faster.
            Err(_) if job.exists() => remove(&new)?,
            Err(error) => return Err(at(&job.folder)(error)),
        }
        Ok(job)
    }

    /// A job by its folder, whatever its name is.
    pub fn at(folder: impl Into<PathBuf>) -> Result<Self, JobError> {
        let folder = folder.into();
        let path = folder.join(OUTPUT);
        let bytes = read(&path, 32)?;
        let output = bytes.as_slice().try_into();
        let output = output.map_err(|_| JobError::Length(path))?;
        Ok(Self { folder, output })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the guest must give.
    pub fn output(&self) -> B256 {
        self.output
    }

    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.folder.join(OUTPUT).exists()
    }

    /// Whether a prover has anything to do.
    pub fn is_open(&self) -> bool {
        self.exists() && !self.is_proven() && !self.folder.join(FAILED).exists()
    }

    /// Whether there is a proof, which may be wrong.
    pub fn is_proven(&self) -> bool {
        self.folder.join(CLAIM).exists()
    }

    /// What the prover needs.
    pub fn inputs(&self) -> Result<Inputs, JobError> {
        let path = self.folder.join(OUTPUT);
        if read(&path, 32)? != self.output.as_slice() {
            return Err(JobError::Output(path));
        }
        Ok(Inputs {
            statement: read(&self.folder.join(STATEMENT), STATEMENT_BYTES_MAX)?,
            pages: read(&self.folder.join(PAGES), PAGES_BYTES_MAX)?,
            blobs: read(&self.folder.join(BLOBS), BLOBS_BYTES_MAX)?,
        })
    }

    /// Takes the job; `None` if a prover on this machine has it.
    pub fn lock(&self) -> Result<Option<Lock>, JobError> {
        let path = self.folder.join(LOCK);
        let file = File::options().create(true).append(true).open(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(at(&path)(error)),
        }
    }

    /// The proof that somebody put there, who may be anybody: [`Proof::verify`] it.
    pub fn proof(&self) -> Result<Option<Proof>, JobError> {
        if !self.is_proven() {
            return Ok(None);
        }
        let path = self.folder.join(CLAIM);
        let claim = read(&path, CLAIM_BYTES)?.try_into();
        let claim = claim.map_err(|_| JobError::Length(path))?;
        Ok(Some(Proof {
            claim,
            part1: read(&self.folder.join(PART1), PART1_BYTES_MAX)?,
            part2: read(&self.folder.join(PART2), PART2_BYTES_MAX)?,
        }))
    }

    /// Puts the proof there.
    pub fn finish(&self, proof: &Proof) -> Result<(), JobError> {
        self.write(PART1, &proof.part1)?;
        self.write(PART2, &proof.part2)?;
        // Its presence says that the others are there.
        self.write(CLAIM, &proof.claim)
    }

    /// Why the job has no proof and will have none, if it is so.
    pub fn failure(&self) -> Result<Option<String>, JobError> {
        let path = self.folder.join(FAILED);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&read(&path, FAILED_BYTES_MAX)?).into_owned()))
    }

    /// Gives the job up.
    pub fn fail(&self, reason: &str) -> Result<(), JobError> {
        let reason = reason.as_bytes();
        self.write(FAILED, &reason[..reason.len().min(FAILED_BYTES_MAX)])
    }

    /// Has the job worked on again, from its inputs: all else that is in its folder goes.
    pub fn reopen(&self) -> Result<(), JobError> {
        for entry in fs::read_dir(&self.folder).map_err(at(&self.folder))? {
            let name = entry.map_err(at(&self.folder))?.file_name();
            let kept = [STATEMENT, PAGES, BLOBS, OUTPUT, LOCK, CLAIM, FAILED];
            if !kept.iter().any(|kept| name == *kept) {
                remove(&self.folder.join(name))?;
            }
        }
        // Last what keeps provers away: nobody writes here before.
        remove(&self.folder.join(CLAIM))?;
        remove(&self.folder.join(FAILED))
    }

    /// Removes the job and all that is in its folder.
    pub fn remove(&self) -> Result<(), JobError> {
        // First what makes it a job.
        remove(&self.folder.join(OUTPUT))?;
        remove(&self.folder)
    }

    /// What a prover keeps here beside the job; `None` if it is not there.
    pub fn kept(&self, name: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, JobError> {
        match read(&self.folder.join(name), bytes_max) {
            Err(JobError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            bytes => bytes.map(Some),
        }
    }

    /// Removes what a prover kept here, if it is there.
    pub fn discard(&self, name: &str) -> Result<(), JobError> {
        remove(&self.folder.join(name))
    }

    /// Writes a file of the job, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), JobError> {
        let path = self.folder.join(name);
        let part = self.folder.join(format!(".{name}"));
        write_new(&part, bytes)?;
        fs::rename(&part, &path).map_err(at(&path))?;
        sync(&self.folder)
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), JobError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(at(path))
}

/// Removes whatever is there, if anything is.
fn remove(path: &Path) -> Result<(), JobError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if !is_absent(&error) => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Nothing is there, or a file where a folder should be.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Makes a renaming in a folder last.
fn sync(folder: &Path) -> Result<(), JobError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, JobError> {
    if !fs::symlink_metadata(path).map_err(at(path))?.is_file() {
        return Err(JobError::NoFile(path.into()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(at(path))?;
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(at(path))?;
    if bytes.len() > bytes_max {
        return Err(JobError::Length(path.into()));
    }
    Ok(bytes)
}

fn at(path: &Path) -> impl Fn(io::Error) -> JobError + '_ {
    |error| JobError::Io { path: path.into(), error }
}
