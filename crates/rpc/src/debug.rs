//! `debug_*`: raw bytes and traces.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::transaction::Recovered;
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::Encodable;
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::geth::{
    CallConfig, FourByteFrame, GethDebugBuiltInTracerType, GethDebugTracerType,
    GethDebugTracingCallOptions, GethDebugTracingOptions, GethDefaultTracingOptions, GethTrace,
    NoopFrame, PreStateConfig,
};
use altana_ledger::{Block, Call, CallResult, Error, Simulator, StateView};
use altana_protocol::Transaction;
use revm::{
    DatabaseRef,
    context::result::ResultAndState,
    state::{AccountInfo, Bytecode, EvmState},
};
use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig};
use serde::Serialize;

use crate::{
    RpcError,
    api::{Api, At},
    args::Args,
    blocks,
    bounded::{Bounded, Budget, Records},
    call::Session,
    view,
};

pub(crate) fn raw_header(api: &Api, mut args: Args<'_>) -> Result<Bytes, RpcError> {
    let at = api.at(args.required()?)?;
    let mut out = Vec::new();
    at.block().header.inner().encode(&mut out);
    Ok(out.into())
}

pub(crate) fn raw_block(api: &Api, mut args: Args<'_>) -> Result<Bytes, RpcError> {
    Ok(view::encode(api.at(args.required()?)?.block()).into())
}

pub(crate) fn raw_receipts(api: &Api, mut args: Args<'_>) -> Result<Vec<Bytes>, RpcError> {
    let at = api.at(args.required()?)?;
    let block = at.block();
    let encode = |(index, receipt): (usize, &altana_protocol::Receipt)| {
        let mut out = Vec::new();
        match block.post_states.get(index) {
            Some(root) => view::encode_with_root(receipt, *root, &mut out),
            None => receipt.encode_2718(&mut out),
        }
        out.into()
    };
    Ok(block.receipts.iter().enumerate().map(encode).collect())
}

pub(crate) fn raw_transaction(api: &Api, mut args: Args<'_>) -> Result<Bytes, RpcError> {
    blocks::raw_transaction(api, args.hash()?)
}

/// One transaction's trace among those of a block.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockTrace {
    tx_hash: B256,
    result: GethTrace,
}

pub(crate) fn trace_transaction(api: &Api, mut args: Args<'_>) -> Result<GethTrace, RpcError> {
    let hash = args.hash()?;
    let options = args.optional()?.unwrap_or_default();
    let (block, index) = api
        .ledger
        .transaction(hash)?
        .ok_or_else(|| RpcError::NotFound("transaction not found".into()))?;
    let simulator = api.ledger.replay(block.hash(), index)?;
    let state = api.ledger.state(block.header.parent_hash)?;
    Tracing::new(api, simulator, state, options)?.trace(Job::Mined(&block.transactions[index]))
}

