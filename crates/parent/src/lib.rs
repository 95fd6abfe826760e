//! Talk to a parent chain through its RPC: read its heads, the Inbox's log and blobs, and send transactions until they are mined; never keep a chain.
//!
//! Nothing that an RPC says is believed where it can be checked: messages against the queue's
//! accumulator, batches against their hashes, blobs against their KZG commitments, and the log as a
//! whole against the contract's state. What cannot be checked is the chain itself: whoever runs the
//! RPC chooses it.

mod batches;
mod beacon;
mod blocks;
mod claims;
mod error;
mod evidence;
mod inbox;
mod kzg;
mod position;
mod proofs;
mod rpc;
mod seam;
pub mod sender;
mod transport;

pub use batches::Batches;
pub use blocks::{Heads, Parent, ParentBlock};
pub use claims::{Claim, ClaimReader, ClaimStanding, Claims, GameTerms, OpenClaims, Proposal};
pub use error::ParentError;
pub use evidence::{BatchEvidence, NoEvidence};
pub use inbox::{CommittedBatch, InboxLog, InboxMessage, InboxReader, InboxTerms};
pub use kzg::open_blob;
pub use proofs::{ProofStep, ProofTerms, VerifiedProof};
pub use rpc::Options;
pub use seam::{BatchSender, Commit, ParentReader};
pub use sender::{Sender, SenderOptions, Sent};
