//! Executes one block: the same functions serve the sequencer, importers and `stf`.
//!
//! A block is built up transaction by transaction. One that is refused leaves no trace.

mod data_fee;
mod error;
mod history;

use alloc::{string::ToString, vec::Vec};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, Transaction as _};
use alloy_eips::{Typed2718, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{Address, B64, B256, Bytes, U256};
use op_alloy_consensus::TxDeposit;
use op_revm::{
    DefaultOp, L1BlockInfo, OpBuilder, OpHaltReason, OpSpecId,
    api::{builder::DefaultOpEvm, default_ctx::OpContext},
};
use revm::{
    Context, Database, DatabaseCommit, DatabaseRef, ExecuteEvm,
    context::{BlockEnv, CfgEnv, ContextTr, result::EVMError, result::ExecutionResult},
    context_interface::block::BlobExcessGasAndPrice,
    database::{BundleState, State, states::bundle_state::BundleRetention},
    database_interface::{WrapDatabaseRef, bal::EvmDatabaseError},
    primitives::{KECCAK_EMPTY, eip7702::PER_EMPTY_ACCOUNT_COST, eip7825},
    state::{Account, AccountStatus, EvmState, EvmStorageSlot},
};

use data_fee::data_fee;
pub use error::{ExecuteError, InvalidTransaction};
pub use history::HistoryDb;

use crate::{
    ChainSpec, Receipt, Transaction,
    predeploys::{FEE_VAULT, HISTORY},
    queue::{Label, QueuedMessage},
    receipt::receipts_root,
    transaction::{Recovered, transactions_root},
};

/// The EVM that runs a rollup: Prague with the OP Stack's Isthmus rules.
pub const EVM_SPEC: OpSpecId = OpSpecId::ISTHMUS;

/// Most gas of a transaction (EIP-7825). What an execution holds in memory until it ends is bounded
/// by it, whatever the gas limit of a block.
pub const TX_GAS_MAX: u64 = eip7825::TX_GAS_LIMIT_CAP;

/// Codes of contracts that a block keeps loaded from one transaction to the next. What one
/// transaction has loaded on top is forgotten after it: a code of 24 KB is loaded for 2,500 gas,
/// and no memory could hold all that a block can pay for.
const CODES_KEPT: usize = 256;

/// The state that a block executes on: the parent's, with the block's changes on top.
pub type BlockState<DB> = State<HistoryDb<DB>>;

/// What signed transactions pay besides gas and value: the data fee and the operator fee (OP Stack,
/// Isthmus), by the parent attributes that a state holds.
#[derive(Clone, Debug)]
pub struct Surcharge(L1BlockInfo);

impl Surcharge {
    /// Reads the attributes. Fails only if the database does.
    pub fn read<DB: DatabaseRef>(db: &DB) -> Result<Self, DB::Error> {
        Ok(Self(L1BlockInfo::try_fetch(&mut WrapDatabaseRef(db), U256::ZERO, EVM_SPEC)?))
    }

    /// Most wei that a transaction of these EIP-2718 bytes pays on top.
    pub fn of(&self, encoded: &[u8], gas_limit: u64) -> U256 {
        // It would keep the fee of the first transaction that it is asked for.
        self.0.clone().tx_cost(encoded, U256::from(gas_limit), EVM_SPEC)
    }
}

/// What a block takes in before its first signed transaction.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// The messages' transactions, in queue order.
    pub deposits: Vec<TxDeposit>,
    /// Randomness of the newest attributes among the messages, if there are any.
    pub prev_randao: Option<B256>,
}

impl Messages {
    /// What queue messages become in the block that consumes them. `labels` are for the
    /// messages of kind deposit, in order; a deposit beyond them gets its unlabelled hash.
    pub fn new(messages: &[QueuedMessage], labels: &[Label]) -> Self {
        let mut labels = labels.iter();
        let mut out = Self::default();
        for queued in messages {
            let label = match queued.message.kind {
                crate::queue::KIND_DEPOSIT => labels.next(),
                _ => None,
            };
            if let Some(attributes) = queued.message.attributes() {
                out.prev_randao = Some(attributes.prev_randao);
            }
            out.deposits.extend(queued.to_transaction(label));
        }
        out
    }
}

