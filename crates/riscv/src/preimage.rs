//! Keys of pre-images (docs/machine.md §4).

use alloy_primitives::{Address, B256, keccak256};

/// Longest pre-image of a hash, in bytes.
pub const PREIMAGE_BYTES_MAX: usize = 65_536;

/// Longest input of a call to a precompile, in bytes.
pub const CALL_BYTES_MAX: usize = 16_384;

/// Longest hint that a host sees, in bytes.
pub const HINT_BYTES_MAX: u64 = 65_536;

/// Field elements in a blob.
pub(crate) const BLOB_ELEMENTS: u16 = 4096;

/// How a key names its pre-image: the first byte of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The 32 bytes of the game's input.
    Local = 1,
    /// By keccak256.
    Keccak = 2,
    /// By sha256.
    Sha256 = 4,
    /// A field element of a blob, 32 bytes.
    Blob = 5,
    /// The result of a call to a precompile of the parent chain.
    Precompile = 6,
}

impl Kind {
    /// The kind of a key; `None` for a key that no read may use.
    pub fn of(key: &B256) -> Option<Self> {
        match key[0] {
            1 => (*key == Self::Local.key(B256::ZERO)).then_some(Self::Local),
            2 => Some(Self::Keccak),
            4 => Some(Self::Sha256),
            5 => Some(Self::Blob),
            6 => Some(Self::Precompile),
            _ => None,
        }
    }

    /// The key of this kind for a hash.
    pub fn key(self, hash: B256) -> B256 {
        let mut key = hash;
        key[0] = self as u8;
        key
    }

    /// Whether a pre-image of this kind may have this length.
    pub(crate) const fn allows(self, length: usize) -> bool {
        match self {
            Self::Local | Self::Blob => length == 32,
            Self::Keccak | Self::Sha256 => length <= PREIMAGE_BYTES_MAX,
            Self::Precompile => length > 0,
        }
    }
}

/// The key of a blob's field element.
pub(crate) fn blob_key(versioned_hash: B256, index: u16) -> B256 {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(versioned_hash.as_slice());
    bytes[62..].copy_from_slice(&index.to_be_bytes());
    Kind::Blob.key(keccak256(bytes))
}

/// The key of a precompile's result.
pub(crate) fn precompile_key(address: Address, input: &[u8]) -> B256 {
    Kind::Precompile.key(keccak256([address.as_slice(), input].concat()))
}

/// Whether a program may ask for the result of this call.
pub fn is_provable(address: Address, input: &[u8]) -> bool {
    input.len() <= CALL_BYTES_MAX && is_precompile(address)
}

fn is_precompile(address: Address) -> bool {
    let (high, low) = address.split_at(18);
    let number = u16::from_be_bytes([low[0], low[1]]);
    high.iter().all(|byte| *byte == 0)
        && matches!(number, 0x01 | 0x05..=0x08 | 0x0a..=0x11 | 0x0100)
}
