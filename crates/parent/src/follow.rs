//! Following heads through reorganisations.

use crate::{Heads, Parent, ParentBlock, ParentError};
use std::{collections::VecDeque, time::Duration};

/// Blocks that are remembered to find a common ancestor: more than two Ethereum epochs, after which
/// blocks are final.
const POSITIONS_MAX: usize = 256;

/// A new head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadChange {
    /// The newest block seen before that is still part of the chain: everything above it is void.
    /// `None` for the first head.
    pub ancestor: Option<ParentBlock>,
    /// The heads now.
    pub heads: Heads,
}

impl HeadChange {
    /// Whether blocks seen before are void; `seen` is the head before.
    pub fn is_reorganisation(&self, seen: &ParentBlock) -> bool {
        self.ancestor.is_some_and(|ancestor| ancestor.hash != seen.hash)
    }
}

/// Polls for new heads. Remembers the newest 256 of them.
#[derive(Debug)]
pub struct Follower {
    parent: Parent,
    poll_interval: Duration,
    /// Heads seen, rising.
    positions: VecDeque<ParentBlock>,
}

impl Follower {
    /// Follows from now on, asking every `poll_interval`.
    pub fn new(parent: Parent, poll_interval: Duration) -> Self {
        Self { parent, poll_interval, positions: VecDeque::new() }
    }

    /// Goes on from heads that were seen before a restart, oldest first.
    pub fn resume(&mut self, seen: impl IntoIterator<Item = ParentBlock>) {
        seen.into_iter().for_each(|block| self.remember(block));
    }

    /// The head that was seen last.
    pub fn head(&self) -> Option<&ParentBlock> {
        self.positions.back()
    }

    /// Waits for a head other than the last one.
    ///
    /// [`ParentError::Reset`]: no block that is remembered is part of the chain any more. The
    /// follower then starts afresh; so must the caller, from what it knows to be final.
    pub async fn next(&mut self) -> Result<HeadChange, ParentError> {
        loop {
            if let Some(change) = self.poll().await? {
                return Ok(change);
            }
            tokio::time::sleep(self.poll_interval).await;
        }
    }

    /// Asks once; `None` if the head is the last one.
    pub async fn poll(&mut self) -> Result<Option<HeadChange>, ParentError> {
        let heads = self.parent.heads().await?;
        let latest = heads.latest;
        let ancestor = match self.head().copied() {
            Some(head) if head.hash == latest.hash => return Ok(None),
            Some(head) if latest.parent_hash == head.hash => Some(head),
            Some(_) => Some(self.rewind().await?),
            None => None,
        };
        // One is new or above the ancestor; unless the chain got shorter and has just this head.
        if ancestor.is_none_or(|ancestor| ancestor.hash != latest.hash) {
            self.remember(latest);
        }
        Ok(Some(HeadChange { ancestor, heads }))
    }

    /// Forgets heads that are no longer canonical; the newest that is.
    async fn rewind(&mut self) -> Result<ParentBlock, ParentError> {
        while let Some(position) = self.positions.back().copied() {
            if self.parent.is_canonical(&position).await? {
                return Ok(position);
            }
            self.positions.pop_back();
        }
        Err(ParentError::Reset("deeper than what is remembered".into()))
    }

    fn remember(&mut self, block: ParentBlock) {
        while self.positions.back().is_some_and(|last| last.number >= block.number) {
            self.positions.pop_back();
        }
        if self.positions.len() == POSITIONS_MAX {
            self.positions.pop_front();
        }
        self.positions.push_back(block);
    }
}
