//! Building one block.

use crate::{
    Block, BlockAttributes, BlockBody, Error, InvalidBlock, NOTE_BYTES_MAX, Override, PushError,
    Rules, Simulator, StateView,
    execute::{Executor, StateUpdate, ethereum::EthereumExecutor, header},
};
use alloy_consensus::{Header, Sealable, Sealed, transaction::Recovered};
use alloy_eips::eip4895::Withdrawals;
use alloy_primitives::{B256, Bytes};
use altana_protocol::{
    Receipt, Transaction,
    execute::{Executed, Messages},
};
use std::sync::Arc;

/// A block being built on some stored block, on one thread: the EVM inside cannot move to another
/// ([`SealedBlock`] and [`Pending`] can). Nothing is stored before [`crate::Ledger::commit`].
pub struct BlockBuilder {
    rules: Arc<Rules>,
    parent: B256,
    view: StateView,
    executor: Executor,
    transactions: Vec<Recovered<Transaction>>,
    withdrawals: Option<Withdrawals>,
    note: Bytes,
    overrides: Vec<Override>,
}

impl std::fmt::Debug for BlockBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockBuilder")
            .field("parent", &self.parent)
            .field("transactions", &self.transactions.len())
            .finish_non_exhaustive()
    }
}

impl BlockBuilder {
    pub(crate) fn new(
        rules: Arc<Rules>,
        parent: &Sealed<Header>,
        view: StateView,
        attributes: BlockAttributes,
    ) -> Result<Self, Error> {
        check_note(&attributes.note)?;
        let withdrawals = Some(Withdrawals::new(attributes.withdrawals.clone()));
        let mut transactions = Vec::new();
        let executor = match &*rules {
            Rules::Rollup(_) => {
                let (messages, timestamp) = (&attributes.messages, attributes.timestamp);
                transactions = deposits(messages);
                Executor::rollup(&rules, parent, timestamp, messages, view.clone())?
            }
            Rules::Ethereum(ethereum) => {
                let header = header::next(ethereum, parent, &attributes)?;
                let (withdrawals, view) = (withdrawals.clone(), view.clone());
                let executor = EthereumExecutor::new(ethereum, header, vec![], withdrawals, view)?;
                Executor::Ethereum(Box::new(executor))
            }
        };
        let parent = parent.seal();
        let (note, overrides) = (attributes.note, attributes.overrides);
        Ok(Self { rules, parent, view, executor, transactions, withdrawals, note, overrides })
    }

    /// Executes one more transaction. On an error the builder is as it was before.
    pub fn push(&mut self, transaction: Recovered<Transaction>) -> Result<Executed, PushError> {
        let executed = self.executor.push(&transaction)?;
        self.transactions.push(transaction);
        Ok(executed)
    }

    /// Receipts so far, deposits included.
    pub fn receipts(&self) -> &[Receipt] {
        self.executor.receipts()
    }

    /// Transactions so far, deposits included.
    pub fn transactions(&self) -> &[Recovered<Transaction>] {
        &self.transactions
    }

    /// Gas that is left for transactions.
    pub fn gas_left(&self) -> u64 {
        self.executor.gas_left()
    }

    /// Transactions pushed so far, deposits included.
    pub fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Whether the block holds no transaction.
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// The block and its state so far, for the `pending` tag. The header has no roots, and its
    /// hash is zero.
    pub fn snapshot(&mut self) -> Result<Pending, Error> {
        let state = self.view.with_changes(self.executor.changes());
        let header = self.executor.header(self.parent);
        let block = Block {
            header: Sealed::new_unchecked(header, B256::ZERO),
            transactions: self.transactions.clone(),
            receipts: self.executor.receipts().to_vec(),
            ommers: Vec::new(),
            withdrawals: self.withdrawals.clone(),
            post_states: self.executor.post_states().to_vec(),
            note: Bytes::new(),
            overrides: Vec::new(),
        };
        Ok(Pending { rules: Arc::clone(&self.rules), block: Arc::new(block), state })
    }

    /// Ends the block: system calls, withdrawals, all roots.
    pub fn seal(self) -> Result<SealedBlock, Error> {
        let (finished, update) = self.executor.seal(&self.view, &self.overrides)?;
        let block = Block {
            header: finished.header.seal_slow(),
            transactions: self.transactions,
            receipts: finished.receipts,
            ommers: finished.ommers,
            withdrawals: finished.withdrawals,
            post_states: finished.post_states,
            note: self.note,
            overrides: self.overrides,
        };
        Ok(SealedBlock { block: Arc::new(block), update })
    }
}

