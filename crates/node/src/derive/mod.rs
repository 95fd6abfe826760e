//! Rebuild the chain from its parent: batches and queue in, safe and finalized blocks out.
//!
//! [`Derivation`] is pure but for the ledger it writes to: what was read comes in as an
//! [`Update`], and the same updates always give the same chain. In a sequencer it finds its own
//! blocks and confirms them; where a batch differs from them, the batch wins and the displaced
//! transactions go back to the pool.
mod book;
mod finality;
mod plan;
mod recover;
mod shell;
mod tips;

pub use book::{BatchEnd, Book};
pub(crate) use finality::check_finality;
pub use plan::Plan;
pub use shell::{Checkpoint, Follower, Position, Read, ReadAhead};
pub use tips::Tip;

use crate::{
    inbox::{Inbox, Inconsistent, Update},
    note::Note,
};
use alloy_primitives::{B256, Bytes};
use altana_ledger::{Block, BlockAttributes, Ledger, SealedBlock};
use altana_parent::CommittedBatch;
use altana_protocol::{
    ChainSpec, Transaction,
    execute::{ExecuteError, Messages},
    queue::QueuedMessage,
};
use plan::has_randomness_of;
use recover::recover_ahead;
use std::sync::Arc;
use tips::Tips;

/// Bytes of decoded transactions at which no further batch is decoded ahead of execution; one batch
/// alone may have more.
const DECODED_BYTES_MAX: usize = 16 << 20;

/// Why derivation stopped.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// The parent's answers do not fit together: [`Derivation::distrust`] them, read again later.
    #[error("parent chain: {0}")]
    Inconsistent(#[from] Inconsistent),
    /// The ledger failed: stop the node.
    #[error("ledger: {0}")]
    Ledger(#[from] altana_ledger::Error),
    /// Where a batch ended could not be written down: stop the node.
    #[error("list of batches: {}", altana_ledger::explain(.0))]
    Book(std::io::Error),
    /// Displaced transactions could not be saved: stop the node. The ledger was not rewound.
    #[error("pool: {0}")]
    Displaced(String),
}

/// Is told about blocks that are about to leave the chain, newest last. The chain is rewound only
/// after it has returned: what it saves survives a crash in between.
pub trait Displaced {
    /// Saves the blocks' signed transactions.
    fn displaced(&mut self, blocks: &[Arc<Block>]) -> Result<(), String>;
}

/// For nodes that have no pool.
impl Displaced for () {
    fn displaced(&mut self, _: &[Arc<Block>]) -> Result<(), String> {
        Ok(())
    }
}

/// What an update changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// Batches taken in.
    pub batches: usize,
    /// Blocks that the ledger had already.
    pub confirmed: u64,
    /// Blocks that were executed.
    pub executed: u64,
    /// Whether blocks left the chain.
    pub displaced: bool,
}

/// Derivation's state. All of it follows from the parent's log.
#[derive(Debug)]
pub struct Derivation {
    ledger: Ledger,
    inbox: Inbox,
    tips: Tips,
    book: Book,
    spec: ChainSpec,
    /// Where reading began, if at a checkpoint.
    began_at: Option<u64>,
    /// The parent was reorganised since the unsafe blocks were last compared with the queue.
    suspect: bool,
}

impl Derivation {
    /// Begins at a checkpoint, if the ledger holds its block, or else at the genesis. Where batches
    /// end is written into `book`.
    pub fn open(
        spec: ChainSpec,
        ledger: Ledger,
        checkpoint: Option<Checkpoint>,
        mut book: Book,
    ) -> Result<Self, DeriveError> {
        // Without a record of its batch, those before it are unknown, too: they are derived again.
        let is_ours = |at: &Checkpoint| {
            let end = book.read(at.tip.index).ok().flatten();
            end.is_some_and(|end| end.hash == at.tip.hash)
                && ledger.is_canonical(at.tip.block_hash).unwrap_or(false)
        };
        let (tip, acc, began_at) = match checkpoint.filter(is_ours) {
            Some(checkpoint) => (checkpoint.tip, checkpoint.acc, Some(checkpoint.restart)),
            None => {
                let genesis = Tip::genesis(spec.config_hash(), &ledger.genesis());
                book.write(&genesis).map_err(DeriveError::Book)?;
                (genesis, B256::ZERO, None)
            }
        };
        let inbox = Inbox::starting_at(tip.queue_end, acc);
        let tips = Tips::starting_at(tip);
        Ok(Self { ledger, inbox, tips, book, spec, began_at, suspect: true })
    }

