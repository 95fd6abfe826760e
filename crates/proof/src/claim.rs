//! The public values of a proof, as the contract reads them.

use alloy_primitives::B256;

/// Bytes of a claim: the program's commitment, its machine's, the output, a word for each byte of it.
pub const CLAIM_BYTES: usize = 32 + 32 + 4 * 32;

/// Of the field (`docs/stark.md` §1).
const P: u64 = 0x7800_0001;
/// 2^52 mod [`P`].
const ONE: u64 = (1 << 52) % P;

/// `docs/stark.md`'s claim of the last layer. Commitments are words already
/// ([`guest`](crate::guest)).
pub fn claim_words(exe_commit: [u8; 32], vm_commit: [u8; 32], output: B256) -> [u8; CLAIM_BYTES] {
    let mut claim = [0; CLAIM_BYTES];
    claim[..32].copy_from_slice(&exe_commit);
    claim[32..64].copy_from_slice(&vm_commit);
    for (word, byte) in claim[64..].as_chunks_mut().0.iter_mut().zip(output) {
        *word = ((u64::from(byte) * ONE % P) as u32).to_be_bytes();
    }
    claim
}
