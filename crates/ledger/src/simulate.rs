//! Calls and replays that change nothing.

use crate::{
    Error, InvalidTransaction, PushError, Rules, StateView,
    execute::ethereum::{self, database_error},
};
use alloy_consensus::{Header, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, U256};
use altana_protocol::{Transaction, execute};
use op_revm::{
    DefaultOp, L1BlockInfo, OpBuilder, OpHaltReason, OpTransaction, OpTransactionError,
    api::default_ctx::OpContext as OpRevmContext, transaction::deposit::DepositTransactionParts,
};
use revm::{
    Context, Database, DatabaseCommit, ExecuteEvm, InspectEvm, Inspector, MainBuilder, MainContext,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{EVMError, ExecutionResult},
    },
    context_interface::block::BlobExcessGasAndPrice,
    database::State,
    database_interface::{WrapDatabaseRef, bal::EvmDatabaseError},
    handler::MainnetContext,
    inspector::NoOpInspector,
    state::{Account, AccountStatus, Bytecode, EvmState, EvmStorageSlot},
};
use std::sync::Arc;

/// The database under a simulation: a stored state with changes in memory on top.
pub type SimulationDb = State<WrapDatabaseRef<StateView>>;
/// What an inspector sees under Ethereum's rules.
pub type EthereumContext = MainnetContext<SimulationDb>;
/// What an inspector sees on a rollup.
pub type OpContext = OpRevmContext<SimulationDb>;

/// An inspector that works under all rules; every `revm` inspector that is generic over its
/// context is one (`revm_inspectors::TracingInspector`, say).
pub trait Tracer: Inspector<EthereumContext> + Inspector<OpContext> {}
impl<I: Inspector<EthereumContext> + Inspector<OpContext>> Tracer for I {}

/// A call: what `eth_call` and its kin describe.
pub type Call = TxEnv;

/// What a call did.
#[derive(Clone, Debug)]
pub struct CallResult {
    /// Gas, output, logs; or why it stopped.
    pub result: ExecutionResult<OpHaltReason>,
    /// Accounts it touched, with their changes.
    pub state: EvmState,
}

/// Why a call was not executed at all.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The call is no valid transaction; the text is the one wallets match on.
    #[error("{0}")]
    Invalid(#[from] InvalidTransaction),
    /// The ledger could not answer.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl From<PushError> for CallError {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Invalid(error) => Self::Invalid(error),
            PushError::Database(error) => Self::Ledger(error),
        }
    }
}

/// Executes calls on one state, in one block's environment, under the ledger's rules.
///
/// Checks that only make sense for signed transactions (base fee, nonce, EIP-3607, gas limits) are
/// off for [`Simulator::call`] until [`Simulator::set_strict`], and on for
/// [`Simulator::inspect_transaction`]. That the caller can pay is always checked.
#[derive(Debug)]
pub struct Simulator {
    rules: Arc<Rules>,
    /// The fork is the one of this block, whatever is overridden.
    header: Header,
    block: BlockEnv,
    state: Option<SimulationDb>,
    strict: bool,
}

/// The EVM's view of a block.
fn block_env(rules: &Rules, header: &Header) -> BlockEnv {
    match rules {
        Rules::Ethereum(rules) => ethereum::block_env(rules, header),
        Rules::Rollup(_) => BlockEnv {
            number: U256::from(header.number),
            beneficiary: header.beneficiary,
            timestamp: U256::from(header.timestamp),
            gas_limit: header.gas_limit,
            basefee: header.base_fee_per_gas.unwrap_or_default(),
            difficulty: U256::ZERO,
            prevrandao: Some(header.mix_hash),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
                excess_blob_gas: 0,
                blob_gasprice: 1,
            }),
            ..BlockEnv::default()
        },
    }
}

/// Turns off what a call need not satisfy.
fn relax<SPEC>(config: &mut CfgEnv<SPEC>, is_free: bool) {
    config.disable_base_fee = true;
    config.disable_eip3607 = true;
    config.disable_nonce_check = true;
    config.disable_block_gas_limit = true;
    config.tx_gas_limit_cap = Some(u64::MAX);
    // Rollups charge for data too, which a call without a price does not pay.
    config.disable_fee_charge = is_free;
}

