//! A parent chain in memory: the Inbox's rules, a mempool, reorganisations, bad answers.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use altana_parent::{
    Commit, CommittedBatch, Heads, InboxLog, InboxMessage, InboxTerms, ParentBlock, ParentError,
    ParentReader,
};
use altana_protocol::{
    ChainSpec,
    batch::{BatchHeader, DATA_BLOBS, DATA_CALLDATA, calldata_commitment},
    queue::{
        Attributes, BATCH_MESSAGES_MAX, Deposit, KIND_ATTRIBUTES, KIND_DEPOSIT, Label, Message,
        QueuedMessage, accumulate,
    },
};
use parking_lot::Mutex;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::{collections::HashMap, sync::Arc};

/// Parent blocks behind the head that are final.
pub(super) const FINAL_DEPTH: u64 = 12;

/// A transaction on its way into the parent chain.
#[derive(Clone, Debug)]
pub(super) enum ParentTx {
    Deposit { from: Address, to: Address, mint: u128, gas_limit: u64 },
    Commit(Commit),
}

/// What the Inbox keeps of a message.
#[derive(Clone, Copy, Debug)]
struct Queued {
    acc: B256,
    at: u64,
    gas: u64,
}

/// The Inbox after a block.
#[derive(Clone, Debug)]
struct Inbox {
    queue: Vec<Queued>,
    consumed: u64,
    index: u64,
    hash: B256,
    last_timestamp: u64,
}

#[derive(Clone, Debug)]
struct Block {
    head: ParentBlock,
    txs: Vec<ParentTx>,
    log: InboxLog,
    inbox: Inbox,
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) terms: InboxTerms,
    spec: ChainSpec,
    blocks: Vec<Block>,
    pub(super) mempool: Vec<ParentTx>,
    payloads: HashMap<B256, Bytes>,
    finalized: u64,
    salt: u64,
    random: StdRng,
    /// One in this many answers fails; 0: none.
    pub(super) failures: u32,
    /// Commits that were mined, and those that reverted.
    pub(super) committed: u64,
    pub(super) reverted: u64,
    pub(super) reorganised: u64,
}

impl Model {
    pub(super) fn new(spec: &ChainSpec, genesis_timestamp: u64, seed: u64) -> Self {
        let inbox = Inbox {
            queue: Vec::new(),
            consumed: 0,
            index: 0,
            hash: spec.config_hash(),
            last_timestamp: genesis_timestamp,
        };
        let head = ParentBlock {
            hash: B256::with_last_byte(1),
            timestamp: genesis_timestamp,
            ..ParentBlock::default()
        };
        let terms =
            InboxTerms { force_inclusion_delay: 60, sequencer_timeout: 120, max_batch_age: 300 };
        let genesis = Block { head, txs: Vec::new(), log: InboxLog::default(), inbox };
        Self {
            terms,
            spec: spec.clone(),
            blocks: vec![genesis],
            mempool: Vec::new(),
            payloads: HashMap::new(),
            finalized: 0,
            salt: 0,
            random: StdRng::seed_from_u64(seed ^ 0x7061_7265_6e74),
            failures: 0,
            committed: 0,
            reverted: 0,
            reorganised: 0,
        }
    }

    pub(super) fn head(&self) -> ParentBlock {
        self.blocks.last().expect("has a genesis").head
    }

    pub(super) fn newest_batch(&self) -> u64 {
        self.blocks.last().expect("has a genesis").inbox.index
    }

    pub(super) fn last_timestamp(&self) -> u64 {
        self.blocks.last().expect("has a genesis").inbox.last_timestamp
    }

    /// All messages, and all batches with their payloads.
    pub(super) fn log(&self) -> (Vec<InboxMessage>, Vec<(BatchHeader, Bytes)>) {
        let messages = self.blocks.iter().flat_map(|block| block.log.messages.iter().cloned());
        let batches = self.blocks.iter().flat_map(|block| &block.log.batches).map(|batch| {
            let payload = &self.payloads[&B256::from_slice(&batch.data)];
            (batch.header.clone(), payload.clone())
        });
        (messages.collect(), batches.collect())
    }

    pub(super) fn queue(&self) -> (u64, u64) {
        let inbox = &self.blocks.last().expect("has a genesis").inbox;
        (inbox.consumed, inbox.queue.len() as u64)
    }

    /// Mines what waits, in any order.
    pub(super) fn mine(&mut self, timestamp: u64) {
        let mut txs = std::mem::take(&mut self.mempool);
        txs.shuffle(&mut self.random);
        self.append(timestamp, txs);
        self.finalized = self.finalized.max(self.head().number.saturating_sub(FINAL_DEPTH));
    }

