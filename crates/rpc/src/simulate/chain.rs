//! Simulated blocks, one on top of the other.

use std::collections::BTreeMap;

use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, EthereumTxEnvelope, Header, Sealable, Transaction as _,
    Typed2718, constants::ETH_TO_WEI, transaction::Recovered,
};
use alloy_eips::{
    eip1559::{BaseFeeParams, INITIAL_BASE_FEE, calc_next_block_base_fee},
    eip2935, eip4788, eip7002, eip7251,
    eip7685::Requests,
};
use alloy_evm::eth::eip6110;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use altana_ledger::{Block, InvalidTransaction, Rules};
use altana_protocol::{
    Receipt, Transaction, execute, receipt::receipts_root, transaction::transactions_root,
    trie::StateChanges,
};
use revm::{
    Database, DatabaseCommit,
    context::BlockEnv,
    context_interface::block::BlobExcessGasAndPrice,
    database::{State, states::bundle_state::BundleRetention},
    database_interface::{DatabaseCommitExt, WrapDatabaseRef},
    primitives::hardfork::SpecId,
    state::{Account, AccountStatus, EvmStorageSlot},
};

use super::{
    Called,
    evm::{Base, Db, Environment, Moves, Refusal},
    plan::Planned,
    transfers::Transfers,
};
use crate::{
    RpcError,
    api::Api,
    bounded::{Bounded, Budget, Records},
    call::bytecode,
};

const NONCE_TOO_LOW: i32 = -38010;
const NONCE_TOO_HIGH: i32 = -38011;
const BASE_FEE_TOO_LOW: i32 = -38012;
const INTRINSIC_GAS: i32 = -38013;
const INSUFFICIENT_FUNDS: i32 = -38014;
const BLOCK_GAS_LIMIT: i32 = -38015;
const SENDER_NOT_EOA: i32 = -38024;
const INIT_CODE_SIZE: i32 = -38025;

/// How to simulate.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Check calls as if they were signed transactions, and charge a base fee.
    pub(super) validation: bool,
    /// Make a log for each transfer of ether.
    pub(super) trace_transfers: bool,
}

/// A chain that goes on in memory.
pub(super) struct Chain<'a> {
    rules: &'a Rules,
    options: Options,
    db: Db,
    /// The newest block's header.
    parent: alloy_consensus::Sealed<Header>,
    /// Gas that all calls together have left.
    gas_left: u64,
    budget: Budget,
}

/// Calls of one block, executed.
#[derive(Default)]
struct Body {
    transactions: Vec<Recovered<Transaction>>,
    encoded: Vec<Bytes>,
    receipts: Vec<Receipt>,
    calls: Vec<Called>,
    gas_used: u64,
    blob_gas_used: u64,
    next_log: usize,
}

impl<'a> Chain<'a> {
    pub(super) fn on(
        api: &'a Api,
        rules: &'a Rules,
        base: &Block,
        options: Options,
    ) -> Result<Self, RpcError> {
        let base_state = Base { view: api.ledger.state(base.hash())?, hashes: BTreeMap::new() };
        let db = State::builder()
            .with_database(WrapDatabaseRef(base_state))
            .with_bundle_update()
            .build();
        Ok(Self {
            rules,
            options,
            db,
            parent: base.header.clone(),
            gas_left: api.limits.call_gas,
            // Calls are bounded by their gas; the clock is looked at all the same.
            budget: Budget { steps: usize::MAX, bytes: usize::MAX, deadline: api.deadline() },
        })
    }

    /// Executes one block.
    pub(super) fn execute(&mut self, planned: Planned) -> Result<(Block, Vec<Called>), RpcError> {
        self.budget.deadline.check()?;
        let header = self.header(&planned);
        let spec = self.spec(&header);
        let mut environment = Environment {
            rules: self.rules,
            header: &header,
            block: self.block_env(&header, &planned.block),
            validation: self.options.validation,
            moves: Moves::default(),
        };
        environment.moves = self.apply_overrides(&environment, &planned.state)?;
        self.begin(&environment, spec)?;
        let mut body = Body::default();
        for request in planned.calls {
            self.call(&environment, spec, request, &mut body)?;
        }
        let requests = self.requests(&environment, spec, &body)?;
        self.reward(&header, spec)?;
        self.finish(header.clone(), requests, body)
    }

