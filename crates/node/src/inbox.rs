//! What is known of the Inbox: messages, batches and the parent blocks that hold them, rewound
//! when the parent is.

use alloy_primitives::{B256, Bytes};
use altana_parent::{CommittedBatch, InboxMessage, ParentBlock};
use altana_protocol::queue::{KIND_DEPOSIT, QueuedMessage, accumulate};
use std::collections::VecDeque;

/// Read positions that are kept to find the common ancestor after a reorganisation.
const POSITIONS_MAX: usize = 512;

/// Progress of reading the parent: what is new, and what is void.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// Everything read from parent blocks above this number is void.
    pub ancestor: u64,
    /// The block up to which the log is complete now.
    pub head: ParentBlock,
    /// Number of the newest final parent block.
    pub finalized: u64,
    /// Messages in blocks after `ancestor`, up to `head`.
    pub messages: Vec<InboxMessage>,
    /// Batches in those blocks, with their payloads (`None`: the blobs hold none).
    pub batches: Vec<(CommittedBatch, Option<Bytes>)>,
}

/// What the parent told does not fit together: its RPC lies or is broken. Nothing was changed;
/// read again later, perhaps from another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// A message does not continue the queue, or a deposit has no label.
    #[error("queue message {index} does not continue the queue of {length}")]
    Message {
        /// Its index.
        index: u64,
        /// Messages before it.
        length: u64,
    },
    /// A batch does not continue the list.
    #[error("batch {index} does not continue the list: {reason}")]
    Batch {
        /// Its index.
        index: u64,
        /// What does not fit.
        reason: &'static str,
    },
}

/// The queue as far as it matters: what is not consumed by a final batch.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    positions: VecDeque<ParentBlock>,
    finalized: u64,
    /// Index of the first message that is kept, and the accumulator before it.
    first: u64,
    first_acc: B256,
    messages: VecDeque<InboxMessage>,
    generation: u64,
}

impl Inbox {
    /// Begins at a point of the queue: message `first` is the next, `acc` is the accumulator
    /// before it.
    pub fn starting_at(first: u64, acc: B256) -> Self {
        Self { first, first_acc: acc, ..Self::default() }
    }

    /// The parent block up to which the Inbox is known.
    pub fn head(&self) -> Option<ParentBlock> {
        self.positions.back().copied()
    }

    /// Changes whenever messages become void: what was made of them before must be looked at again.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The newest final parent block.
    pub fn finalized(&self) -> u64 {
        self.finalized
    }

    /// Blocks up to which was read, newest first: a reader asks the parent about these to find
    /// what is still true.
    pub fn positions(&self) -> impl Iterator<Item = &ParentBlock> {
        self.positions.iter().rev()
    }