/// How one transaction went. Its logs are in the executor's last receipt.
#[derive(Clone, Debug)]
pub struct Executed {
    /// Whether it succeeded.
    pub success: bool,
    /// Gas that it used.
    pub gas_used: u64,
    /// Returned or reverted data.
    pub output: Bytes,
    /// The contract that a creation made.
    pub created: Option<Address>,
}

/// A finished block, but for the roots of its state.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    /// The header; `state_root` and `withdrawals_root` are set by [`BlockOutcome::seal`].
    header: Header,
    /// Every transaction's receipt.
    pub receipts: Vec<Receipt>,
    /// Every transaction's EIP-2718 bytes, deposits first.
    pub transactions: Vec<Bytes>,
    /// What changed in the state.
    pub changes: BundleState,
}

impl BlockOutcome {
    /// The header, once the state's root and the message passer's storage root are known.
    pub fn seal(&self, state_root: B256, message_passer_root: B256) -> Header {
        Header { state_root, withdrawals_root: Some(message_passer_root), ..self.header.clone() }
    }

    /// Number of the block.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// Gas that the block used.
    pub fn gas_used(&self) -> u64 {
        self.header.gas_used
    }
}

/// Base fee of the block after `parent`: EIP-1559 with the chain's parameters and floor.
pub fn next_base_fee(spec: &ChainSpec, parent: &Header) -> u64 {
    let base = u128::from(parent.base_fee_per_gas.unwrap_or_default());
    let target = u128::from(parent.gas_limit / spec.elasticity.max(1)).max(1);
    let used = u128::from(parent.gas_used);
    let step = |distance: u128| {
        // At most 2^64 * 2^64: saturation is not reached, it keeps the function total.
        base.saturating_mul(distance) / target / u128::from(spec.denominator.max(1))
    };
    let next = match used.cmp(&target) {
        core::cmp::Ordering::Equal => base,
        core::cmp::Ordering::Greater => base.saturating_add(step(used - target).max(1)),
        core::cmp::Ordering::Less => base.saturating_sub(step(target - used)),
    };
    u64::try_from(next).unwrap_or(u64::MAX).max(spec.min_base_fee)
}

/// The environment of the block after `parent` (docs/protocol.md §3).
pub fn next_block_env(
    spec: &ChainSpec,
    parent: &Header,
    timestamp: u64,
    messages: &Messages,
) -> BlockEnv {
    BlockEnv {
        number: U256::from(parent.number.saturating_add(1)),
        beneficiary: FEE_VAULT,
        timestamp: U256::from(timestamp),
        gas_limit: spec.gas_limit,
        basefee: next_base_fee(spec, parent),
        difficulty: U256::ZERO,
        prevrandao: Some(messages.prev_randao.unwrap_or(parent.mix_hash)),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
            excess_blob_gas: 0,
            blob_gasprice: 1,
        }),
        ..BlockEnv::default()
    }
}

/// The EVM configuration of a rollup.
pub fn evm_config(spec: &ChainSpec) -> CfgEnv<OpSpecId> {
    let mut config = CfgEnv::new_with_spec(EVM_SPEC).with_chain_id(spec.chain_id);
    config.tx_gas_limit_cap = Some(TX_GAS_MAX);
    config
}

type Evm<DB> = DefaultOpEvm<OpContext<BlockState<DB>>>;

/// Executes the transactions of one block, one after the other.
pub struct BlockExecutor<DB: Database> {
    evm: Evm<DB>,
    parent_hash: B256,
    receipts: Vec<Receipt>,
    transactions: Vec<Bytes>,
    gas_used: u64,
}

impl<DB: Database> core::fmt::Debug for BlockExecutor<DB> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("BlockExecutor")
            .field("number", &self.number())
            .field("transactions", &self.transactions.len())
            .field("gas_used", &self.gas_used)
            .finish_non_exhaustive()
    }
}

