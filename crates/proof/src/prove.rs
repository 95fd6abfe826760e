//! From the inputs to the output: the guest's program.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use altana_protocol::{
    batch::BatchHeader,
    stf::{MissingPreimage, Oracle, StfInput, public_input, run},
};
use core::cell::RefCell;

use crate::{
    BlobError, Blobs, BlobsError, Opening, PagesError, Scalar, Statement, StatementError,
    history_root, output, pages::Pages,
};

/// There is nothing to prove. All of these are final: the same inputs are refused for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The first input.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The second input.
    #[error(transparent)]
    Blobs(#[from] BlobsError),
    /// A blob of the second input.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The third input.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// The witness lacks something.
    #[error(transparent)]
    Missing(#[from] MissingPreimage),
    /// A hash of the statement is not a batch's.
    #[error("{0} is the hash of something else than a batch")]
    NoBatch(B256),
    /// A batch does not follow the one before.
    #[error("batch {0} has another parent")]
    Parent(B256),
}

/// Runs the batches of an encoded [`Statement`] over [`crate::encode_blobs`] and pages, as they come:
/// gives the guest's output, and what of it the parent chain has to check.
pub fn prove<S: Scalar>(
    statement: &[u8],
    blobs: &[u8],
    pages: impl Iterator<Item = Bytes>,
) -> Result<(B256, Vec<Opening>), Refused> {
    let statement = Statement::decode(statement)?;
    let pages = RefCell::new(Pages::new(pages));
    let oracle = Preimages { pages, blobs: Blobs::decode(blobs)? };
    let openings = oracle.blobs.open::<S>()?;
    let Run { public_input, history } = run_batches(&oracle, &statement)?;
    Ok((output(public_input, history, &openings), openings))
}

struct Preimages<'a, I> {
    pages: RefCell<Pages<I>>,
    blobs: Blobs<'a>,
}

impl<I: Iterator<Item = Bytes>> Oracle for Preimages<'_, I> {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        self.pages.borrow_mut().take(hash)
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        self.blobs.element(versioned_hash, index)
    }
}

/// What a statement's batches lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The hash of it ([`public_input`]).
    pub public_input: B256,
    /// The root of the history on the way ([`history_root`]).
    pub history: B256,
}

/// Runs a statement's batches. An oracle that lacks something can be asked again once it has it.
pub fn run_batches(oracle: &impl Oracle, statement: &Statement) -> Result<Run, Refused> {
    let Statement { config_hash, previous_root, previous_batch, batches } = statement;
    let (mut root, mut parent, mut last_block) = (*previous_root, *previous_batch, 0);
    let mut leaves = Vec::new();
    for hash in batches {
        let header = oracle.keccak(*hash)?;
        let batch = BatchHeader::decode(&header).ok_or(Refused::NoBatch(*hash))?;
        if batch.parent != parent {
            return Err(Refused::Parent(*hash));
        }
        let input = StfInput { config_hash: *config_hash, previous_output_root: root, batch };
        let output = run(oracle, &input)?;
        (root, parent, last_block) = (output.output_root, *hash, output.last_block);
        leaves.push(output.leaves);
    }
    Ok(Run {
        public_input: public_input(
            *config_hash,
            *previous_root,
            *previous_batch,
            parent,
            root,
            last_block,
        ),
        history: history_root(leaves),
    })
}
