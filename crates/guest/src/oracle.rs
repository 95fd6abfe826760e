//! Pre-images by the machine's reads, whose keys vouch for the answers (docs/machine.md §4).

use crate::ecall::{read_all, read_word};
use alloy_primitives::{B256, Bytes, b256, keccak256};
use altana_protocol::stf::{MissingPreimage, Oracle};

/// The only local key: of the game's input.
pub(crate) const LOCAL_KEY: B256 =
    b256!("0100000000000000000000000000000000000000000000000000000000000000");

/// First byte of the keys of a kind.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Keccak = 2,
    Blob = 5,
    Precompile = 6,
}

impl Kind {
    /// The key of this kind for a hash.
    pub(crate) fn key(self, mut hash: B256) -> B256 {
        hash[0] = self as u8;
        hash
    }
}

/// What the machine's host knows. It never lacks anything: the machine waits.
pub(crate) struct Preimages;

impl Oracle for Preimages {
    fn keccak(&self, hash: B256) -> Result<Bytes, MissingPreimage> {
        Ok(read_all(Kind::Keccak.key(hash)).into())
    }

    fn element(&self, versioned_hash: B256, index: u16) -> Result<[u8; 32], MissingPreimage> {
        let mut name = [0; 64];
        name[..32].copy_from_slice(versioned_hash.as_slice());
        name[62..].copy_from_slice(&index.to_be_bytes());
        Ok(read_word(Kind::Blob.key(keccak256(name))).0)
    }
}
