//! Nibbles of keys, and their hex-prefix encoding (Yellow Paper, appendix C).

use super::InvalidNode;
use alloc::vec::Vec;
use alloy_primitives::B256;

/// Nibbles in a key.
pub(super) const KEY_NIBBLES: usize = 64;

const LEAF_FLAG: u8 = 2;
const ODD_FLAG: u8 = 1;

/// Nibble `index` of `key`.
pub(super) fn nibble(key: &B256, index: usize) -> usize {
    let byte = key[index / 2];
    usize::from(if index.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f })
}

/// `key` with its nibble `index` set to `value`.
pub(super) fn with_nibble(key: &B256, index: usize, value: usize) -> B256 {
    let mut key = *key;
    let byte = &mut key[index / 2];
    let value = value as u8 & 0x0f;
    *byte = if index.is_multiple_of(2) {
        (*byte & 0x0f) | (value << 4)
    } else {
        (*byte & 0xf0) | value
    };
    key
}

/// How many leading nibbles two keys share.
pub(super) fn common(a: &B256, b: &B256) -> usize {
    match a.iter().zip(b.iter()).position(|(a, b)| a != b) {
        Some(byte) => 2 * byte + usize::from(a[byte] >> 4 == b[byte] >> 4),
        None => KEY_NIBBLES,
    }
}

/// Appends the hex-prefix encoding of nibbles `start..end` of `key`.
pub(super) fn encode(key: &B256, start: usize, end: usize, leaf: bool, out: &mut Vec<u8>) {
    let odd = (end - start) % 2;
    let flags = if leaf { LEAF_FLAG } else { 0 } | odd as u8;
    let first = if odd == 1 { nibble(key, start) as u8 } else { 0 };
    out.push((flags << 4) | first);
    let start = start + odd;
    if start.is_multiple_of(2) && end.is_multiple_of(2) {
        out.extend_from_slice(&key[start / 2..end / 2]);
    } else {
        out.extend(
            (start..end).step_by(2).map(|i| (nibble(key, i) << 4 | nibble(key, i + 1)) as u8),
        );
    }
}

/// A decoded path: the key from the root to the path's end, where that end is, and whether a leaf
/// hangs there.
pub(super) struct Path {
    pub(super) key: B256,
    pub(super) end: usize,
    pub(super) leaf: bool,
}

/// Decodes a hex-prefix path of a node that hangs at nibble `depth` of `prefix`.
pub(super) fn decode(bytes: &[u8], prefix: &B256, depth: usize) -> Result<Path, InvalidNode> {
    let (&first, rest) = bytes.split_first().ok_or(InvalidNode::Path)?;
    let flags = first >> 4;
    let odd = usize::from(flags & ODD_FLAG);
    if flags > (LEAF_FLAG | ODD_FLAG) || (odd == 0 && first & 0x0f != 0) {
        return Err(InvalidNode::Path);
    }
    let leaf = flags & LEAF_FLAG != 0;
    let end = depth + odd + 2 * rest.len();
    // A leaf ends where keys end; an extension leads on to a branch, which needs a nibble itself.
    let fits = if leaf { end == KEY_NIBBLES } else { end > depth && end < KEY_NIBBLES };
    if !fits {
        return Err(InvalidNode::Path);
    }
    let mut key = *prefix;
    let mut at = depth;
    if odd == 1 {
        key = with_nibble(&key, at, usize::from(first & 0x0f));
        at += 1;
    }
    if at.is_multiple_of(2) {
        key[at / 2..at / 2 + rest.len()].copy_from_slice(rest);
    } else {
        for byte in rest {
            key = with_nibble(&key, at, usize::from(byte >> 4));
            key = with_nibble(&key, at + 1, usize::from(byte & 0x0f));
            at += 2;
        }
    }
    Ok(Path { key, end, leaf })
}