    fn spec(&self, header: &Header) -> SpecId {
        match self.rules {
            Rules::Ethereum(rules) => rules.spec_at(header.number, header.timestamp),
            Rules::Rollup(_) => SpecId::PRAGUE,
        }
    }

    /// The header as far as it is known before execution.
    fn header(&self, planned: &Planned) -> Header {
        let (parent, given) = (&self.parent, &planned.block);
        let mut header = Header {
            parent_hash: parent.seal(),
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: given.coinbase.unwrap_or(parent.beneficiary),
            difficulty: given.difficulty.unwrap_or(parent.difficulty),
            number: planned.number,
            timestamp: planned.timestamp,
            gas_limit: given.gas_limit.unwrap_or(parent.gas_limit),
            mix_hash: given.random.unwrap_or_default(),
            ..Header::default()
        };
        let spec = self.spec(&header);
        if spec >= SpecId::LONDON {
            let base_fee = given.base_fee.map(|fee| fee.saturating_to());
            header.base_fee_per_gas = Some(base_fee.unwrap_or_else(|| self.base_fee()));
        }
        if spec >= SpecId::SHANGHAI {
            header.withdrawals_root = Some(EMPTY_ROOT_HASH);
        }
        if spec >= SpecId::CANCUN {
            header.blob_gas_used = Some(0);
            header.excess_blob_gas = Some(self.excess_blob_gas(&header));
            header.parent_beacon_block_root = Some(given.beacon_root.unwrap_or_default());
        }
        header
    }

    fn base_fee(&self) -> u64 {
        if !self.options.validation {
            return 0;
        }
        match self.rules {
            Rules::Rollup(spec) => execute::next_base_fee(spec, &self.parent),
            Rules::Ethereum(_) => self.parent.base_fee_per_gas.map_or(INITIAL_BASE_FEE, |fee| {
                let (used, limit) = (self.parent.gas_used, self.parent.gas_limit);
                calc_next_block_base_fee(used, limit, fee, BaseFeeParams::ethereum())
            }),
        }
    }

    fn excess_blob_gas(&self, header: &Header) -> u64 {
        let rules = self.rules.ethereum();
        let params = rules.and_then(|rules| rules.blobs_at(header.timestamp));
        params.and_then(|params| self.parent.next_block_excess_blob_gas(params)).unwrap_or_default()
    }

    fn block_env(&self, header: &Header, given: &BlockOverrides) -> BlockEnv {
        let merged = self.spec(header) >= SpecId::MERGE;
        let params = self.rules.ethereum().and_then(|rules| rules.blobs_at(header.timestamp));
        let excess_blob_gas = header.excess_blob_gas.unwrap_or_default();
        let blob_price = params.map_or(1, |params| params.calc_blob_fee(excess_blob_gas));
        BlockEnv {
            number: U256::from(header.number),
            beneficiary: header.beneficiary,
            timestamp: U256::from(header.timestamp),
            gas_limit: header.gas_limit,
            basefee: header.base_fee_per_gas.unwrap_or_default(),
            difficulty: header.difficulty,
            prevrandao: merged.then_some(header.mix_hash),
            blob_excess_gas_and_price: header.excess_blob_gas.map(|excess_blob_gas| {
                let given = given.blob_base_fee.map(|fee| fee.saturating_to());
                BlobExcessGasAndPrice {
                    excess_blob_gas,
                    blob_gasprice: given.unwrap_or(blob_price),
                }
            }),
            ..BlockEnv::default()
        }
    }

