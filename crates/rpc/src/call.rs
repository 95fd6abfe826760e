//! `eth_call`, `eth_estimateGas`, `eth_createAccessList`: executions that leave no trace.

use alloy_eips::{BlockId, eip2930::AccessList};
use alloy_primitives::{Address, Bytes, TxKind, U64, U256};
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use altana_ledger::{Call, CallResult, Simulator};
use altana_protocol::execute::TX_GAS_MAX;
use op_revm::OpHaltReason;
use revm::{
    bytecode::Bytecode,
    context::{
        Block as _,
        either::Either,
        result::{ExecutionResult, HaltReason},
    },
    primitives::hardfork::SpecId,
};
use revm_inspectors::access_list::AccessListInspector;
use serde::Serialize;

use crate::{
    RpcError,
    api::{Api, Deadline},
    args::Args,
};

/// What a plain transfer costs.
const TRANSFER_GAS: u64 = 21_000;
/// Gas that a call with value hands to its callee for free.
const CALL_STIPEND: u64 = 2_300;
/// An estimate may exceed the least gas by this part, as geth's.
const ESTIMATE_TOLERANCE: f64 = 0.015;
/// Rounds until an access list must not change any more.
const ACCESS_LIST_ROUNDS: usize = 8;

/// Calls on one state.
pub(crate) struct Session {
    pub(crate) simulator: Simulator,
    base_fee_is_given: bool,
    chain_id: u64,
    gas_cap: u64,
    deadline: Deadline,
}

impl Session {
    /// Calls on the state after a block.
    pub(crate) fn open(
        api: &Api,
        id: BlockId,
        overrides: Option<StateOverride>,
        block: Option<Box<BlockOverrides>>,
    ) -> Result<Self, RpcError> {
        Self::resume(api, api.simulator(&api.at(id)?)?, overrides, block)
    }

    /// Calls in the middle of a block, whose state `simulator` has.
    pub(crate) fn resume(
        api: &Api,
        simulator: Simulator,
        overrides: Option<StateOverride>,
        block: Option<Box<BlockOverrides>>,
    ) -> Result<Self, RpcError> {
        let mut session = Self {
            simulator,
            base_fee_is_given: false,
            chain_id: api.chain_id(),
            gas_cap: api.limits.call_gas,
            deadline: api.deadline(),
        };
        session.apply_state(&overrides.unwrap_or_default())?;
        if let Some(block) = block {
            session.apply_block(&block);
        }
        Ok(session)
    }

    fn apply_state(&mut self, overrides: &StateOverride) -> Result<(), RpcError> {
        for (address, account) in overrides {
            if account.move_precompile_to.is_some() {
                return Err(RpcError::params(
                    "movePrecompileToAddress is supported by eth_simulateV1 only",
                ));
            }
            if account.state.is_some() && account.state_diff.is_some() {
                return Err(RpcError::params(format!(
                    "account {address} has both 'state' and 'stateDiff'"
                )));
            }
            if let Some(balance) = account.balance {
                self.simulator.set_balance(*address, balance)?;
            }
            if let Some(nonce) = account.nonce {
                self.simulator.set_nonce(*address, nonce)?;
            }
            if let Some(code) = &account.code {
                self.simulator.set_code(*address, bytecode(code)?)?;
            }
            let slots = account.state.as_ref().or(account.state_diff.as_ref());
            if let Some(slots) = slots {
                let slots = slots.iter().map(|(slot, value)| (*slot, *value));
                self.simulator.set_storage(*address, slots, account.state.is_some())?;
            }
        }
        Ok(())
    }

    fn apply_block(&mut self, given: &BlockOverrides) {
        let env = self.simulator.block_env();
        if let Some(number) = given.number {
            env.number = number;
        }
        if let Some(difficulty) = given.difficulty {
            env.difficulty = difficulty;
        }
        if let Some(time) = given.time {
            env.timestamp = U256::from(time);
        }
        if let Some(limit) = given.gas_limit {
            env.gas_limit = limit;
        }
        if let Some(coinbase) = given.coinbase {
            env.beneficiary = coinbase;
        }
        if let Some(random) = given.random {
            env.prevrandao = Some(random);
        }
        if let Some(base_fee) = given.base_fee {
            env.basefee = base_fee.saturating_to();
            self.base_fee_is_given = true;
        }
    }