    /// Where every batch ended.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The checkpoint from which a restarted node can go on; `None` before the first final batch.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let tip = self.tips.finalized().clone();
        let acc = self.inbox.acc(tip.queue_end)?;
        let restart = self.restart_position(0);
        (tip.index > 0).then_some(Checkpoint { tip, acc, restart })
    }

    /// The parent block after which reading has to begin if everything that is not final is void.
    pub fn restart_position(&self, start: u64) -> u64 {
        let tip = self.tips.finalized();
        if tip.index == 0 {
            return start;
        }
        match self.inbox.message(tip.queue_end) {
            Some(next) => tip.parent_block.min(next.queued.message.parent_block.saturating_sub(1)),
            None => tip.parent_block.min(self.began_at.unwrap_or(tip.parent_block)),
        }
    }

    /// Forgets where reading stands, so that it begins again after the newest final batch: what
    /// was read does not fit together.
    pub fn distrust(&mut self) {
        self.inbox.forget_positions();
    }

    /// The chain that is derived.
    pub fn spec(&self) -> &ChainSpec {
        &self.spec
    }

    /// What is known of the queue.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Whether what is unsafe is known to fit what was read: only then may it be published. Not so
    /// after a reorganisation, or a bad answer, until the parent was read to its head again.
    pub fn is_coherent(&self) -> bool {
        !self.suspect && self.inbox.head().is_some()
    }

    /// The newest batch, and the block it ends with.
    pub fn tip(&self) -> &Tip {
        self.tips.newest()
    }

    /// The newest batch that lies in a final parent block.
    pub fn finalized_tip(&self) -> &Tip {
        self.tips.finalized()
    }

    /// Batches that are not final yet, and the newest final one.
    pub fn tips(&self) -> impl DoubleEndedIterator<Item = &Tip> {
        self.tips.iter()
    }

    /// Takes in what was read from the parent. `complete` says that the update reaches the
    /// parent's head, so that messages which are missing now do not exist.
    pub fn apply(
        &mut self,
        mut update: Update,
        complete: bool,
        displaced: &mut impl Displaced,
    ) -> Result<Derived, DeriveError> {
        self.skip_known(&mut update);
        self.tips.check(&update)?;
        self.suspect |= self.reorganised(&update);
        self.inbox.apply(&update)?;
        let mut derived = Derived::default();
        if self.tips.rewind(update.ancestor) {
            self.suspect = true;
            self.lower_safe()?;
        }
        self.batches(&update, displaced, &mut derived)?;
        if derived.executed > 0 {
            self.ledger.sync()?;
        }
        #[cfg(test)]
        if crate::sim::planted(crate::sim::Bug::KeepContradicted) {
            self.suspect = false;
        }
        if complete && self.suspect {
            self.drop_contradicted(displaced, &mut derived)?;
            self.suspect = false;
        }
        self.move_heads(complete)?;
        Ok(derived)
    }

    /// A checkpoint is older than the position from which reading begins again.
    fn skip_known(&self, update: &mut Update) {
        let oldest = self.tips.finalized();
        update.messages.retain(|message| message.queued.index >= oldest.queue_end);
        update.batches.retain(|(batch, _)| batch.header.index > oldest.index);
    }

    fn reorganised(&self, update: &Update) -> bool {
        self.inbox.head().is_some_and(|head| update.ancestor < head.number)
    }

    fn is_older(&self, number: u64, timestamp: u64) -> Result<bool, DeriveError> {
        let block = self.ledger.block_by_number(number)?;
        Ok(block.is_some_and(|block| block.header.timestamp < timestamp))
    }

    fn lower_safe(&self) -> Result<(), DeriveError> {
        let tip = self.tips.newest();
        if self.ledger.safe().number() > tip.block_number {
            self.ledger.set_safe(tip.block_hash)?;
        }
        Ok(())
    }

    /// Takes in the batches of an update.
    fn batches(
        &mut self,
        update: &Update,
        displaced: &mut impl Displaced,
        derived: &mut Derived,
    ) -> Result<(), DeriveError> {
        let mut rest = update.batches.as_slice();
        while !rest.is_empty() {
            rest = self.some_batches(rest, displaced, derived)?;
        }
        Ok(())
    }

    /// Takes in as many batches as may be decoded at once; gives the rest.
    fn some_batches<'a>(
        &mut self,
        batches: &'a [(CommittedBatch, Option<Bytes>)],
        displaced: &mut impl Displaced,
        derived: &mut Derived,
    ) -> Result<&'a [(CommittedBatch, Option<Bytes>)], DeriveError> {
        let (mut plans, mut ends, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (batch, payload) in batches {
            if bytes >= DECODED_BYTES_MAX {
                break;
            }
            let messages = self.consumed(batch)?;
            let payload = payload.as_ref().map(|payload| payload.as_ref());
            let decoded = Plan::of_batch(&self.spec, &batch.header, &messages, payload);
            bytes += decoded.iter().map(Plan::bytes).sum::<usize>();
            plans.extend(decoded);
            ends.push(plans.len());
        }
        let (now, rest) = batches.split_at(ends.len());
        recover_ahead(&plans, |recovery| {
            let mut begin = 0;
            for ((batch, _), end) in now.iter().zip(ends) {
                let tip = self.batch(batch, &plans[begin..end], displaced, derived, || {
                    recovery.begin_at(begin);
                })?;
                self.suspect |= self.is_older(tip.block_number + 1, tip.last_timestamp)?;
                self.book.write(&tip).map_err(DeriveError::Book)?;
                self.tips.push(tip);
                derived.batches += 1;
                begin = end;
            }
            Ok(rest)
        })
    }

    /// Executes or confirms one batch's blocks; `recover` is called before the first is executed.
    fn batch(
        &self,
        batch: &CommittedBatch,
        plans: &[Plan],
        displaced: &mut impl Displaced,
        derived: &mut Derived,
        recover: impl FnOnce(),
    ) -> Result<Tip, DeriveError> {
        let header = &batch.header;
        let (mut number, mut parent) = (self.tip().block_number, self.tip().block_hash);
        let (mut confirmed, mut used) = (0, 0);
        while let Some(plan) = plans.get(confirmed)
            && let Some(block) = self.confirm(number + 1, parent, used, plan)?
        {
            (number, parent) = (block.number(), block.hash());
            used += block.header.gas_used;
            confirmed += 1;
        }
        derived.confirmed += confirmed as u64;
        if confirmed < plans.len() {
            recover();
        }
        for plan in &plans[confirmed..] {
            let sealed = self.execute(parent, used, plan)?;
            let block = self.adopt(parent, sealed, displaced, derived)?;
            (number, parent) = (block.number(), block.hash());
            used += block.header.gas_used;
        }
        Ok(Tip {
            index: header.index,
            hash: header.hash(),
            last_timestamp: header.last_timestamp,
            queue_end: header.queue_end,
            parent_block: batch.block_number,
            parent_hash: batch.block_hash,
            block_number: number,
            block_hash: parent,
        })
    }

    /// The messages that a batch consumes, if the queue is the one that it was committed with.
    fn consumed(&self, batch: &CommittedBatch) -> Result<Vec<QueuedMessage>, Inconsistent> {
        let header = &batch.header;
        let known = self.inbox.acc(header.queue_start) == Some(header.queue_acc_start)
            && self.inbox.acc(header.queue_end) == Some(header.queue_acc_end);
        let reason = "queue accumulator";
        let messages = self
            .inbox
            .range(header.queue_start, header.queue_end)
            .filter(|_| known)
            .ok_or(Inconsistent::Batch { index: header.index, reason })?;
        Ok(messages.map(|message| message.queued.clone()).collect())
    }

    /// The ledger's block, if it is what the batch says, after blocks of it that used `used` gas.
    fn confirm(
        &self,
        number: u64,
        parent: B256,
        used: u64,
        plan: &Plan,
    ) -> Result<Option<Arc<Block>>, DeriveError> {
        let block = self.ledger.block_by_number(number)?;
        let is_it = |block: &Arc<Block>| {
            block.header.parent_hash == parent && plan.gives(&self.spec, used, block)
        };
        Ok(block.filter(is_it))
    }

    /// The block that the rules make of a plan ([`altana_protocol::derive::execute`]).
    fn execute(&self, parent: B256, used: u64, plan: &Plan) -> Result<SealedBlock, DeriveError> {
        let attributes = BlockAttributes {
            timestamp: plan.block.timestamp,
            messages: plan.block.messages.clone(),
            note: Note { queue_end: plan.block.queue_end }.encode(),
            ..BlockAttributes::default()
        };
        let mut builder = self.ledger.build(parent, attributes)?;
        if plan.takes_transactions(&self.spec, used) {
            for tx in plan.recovered() {
                match builder.push(tx) {
                    Ok(_) | Err(ExecuteError::Invalid(_)) => {}
                    Err(ExecuteError::Database(error)) => return Err(error.into()),
                }
            }
        }
        Ok(builder.seal()?)
    }

    /// Makes a derived block the chain's, in place of whatever follows `parent` now.
    fn adopt(
        &self,
        parent: B256,
        sealed: SealedBlock,
        displaced: &mut impl Displaced,
        derived: &mut Derived,
    ) -> Result<Arc<Block>, DeriveError> {
        let local = self.ledger.block_by_number(sealed.block.number())?;
        if let Some(local) = local {
            if local.hash() == sealed.block.hash() {
                derived.confirmed += 1;
                return Ok(local);
            }
            rewind(&self.ledger, parent, displaced)?;
            derived.displaced = true;
        }
        derived.executed += 1;
        Ok(self.ledger.commit_later(sealed)?)
    }

    /// Rewinds unsafe blocks whose messages the queue does not hold (any more), or that are too
    /// old to follow the newest batch.
    fn drop_contradicted(
        &self,
        displaced: &mut impl Displaced,
        derived: &mut Derived,
    ) -> Result<(), DeriveError> {
        let tip = self.tips.newest();
        let mut good = (tip.block_hash, tip.queue_end);
        for number in tip.block_number + 1..=self.ledger.head().number() {
            let Some(block) = self.ledger.block_by_number(number)? else { break };
            let follows = block.header.timestamp >= tip.last_timestamp;
            match self.holds(&block, good.1).filter(|_| follows) {
                Some(queue_end) => good = (block.hash(), queue_end),
                None => {
                    tracing::warn!(number, "unsafe blocks contradict the queue: rewinding");
                    rewind(&self.ledger, good.0, displaced)?;
                    derived.displaced = true;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Where in the queue the block ends, if its deposits are the messages from `start` on.
    fn holds(&self, block: &Block, start: u64) -> Option<u64> {
        let end = Note::of(block)?.queue_end;
        let messages = self.inbox.range(start, end)?;
        let labels: Vec<_> = messages.clone().filter_map(|message| message.label).collect();
        let queued: Vec<_> = messages.map(|message| message.queued.clone()).collect();
        let messages = Messages::new(&queued, &labels);
        let held = block.transactions.iter().filter(|tx| is_deposit(tx.inner()));
        let same =
            held.map(|tx| tx.inner().hash()).eq(messages.deposits.iter().map(|tx| tx.tx_hash()));
        (same && has_randomness_of(block, &messages)).then_some(end)
    }

    fn move_heads(&mut self, complete: bool) -> Result<(), DeriveError> {
        let tip = self.tips.newest();
        if complete || tip.block_number > self.ledger.safe().number() {
            self.ledger.set_safe(tip.block_hash)?;
        }
        self.tips.finalize(self.inbox.finalized());
        let finalized = self.tips.finalized();
        if finalized.block_number > self.ledger.finalized().number() {
            self.ledger.set_finalized(finalized.block_hash)?;
        }
        self.inbox.forget_before(finalized.queue_end);
        Ok(())
    }
}

/// Whether the transaction came from the queue.
pub(crate) fn is_deposit(tx: &Transaction) -> bool {
    matches!(tx, Transaction::Deposit(_))
}

/// Makes `to` the head; what its descendants held is saved first.
pub(crate) fn rewind(
    ledger: &Ledger,
    to: B256,
    displaced: &mut impl Displaced,
) -> Result<(), DeriveError> {
    let target = ledger.block(to)?.ok_or(altana_ledger::Error::UnknownBlock(to))?;
    let mut blocks = Vec::new();
    for number in target.number() + 1..=ledger.head().number() {
        blocks.extend(ledger.block_by_number(number)?);
    }
    displaced.displaced(&blocks).map_err(DeriveError::Displaced)?;
    Ok(ledger.rewind(to)?)
}