    fn apply_overrides(
        &mut self,
        environment: &Environment<'_>,
        overrides: &StateOverride,
    ) -> Result<Moves, RpcError> {
        let mut moves = Moves::default();
        for (address, given) in overrides {
            let is_precompile = environment.is_precompile(address);
            if let Some(to) = given.move_precompile_to {
                if !is_precompile {
                    let message = format!("account {address} is not a precompile");
                    return Err(RpcError::refused(message));
                }
                if overrides.contains_key(&to) {
                    let message = format!("account {to} is already overridden");
                    return Err(RpcError::refused(message));
                }
                moves.moved.push((*address, to));
            } else if is_precompile {
                moves.removed.push(*address);
            }
            if given.state.is_some() && given.state_diff.is_some() {
                let message = format!("account {address} has both 'state' and 'stateDiff'");
                return Err(RpcError::params(message));
            }
            let mut account = self.account(*address)?;
            if account.info.code.is_none() && !account.info.is_empty_code_hash() {
                let code = self.db.code_by_hash(account.info.code_hash);
                account.info.code = Some(code.map_err(database)?);
            }
            account.mark_touch();
            if let Some(balance) = given.balance {
                account.info.balance = balance;
            }
            if let Some(nonce) = given.nonce {
                account.info.nonce = nonce;
            }
            if let Some(code) = &given.code {
                let code = bytecode(code)?;
                account.info.code_hash = code.hash_slow();
                account.info.code = Some(code);
            }
            if given.state.is_some() {
                // Forgets what the account had: it goes, and comes again.
                let mut gone = account.clone();
                gone.mark_selfdestruct();
                self.db.commit([(*address, gone)].into_iter().collect());
                account.status |= AccountStatus::Created;
            }
            for (slot, value) in given.state.iter().chain(&given.state_diff).flatten() {
                let value = U256::from_be_bytes(value.0);
                // The original only has to differ, so that the change is kept.
                let slot_value = EvmStorageSlot::new_changed(!value, value, 0);
                account.storage.insert((*slot).into(), slot_value);
            }
            self.db.commit([(*address, account)].into_iter().collect());
        }
        Ok(moves)
    }

    fn account(&mut self, address: Address) -> Result<Account, RpcError> {
        let info = self.db.basic(address).map_err(|error| RpcError::Internal(error.to_string()))?;
        Ok(info.map_or_else(|| Account::new_not_existing(0), Account::from))
    }

    /// System calls at the start of a block.
    fn begin(&mut self, environment: &Environment<'_>, spec: SpecId) -> Result<(), RpcError> {
        let parent_hash = environment.header.parent_hash;
        if spec >= SpecId::PRAGUE {
            self.system(environment, eip2935::HISTORY_STORAGE_ADDRESS, parent_hash.0.into())?;
        }
        if spec >= SpecId::CANCUN && matches!(self.rules, Rules::Ethereum(_)) {
            let root = environment.header.parent_beacon_block_root.unwrap_or_default();
            self.system(environment, eip4788::BEACON_ROOTS_ADDRESS, root.0.into())?;
        }
        Ok(())
    }

    fn system(
        &mut self,
        environment: &Environment<'_>,
        contract: Address,
        data: Bytes,
    ) -> Result<Bytes, RpcError> {
        let (output, state) = environment.system_call(&mut self.db, contract, data)?;
        if output.is_some() {
            self.db.commit(state);
        }
        Ok(output.unwrap_or_default())
    }

