//! The pool's pure state machine: who waits, in which order, within which bounds.

use super::{
    Rejection, Shortage,
    account::{Account, AccountState, Accounts},
    ready::{Key, Ready},
};
use alloy_consensus::{Transaction as _, transaction::Recovered};
use alloy_primitives::{Address, B256, U256};
use altana_protocol::Transaction;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// A transaction that waits, with what the pool needs to order it.
#[derive(Debug)]
pub struct PooledTransaction {
    /// The transaction and its sender.
    pub transaction: Arc<Recovered<Transaction>>,
    /// Its hash.
    pub hash: B256,
    /// Bytes of its EIP-2718 encoding.
    pub size: usize,
    /// Most wei that it can cost: value, gas at its fee cap, and the data fee of its time.
    pub cost: U256,
}

impl PooledTransaction {
    /// Wraps a recovered transaction of `size` bytes that pays `surcharge` wei besides gas and value.
    pub fn new(transaction: Recovered<Transaction>, size: usize, surcharge: U256) -> Self {
        let gas = U256::from(transaction.max_fee_per_gas()) * U256::from(transaction.gas_limit());
        let cost = gas.saturating_add(transaction.value()).saturating_add(surcharge);
        Self { hash: transaction.inner().hash(), size, cost, transaction: Arc::new(transaction) }
    }

    /// Who signed.
    pub fn sender(&self) -> Address {
        self.transaction.signer()
    }

    /// Nonce.
    pub fn nonce(&self) -> u64 {
        self.transaction.nonce()
    }

    fn cap(&self) -> u128 {
        self.transaction.max_fee_per_gas()
    }

    fn tip(&self) -> u128 {
        self.transaction.max_priority_fee_per_gas().unwrap_or_else(|| self.cap())
    }

    /// What the block's builder earns per gas; `None` while the fee cap is below the base fee.
    fn effective_tip(&self, base_fee: u64) -> Option<u128> {
        Some(self.cap().checked_sub(base_fee.into())?.min(self.tip()))
    }
}

/// Bounds of a pool.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Transactions per account.
    pub per_account: usize,
    /// Transactions in all.
    pub transactions: usize,
    /// Bytes of all transactions together.
    pub bytes: usize,
    /// Bytes of one transaction.
    pub transaction_bytes: usize,
    /// A replacement must raise both fees by this many percent.
    pub replacement_bump_percent: u128,
    /// Transactions that are skipped, per call of [`Pool::take`], because the block has too
    /// little gas left for them.
    pub skips_per_take: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_account: 64,
            transactions: 50_000,
            bytes: 128 << 20,
            transaction_bytes: 128 << 10,
            replacement_bump_percent: 10,
            skips_per_take: 32,
        }
    }
}

/// A waiting transaction and its place.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) tx: Arc<PooledTransaction>,
    pub(super) arrival: u64,
}

/// What an accepted transaction changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// The transaction with the same nonce that it outbid.
    pub replaced: Option<B256>,
    /// Cheaper ones that had to leave.
    pub evicted: Vec<B256>,
}

/// The pool's transactions by account and nonce (`txpool_content`).
#[derive(Debug, Default)]
pub struct Content {
    /// Executable now.
    pub pending: Vec<Arc<PooledTransaction>>,
    /// Behind a gap of nonces.
    pub queued: Vec<Arc<PooledTransaction>>,
}

/// Transactions that wait for a block. Pure: state comes in through [`Accounts`], time through the
/// order of calls.
#[derive(Debug)]
pub struct Pool {
    limits: Limits,
    min_base_fee: u64,
    arrivals: u64,
    bytes: usize,
    accounts: HashMap<Address, Account>,
    by_hash: HashMap<B256, (Address, u64)>,
    /// The next transaction of each account that a block could take now.
    ready: Ready,
    /// The last transaction of each account, worst first: gapped ones, then the cheapest.
    tails: BTreeSet<Tail>,
    parked: Vec<Address>,
}

/// Order of eviction: `(not gapped, tip at the lowest base fee, latest first)`.
type Tail = (bool, u128, std::cmp::Reverse<u64>, Address);