impl<DB: Database> BlockExecutor<DB> {
    /// Starts the block after `parent` on the state `db` of that parent: writes the parent's
    /// hash into the history contract, then executes the messages' transactions.
    ///
    /// Fails only if the database does.
    pub fn new(
        spec: &ChainSpec,
        parent: &Header,
        parent_hash: B256,
        timestamp: u64,
        messages: &Messages,
        db: DB,
    ) -> Result<Self, DB::Error> {
        let env = next_block_env(spec, parent, timestamp, messages);
        let db = HistoryDb::new(db, parent.number, parent_hash);
        // The bundle, empty as it is, is asked before the database: see `commit`.
        let state = State::builder()
            .with_database(db)
            .with_bundle_prestate(BundleState::default())
            .with_bundle_update()
            .build();
        let evm = Context::op()
            .with_db(state)
            .with_cfg(evm_config(spec))
            .with_block(env)
            .with_chain(L1BlockInfo::default())
            .build_op();
        let mut executor =
            Self { evm, parent_hash, receipts: Vec::new(), transactions: Vec::new(), gas_used: 0 };
        executor.write_history(parent.number, parent_hash)?;
        for deposit in &messages.deposits {
            executor.push_deposit(deposit.clone())?;
        }
        Ok(executor)
    }

    /// Executes a signed transaction as the block's next.
    ///
    /// After an error the block is as it was before the call: after
    /// [`ExecuteError::Invalid`] the caller goes on with another transaction, after
    /// [`ExecuteError::Database`] the block should be dropped.
    pub fn push(
        &mut self,
        tx: Recovered<&Transaction>,
    ) -> Result<Executed, ExecuteError<DB::Error>> {
        let encoded = tx.inner().encoded();
        self.push_encoded(tx, encoded)
    }

    /// [`BlockExecutor::push`] for a caller that has the transaction's EIP-2718 bytes.
    pub fn push_encoded(
        &mut self,
        tx: Recovered<&Transaction>,
        encoded: Bytes,
    ) -> Result<Executed, ExecuteError<DB::Error>> {
        self.push_watched(tx, encoded, |_| ())
    }

    /// [`BlockExecutor::push_encoded`] that shows `watch` what the transaction changed.
    pub fn push_watched(
        &mut self,
        tx: Recovered<&Transaction>,
        encoded: Bytes,
        watch: impl FnOnce(&EvmState),
    ) -> Result<Executed, ExecuteError<DB::Error>> {
        self.check_type_and_gas(tx.inner())?;
        self.set_data_fee(&encoded).map_err(ExecuteError::Database)?;
        let op_tx = tx.inner().to_op_tx(tx.signer(), encoded.clone());
        let result = self.evm.transact_one(op_tx);
        // Taking the journal's state also clears it: op-revm leaves there what an invalid
        // transaction has loaded, and the next one would see it.
        let changes = self.evm.finalize();
        let result = result.map_err(ExecuteError::from_evm)?;
        watch(&changes);
        self.commit(changes);
        Ok(self.record(tx.inner().ty(), encoded, result, None))
    }

    /// Finishes the block.
    pub fn finish(mut self) -> BlockOutcome {
        self.evm.0.ctx.db_mut().merge_transitions(BundleRetention::PlainState);
        let changes = self.evm.0.ctx.db_mut().take_bundle();
        let (receipts_root, logs_bloom) = receipts_root(&self.receipts);
        let env = self.env();
        let header = Header {
            parent_hash: self.parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: env.beneficiary,
            state_root: B256::ZERO,
            transactions_root: transactions_root(&self.transactions),
            receipts_root,
            logs_bloom,
            difficulty: U256::ZERO,
            number: env.number.saturating_to(),
            gas_limit: env.gas_limit,
            gas_used: self.gas_used,
            timestamp: env.timestamp.saturating_to(),
            extra_data: Bytes::new(),
            mix_hash: env.prevrandao.unwrap_or_default(),
            nonce: B64::ZERO,
            base_fee_per_gas: Some(env.basefee),
            withdrawals_root: None,
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        };
        BlockOutcome { header, receipts: self.receipts, transactions: self.transactions, changes }
    }