    fn call(
        &mut self,
        environment: &Environment<'_>,
        spec: SpecId,
        request: TransactionRequest,
        body: &mut Body,
    ) -> Result<(), RpcError> {
        let limit = environment.header.gas_limit;
        let gas = request.gas.unwrap_or(limit.saturating_sub(body.gas_used));
        if body.gas_used.saturating_add(gas) > limit {
            let message = format!("block gas limit reached: {} >= {limit}", body.gas_used);
            return Err(RpcError::coded(BLOCK_GAS_LIMIT, message));
        }
        let sender = request.from.unwrap_or_default();
        let state_nonce = self.account(sender)?.info.nonce;
        let nonce = request.nonce.unwrap_or(state_nonce);
        if self.options.validation {
            // Before anything else, as geth does.
            check_nonce(nonce, state_nonce).map_err(|error| refused(&error, sender, gas))?;
        }
        let gas = gas.min(self.gas_left);
        let tx = transaction(request, self.rules.chain_id(), nonce, gas, spec)?;
        let encoded = tx.encoded();
        let inspector = Transfers::new(self.options.trace_transfers, body.next_log);
        let mut inspector = Bounded::new(inspector, Records::default(), self.budget);
        let executed = environment.execute(
            &mut self.db,
            tx.to_tx_env(sender),
            encoded.clone(),
            &mut inspector,
        );
        let (transfers, budget) = inspector.finish()?;
        self.budget = budget;
        let executed = executed.map_err(|refusal| match refusal {
            Refusal::Invalid(error) => refused(&error, sender, gas),
            Refusal::Other(error) => error,
        })?;
        self.db.commit(executed.state);
        let result = executed.result;
        let gas_used = result.tx_gas_used();
        self.gas_left = self.gas_left.saturating_sub(gas_used);
        body.gas_used += gas_used;
        body.blob_gas_used += tx.blob_gas_used().unwrap_or_default();
        let success = result.is_success();
        body.receipts.push(Receipt {
            tx_type: tx.ty(),
            success,
            cumulative_gas_used: body.gas_used,
            logs: if success { result.logs().to_vec() } else { Vec::new() },
            deposit_nonce: None,
        });
        body.encoded.push(encoded);
        body.transactions.push(Recovered::new_unchecked(tx, sender));
        let (mut logs, next_log) = transfers.finish();
        if !success {
            logs.clear();
        }
        body.next_log = next_log;
        body.calls.push(Called { result, logs });
        Ok(())
    }

    /// What a miner earned before the merge.
    fn reward(&mut self, header: &Header, spec: SpecId) -> Result<(), RpcError> {
        let ether = match spec {
            spec if spec >= SpecId::MERGE => return Ok(()),
            spec if spec >= SpecId::PETERSBURG => 2,
            spec if spec >= SpecId::BYZANTIUM => 3,
            _ => 5,
        };
        let reward = [(header.beneficiary, ether * ETH_TO_WEI)];
        self.db.increment_balances(reward).map_err(database)
    }

    /// EIP-7685.
    fn requests(
        &mut self,
        environment: &Environment<'_>,
        spec: SpecId,
        body: &Body,
    ) -> Result<Option<Requests>, RpcError> {
        if spec < SpecId::PRAGUE {
            return Ok(None);
        }
        let mut requests = Requests::default();
        let Rules::Ethereum(rules) = self.rules else { return Ok(Some(requests)) };
        let mut deposits = Vec::new();
        let logs = body.receipts.iter().flat_map(|receipt| &receipt.logs);
        eip6110::accumulate_deposits_from_logs(rules.deposit_contract, logs, &mut deposits)
            .map_err(|error| RpcError::refused(error.to_string()))?;
        let withdrawals = eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS;
        let consolidations = eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS;
        let lists = [
            (eip6110::DEPOSIT_REQUEST_TYPE, deposits.into()),
            (
                eip7002::WITHDRAWAL_REQUEST_TYPE,
                self.system(environment, withdrawals, Bytes::new())?,
            ),
            (
                eip7251::CONSOLIDATION_REQUEST_TYPE,
                self.system(environment, consolidations, Bytes::new())?,
            ),
        ];
        for (kind, list) in lists {
            if !list.is_empty() {
                requests.push_request_with_type(kind, list);
            }
        }
        Ok(Some(requests))
    }

