//! Questions about stored blocks.

use crate::{
    AccountProof, Block, Error, Ledger, LogEntry, LogFilter, NextFees, Preimages, Rules, Simulator,
    StateView, StorageProof, Witness,
    builder::{push_failed, reexecute},
    execute::header,
    state::{Recording, Source, Trie, trie_error},
};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use altana_protocol::{execute::next_base_fee, trie};
use parking_lot::Mutex;
use std::{ops::RangeInclusive, sync::Arc};

impl Ledger {
    /// The canonical block with this number.
    pub fn block_by_number(&self, number: u64) -> Result<Option<Arc<Block>>, Error> {
        let head = self.head();
        if number == head.number() {
            return Ok(Some(head));
        }
        match self.inner.store.number(number)? {
            Some(entry) => self.block(entry.hash),
            None => Ok(None),
        }
    }

    /// The trie nodes and code of every stored block.
    pub fn preimages(&self) -> Preimages {
        Preimages(Arc::clone(&self.inner.store))
    }

    /// Whether this block is on the canonical chain.
    pub fn is_canonical(&self, hash: B256) -> Result<bool, Error> {
        let Some((number, _)) = self.inner.store.hash(&hash)? else { return Ok(false) };
        Ok(self.inner.store.number(number)?.is_some_and(|entry| entry.hash == hash))
    }

    /// A canonical transaction: its block and its place there. Of deposits that a sequencer has
    /// labelled alike (docs/protocol.md §1) only the newest is found, and none once it is rewound.
    pub fn transaction(&self, hash: B256) -> Result<Option<(Arc<Block>, usize)>, Error> {
        let Some((number, index)) = self.inner.store.transaction(&hash)? else { return Ok(None) };
        let Some(block) = self.block_by_number(number)? else { return Ok(None) };
        // A rewind may have put another block here.
        let is_there =
            block.transactions.get(index as usize).is_some_and(|tx| tx.inner().hash() == hash);
        Ok(is_there.then_some((block, index as usize)))
    }

    /// Logs of canonical blocks, in order, at most `limit` ([`Error::TooMany`] beyond).
    pub fn logs(
        &self,
        range: RangeInclusive<u64>,
        filter: &LogFilter,
        limit: usize,
    ) -> Result<Vec<LogEntry>, Error> {
        let mut found = Vec::new();
        for number in *range.start()..=(*range.end()).min(self.head().number()) {
            let Some(entry) = self.inner.store.number(number)? else { break };
            if !entry.bloom.as_ref().is_some_and(|bloom| filter.may_match(bloom)) {
                continue;
            }
            found.append(&mut filter.select(&self.require(entry.hash)?));
            if found.len() > limit {
                return Err(Error::TooMany(limit));
            }
        }
        Ok(found)
    }

    /// The state after a block.
    pub fn state(&self, block: B256) -> Result<StateView, Error> {
        self.view(&self.require(block)?.header)
    }

    /// EIP-1186 proof (`eth_getProof`).
    pub fn proof(
        &self,
        address: Address,
        slots: &[B256],
        block: B256,
    ) -> Result<AccountProof, Error> {
        let root = self.require(block)?.header.state_root;
        let slots: Vec<U256> = slots.iter().map(|slot| (*slot).into()).collect();
        let proof = trie::AccountProof::new(&*self.inner.store, root, address, &slots);
        let proof = proof.map_err(trie_error)?;
        let account = proof.account;
        Ok(AccountProof {
            address,
            balance: account.map_or(U256::ZERO, |account| account.balance),
            nonce: account.map_or(0, |account| account.nonce),
            code_hash: account.map_or(KECCAK256_EMPTY, |account| account.code_hash),
            storage_root: account.map_or(trie::EMPTY_ROOT_HASH, |account| account.storage_root),
            proof: proof.nodes,
            slots: proof
                .storage
                .into_iter()
                .map(|slot| StorageProof {
                    slot: slot.slot.into(),
                    value: slot.value,
                    proof: slot.nodes,
                })
                .collect(),
        })
    }