    fn balance(&mut self, address: Address) -> Result<U256, RpcError> {
        Ok(self.simulator.account(address)?.info.balance)
    }

    fn nonce(&mut self, address: Address) -> Result<u64, RpcError> {
        Ok(self.simulator.account(address)?.info.nonce)
    }

    fn has_code(&mut self, address: Address) -> Result<bool, RpcError> {
        Ok(!self.simulator.account(address)?.info.is_empty_code_hash())
    }

    /// The call that a request describes.
    pub(crate) fn call_of(&mut self, request: TransactionRequest) -> Result<Call, RpcError> {
        if let Some(have) = request.chain_id
            && have != self.chain_id
        {
            return Err(RpcError::refused(format!(
                "chainId does not match node's (have={have}, want={})",
                self.chain_id
            )));
        }
        let caller = request.from.unwrap_or_default();
        let fees = Fees::of(&request)?;
        let mut call = Call {
            tx_type: kind(&request),
            caller,
            gas_limit: request.gas.unwrap_or(self.gas_cap).min(self.gas_cap),
            gas_price: fees.price,
            gas_priority_fee: fees.tip,
            kind: request.to.unwrap_or(TxKind::Create),
            value: request.value.unwrap_or_default(),
            data: input(&request)?,
            nonce: match request.nonce {
                Some(nonce) => nonce,
                None => self.nonce(caller)?,
            },
            chain_id: Some(self.chain_id),
            access_list: request.access_list.unwrap_or_default(),
            blob_hashes: request.blob_versioned_hashes.unwrap_or_default(),
            max_fee_per_blob_gas: request.max_fee_per_blob_gas.unwrap_or_default(),
            authorization_list: request
                .authorization_list
                .unwrap_or_default()
                .into_iter()
                .map(Either::Left)
                .collect(),
        };
        self.settle_fees(&mut call)?;
        Ok(call)
    }

    /// A call that names no price pays none, and sees a base fee of zero; one that does must
    /// have one that the block would take.
    fn settle_fees(&mut self, call: &mut Call) -> Result<(), RpcError> {
        let given = self.base_fee_is_given;
        let env = self.simulator.block_env();
        let base_fee = u128::from(env.basefee);
        if call.gas_price == 0 {
            if !given {
                env.basefee = 0;
            }
        } else if call.gas_price < base_fee {
            return Err(RpcError::refused(format!(
                "max fee per gas less than block base fee: address {}, maxFeePerGas: {}, baseFee: {base_fee}",
                call.caller, call.gas_price
            )));
        }
        if call.max_fee_per_blob_gas == 0 && !call.blob_hashes.is_empty() {
            call.max_fee_per_blob_gas = env.blob_gasprice().unwrap_or_default();
        }
        Ok(())
    }

    fn run(&mut self, call: Call) -> Result<CallResult, RpcError> {
        self.deadline.check()?;
        Ok(self.simulator.call(call)?)
    }
}

impl From<altana_ledger::CallError> for RpcError {
    fn from(error: altana_ledger::CallError) -> Self {
        use altana_ledger::CallError;
        match error {
            CallError::Invalid(error) => Self::Refused(error.to_string()),
            CallError::Ledger(error) => error.into(),
        }
    }
}

struct Fees {
    price: u128,
    tip: Option<u128>,
}

impl Fees {
    fn of(request: &TransactionRequest) -> Result<Self, RpcError> {
        let dynamic =
            request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
        if request.gas_price.is_some() && dynamic {
            return Err(RpcError::refused(
                "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
            ));
        }
        if !dynamic {
            return Ok(Self { price: request.gas_price.unwrap_or_default(), tip: None });
        }
        let tip = request.max_priority_fee_per_gas.unwrap_or_default();
        let price = request.max_fee_per_gas.unwrap_or(tip);
        if tip > price {
            return Err(RpcError::refused(format!(
                "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {price}"
            )));
        }
        Ok(Self { price, tip: Some(tip) })
    }
}