    fn finish(
        &mut self,
        header: Header,
        requests: Option<Requests>,
        body: Body,
    ) -> Result<(Block, Vec<Called>), RpcError> {
        self.db.merge_transitions(BundleRetention::PlainState);
        let changes = StateChanges::from(&self.db.bundle_state);
        let (receipts_root, logs_bloom) = receipts_root(&body.receipts);
        let header = Header {
            state_root: self.db.database.0.view.root_after(&changes)?,
            transactions_root: transactions_root(&body.encoded),
            receipts_root,
            logs_bloom,
            gas_used: body.gas_used,
            blob_gas_used: header.blob_gas_used.map(|_| body.blob_gas_used),
            requests_hash: requests.map(|requests| requests.requests_hash()),
            ..header
        };
        let header = header.seal_slow();
        self.db.database.0.hashes.insert(header.number, header.seal());
        self.parent = header.clone();
        let block = Block {
            withdrawals: header.withdrawals_root.map(|_| Default::default()),
            header,
            transactions: body.transactions,
            receipts: body.receipts,
            ommers: Vec::new(),
            post_states: Vec::new(),
            note: Bytes::new(),
            overrides: Vec::new(),
        };
        Ok((block, body.calls))
    }
}

/// The transaction that a request describes, with a signature of nobody: with a fee cap unless it
/// names a gas price.
fn transaction(
    mut request: TransactionRequest,
    chain_id: u64,
    nonce: u64,
    gas_limit: u64,
    spec: SpecId,
) -> Result<Transaction, RpcError> {
    request.to.get_or_insert(TxKind::Create);
    (request.nonce, request.gas) = (Some(nonce), Some(gas_limit));
    request.chain_id = (spec >= SpecId::SPURIOUS_DRAGON).then_some(chain_id);
    request.access_list = request.access_list.filter(|list| !list.is_empty());
    request.sidecar = None;
    if spec < SpecId::LONDON {
        request.gas_price.get_or_insert_default();
    }
    request.max_fee_per_gas.get_or_insert_default();
    request.max_priority_fee_per_gas.get_or_insert_default();
    match request.blob_versioned_hashes {
        Some(_) => _ = request.max_fee_per_blob_gas.get_or_insert_default(),
        None => request.max_fee_per_blob_gas = None,
    }
    let built = request.build_typed_simulate_transaction();
    Ok(match built.map_err(|error| RpcError::params(error.to_string()))? {
        EthereumTxEnvelope::Legacy(tx) => Transaction::Legacy(tx),
        EthereumTxEnvelope::Eip2930(tx) => Transaction::Eip2930(tx),
        EthereumTxEnvelope::Eip1559(tx) => Transaction::Eip1559(tx),
        EthereumTxEnvelope::Eip4844(tx) => Transaction::Eip4844(tx),
        EthereumTxEnvelope::Eip7702(tx) => Transaction::Eip7702(tx),
    })
}

fn check_nonce(tx: u64, state: u64) -> Result<(), InvalidTransaction> {
    match tx {
        tx if tx < state => Err(InvalidTransaction::NonceTooLow { tx, state }),
        tx if tx > state => Err(InvalidTransaction::NonceTooHigh { tx, state }),
        u64::MAX => Err(InvalidTransaction::NonceMax),
        _ => Ok(()),
    }
}

fn database(error: impl std::fmt::Display) -> RpcError {
    RpcError::Internal(error.to_string())
}

fn refused(error: &InvalidTransaction, sender: Address, gas: u64) -> RpcError {
    use InvalidTransaction as E;
    let code = match error {
        E::NonceTooLow { .. } => NONCE_TOO_LOW,
        E::NonceTooHigh { .. } => NONCE_TOO_HIGH,
        E::FeeBelowBaseFee => BASE_FEE_TOO_LOW,
        E::IntrinsicGas { .. } | E::FloorGas { .. } => INTRINSIC_GAS,
        E::InsufficientFunds { .. } | E::CostOverflow => INSUFFICIENT_FUNDS,
        E::SenderNotEoa => SENDER_NOT_EOA,
        E::InitCodeSize => INIT_CODE_SIZE,
        _ => crate::error::INTERNAL,
    };
    RpcError::coded(code, format!("err: {error}: address {sender} (supplied gas {gas})"))
}