impl Simulator {
    pub(crate) fn new(rules: Arc<Rules>, header: &Header, view: StateView) -> Self {
        let block = block_env(&rules, header);
        let state = State::builder().with_database(WrapDatabaseRef(view)).build();
        Self { rules, header: header.clone(), block, state: Some(state), strict: false }
    }

    /// The block environment, to read or override (`blockOverrides`).
    pub fn block_env(&mut self) -> &mut BlockEnv {
        &mut self.block
    }

    /// Turns the checks for signed transactions on or off for [`Simulator::call`].
    pub fn set_strict(&mut self, strict: bool) {
        self.strict = strict;
    }

    /// Overrides an account's balance (`stateOverrides`).
    pub fn set_balance(&mut self, address: Address, balance: U256) -> Result<(), Error> {
        self.change(address, |account| account.info.balance = balance)
    }

    /// Overrides an account's nonce.
    pub fn set_nonce(&mut self, address: Address, nonce: u64) -> Result<(), Error> {
        self.change(address, |account| account.info.nonce = nonce)
    }

    /// Overrides an account's code.
    pub fn set_code(&mut self, address: Address, code: Bytecode) -> Result<(), Error> {
        self.change(address, |account| set_code(account, code))
    }

    /// Overrides slots of an account; `clear` empties all others first (`state` as against
    /// `stateDiff`).
    pub fn set_storage(
        &mut self,
        address: Address,
        slots: impl IntoIterator<Item = (B256, B256)>,
        clear: bool,
    ) -> Result<(), Error> {
        self.change(address, |account| {
            if clear {
                // Nothing of a created account's storage is read from below.
                account.status |= AccountStatus::Created;
            }
            set_slots(account, slots.into_iter().map(|(slot, value)| (slot.into(), value.into())));
        })
    }

    /// The state as overridden and changed by what was kept.
    pub fn account(&mut self, address: Address) -> Result<Account, Error> {
        account(self.state_mut(), address)
    }

    /// The code of an account, overrides included.
    pub fn code(&mut self, address: Address) -> Result<Bytes, Error> {
        let info = self.account(address)?.info;
        if let Some(code) = info.code {
            return Ok(code.original_bytes());
        }
        let code = self.state_mut().code_by_hash(info.code_hash).map_err(database_error)?;
        Ok(code.original_bytes())
    }

    fn state_mut(&mut self) -> &mut SimulationDb {
        // It is taken only while a call runs, which nothing here survives without putting it back.
        self.state.as_mut().expect("the state is in its place between calls")
    }

    fn change(&mut self, address: Address, change: impl FnOnce(&mut Account)) -> Result<(), Error> {
        change_account(self.state_mut(), address, change)
    }

    /// Executes a call; its changes are returned, not kept.
    pub fn call(&mut self, call: Call) -> Result<CallResult, CallError> {
        self.inspect(call, &mut NoOpInspector)
    }

    /// Like [`Simulator::call`], with an inspector.
    pub fn inspect<I: Tracer>(
        &mut self,
        mut call: Call,
        inspector: &mut I,
    ) -> Result<CallResult, CallError> {
        if !self.strict {
            call.chain_id = Some(self.rules.chain_id());
            // Fails for impossible mixes of fields, which execution then refuses in its own words.
            let _ = call.derive_tx_type();
            self.check_value(&call)?;
        }
        let tx = OpTransaction {
            base: call,
            // A call has no bytes, so it pays nothing for them.
            enveloped_tx: Some(Bytes::new()),
            deposit: DepositTransactionParts::default(),
        };
        self.run(tx, self.strict, inspector)
    }

    /// Where no fee is charged op-revm does not look at the balance before it executes.
    fn check_value(&mut self, call: &Call) -> Result<(), CallError> {
        let balance = self.account(call.caller)?.info.balance;
        if call.gas_price == 0 && call.value > balance {
            return Err(InvalidTransaction::InsufficientFunds { balance, cost: call.value }.into());
        }
        Ok(())
    }