impl Pool {
    /// An empty pool of a chain whose base fee never falls below `min_base_fee`.
    pub fn new(limits: Limits, min_base_fee: u64) -> Self {
        Self {
            limits,
            min_base_fee,
            arrivals: 0,
            bytes: 0,
            accounts: HashMap::new(),
            by_hash: HashMap::new(),
            ready: Ready::new(min_base_fee),
            tails: BTreeSet::new(),
            parked: Vec::new(),
        }
    }

    /// Number of waiting transactions.
    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }

    /// Bytes of all waiting transactions.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether [`Pool::take`] has something to give.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// A waiting transaction by its hash.
    pub fn get(&self, hash: &B256) -> Option<Arc<PooledTransaction>> {
        let (sender, nonce) = self.by_hash.get(hash)?;
        Some(self.accounts.get(sender)?.entries.get(nonce)?.tx.clone())
    }

    /// The nonce after the account's executable transactions; `None` if it has none waiting.
    pub fn next_nonce(&self, sender: &Address) -> Option<u64> {
        let account = self.accounts.get(sender)?;
        Some(account.contiguous_end(account.nonce))
    }

    /// Accepts a transaction, or says why not; a refusal changes nothing.
    pub fn insert(
        &mut self,
        tx: PooledTransaction,
        accounts: &impl Accounts,
    ) -> Result<Inserted, Rejection> {
        self.check_alone(&tx)?;
        let state = self.load(tx.sender(), accounts)?;
        let replaced = self.check_in_account(&tx, state, accounts)?;
        let evicted = match replaced {
            Some(_) => Vec::new(),
            None => self.make_room(&tx)?,
        };
        self.put(tx, state);
        Ok(Inserted { replaced, evicted })
    }

    /// Takes back a transaction that was acknowledged before (from the journal, or from a block
    /// that left the chain): bounds do not apply. Whether it is in: not if its nonce is used, or
    /// if the one that waits under this nonce pays no less.
    pub fn restore(
        &mut self,
        tx: PooledTransaction,
        accounts: &impl Accounts,
    ) -> Result<bool, Rejection> {
        let state = self.load(tx.sender(), accounts)?;
        let account = self.accounts.get(&tx.sender());
        let next = account.map_or(state.nonce, |account| account.taken.max(account.nonce));
        let other = account.and_then(|account| account.entries.get(&tx.nonce()));
        let outbids = other.is_none_or(|o| tx.cap() > o.tx.cap() && tx.tip() > o.tx.tip());
        let fits = tx.nonce() >= next && outbids;
        if fits {
            self.put(tx, state);
        }
        Ok(fits)
    }

    fn put(&mut self, tx: PooledTransaction, state: AccountState) {
        let (sender, nonce) = (tx.sender(), tx.nonce());
        self.accounts.entry(sender).or_insert_with(|| Account {
            nonce: state.nonce,
            balance: state.balance,
            taken: state.nonce,
            ..Account::default()
        });
        self.arrivals += 1;
        let arrival = self.arrivals;
        self.bytes += tx.size;
        self.by_hash.insert(tx.hash, (sender, nonce));
        let mut old = None;
        self.retake(sender, |account| {
            account.cost += tx.cost;
            old = account.entries.insert(nonce, Entry { tx: Arc::new(tx), arrival });
            account.cost -= old.as_ref().map_or(U256::ZERO, |old| old.tx.cost);
        });
        if let Some(old) = old {
            self.bytes -= old.tx.size;
            self.by_hash.remove(&old.tx.hash);
        }
    }

    /// Hands out the best transactions whose gas limits fit into `gas_left` together, at most
    /// `max` of them and until they have `bytes` together, by effective tip, then by arrival, each account's in order of nonce. They
    /// stay in the pool until a block is reported, and are not handed out twice unless
    /// [`Pool::give_back`] or [`Pool::reset`] returns them.
    pub fn take(
        &mut self,
        max: usize,
        mut gas_left: u64,
        bytes: usize,
    ) -> Vec<Arc<PooledTransaction>> {
        let mut out = Vec::new();
        let mut skipped: Vec<Key> = Vec::new();
        let mut taken_bytes = 0;
        while out.len() < max && taken_bytes < bytes && skipped.len() <= self.limits.skips_per_take
        {
            let Some(key) = self.ready.pop() else { break };
            let Some(account) = self.accounts.get_mut(&key.sender) else { continue };
            let Some(entry) = account.entries.get(&account.taken) else { continue };
            if entry.tx.transaction.gas_limit() > gas_left {
                skipped.push(key);
                continue;
            }
            gas_left -= entry.tx.transaction.gas_limit();
            taken_bytes += entry.tx.size;
            out.push(entry.tx.clone());
            // The key is out already; the tail may cease to be evictable.
            untrack_tail(&mut self.tails, key.sender, account, self.min_base_fee);
            account.taken += 1;
            track(&mut self.ready, &mut self.tails, key.sender, account, self.min_base_fee);
        }
        skipped.into_iter().for_each(|key| self.ready.push(key));
        out
    }

    /// Returns a handed-out transaction, and with it the account's later ones: the block has no
    /// room for it.
    pub fn give_back(&mut self, tx: &PooledTransaction) {
        self.retake(tx.sender(), |account| {
            account.taken = account.taken.min(tx.nonce()).max(account.nonce);
        });
    }

    /// Drops a transaction that cannot be executed. The account's later ones wait behind the gap.
    pub fn discard(&mut self, tx: &PooledTransaction) {
        if self.by_hash.contains_key(&tx.hash) {
            self.give_back(tx);
            self.remove(tx.sender(), tx.nonce());
        }
    }

    /// Returns a handed-out transaction like [`Pool::give_back`], and leaves its account out
    /// until [`Pool::block_done`]: the block cannot take it, though a later one may.
    pub fn park(&mut self, tx: &PooledTransaction) {
        self.give_back(tx);
        self.retake(tx.sender(), |account| account.parked = true);
        self.parked.push(tx.sender());
    }

    /// A block is committed, and everything handed out was in it or came back: takes note of the
    /// states of its `senders`. Mined transactions leave.
    pub fn block_done(
        &mut self,
        senders: impl IntoIterator<Item = Address>,
        accounts: &impl Accounts,
    ) -> Result<(), Rejection> {
        self.unpark();
        for sender in senders {
            if self.accounts.contains_key(&sender) {
                let state = accounts.account(sender).map_err(Rejection::State)?;
                self.update_account(sender, state);
            }
        }
        Ok(())
    }

    /// The block under construction is given up, or blocks left the chain: nothing is handed out,
    /// and every account is read anew.
    pub fn reset(&mut self, accounts: &impl Accounts) -> Result<(), Rejection> {
        self.unpark();
        let senders: Vec<_> = self.accounts.keys().copied().collect();
        self.block_done(senders, accounts)
    }

    fn unpark(&mut self) {
        for sender in std::mem::take(&mut self.parked) {
            self.retake(sender, |account| account.parked = false);
        }
    }

    /// Orders by the base fee of the next block.
    pub fn set_base_fee(&mut self, base_fee: u64) {
        if !self.ready.set_base_fee(base_fee) {
            return;
        }
        for (sender, account) in &self.accounts {
            if let Some(entry) = account.next() {
                self.ready.offer(*sender, entry);
            }
        }
    }

    /// Every waiting transaction, executable ones apart from gapped ones.
    pub fn content(&self) -> Content {
        let mut content = Content::default();
        for account in self.accounts.values() {
            let end = account.contiguous_end(account.nonce);
            for (nonce, entry) in &account.entries {
                let list = if *nonce < end { &mut content.pending } else { &mut content.queued };
                list.push(entry.tx.clone());
            }
        }
        content
    }

    /// Numbers of executable and gapped transactions (`txpool_status`).
    pub fn status(&self) -> (usize, usize) {
        let pending: u64 =
            self.accounts.values().map(|a| a.contiguous_end(a.nonce) - a.nonce).sum();
        (pending as usize, self.len() - pending as usize)
    }

    /// Every waiting transaction, in order of nonce per account (what the journal must keep).
    pub fn all(&self) -> impl Iterator<Item = &Arc<PooledTransaction>> {
        self.accounts.values().flat_map(|account| account.entries.values().map(|entry| &entry.tx))
    }

    fn check_alone(&self, tx: &PooledTransaction) -> Result<(), Rejection> {
        if self.by_hash.contains_key(&tx.hash) {
            return Err(Rejection::AlreadyKnown);
        }
        if tx.size > self.limits.transaction_bytes {
            let (size, limit) = (tx.size, self.limits.transaction_bytes);
            return Err(Rejection::Oversized { size, limit });
        }
        if tx.tip() > tx.cap() {
            return Err(Rejection::TipAboveFeeCap { tip: tx.tip(), cap: tx.cap() });
        }
        if tx.cap() < self.min_base_fee.into() {
            let (sender, cap, base_fee) = (tx.sender(), tx.cap(), self.min_base_fee);
            return Err(Rejection::FeeCapTooLow { sender, cap, base_fee });
        }
        Ok(())
    }

    fn load(&self, sender: Address, accounts: &impl Accounts) -> Result<AccountState, Rejection> {
        match self.accounts.get(&sender) {
            Some(account) => {
                Ok(AccountState { nonce: account.nonce, balance: account.balance, has_code: false })
            }
            None => {
                let state = accounts.account(sender).map_err(Rejection::State)?;
                if state.has_code {
                    return Err(Rejection::SenderNotEoa(sender));
                }
                Ok(state)
            }
        }
    }

    /// Checks nonce, bid and funds; the result is the hash of what would be replaced.
    fn check_in_account(
        &mut self,
        tx: &PooledTransaction,
        state: AccountState,
        accounts: &impl Accounts,
    ) -> Result<Option<B256>, Rejection> {
        let (sender, nonce) = (tx.sender(), tx.nonce());
        let account = self.accounts.get(&sender);
        let next = account.map_or(state.nonce, |account| account.taken.max(account.nonce));
        if nonce < next {
            return Err(Rejection::NonceTooLow { next, nonce });
        }
        let old = account.and_then(|account| account.entries.get(&nonce)).map(|e| e.tx.clone());
        if let Some(old) = &old {
            let bump = 100 + self.limits.replacement_bump_percent;
            let outbids = |new: u128, old: u128| {
                new > old && new.saturating_mul(100) >= old.saturating_mul(bump)
            };
            if !outbids(tx.cap(), old.cap()) || !outbids(tx.tip(), old.tip()) {
                return Err(Rejection::ReplacementUnderpriced);
            }
        } else if account.is_some_and(|a| a.entries.len() >= self.limits.per_account) {
            return Err(Rejection::AccountLimit { sender, limit: self.limits.per_account });
        }
        let queued = account.map_or(U256::ZERO, |account| account.cost)
            - old.as_ref().map_or(U256::ZERO, |old| old.cost);
        let affordable = |balance: U256| queued.saturating_add(tx.cost) <= balance;
        if !affordable(state.balance) {
            // Somebody may have paid in since; only a sender's own transactions are tracked.
            let balance = accounts.account(sender).map_err(Rejection::State)?.balance;
            if !affordable(balance) {
                let shortage = Shortage { balance, queued, cost: tx.cost };
                return Err(Rejection::InsufficientFunds(Box::new(shortage)));
            }
            if let Some(account) = self.accounts.get_mut(&sender) {
                account.balance = balance;
            }
        }
        Ok(old.map(|old| old.hash))
    }

    /// Evicts the worst tails until `tx` fits; refuses it if it is no better than they are.
    fn make_room(&mut self, tx: &PooledTransaction) -> Result<Vec<B256>, Rejection> {
        let fits = |pool: &Self| {
            pool.len() < pool.limits.transactions && pool.bytes + tx.size <= pool.limits.bytes
        };
        if fits(self) {
            return Ok(Vec::new());
        }
        let end =
            self.accounts.get(&tx.sender()).map(|account| account.contiguous_end(account.taken));
        let gapless = end.is_none_or(|end| tx.nonce() <= end);
        let worth = (gapless, tx.effective_tip(self.min_base_fee).unwrap_or_default());
        let mut evicted = Vec::new();
        let (mut count, mut bytes) = (self.len(), self.bytes);
        let mut victims = Vec::new();
        for (free, tip, _, sender) in &self.tails {
            if count < self.limits.transactions && bytes + tx.size <= self.limits.bytes {
                break;
            }
            if (*free, *tip) >= worth {
                return Err(Rejection::Underpriced);
            }
            // The newcomer must not cut off its own account's transactions.
            if *sender != tx.sender()
                && let Some((nonce, entry)) =
                    self.accounts.get(sender).and_then(|account| account.entries.last_key_value())
            {
                victims.push((*sender, *nonce));
                (count, bytes) = (count - 1, bytes - entry.tx.size);
            }
        }
        if count >= self.limits.transactions || bytes + tx.size > self.limits.bytes {
            return Err(Rejection::Underpriced);
        }
        for (sender, nonce) in victims {
            evicted.extend(self.remove(sender, nonce).map(|tx| tx.hash));
        }
        Ok(evicted)
    }

    fn update_account(&mut self, sender: Address, state: AccountState) {
        let mut gone = Vec::new();
        self.retake(sender, |account| {
            account.nonce = state.nonce;
            account.balance = state.balance;
            account.taken = state.nonce;
            while let Some(first) = account.entries.first_entry()
                && *first.key() < state.nonce
            {
                let entry = first.remove();
                account.cost -= entry.tx.cost;
                gone.push(entry.tx);
            }
        });
        for tx in gone {
            self.bytes -= tx.size;
            self.by_hash.remove(&tx.hash);
        }
        self.prune(sender);
    }

    fn remove(&mut self, sender: Address, nonce: u64) -> Option<Arc<PooledTransaction>> {
        let mut removed = None;
        self.retake(sender, |account| {
            removed = account.entries.remove(&nonce).map(|entry| entry.tx);
            if let Some(tx) = &removed {
                account.cost -= tx.cost;
            }
        });
        if let Some(tx) = &removed {
            self.bytes -= tx.size;
            self.by_hash.remove(&tx.hash);
        }
        self.prune(sender);
        removed
    }

    fn prune(&mut self, sender: Address) {
        if self.accounts.get(&sender).is_some_and(|account| account.entries.is_empty()) {
            self.accounts.remove(&sender);
        }
    }

    /// Changes an account while it is out of both orders.
    fn retake(&mut self, sender: Address, change: impl FnOnce(&mut Account)) {
        let Some(account) = self.accounts.get_mut(&sender) else { return };
        untrack(&mut self.ready, &mut self.tails, sender, account, self.min_base_fee);
        change(account);
        track(&mut self.ready, &mut self.tails, sender, account, self.min_base_fee);
    }
}