fn check_note(note: &Bytes) -> Result<(), Error> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(Error::Config(format!("a block's note is longer than {NOTE_BYTES_MAX} bytes")));
    }
    Ok(())
}

fn deposits(messages: &Messages) -> Vec<Recovered<Transaction>> {
    let deposit = |tx: &altana_protocol::transaction::TxDeposit| {
        Recovered::new_unchecked(Transaction::deposit(tx.clone()), tx.from)
    };
    messages.deposits.iter().map(deposit).collect()
}

/// Starts a block whose header and body are known, to check it or to see its transactions again.
/// The executor has run the first `index` of the deposits; what remains to push is returned.
pub(crate) fn reexecute<'a>(
    rules: &Rules,
    parent: &Sealed<Header>,
    header: &Header,
    body: (&'a [Recovered<Transaction>], &[Header], Option<&Withdrawals>),
    view: StateView,
    is_ours: bool,
    index: usize,
) -> Result<(Executor, &'a [Recovered<Transaction>]), Error> {
    let (transactions, ommers, withdrawals) = body;
    let transactions = &transactions[..index.min(transactions.len())];
    match rules {
        Rules::Rollup(_) => {
            let (messages, rest) = messages(header, transactions);
            let executor = Executor::rollup(rules, parent, header.timestamp, &messages, view)?;
            Ok((executor, rest))
        }
        Rules::Ethereum(ethereum) => {
            if !is_ours {
                header::check_choices(ethereum, parent, header, ommers)?;
            }
            let mut derived = header::derive(ethereum, parent, header, withdrawals, ommers);
            if is_ours {
                // A development chain may have set it.
                derived.base_fee_per_gas = header.base_fee_per_gas;
            }
            let (ommers, withdrawals) = (ommers.to_vec(), withdrawals.cloned());
            let executor = EthereumExecutor::new(ethereum, derived, ommers, withdrawals, view)?;
            Ok((Executor::Ethereum(Box::new(executor)), transactions))
        }
    }
}

/// The deposits that a block begins with, and the rest of its transactions.
fn messages<'a>(
    header: &Header,
    transactions: &'a [Recovered<Transaction>],
) -> (Messages, &'a [Recovered<Transaction>]) {
    let mut deposits = Vec::new();
    let mut rest = transactions;
    while let [first, others @ ..] = rest
        && let Transaction::Deposit(deposit) = first.inner()
    {
        deposits.push(deposit.inner().clone());
        rest = others;
    }
    (Messages { deposits, prev_randao: Some(header.mix_hash) }, rest)
}

/// Executes a whole block and compares every field of its header.
pub(crate) fn check(
    rules: &Rules,
    parent: &Sealed<Header>,
    header: &Header,
    body: BlockBody,
    view: StateView,
    is_ours: bool,
) -> Result<SealedBlock, Error> {
    check_note(&body.note)?;
    let parts = (&body.transactions[..], &body.ommers[..], body.withdrawals.as_ref());
    let (mut executor, rest) =
        reexecute(rules, parent, header, parts, view.clone(), is_ours, usize::MAX)?;
    let first = body.transactions.len() - rest.len();
    for (index, transaction) in rest.iter().enumerate() {
        executor.push(transaction).map_err(|error| push_failed(first + index, error))?;
    }
    let (finished, update) = executor.seal(&view, &body.overrides)?;
    header::compare(header, &finished.header)?;
    let block = Block {
        header: finished.header.seal_slow(),
        transactions: body.transactions,
        receipts: finished.receipts,
        ommers: finished.ommers,
        withdrawals: finished.withdrawals,
        post_states: finished.post_states,
        note: body.note,
        overrides: body.overrides,
    };
    Ok(SealedBlock { block: Arc::new(block), update })
}

pub(crate) fn push_failed(index: usize, error: PushError) -> Error {
    match error {
        PushError::Invalid(error) => InvalidBlock::Transaction { index, error }.into(),
        PushError::Database(error) => error,
    }
}

/// A block that is still being built, as of one moment.
#[derive(Clone, Debug)]
pub struct Pending {
    rules: Arc<Rules>,
    /// The block so far. Its roots are zero and its hash names nothing.
    pub block: Arc<Block>,
    /// The state after its last transaction.
    pub state: StateView,
}

impl Pending {
    /// Calls on this state, in this block's environment.
    pub fn simulate(&self) -> Result<Simulator, Error> {
        Ok(Simulator::new(Arc::clone(&self.rules), &self.block.header, self.state.clone()))
    }
}

/// A built or checked block with its changes to the state, ready for [`crate::Ledger::commit`].
#[derive(Clone, Debug)]
pub struct SealedBlock {
    /// The block.
    pub block: Arc<Block>,
    pub(crate) update: StateUpdate,
}