    /// The block's environment.
    pub fn env(&self) -> &BlockEnv {
        &self.evm.0.ctx.block
    }

    /// Number of the block.
    pub fn number(&self) -> u64 {
        self.env().number.saturating_to()
    }

    /// Receipts so far.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// EIP-2718 bytes of the transactions so far, deposits first.
    pub fn transactions(&self) -> &[Bytes] {
        &self.transactions
    }

    /// Gas used so far.
    pub fn gas_used(&self) -> u64 {
        self.gas_used
    }

    /// Gas that transactions may still ask for.
    pub fn gas_left(&self) -> u64 {
        self.env().gas_limit.saturating_sub(self.gas_used)
    }

    /// The state as the block has left it so far.
    pub fn state_mut(&mut self) -> &mut BlockState<DB> {
        self.evm.0.ctx.db_mut()
    }

    /// What the block has changed so far, for readers of the pending state.
    pub fn changes(&mut self) -> &BundleState {
        let state = self.evm.0.ctx.db_mut();
        state.merge_transitions(BundleRetention::PlainState);
        &state.bundle_state
    }

    /// Keeps what a transaction changed, and of the codes that it loaded at most [`CODES_KEPT`].
    ///
    /// An account's code stays nowhere but in the state's cache, which the database refills; a code
    /// that is new goes to the bundle, since no database has it yet.
    fn commit(&mut self, mut changes: EvmState) {
        let state = self.evm.0.ctx.db_mut();
        for account in changes.values_mut() {
            let is_new = account.is_touched()
                && !account.is_selfdestructed()
                && account.info.code_hash != account.original_info.code_hash;
            if let Some(code) = account.info.code.take().filter(|code| is_new && !code.is_empty()) {
                state.bundle_state.contracts.insert(account.info.code_hash, code);
            }
        }
        state.commit(changes);
        if state.cache.contracts.len() > CODES_KEPT {
            state.cache.contracts = Default::default();
        }
    }

    fn check_type_and_gas(&self, tx: &Transaction) -> Result<(), InvalidTransaction> {
        if matches!(tx, Transaction::Eip4844(_) | Transaction::Deposit(_)) {
            return Err(InvalidTransaction::TypeNotSupported);
        }
        if tx.gas_limit() > self.env().gas_limit {
            return Err(InvalidTransaction::ExceedsBlockGasLimit);
        }
        if tx.gas_limit() > self.gas_left() {
            return Err(InvalidTransaction::BlockFull);
        }
        // revm would see it, too, but only in a copy: a payload holds half a million authorisations.
        let authorizations = tx.authorization_count().unwrap_or_default();
        let needed = authorizations.saturating_mul(PER_EMPTY_ACCOUNT_COST);
        if needed > tx.gas_limit() {
            return Err(InvalidTransaction::IntrinsicGas { gas_limit: tx.gas_limit(), needed });
        }
        Ok(())
    }

    /// Tells op-revm the next transaction's data fee, which it would compute for itself.
    fn set_data_fee(&mut self, encoded: &[u8]) -> Result<(), DB::Error> {
        let number = self.env().number;
        let context = &mut self.evm.0.ctx;
        if context.chain.l2_block != Some(number) {
            let state = context.db_mut();
            let info = L1BlockInfo::try_fetch(state, number, EVM_SPEC).map_err(database_error)?;
            context.chain = info;
        }
        context.chain.tx_l1_cost = Some(data_fee(&context.chain, encoded));
        Ok(())
    }