    /// Executes a transaction with all checks on (for traces of a block's own transactions).
    pub fn inspect_transaction<I: Tracer>(
        &mut self,
        transaction: &Recovered<Transaction>,
        inspector: &mut I,
    ) -> Result<CallResult, CallError> {
        let tx = transaction.inner().to_op_tx(transaction.signer(), transaction.inner().encoded());
        self.run(tx, true, inspector)
    }

    fn run<I: Tracer>(
        &mut self,
        tx: OpTransaction<TxEnv>,
        strict: bool,
        inspector: &mut I,
    ) -> Result<CallResult, CallError> {
        let Some(state) = self.state.take() else { return Err(missing_state().into()) };
        let rules = Arc::clone(&self.rules);
        let is_free = tx.base.gas_price == 0;
        match &*rules {
            Rules::Ethereum(rules) => {
                let mut config = ethereum::evm_config(rules, &self.header);
                if !strict {
                    relax(&mut config, is_free);
                }
                let mut evm = Context::mainnet()
                    .with_db(state)
                    .with_cfg(config)
                    .with_block(self.block.clone())
                    .build_mainnet_with_inspector(inspector);
                let result = evm.inspect_one_tx(tx.base);
                let state = evm.finalize();
                self.state = Some(evm.ctx.journaled_state.database);
                let result = result.map_err(|error| call_error(error, InvalidTransaction::from))?;
                Ok(CallResult { result: result.map_haltreason(OpHaltReason::Base), state })
            }
            Rules::Rollup(spec) => {
                let mut config = execute::evm_config(spec);
                if !strict {
                    relax(&mut config, is_free);
                }
                let mut evm = Context::op()
                    .with_db(state)
                    .with_cfg(config)
                    .with_block(self.block.clone())
                    .with_chain(L1BlockInfo::default())
                    .build_op_with_inspector(inspector);
                let result = evm.inspect_one_tx(tx);
                let state = evm.finalize();
                self.state = Some(evm.0.ctx.journaled_state.database);
                let result = result.map_err(|error| call_error(error, op_refusal))?;
                Ok(CallResult { result, state })
            }
        }
    }

    /// Keeps the changes of a call for those that follow (`eth_simulateV1`, traces of a block).
    pub fn keep(&mut self, state: EvmState) {
        self.state_mut().commit(state);
    }
}

fn account(state: &mut SimulationDb, address: Address) -> Result<Account, Error> {
    let info = state.basic(address).map_err(database_error)?;
    Ok(info.map_or_else(|| Account::new_not_existing(0), Account::from))
}

/// Changes an account as if by a transaction.
pub(crate) fn change_account(
    state: &mut SimulationDb,
    address: Address,
    change: impl FnOnce(&mut Account),
) -> Result<(), Error> {
    let mut account = account(state, address)?;
    account.mark_touch();
    change(&mut account);
    state.commit([(address, account)].into_iter().collect());
    Ok(())
}

pub(crate) fn set_code(account: &mut Account, code: Bytecode) {
    account.info.code_hash = code.hash_slow();
    account.info.code = Some(code);
}

pub(crate) fn set_slots(account: &mut Account, slots: impl IntoIterator<Item = (U256, U256)>) {
    // The original only has to differ, so that the change is kept.
    let changed = |(slot, value): (_, U256)| (slot, EvmStorageSlot::new_changed(!value, value, 0));
    account.storage.extend(slots.into_iter().map(changed));
}

fn missing_state() -> Error {
    Error::Corrupt("a simulation was used after it panicked".into())
}

fn op_refusal(error: OpTransactionError) -> InvalidTransaction {
    match error {
        OpTransactionError::Base(error) => error.into(),
        other => InvalidTransaction::Other(other.to_string()),
    }
}

fn call_error<T>(
    error: EVMError<EvmDatabaseError<Error>, T>,
    refusal: impl FnOnce(T) -> InvalidTransaction,
) -> CallError {
    let other = |text: String| CallError::Invalid(InvalidTransaction::Other(text));
    match error {
        EVMError::Database(error) => CallError::Ledger(database_error(error)),
        EVMError::Transaction(error) => CallError::Invalid(refusal(error)),
        EVMError::Header(error) => other(error.to_string()),
        EVMError::Custom(text) => other(text),
        _ => other("the EVM refused it".into()),
    }
}
