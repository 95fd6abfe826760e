//! What travels over a queue: tasks, their answers, a job's inputs.

use std::fmt::{self, Display, Formatter};

use altana_proof::{
    BLOBS_BYTES_MAX, Inputs, PAGES_BYTES_MAX, PART1_BYTES_MAX, PART2_BYTES_MAX, Proof,
    STATEMENT_BYTES_MAX,
};
use eyre::{Result, ensure, eyre};

/// Most segments of a job that is shared.
pub(crate) const SEGMENTS_MAX: usize = 4_096;
/// Most bytes of one segment's proof: they have about one million.
const SEGMENT_BYTES_MAX: usize = 8 << 20;
/// Most bytes of an answer.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 + SEGMENT_BYTES_MAX;
/// Most bytes of a job's inputs.
pub(crate) const INPUTS_BYTES_MAX: usize =
    3 * 4 + STATEMENT_BYTES_MAX + PAGES_BYTES_MAX + BLOBS_BYTES_MAX;
/// Most bytes of all its segments' proofs together.
pub(crate) const SEGMENTS_BYTES_MAX: usize = 1 << 30;
/// Most bytes of a reason that are shown.
const REASON_BYTES_MAX: usize = 1_024;

/// A job, which its output names, and what to do of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) output: [u8; 32],
    pub(crate) step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Proves one segment.
    Segment(u32),
    /// Aggregates the segments' proofs, and proves the last layer.
    Finish,
}

/// What a worker says of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done(Vec<u8>),
    Failed(String),
}

impl Task {
    /// Of the task, and of the object with its answer.
    pub(crate) fn name(&self) -> String {
        let job = hex::encode(self.output);
        match self.step {
            Step::Segment(index) => format!("{job}.{index}"),
            Step::Finish => format!("{job}.finish"),
        }
    }

    /// Of a name as [`Self::name`] gives it, and no other.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (job, step) = name.split_once('.')?;
        let mut output = [0; 32];
        hex::decode_to_slice(job, &mut output).ok()?;
        let step = match step {
            "finish" => Step::Finish,
            index => Step::Segment(index.parse().ok()?),
        };
        let task = Self { output, step };
        (task.name() == name).then_some(task)
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(index) => write!(f, "segment {index}"),
            Self::Finish => write!(f, "the last task"),
        }
    }
}

/// The object with a job's inputs.
pub(crate) fn inputs_name(output: &[u8; 32]) -> String {
    format!("{}.inputs", hex::encode(output))
}

/// The object with the proofs of all segments of a job.
pub(crate) fn segments_name(output: &[u8; 32]) -> String {
    format!("{}.segments", hex::encode(output))
}

impl Answer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (tag, bytes) = match self {
            Self::Failed(reason) => (0, reason.as_bytes()),
            Self::Done(bytes) => (1, &bytes[..]),
        };
        [&[tag], bytes].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        match bytes {
            [0, reason @ ..] => Ok(Self::Failed(readable(reason))),
            [1, bytes @ ..] => Ok(Self::Done(bytes.to_vec())),
            _ => Err(eyre!("no answer")),
        }
    }
}

/// A reason as an operator's terminal may have it, whoever wrote it.
fn readable(reason: &[u8]) -> String {
    let reason = &reason[..reason.len().min(REASON_BYTES_MAX)];
    let text = String::from_utf8_lossy(reason);
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

pub(crate) fn encode_inputs(inputs: &Inputs) -> Vec<u8> {
    pack(&[&inputs.statement, &inputs.pages, &inputs.blobs])
}

pub(crate) fn decode_inputs(bytes: &[u8]) -> Result<Inputs> {
    let bytes_max = [STATEMENT_BYTES_MAX, PAGES_BYTES_MAX, BLOBS_BYTES_MAX];
    let [statement, pages, blobs] = unpack(bytes, bytes_max)?;
    Ok(Inputs { statement, pages, blobs })
}

pub(crate) fn encode_proof(proof: &Proof) -> Vec<u8> {
    pack(&[&proof.claim, &proof.part1, &proof.part2])
}

pub(crate) fn decode_proof(bytes: &[u8]) -> Result<Proof> {
    let claim_bytes = altana_proof::CLAIM_BYTES;
    let [claim, part1, part2] = unpack(bytes, [claim_bytes, PART1_BYTES_MAX, PART2_BYTES_MAX])?;
    let claim = claim.try_into().map_err(|_| eyre!("a claim of another length"))?;
    Ok(Proof { claim, part1, part2 })
}

/// Each after its length in four bytes.
fn pack(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| 4 + part.len()).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn unpack<const N: usize>(mut bytes: &[u8], bytes_max: [usize; N]) -> Result<[Vec<u8>; N]> {
    let mut parts = [const { Vec::new() }; N];
    for (part, bytes_max) in parts.iter_mut().zip(bytes_max) {
        let (length, rest) = bytes.split_first_chunk().ok_or_else(|| eyre!("too short"))?;
        let length = u32::from_be_bytes(*length) as usize;
        ensure!(length <= bytes_max && length <= rest.len(), "too long");
        let (taken, rest) = rest.split_at(length);
        *part = taken.to_vec();
        bytes = rest;
    }
    ensure!(bytes.is_empty(), "too long");
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_from_its_name_and_from_no_other() {
        for step in [Step::Segment(0), Step::Segment(17), Step::Finish] {
            let task = Task { output: [7; 32], step };
            assert_eq!(Task::parse(&task.name()), Some(task));
        }
        let job = "07".repeat(32);
        let upper = "AB".repeat(32);
        for (job, step) in [
            (&*job, ""),
            (&job, "01"),
            (&job, "+1"),
            (&job, "-1"),
            (&job, "4294967296"),
            (&job, "finish.1"),
            (&upper, "1"),
            (&job[2..], "1"),
            ("", "1"),
        ] {
            assert_eq!(Task::parse(&format!("{job}.{step}")), None, "{job}.{step}");
        }
        assert_eq!(Task::parse(&job), None);
    }

    #[test]
    fn answers_and_inputs_are_read_as_they_were_written() {
        for answer in [Answer::Done(vec![1, 2]), Answer::Failed("why".into())] {
            assert_eq!(Answer::decode(&answer.encode()).unwrap(), answer);
        }
        assert!(Answer::decode(&[]).is_err());
        assert!(Answer::decode(&[2]).is_err());
        let shown = Answer::decode(b"\0a\x1b[2Jb\nc\xff").unwrap();
        assert_eq!(shown, Answer::Failed("a [2Jb c\u{fffd}".into()), "it cannot clear a screen");
        let Answer::Failed(long) = Answer::decode(&[0; 1 << 20]).unwrap() else { panic!() };
        assert_eq!(long.len(), REASON_BYTES_MAX);

        let inputs = Inputs { statement: vec![1], pages: vec![], blobs: vec![2; 300] };
        let bytes = encode_inputs(&inputs);
        assert_eq!(decode_inputs(&bytes).unwrap(), inputs);
        for end in 0..bytes.len() {
            assert!(decode_inputs(&bytes[..end]).is_err(), "{end}");
        }
        assert!(decode_inputs(&[&bytes[..], &[0]].concat()).is_err());
        assert!(unpack(&pack(&[&[0; 9]]), [8]).is_err(), "longer than it may be");
        let proof = Proof { claim: [3; altana_proof::CLAIM_BYTES], part1: vec![1], part2: vec![2] };
        assert_eq!(decode_proof(&encode_proof(&proof)).unwrap(), proof);
    }
}
