//! Where a state transition gets its pre-images from.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{B256, Bytes, map::B256Map};
use core::cell::RefCell;

use super::Witness;
use crate::trie::{MissingNode, NodeSource};

/// Answers by content: an answer is final, and its key vouches for it.
///
/// Whoever implements this must check answers that come from elsewhere: a
/// [`Oracle::keccak`] pre-image by hashing it, an element by the blob's KZG commitment.
pub trait Oracle {
    /// The bytes whose keccak256 is `hash`, at most [`super::PREIMAGE_BYTES_MAX`].
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage>;

    /// A field element of the blob with this versioned hash; `index` is below 4,096.
    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage>;
}

/// The oracle lacks this: get it, and run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum MissingPreimage {
    /// The pre-image of a keccak256 hash.
    #[error("pre-image of {0} is missing")]
    Keccak(B256),
    /// A field element.
    #[error("element {index} of blob {versioned_hash} is missing")]
    Element {
        /// Of the blob.
        versioned_hash: B256,
        /// Below 4,096.
        index: u16,
    },
}

impl revm::database_interface::DBErrorMarker for MissingPreimage {}

impl<O: Oracle + ?Sized> Oracle for &O {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        (**self).keccak(hash)
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        (**self).element(versioned_hash, index)
    }
}

/// A database of a chain's state.
pub trait StateSource: NodeSource {
    /// The contract code whose keccak256 is `hash`.
    fn code(&self, hash: B256) -> Result<Bytes, MissingNode>;
}

/// The oracle of a node that has the state: what the batch brings is in a [`Witness`], trie nodes
/// and code come from the database.
#[derive(Clone, Debug)]
pub struct HostOracle<S> {
    /// The chain's spec, the parent block, the queue messages and the payload.
    pub batch: Witness,
    /// Trie nodes and code.
    pub state: S,
}

impl<S: StateSource> Oracle for HostOracle<S> {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        self.batch
            .keccak(hash)
            .or_else(|_| self.state.node(hash))
            .or_else(|_| self.state.code(hash))
            .map_err(|_| MissingPreimage::Keccak(hash))
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        self.batch.element(versioned_hash, index)
    }
}

/// Passes answers on and remembers them: run [`super::run`] over it, and take the witness.
#[derive(Debug)]
pub struct Recorder<O> {
    oracle: O,
    preimages: RefCell<B256Map<Bytes>>,
    asked: RefCell<Vec<B256>>,
    elements: RefCell<BTreeMap<B256, Vec<[u8; 32]>>>,
}

impl<O: Oracle> Recorder<O> {
    /// Records what `oracle` answers.
    pub fn new(oracle: O) -> Self {
        Self {
            oracle,
            preimages: RefCell::default(),
            asked: RefCell::default(),
            elements: RefCell::default(),
        }
    }

    /// The pre-images in the order in which they were asked for, each as often as it was.
    pub fn into_answers(self) -> impl Iterator<Item = Bytes> {
        let preimages = self.preimages.into_inner();
        self.asked.into_inner().into_iter().map(move |hash| preimages[&hash].clone())
    }

    /// Whose answers these are.
    pub fn oracle(&self) -> &O {
        &self.oracle
    }

    /// All that was answered, and nothing else.
    pub fn into_witness(self) -> Witness {
        Witness::from_parts(self.preimages.into_inner(), self.elements.into_inner())
    }
}

impl<O: Oracle> Oracle for Recorder<O> {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        let answer = self.oracle.keccak(hash)?;
        self.preimages.borrow_mut().insert(hash, answer.clone());
        self.asked.borrow_mut().push(hash);
        Ok(answer)
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        let answer = self.oracle.element(versioned_hash, index)?;
        let mut blobs = self.elements.borrow_mut();
        let elements = blobs.entry(versioned_hash).or_default();
        // A payload is read from the first element on.
        if elements.len() == usize::from(index) {
            elements.push(answer);
        }
        Ok(answer)
    }
}