pub(crate) fn trace_block_by_number(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Vec<BlockTrace>, RpcError> {
    let number = args.number()?;
    let at = api
        .find(BlockId::Number(number))?
        .ok_or_else(|| RpcError::NotFound(format!("block {number} not found")))?;
    trace_block(api, at.block(), args)
}

pub(crate) fn trace_block_by_hash(
    api: &Api,
    mut args: Args<'_>,
) -> Result<Vec<BlockTrace>, RpcError> {
    let hash = args.hash()?;
    let block = api
        .ledger
        .block(hash)?
        .ok_or_else(|| RpcError::NotFound(format!("block {hash} not found")))?;
    trace_block(api, &block, args)
}

fn trace_block(
    api: &Api,
    block: &Arc<Block>,
    mut args: Args<'_>,
) -> Result<Vec<BlockTrace>, RpcError> {
    if block.number() == 0 {
        return Err(RpcError::refused("genesis is not traceable"));
    }
    let options = args.optional()?.unwrap_or_default();
    let simulator = api.ledger.replay(block.hash(), 0)?;
    let state = api.ledger.state(block.header.parent_hash)?;
    let mut tracing = Tracing::new(api, simulator, state, options)?;
    let traces = block.transactions.iter().map(|transaction| {
        let tx_hash = transaction.inner().hash();
        Ok(BlockTrace { tx_hash, result: tracing.trace(Job::Mined(transaction))? })
    });
    traces.collect()
}

pub(crate) fn trace_call(api: &Api, mut args: Args<'_>) -> Result<GethTrace, RpcError> {
    let request: TransactionRequest = args.required()?;
    let id = args.block()?;
    let options: GethDebugTracingCallOptions = args.optional()?.unwrap_or_default();
    let block_overrides = options.block_overrides.map(Box::new);
    let state_overrides = options.state_overrides;
    let mut session = match (options.tx_index, api.at(id)?) {
        (Some(index), At::Stored(block)) => {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            let index = index.min(block.transactions.len());
            let simulator = api.ledger.replay(block.hash(), index)?;
            Session::resume(api, simulator, state_overrides, block_overrides)?
        }
        _ => Session::open(api, id, state_overrides, block_overrides)?,
    };
    let call = session.call_of(request)?;
    let state = api.state(id)?;
    Tracing::new(api, session.simulator, state, options.tracing_options)?
        .trace(Job::Call(Box::new(call)))
}

/// What to execute.
enum Job<'a> {
    /// A block's own transaction. Its changes are kept for those after it.
    Mined(&'a Recovered<Transaction>),
    /// A call.
    Call(Box<Call>),
}

/// What to show of an execution.
enum Tracer {
    Steps(GethDefaultTracingOptions),
    Calls(CallConfig),
    PreState(PreStateConfig),
    FourByte,
    Noop,
}

impl Tracer {
    fn of(options: GethDebugTracingOptions) -> Result<Self, RpcError> {
        use GethDebugBuiltInTracerType as Type;
        let GethDebugTracingOptions { config, tracer, tracer_config, .. } = options;
        let tracer = match tracer {
            None => return Ok(Self::Steps(config)),
            Some(GethDebugTracerType::BuiltInTracer(tracer)) => tracer,
            Some(_) => return Err(RpcError::refused("JavaScript tracers are not supported")),
        };
        let parsed = match tracer {
            Type::CallTracer => tracer_config.into_call_config().map(Self::Calls),
            Type::PreStateTracer => tracer_config.into_pre_state_config().map(Self::PreState),
            Type::FourByteTracer => Ok(Self::FourByte),
            Type::NoopTracer => Ok(Self::Noop),
            other => return Err(RpcError::refused(format!("tracer not supported: {other:?}"))),
        };
        parsed.map_err(|error| RpcError::params(format!("invalid tracerConfig: {error}")))
    }

    fn recording(&self) -> TracingInspectorConfig {
        match self {
            Self::Steps(options) => TracingInspectorConfig::from_geth_config(options),
            Self::Calls(config) => TracingInspectorConfig::from_geth_call_config(config),
            Self::PreState(config) => TracingInspectorConfig::from_geth_prestate_config(config),
            Self::FourByte | Self::Noop => TracingInspectorConfig::none(),
        }
    }
}

/// Traces of several executions, one after the other, with one budget for all of them.
struct Tracing {
    simulator: Simulator,
    /// Codes that an execution did not load.
    state: StateView,
    tracer: Tracer,
    budget: Budget,
}

impl Tracing {
    fn new(
        api: &Api,
        simulator: Simulator,
        state: StateView,
        options: GethDebugTracingOptions,
    ) -> Result<Self, RpcError> {
        Ok(Self {
            simulator,
            state,
            tracer: Tracer::of(options)?,
            budget: Budget {
                steps: api.limits.trace_steps,
                bytes: api.limits.trace_bytes,
                deadline: api.deadline(),
            },
        })
    }

    fn trace(&mut self, job: Job<'_>) -> Result<GethTrace, RpcError> {
        let recording = self.tracer.recording();
        let records = Records {
            steps: recording.record_steps,
            stack: recording.record_stack_snapshots.is_full()
                || recording.record_stack_snapshots.is_all(),
            memory: recording.record_memory_snapshots,
        };
        let inspector = TracingInspector::new(recording);
        let mut inspector = Bounded::new(inspector, records, self.budget);
        let (executed, keep, gas_limit) = match job {
            Job::Mined(transaction) => {
                use alloy_consensus::Transaction as _;
                let executed = self.simulator.inspect_transaction(transaction, &mut inspector);
                (executed, true, transaction.inner().gas_limit())
            }
            Job::Call(call) => {
                let gas_limit = call.gas_limit;
                (self.simulator.inspect(*call, &mut inspector), false, gas_limit)
            }
        };
        // A limit that was met is the reason, whatever the execution made of it.
        let (mut inspector, budget) = inspector.finish()?;
        self.budget = budget;
        let executed = executed?;
        inspector.set_transaction_gas_limit(gas_limit);
        let state = keep.then(|| executed.state.clone());
        let trace = self.show(inspector, executed)?;
        if let Some(state) = state {
            self.simulator.keep(state);
        }
        Ok(trace)
    }

    fn show(
        &self,
        mut inspector: TracingInspector,
        executed: CallResult,
    ) -> Result<GethTrace, RpcError> {
        let CallResult { result, state } = executed;
        let gas = result.tx_gas_used();
        inspector.set_transaction_gas_used(gas);
        Ok(match &self.tracer {
            Tracer::Steps(options) => {
                let output = result.into_output().unwrap_or_default();
                let frame = inspector.into_geth_builder().geth_traces(gas, output, *options);
                GethTrace::Default(frame)
            }
            Tracer::Calls(config) => {
                GethTrace::CallTracer(inspector.into_geth_builder().geth_call_traces(*config, gas))
            }
            Tracer::PreState(config) => {
                let before = Before { changes: state.clone(), rest: self.state.clone() };
                let executed = ResultAndState { result, state };
                let builder = inspector.into_geth_builder();
                GethTrace::PreStateTracer(builder.geth_prestate_traces(&executed, config, &before)?)
            }
            Tracer::FourByte => GethTrace::FourByteTracer(four_bytes(inspector)),
            Tracer::Noop => GethTrace::NoopTracer(NoopFrame::default()),
        })
    }
}

/// Selectors of all calls, with the size of their arguments.
fn four_bytes(inspector: TracingInspector) -> FourByteFrame {
    let mut counts = BTreeMap::new();
    for node in inspector.into_traces().nodes() {
        let data = &node.trace.data;
        if let (false, Some((selector, arguments))) =
            (node.trace.kind.is_any_create(), data.split_at_checked(4))
        {
            let key = format!("{}-{}", Bytes::copy_from_slice(selector), arguments.len());
            *counts.entry(key).or_default() += 1;
        }
    }
    FourByteFrame(counts)
}

/// The state as it was before an execution, put together from what the execution loaded.
struct Before {
    changes: EvmState,
    rest: StateView,
}

impl DatabaseRef for Before {
    type Error = Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Error> {
        match self.changes.get(&address) {
            Some(account) if account.is_loaded_as_not_existing() => Ok(None),
            Some(account) => Ok(Some((*account.original_info).clone())),
            None => self.rest.basic_ref(address),
        }
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Error> {
        let loaded = self.changes.values().map(|account| &account.original_info);
        let mut known = loaded.filter(|info| info.code_hash == hash).filter_map(|i| i.code.clone());
        match known.next() {
            Some(code) => Ok(code),
            None => self.rest.code_by_hash_ref(hash),
        }
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Error> {
        match self.changes.get(&address).and_then(|account| account.storage.get(&slot)) {
            Some(slot) => Ok(slot.original_value),
            None => self.rest.storage_ref(address, slot),
        }
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Error> {
        self.rest.block_hash_ref(number)
    }
}