/// The transaction type that has the request's fields.
fn kind(request: &TransactionRequest) -> u8 {
    if request.authorization_list.is_some() {
        4
    } else if request.blob_versioned_hashes.is_some() {
        3
    } else if request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some() {
        2
    } else if request.access_list.is_some() {
        1
    } else {
        0
    }
}

fn input(request: &TransactionRequest) -> Result<Bytes, RpcError> {
    match (&request.input.input, &request.input.data) {
        (Some(input), Some(data)) if input != data => Err(RpcError::params(
            r#"both "data" and "input" are set and not equal. Please use "input" to pass transaction call data"#,
        )),
        (Some(input), _) | (None, Some(input)) => Ok(input.clone()),
        (None, None) => Ok(Bytes::new()),
    }
}

pub(crate) fn bytecode(code: &Bytes) -> Result<Bytecode, RpcError> {
    Bytecode::new_raw_checked(code.clone())
        .map_err(|error| RpcError::params(format!("invalid code: {error}")))
}

/// The output of a call that ended well.
fn output(result: ExecutionResult<OpHaltReason>) -> Result<Bytes, RpcError> {
    match result {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(RpcError::Reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(RpcError::refused(halt(&reason))),
    }
}

/// Why execution stopped, in geth's words where it has some.
pub(crate) fn halt(reason: &OpHaltReason) -> String {
    let OpHaltReason::Base(reason) = reason else { return "failed deposit".into() };
    match reason {
        HaltReason::OutOfGas(_) => "out of gas".into(),
        HaltReason::OpcodeNotFound | HaltReason::NotActivated => "invalid opcode".into(),
        HaltReason::InvalidFEOpcode => "invalid opcode: INVALID".into(),
        HaltReason::InvalidJump => "invalid jump destination".into(),
        HaltReason::OutOfOffset => "return data out of bounds".into(),
        HaltReason::CreateCollision => "contract address collision".into(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".into(),
        HaltReason::CreateInitCodeSizeLimit => "max initcode size exceeded".into(),
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
            "write protection".into()
        }
        HaltReason::OutOfFunds => "insufficient balance for transfer".into(),
        HaltReason::CallTooDeep => "max call depth exceeded".into(),
        HaltReason::NonceOverflow => "nonce uint64 overflow".into(),
        other => other.to_string(),
    }
}

pub(crate) fn call(api: &Api, mut args: Args<'_>) -> Result<Bytes, RpcError> {
    let request: TransactionRequest = args.required()?;
    let id = args.block()?;
    let mut session = Session::open(api, id, args.optional()?, args.optional()?)?;
    let call = session.call_of(request)?;
    output(session.run(call)?.result)
}

pub(crate) fn estimate_gas(api: &Api, mut args: Args<'_>) -> Result<U64, RpcError> {
    let request: TransactionRequest = args.required()?;
    let id = args.block()?;
    let given = request.gas;
    let mut session = Session::open(api, id, args.optional()?, args.optional()?)?;
    if request.from.is_none() {
        // Nobody in particular can pay: viem's OP Stack actions ask like this what a deposit or a
        // withdrawal with value would use, and mainnet's zero address is rich.
        session.simulator.set_balance(Address::ZERO, U256::MAX >> 1)?;
    }
    let block_limit = session.simulator.block_env().gas_limit;
    let mut call = session.call_of(request)?;
    call.gas_limit = ceiling(api, id, given.unwrap_or(block_limit))?;
    affordable(&mut session, &mut call)?;
    Ok(U64::from(estimate(&mut session, call)?))
}

/// The most gas that a transaction in the next block could have.
fn ceiling(api: &Api, id: BlockId, wanted: u64) -> Result<u64, RpcError> {
    let mut gas = wanted.min(api.limits.call_gas);
    let at = api.at(id)?;
    let header = &at.block().header;
    let is_capped = match api.ledger.rules().ethereum() {
        Some(rules) => rules.spec_at(header.number, header.timestamp) >= SpecId::OSAKA,
        None => true,
    };
    if is_capped {
        gas = gas.min(TX_GAS_MAX);
    }
    Ok(gas.max(TRANSFER_GAS))
}

/// Lowers the gas to what the sender can pay.
fn affordable(session: &mut Session, call: &mut Call) -> Result<(), RpcError> {
    if call.gas_price == 0 {
        if call.value > U256::ZERO && session.balance(call.caller)? < call.value {
            return Err(RpcError::refused("insufficient funds for transfer"));
        }
        return Ok(());
    }
    let left = session
        .balance(call.caller)?
        .checked_sub(call.value)
        .ok_or_else(|| RpcError::refused("insufficient funds for transfer"))?;
    let allowance: u64 = (left / U256::from(call.gas_price)).saturating_to();
    call.gas_limit = call.gas_limit.min(allowance);
    Ok(())
}

fn estimate(session: &mut Session, call: Call) -> Result<u64, RpcError> {
    if let TxKind::Call(to) = call.kind
        && call.data.is_empty()
        && call.authorization_list.is_empty()
        && call.access_list.is_empty()
        && call.gas_limit >= TRANSFER_GAS
        && !session.has_code(to)?
        && succeeds(session, &call, TRANSFER_GAS)?
    {
        return Ok(TRANSFER_GAS);
    }
    let (mut low, mut high) = match session.run(call.clone())?.result {
        ExecutionResult::Success { gas, .. } => {
            let enough = (gas.total_gas_spent() + CALL_STIPEND) * 64 / 63;
            let low = gas.tx_gas_used().saturating_sub(1);
            if enough < call.gas_limit && succeeds(session, &call, enough)? {
                (low, enough)
            } else {
                (low.max(enough.min(call.gas_limit) - 1), call.gas_limit)
            }
        }
        ExecutionResult::Halt { reason: OpHaltReason::Base(HaltReason::OutOfGas(_)), .. } => {
            return Err(RpcError::refused(format!(
                "gas required exceeds allowance ({})",
                call.gas_limit
            )));
        }
        failed => return output(failed).map(|_| 0),
    };
    while low + 1 < high && (high - low) as f64 / high as f64 > ESTIMATE_TOLERANCE {
        // Most calls need little more than they use: look there first.
        let middle = (low + (high - low) / 2).min(low.saturating_mul(2).max(1));
        if succeeds(session, &call, middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

fn succeeds(session: &mut Session, call: &Call, gas: u64) -> Result<bool, RpcError> {
    session.deadline.check()?;
    match session.simulator.call(Call { gas_limit: gas, ..call.clone() }) {
        Ok(result) => Ok(result.result.is_success()),
        // Below the intrinsic gas, most likely; with more it may do.
        Err(altana_ledger::CallError::Invalid(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// `eth_createAccessList`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessListView {
    access_list: AccessList,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    gas_used: U64,
}

pub(crate) fn create_access_list(
    api: &Api,
    mut args: Args<'_>,
) -> Result<AccessListView, RpcError> {
    let request: TransactionRequest = args.required()?;
    let id = args.block()?;
    let mut session = Session::open(api, id, args.optional()?, None)?;
    let block_limit = session.simulator.block_env().gas_limit;
    let wanted = request.gas.unwrap_or(block_limit);
    let mut call = session.call_of(request)?;
    call.gas_limit = ceiling(api, id, wanted)?;
    for _ in 0..ACCESS_LIST_ROUNDS {
        session.deadline.check()?;
        let mut inspector = AccessListInspector::new(call.access_list.clone());
        let result = session.simulator.inspect(call.clone(), &mut inspector)?.result;
        let access_list = inspector.into_access_list();
        if access_list == call.access_list {
            return Ok(AccessListView {
                access_list,
                gas_used: U64::from(result.tx_gas_used()),
                error: failure(result),
            });
        }
        call.access_list = access_list;
        call.tx_type = call.tx_type.max(1);
    }
    Err(RpcError::refused("access list does not settle: the call depends on it"))
}

fn failure(result: ExecutionResult<OpHaltReason>) -> Option<String> {
    output(result).err().map(|error| match error {
        RpcError::Reverted(_) => "execution reverted".into(),
        other => other.to_string(),
    })
}