    /// Replaces the newest blocks by as many others and one more. Some of their transactions come
    /// again, in other blocks; some wait again; some are gone.
    pub(super) fn reorganise(&mut self, depth: u64) {
        let depth = depth.min(self.head().number - self.finalized);
        if depth == 0 {
            return;
        }
        self.reorganised += 1;
        self.salt += 1;
        let removed = self.blocks.split_off(self.blocks.len() - depth as usize);
        let last = removed.last().expect("depth is not zero").head.timestamp;
        let mut carried = Vec::new();
        for block in &removed {
            carried.extend(block.txs.iter().filter(|_| self.random.random_bool(0.9)).cloned());
            if self.random.random_bool(0.5) {
                carried.shuffle(&mut self.random);
            }
            let now =
                carried.split_off(carried.len() - self.random.random_range(0..=carried.len()));
            self.append(block.head.timestamp, now);
        }
        self.mempool.extend(carried);
        self.mine(last + 1);
    }

    /// Serves no payload any more of a batch that is final.
    pub(super) fn forget_final_payloads(&mut self) {
        for block in &self.blocks[..=self.finalized as usize] {
            for batch in &block.log.batches {
                self.payloads.remove(&B256::from_slice(&batch.data));
            }
        }
    }

    /// The same chain, whose next blocks will be others.
    pub(super) fn fork(&self) -> Self {
        Self { salt: self.salt + (1 << 32), ..self.clone() }
    }

    /// Replaces every block, final or not.
    pub(super) fn break_finality(&mut self) {
        self.finalized = 0;
        self.reorganise(u64::MAX);
    }

    fn append(&mut self, timestamp: u64, txs: Vec<ParentTx>) {
        let parent = self.blocks.last().expect("has a genesis");
        let number = parent.head.number + 1;
        let timestamp = timestamp.max(parent.head.timestamp);
        let hash = keccak256([parent.head.hash.0, U256::from(self.salt).to_be_bytes()].concat());
        let head = ParentBlock {
            number,
            hash,
            parent_hash: parent.head.hash,
            timestamp,
            base_fee: 1_000_000_000,
        };
        let inbox = parent.inbox.clone();
        let mut block = Block { head, txs: Vec::new(), log: InboxLog::default(), inbox };
        for (log_index, tx) in txs.into_iter().enumerate() {
            match &tx {
                ParentTx::Deposit { from, to, mint, gas_limit } => {
                    let payload = Deposit {
                        from: *from,
                        to: TxKind::Call(*to),
                        mint: *mint,
                        value: U256::from(*mint),
                        gas_limit: *gas_limit,
                        data: Bytes::new(),
                    };
                    let label = Label { block_hash: hash, log_index: log_index as u64 };
                    queue(&mut block, KIND_DEPOSIT, payload.encode(), Some(label));
                }
                ParentTx::Commit(commit) => {
                    if commit_batch(&self.spec, &self.terms, &mut block, commit, &mut self.payloads)
                    {
                        self.committed += 1;
                    } else {
                        self.reverted += 1;
                        continue;
                    }
                }
            }
            block.txs.push(tx);
        }
        self.blocks.push(block);
    }

    fn fails(&mut self) -> Result<(), ParentError> {
        match self.failures {
            0 => Ok(()),
            n if self.random.random_ratio(1, n) => Err(ParentError::Temporary("simulated".into())),
            _ => Ok(()),
        }
    }
}

/// Appends a message to the queue.
fn queue(block: &mut Block, kind: u8, payload: Bytes, label: Option<Label>) {
    let index = block.inbox.queue.len() as u64;
    let before = block.inbox.queue.last().map_or(B256::ZERO, |queued| queued.acc);
    let (parent_block, parent_timestamp) = (block.head.number, block.head.timestamp);
    let message = Message { kind, parent_block, parent_timestamp, payload };
    let acc = accumulate(before, &message);
    let gas = message.counted_gas();
    block.inbox.queue.push(Queued { acc, at: parent_timestamp, gas });
    let queued = QueuedMessage { index, acc, message };
    block.log.messages.push(InboxMessage { queued, label, block_hash: block.head.hash });
}