    /// What a stateless execution of this block reads.
    pub fn witness(&self, block: B256) -> Result<Witness, Error> {
        let block = self.require(block)?;
        let parent = self.require(block.header.parent_hash)?;
        let recorder = Arc::new(Mutex::new(Recording::default()));
        let store = Arc::clone(&self.inner.store);
        let source = Source { store, recorder: Some(Arc::clone(&recorder)) };
        // A trie of which nothing is loaded, so that all is recorded.
        let trie = Trie::new(source, parent.header.state_root);
        let is_rollup = matches!(*self.inner.rules, Rules::Rollup(_));
        let view = StateView::new(trie, (parent.number(), parent.hash()), is_rollup);
        let (mut executor, rest) = self.reexecute(&parent, &block, view.clone(), usize::MAX)?;
        let first = block.transactions.len() - rest.len();
        for (index, tx) in rest.iter().enumerate() {
            executor.push(tx).map_err(|error| push_failed(first + index, error))?;
        }
        let (finished, _) = executor.seal(&view, &block.overrides)?;
        header::compare(&block.header, &finished.header)?;
        let recording = std::mem::take(&mut *recorder.lock());
        let mut nodes: Vec<_> = recording.nodes.into_iter().collect();
        let mut codes: Vec<_> = recording.codes.into_iter().collect();
        nodes.sort_unstable_by_key(|(hash, _)| *hash);
        codes.sort_unstable_by_key(|(hash, _)| *hash);
        Ok(Witness {
            nodes: nodes.into_iter().map(|(_, node)| node).collect(),
            codes: codes.into_iter().map(|(_, code)| code).collect(),
        })
    }

    /// Calls on the state after a block, in that block's environment (`eth_call`).
    pub fn simulate(&self, block: B256) -> Result<Simulator, Error> {
        let block = self.require(block)?;
        let view = self.view(&block.header)?;
        Ok(Simulator::new(Arc::clone(&self.inner.rules), &block.header, view))
    }

    /// Replay of a block's transactions before `index`, ready for that transaction or a call.
    pub fn replay(&self, block: B256, index: usize) -> Result<Simulator, Error> {
        let block = self.require(block)?;
        let parent = self.require(block.header.parent_hash)?;
        let view = self.view(&parent.header)?;
        let (mut executor, rest) = self.reexecute(&parent, &block, view.clone(), index)?;
        for (index, tx) in rest.iter().enumerate() {
            executor.push(tx).map_err(|error| push_failed(index, error))?;
        }
        let view = view.with_changes(executor.changes());
        Ok(Simulator::new(Arc::clone(&self.inner.rules), &block.header, view))
    }

    fn reexecute<'a>(
        &self,
        parent: &Block,
        block: &'a Block,
        view: StateView,
        index: usize,
    ) -> Result<
        (
            crate::execute::Executor,
            &'a [alloy_consensus::transaction::Recovered<altana_protocol::Transaction>],
        ),
        Error,
    > {
        let body = (&block.transactions[..], &block.ommers[..], block.withdrawals.as_ref());
        reexecute(&self.inner.rules, &parent.header, &block.header, body, view, true, index)
    }

    /// What the next block on the head will charge.
    pub fn next_fees(&self) -> NextFees {
        let head = self.head();
        match &*self.inner.rules {
            Rules::Rollup(spec) => {
                NextFees { base_fee: next_base_fee(spec, &head.header), blob_base_fee: None }
            }
            Rules::Ethereum(rules) => {
                let timestamp = head.header.timestamp + 1;
                let excess = header::next_excess_blob_gas(rules, &head.header, timestamp);
                let blobs = rules.blobs_at(timestamp);
                NextFees {
                    base_fee: header::next_base_fee(&head.header),
                    blob_base_fee: blobs.map(|params| params.calc_blob_fee(excess)),
                }
            }
        }
    }
}