    /// A direct write, as EIP-2935 allows, so that it neither costs nor can fail. Does nothing
    /// on a chain whose genesis lacks the contract.
    fn write_history(&mut self, number: u64, hash: B256) -> Result<(), DB::Error> {
        let state = self.evm.0.ctx.db_mut();
        let Some(info) = state.basic(HISTORY).map_err(database_error)? else { return Ok(()) };
        if info.code_hash == KECCAK_EMPTY {
            return Ok(());
        }
        let slot = history::slot(number);
        let before = Database::storage(state, HISTORY, slot).map_err(database_error)?;
        let mut account = Account::from(info);
        account.status = AccountStatus::Touched;
        account.storage.insert(slot, EvmStorageSlot::new_changed(before, hash.into(), 0));
        state.commit([(HISTORY, account)].into_iter().collect());
        Ok(())
    }

    fn push_deposit(&mut self, deposit: TxDeposit) -> Result<(), DB::Error> {
        let tx = Transaction::deposit(deposit.clone());
        let nonce = self.nonce(deposit.from)?;
        let encoded = tx.encoded();
        let op_tx = tx.to_op_tx(deposit.from, encoded.clone());
        let result = self.evm.transact_one(op_tx);
        let changes = self.evm.finalize();
        let result = match result {
            Ok(result) => {
                self.commit(changes);
                Some(result)
            }
            Err(EVMError::Database(error)) => return Err(database_error(error)),
            // No rule of revm lets a deposit come here; if one does, it has failed.
            Err(_) => {
                self.fail_deposit(&deposit)?;
                None
            }
        };
        match result {
            Some(result) => self.record(tx.ty(), encoded, result, Some(nonce)),
            None => self.record_failed(tx.ty(), encoded, deposit.gas_limit, Some(nonce)),
        };
        Ok(())
    }

    /// The effects of a failed deposit: its mint stays, its nonce rises.
    fn fail_deposit(&mut self, deposit: &TxDeposit) -> Result<(), DB::Error> {
        let state = self.evm.0.ctx.db_mut();
        let mut info = state.basic(deposit.from).map_err(database_error)?.unwrap_or_default();
        info.nonce = info.nonce.saturating_add(1);
        info.balance = info.balance.saturating_add(U256::from(deposit.mint));
        let mut account = Account::from(info);
        account.status = AccountStatus::Touched;
        state.commit([(deposit.from, account)].into_iter().collect());
        Ok(())
    }

    fn nonce(&mut self, address: Address) -> Result<u64, DB::Error> {
        let info = self.evm.0.ctx.db_mut().basic(address).map_err(database_error)?;
        Ok(info.map_or(0, |info| info.nonce))
    }

    fn record(
        &mut self,
        tx_type: u8,
        encoded: Bytes,
        result: ExecutionResult<OpHaltReason>,
        deposit_nonce: Option<u64>,
    ) -> Executed {
        let gas_used = result.tx_gas_used();
        let success = result.is_success();
        let created = result.created_address();
        let output = result.output().cloned().unwrap_or_default();
        let logs = if success { result.into_logs() } else { Vec::new() };
        self.gas_used = self.gas_used.saturating_add(gas_used);
        self.transactions.push(encoded);
        self.receipts.push(Receipt {
            tx_type,
            success,
            cumulative_gas_used: self.gas_used,
            logs,
            deposit_nonce,
        });
        Executed { success, gas_used, output, created }
    }

    fn record_failed(
        &mut self,
        tx_type: u8,
        encoded: Bytes,
        gas_used: u64,
        deposit_nonce: Option<u64>,
    ) -> Executed {
        self.gas_used = self.gas_used.saturating_add(gas_used);
        self.transactions.push(encoded);
        self.receipts.push(Receipt {
            tx_type,
            success: false,
            cumulative_gas_used: self.gas_used,
            logs: Vec::new(),
            deposit_nonce,
        });
        Executed { success: false, gas_used, output: Bytes::new(), created: None }
    }
}

fn database_error<E>(error: EvmDatabaseError<E>) -> E {
    match error {
        EvmDatabaseError::Database(error) => error,
        // Block access lists are never given to the state.
        EvmDatabaseError::Bal(error) => unreachable!("{}", error.to_string()),
    }
}
