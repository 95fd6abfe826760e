//! Calls and replays that change nothing.

use crate::{Error, StateView};
use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{Address, B256, U256};
use op_revm::OpHaltReason;
use op_revm::api::default_ctx::OpContext as OpRevmContext;
use revm::{
    Inspector,
    context::{BlockEnv, TxEnv, result::ExecutionResult},
    database::State,
    database_interface::WrapDatabaseRef,
    state::{Bytecode, EvmState},
};

/// The database under a simulation: a stored state with changes in memory on top.
pub type SimulationDb = State<WrapDatabaseRef<StateView>>;
/// What an inspector sees under Ethereum's rules.
pub type EthereumContext = EthEvmContext<SimulationDb>;
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
    Invalid(#[from] crate::InvalidTransaction),
    /// The ledger could not answer.
    #[error(transparent)]
    Ledger(#[from] Error),
}

/// Executes calls on one state, in one block's environment, under the ledger's rules. Checks that
/// only make sense for signed transactions (base fee, nonce, balance for gas, EIP-3607) are off
/// until [`Simulator::set_strict`].
#[derive(Debug)]
pub struct Simulator {}

impl Simulator {
    /// The block environment, to read or override (`blockOverrides`).
    pub fn block_env(&mut self) -> &mut BlockEnv {
        unimplemented!()
    }
    /// Turns the checks for signed transactions on or off.
    pub fn set_strict(&mut self, strict: bool) {
        let _ = strict;
        unimplemented!()
    }
    /// Overrides an account's balance (`stateOverrides`).
    pub fn set_balance(&mut self, address: Address, balance: U256) -> Result<(), Error> {
        let _ = (address, balance);
        unimplemented!()
    }
    /// Overrides an account's nonce.
    pub fn set_nonce(&mut self, address: Address, nonce: u64) -> Result<(), Error> {
        let _ = (address, nonce);
        unimplemented!()
    }
    /// Overrides an account's code.
    pub fn set_code(&mut self, address: Address, code: Bytecode) -> Result<(), Error> {
        let _ = (address, code);
        unimplemented!()
    }
    /// Overrides slots of an account; `clear` empties all others first (`state` as against
    /// `stateDiff`).
    pub fn set_storage(
        &mut self,
        address: Address,
        slots: impl IntoIterator<Item = (B256, B256)>,
        clear: bool,
    ) -> Result<(), Error> {
        let _ = (address, slots.into_iter().count(), clear);
        unimplemented!()
    }
    /// Executes a call; its changes are returned, not kept.
    pub fn call(&mut self, call: Call) -> Result<CallResult, CallError> {
        let _ = call;
        unimplemented!()
    }
    /// Like [`Simulator::call`], with an inspector.
    pub fn inspect<I: Tracer>(
        &mut self,
        call: Call,
        inspector: &mut I,
    ) -> Result<CallResult, CallError> {
        let _ = (call, inspector);
        unimplemented!()
    }
    /// Executes one of the block's own transactions with all checks on (for traces).
    pub fn inspect_transaction<I: Tracer>(
        &mut self,
        transaction: &alloy_consensus::transaction::Recovered<altana_protocol::Transaction>,
        inspector: &mut I,
    ) -> Result<CallResult, CallError> {
        let _ = (transaction, inspector);
        unimplemented!()
    }
    /// Keeps the changes of a call for those that follow (`eth_simulateV1`, traces of a block).
    pub fn keep(&mut self, state: EvmState) {
        let _ = state;
        unimplemented!()
    }
}