fn tail(account: &Account, sender: Address, min_base_fee: u64) -> Option<Tail> {
    let (nonce, last) = account.entries.last_key_value()?;
    // What is in the block under construction cannot be evicted.
    let waiting = account.entries.len() as u64 - (account.taken - account.nonce);
    let gapless = *nonce + 1 == account.taken.saturating_add(waiting);
    let tip = last.tx.effective_tip(min_base_fee).unwrap_or_default();
    (*nonce >= account.taken).then_some((gapless, tip, std::cmp::Reverse(last.arrival), sender))
}

fn untrack_tail(tails: &mut BTreeSet<Tail>, sender: Address, account: &Account, min_base_fee: u64) {
    if let Some(tail) = tail(account, sender, min_base_fee) {
        tails.remove(&tail);
    }
}

fn untrack(
    ready: &mut Ready,
    tails: &mut BTreeSet<Tail>,
    sender: Address,
    account: &Account,
    min_base_fee: u64,
) {
    if let Some(entry) = account.next() {
        ready.withdraw(sender, entry);
    }
    untrack_tail(tails, sender, account, min_base_fee);
}

fn track(
    ready: &mut Ready,
    tails: &mut BTreeSet<Tail>,
    sender: Address,
    account: &Account,
    min_base_fee: u64,
) {
    if let Some(entry) = account.next() {
        ready.offer(sender, entry);
    }
    if let Some(tail) = tail(account, sender, min_base_fee) {
        tails.insert(tail);
    }
}

impl Entry {
    pub(super) fn effective_tip(&self, base_fee: u64) -> Option<u128> {
        self.tx.effective_tip(base_fee)
    }
}