/// `Inbox.commitBatch`; whether it succeeds.
fn commit_batch(
    spec: &ChainSpec,
    terms: &InboxTerms,
    block: &mut Block,
    commit: &Commit,
    payloads: &mut HashMap<B256, Bytes>,
) -> bool {
    let inbox = &block.inbox;
    let now = block.head.timestamp;
    let taken = commit.queue_end.checked_sub(inbox.consumed);
    let left = inbox.queue.get(commit.queue_end as usize);
    let valid = commit.index == inbox.index + 1
        && commit.first_timestamp >= inbox.last_timestamp
        && commit.first_timestamp <= commit.last_timestamp
        && commit.last_timestamp <= now
        && commit.last_timestamp + terms.max_batch_age >= now
        && commit.queue_end <= inbox.queue.len() as u64
        && taken.is_some_and(|taken| taken <= BATCH_MESSAGES_MAX);
    if !valid {
        return false;
    }
    let taken = &inbox.queue[inbox.consumed as usize..commit.queue_end as usize];
    let gas: u64 = taken.iter().map(|queued| queued.gas).sum();
    let is_full = taken.len() as u64 == BATCH_MESSAGES_MAX || gas > spec.batch_gas - spec.gas_limit;
    let is_overdue = left.is_some_and(|left| left.at + terms.force_inclusion_delay < now);
    if gas > spec.batch_gas || (is_overdue && !is_full) {
        return false;
    }
    let acc = |index: u64| match index {
        0 => B256::ZERO,
        _ => inbox.queue[index as usize - 1].acc,
    };
    let hash = keccak256(&commit.payload);
    let header = BatchHeader {
        index: commit.index,
        parent: inbox.hash,
        first_timestamp: commit.first_timestamp,
        last_timestamp: commit.last_timestamp,
        queue_start: inbox.consumed,
        queue_end: commit.queue_end,
        queue_acc_start: acc(inbox.consumed),
        queue_acc_end: acc(commit.queue_end),
        data_kind: if commit.blobs { DATA_BLOBS } else { DATA_CALLDATA },
        data_length: if commit.blobs { 1 } else { commit.payload.len() as u64 },
        data_commitment: match commit.blobs {
            true => hash,
            false => calldata_commitment(&commit.payload),
        },
    };
    payloads.insert(hash, commit.payload.clone());
    block.inbox.index = commit.index;
    block.inbox.hash = header.hash();
    block.inbox.consumed = commit.queue_end;
    block.inbox.last_timestamp = commit.last_timestamp;
    block.log.batches.push(CommittedBatch {
        header,
        data: hash.into(),
        block_number: block.head.number,
        block_hash: block.head.hash,
    });
    let attributes = Attributes {
        number: block.head.number - 1,
        timestamp: now,
        hash: block.head.parent_hash,
        base_fee: U256::from(block.head.base_fee),
        blob_base_fee: U256::ONE,
        prev_randao: block.head.hash,
    };
    queue(block, KIND_ATTRIBUTES, attributes.encode(), None);
    true
}

/// The model behind the node's seam.
#[derive(Clone, Debug)]
pub(super) struct Reader(pub(super) Arc<Mutex<Model>>);

impl ParentReader for Reader {
    async fn heads(&self) -> Result<Heads, ParentError> {
        let mut model = self.0.lock();
        model.fails()?;
        let finalized = model.blocks[model.finalized as usize].head;
        Ok(Heads { latest: model.head(), safe: finalized, finalized, blob_base_fee: Some(1) })
    }

    async fn block(&self, number: u64) -> Result<Option<ParentBlock>, ParentError> {
        let mut model = self.0.lock();
        model.fails()?;
        Ok(model.blocks.get(number as usize).map(|block| block.head))
    }

    async fn inbox_log(&self, from: u64, to: &ParentBlock) -> Result<InboxLog, ParentError> {
        let mut model = self.0.lock();
        model.fails()?;
        let blocks = model.blocks.get(from as usize..=to.number as usize).unwrap_or_default();
        if blocks.last().is_none_or(|last| last.head.hash != to.hash) {
            return Err(ParentError::Reset("simulated".into()));
        }
        let mut log = InboxLog::default();
        for block in blocks {
            log.messages.extend(block.log.messages.iter().cloned());
            log.batches.extend(block.log.batches.iter().cloned());
        }
        // A lying RPC leaves something out.
        let failures = model.failures;
        if failures > 0 && model.random.random_ratio(1, 4 * failures) {
            log.messages.pop();
        }
        Ok(log)
    }

    async fn payload(&self, batch: &CommittedBatch) -> Result<Option<Bytes>, ParentError> {
        let mut model = self.0.lock();
        model.fails()?;
        let payload = model.payloads.get(&B256::from_slice(&batch.data)).cloned();
        payload.map(Some).ok_or_else(|| ParentError::Temporary("it is gone".into()))
    }
}