    /// How many messages were ever queued, as far as is known.
    pub fn queue_length(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// The message, if it is queued and still kept.
    pub fn message(&self, index: u64) -> Option<&InboxMessage> {
        self.messages.get(usize::try_from(index.checked_sub(self.first)?).ok()?)
    }

    /// Messages `[from, to)`, if all are kept.
    pub fn range(&self, from: u64, to: u64) -> Option<impl Iterator<Item = &InboxMessage> + Clone> {
        let start = usize::try_from(from.checked_sub(self.first)?).ok()?;
        let end = usize::try_from(to.checked_sub(self.first)?).ok()?;
        (start <= end && end <= self.messages.len()).then(|| self.messages.range(start..end))
    }

    /// `queueAcc[index]`, if known.
    pub fn acc(&self, index: u64) -> Option<B256> {
        match index.checked_sub(self.first)? {
            0 => Some(self.first_acc),
            _ => self.message(index - 1).map(|message| message.queued.acc),
        }
    }

    /// Takes in what was read. Messages above the ancestor are forgotten first.
    pub fn apply(&mut self, update: &Update) -> Result<(), Inconsistent> {
        let kept = self
            .messages
            .partition_point(|message| message.queued.message.parent_block <= update.ancestor);
        let mut length = self.first + kept as u64;
        let mut acc = match kept {
            0 => self.first_acc,
            _ => self.messages[kept - 1].queued.acc,
        };
        for InboxMessage { queued: QueuedMessage { index, acc: new, message }, label, .. } in
            &update.messages
        {
            let labelled = message.kind != KIND_DEPOSIT || label.is_some();
            if *index != length || *new != accumulate(acc, message) || !labelled {
                return Err(Inconsistent::Message { index: *index, length });
            }
            (length, acc) = (length + 1, *new);
        }
        self.generation += u64::from(kept < self.messages.len());
        self.messages.truncate(kept);
        self.messages.extend(update.messages.iter().cloned());
        while self.positions.back().is_some_and(|block| block.number > update.ancestor) {
            self.positions.pop_back();
        }
        self.positions.push_back(update.head);
        if self.positions.len() > POSITIONS_MAX {
            self.positions.pop_front();
        }
        self.finalized = self.finalized.max(update.finalized.min(update.head.number));
        Ok(())
    }

    /// Forgets how far was read; messages stay until the next update voids them.
    pub(crate) fn forget_positions(&mut self) {
        self.positions.clear();
    }

    /// Forgets messages before `index`: a final batch has consumed them.
    pub fn forget_before(&mut self, index: u64) {
        while self.first < index
            && let Some(message) = self.messages.pop_front()
        {
            self.first += 1;
            self.first_acc = message.queued.acc;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloy_primitives::{Address, TxKind, U256};
    use altana_protocol::queue::{Deposit, Label, Message};

    /// A deposit in a parent block; its accumulator is set by [`update`].
    pub(crate) fn deposit(index: u64, parent_block: u64) -> InboxMessage {
        let payload = Deposit {
            from: Address::with_last_byte(1),
            to: TxKind::Call(Address::with_last_byte(2)),
            mint: u128::from(index),
            value: U256::ZERO,
            gas_limit: 100_000,
            data: Bytes::new(),
        };
        let message = Message {
            kind: KIND_DEPOSIT,
            parent_block,
            parent_timestamp: 1000,
            payload: payload.encode(),
        };
        let block_hash = B256::with_last_byte(parent_block as u8);
        InboxMessage {
            queued: QueuedMessage { index, acc: B256::ZERO, message },
            label: Some(Label { block_hash, log_index: index }),
            block_hash,
        }
    }

    /// An update with these messages, which continue an empty queue.
    pub(crate) fn update(
        ancestor: u64,
        head: u64,
        messages: impl IntoIterator<Item = InboxMessage>,
    ) -> Update {
        let mut acc = B256::ZERO;
        let chain = messages.into_iter().map(|mut message| {
            acc = accumulate(acc, &message.queued.message);
            message.queued.acc = acc;
            message
        });
        let messages = chain.collect();
        let head = ParentBlock {
            number: head,
            hash: B256::with_last_byte(head as u8),
            ..ParentBlock::default()
        };
        Update { ancestor, head, messages, ..Update::default() }
    }

    fn three() -> Update {
        update(0, 3, (0..3).map(|index| deposit(index, index + 1)))
    }

    #[test]
    fn a_reorganisation_forgets_messages_above_the_ancestor() {
        let mut inbox = Inbox::default();
        inbox.apply(&three()).unwrap();
        assert_eq!(inbox.queue_length(), 3);
        let mut other = update(2, 4, [deposit(0, 1), deposit(1, 2), deposit(2, 4)]);
        other.messages.drain(..2);
        inbox.apply(&other).unwrap();
        assert_eq!(inbox.queue_length(), 3);
        assert_eq!(inbox.message(2).unwrap().queued.message.parent_block, 4);
        assert_eq!(inbox.positions().map(|block| block.number).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn a_queue_with_a_hole_a_wrong_accumulator_or_no_label_is_not_believed() {
        let spoil: [fn(&mut Update); 3] = [
            |update| drop(update.messages.remove(1)),
            |update| update.messages[1].queued.acc = B256::ZERO,
            |update| update.messages[1].label = None,
        ];
        for spoil in spoil {
            let (mut inbox, mut bad) = (Inbox::default(), three());
            spoil(&mut bad);
            assert!(matches!(inbox.apply(&bad), Err(Inconsistent::Message { .. })));
            assert_eq!(inbox.queue_length(), 0);
            inbox.apply(&three()).unwrap();
        }
    }

    #[test]
    fn forgotten_messages_leave_their_accumulator() {
        let mut inbox = Inbox::default();
        let update = three();
        inbox.apply(&update).unwrap();
        inbox.forget_before(2);
        assert_eq!(inbox.acc(2), Some(update.messages[1].queued.acc));
        assert_eq!(inbox.acc(1), None);
        assert!(inbox.message(1).is_none());
        assert_eq!(inbox.range(2, 3).unwrap().count(), 1);
        assert_eq!(inbox.queue_length(), 3);
    }
}
