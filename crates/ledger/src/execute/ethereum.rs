//! One block under Ethereum's rules.

use super::{Finished, header};
use crate::{
    Error, EthereumRules, InvalidBlock, InvalidTransaction, Override, PushError, StateView,
    simulate::{SimulationDb, change_account, set_code, set_slots},
};
use alloy_consensus::{Header, Transaction as _, transaction::Recovered};
use alloy_eips::{
    Encodable2718, Typed2718, eip2935, eip4788, eip4895::Withdrawals, eip7002, eip7251,
    eip7685::Requests,
};
use alloy_evm::eth::eip6110;
use alloy_primitives::{Address, B256, Bytes, U256, map::AddressMap};
use altana_protocol::{
    Receipt, Transaction, execute::Executed, receipt::receipts_root,
    transaction::transactions_root, trie::StateChanges,
};
use revm::{
    Context, DatabaseCommit, ExecuteEvm, MainBuilder, MainContext, SystemCallEvm,
    context::{BlockEnv, CfgEnv, ContextTr, result::EVMError},
    context_interface::block::BlobExcessGasAndPrice,
    database::{State, states::bundle_state::BundleRetention},
    database_interface::{DatabaseCommitExt, WrapDatabaseRef, bal::EvmDatabaseError},
    handler::{MainnetContext, MainnetEvm},
    primitives::hardfork::SpecId,
    state::Bytecode,
};

/// EIP-7934 (Osaka): longest block, in bytes of RLP.
const BLOCK_BYTES_MAX: usize = 8 << 20;
/// What the header and the lists around transactions add to a block's RLP, at most.
const BLOCK_FRAME_BYTES: usize = 2048;
const SYSTEM_ADDRESS: Address = eip4788::SYSTEM_ADDRESS;

type Evm = MainnetEvm<MainnetContext<SimulationDb>>;

/// Executes the transactions of one block, one after the other.
pub(crate) struct EthereumExecutor {
    evm: Evm,
    rules: EthereumRules,
    spec: SpecId,
    view: StateView,
    /// As far as it is known before the transactions.
    header: Header,
    ommers: Vec<Header>,
    withdrawals: Option<Withdrawals>,
    encoded: Vec<Bytes>,
    encoded_bytes: usize,
    receipts: Vec<Receipt>,
    post_states: Vec<B256>,
    gas_used: u64,
    blob_gas_used: u64,
}

/// The EVM's view of a block.
pub(crate) fn block_env(rules: &EthereumRules, header: &Header) -> BlockEnv {
    let merged = rules.spec_at(header.number, header.timestamp) >= SpecId::MERGE;
    let blobs = rules.blobs_at(header.timestamp).zip(header.excess_blob_gas);
    BlockEnv {
        number: U256::from(header.number),
        beneficiary: header.beneficiary,
        timestamp: U256::from(header.timestamp),
        gas_limit: header.gas_limit,
        basefee: header.base_fee_per_gas.unwrap_or_default(),
        difficulty: if merged { U256::ZERO } else { header.difficulty },
        prevrandao: merged.then_some(header.mix_hash),
        blob_excess_gas_and_price: blobs.map(|(params, excess_blob_gas)| BlobExcessGasAndPrice {
            excess_blob_gas,
            blob_gasprice: params.calc_blob_fee(excess_blob_gas),
        }),
        ..BlockEnv::default()
    }
}

/// The EVM's configuration for a block.
pub(crate) fn evm_config(rules: &EthereumRules, header: &Header) -> CfgEnv {
    let spec = rules.spec_at(header.number, header.timestamp);
    let mut config = CfgEnv::new_with_spec(spec).with_chain_id(rules.chain_id);
    if let Some(params) = rules.blobs_at(header.timestamp) {
        config.set_max_blobs_per_tx(params.max_blobs_per_tx);
    }
    config
}

impl EthereumExecutor {
    /// Starts the block with this header (as [`header::next`] makes it) on its parent's state.
    pub(crate) fn new(
        rules: &EthereumRules,
        header: Header,
        ommers: Vec<Header>,
        withdrawals: Option<Withdrawals>,
        view: StateView,
    ) -> Result<Self, Error> {
        let state = State::builder()
            .with_database(WrapDatabaseRef(view.clone()))
            .with_bundle_update()
            .build();
        let evm = Context::mainnet()
            .with_db(state)
            .with_cfg(evm_config(rules, &header))
            .with_block(block_env(rules, &header))
            .build_mainnet();
        let mut executor = Self {
            evm,
            rules: rules.clone(),
            spec: rules.spec_at(header.number, header.timestamp),
            view,
            header,
            ommers,
            withdrawals,
            encoded: Vec::new(),
            encoded_bytes: BLOCK_FRAME_BYTES,
            receipts: Vec::new(),
            post_states: Vec::new(),
            gas_used: 0,
            blob_gas_used: 0,
        };
        executor.begin()?;
        Ok(executor)
    }

    fn begin(&mut self) -> Result<(), Error> {
        if self.spec >= SpecId::PRAGUE {
            let parent = self.header.parent_hash;
            self.system_call(eip2935::HISTORY_STORAGE_ADDRESS, parent.0.into())?;
        }
        if self.spec >= SpecId::CANCUN {
            let root = self.header.parent_beacon_block_root.unwrap_or_default();
            self.system_call(eip4788::BEACON_ROOTS_ADDRESS, root.0.into())?;
        }
        Ok(())
    }

    fn system_call(&mut self, contract: Address, data: Bytes) -> Result<Bytes, Error> {
        let result = self.evm.system_call_one_with_caller(SYSTEM_ADDRESS, contract, data);
        let changes = self.evm.finalize();
        let result = result.map_err(|error| match error {
            EVMError::Database(error) => database_error(error),
            other => InvalidBlock::SystemCall(format!("{contract}: {other}")).into(),
        })?;
        if !result.is_success() {
            return Err(InvalidBlock::SystemCall(format!("{contract} failed")).into());
        }
        self.evm.ctx.db_mut().commit(changes);
        Ok(result.into_output().unwrap_or_default())
    }

    /// Executes a transaction as the block's next; refused ones leave no trace.
    pub(crate) fn push(&mut self, tx: &Recovered<Transaction>) -> Result<Executed, PushError> {
        let encoded: Bytes = tx.inner().encoded_2718().into();
        self.check_room(tx.inner(), encoded.len())?;
        let result = self.evm.transact_one(tx.inner().to_tx_env(tx.signer()));
        // Also clears what a refused transaction has loaded into the journal.
        let changes = self.evm.finalize();
        let result = result.map_err(push_error)?;
        self.evm.ctx.db_mut().commit(changes);
        let executed = Executed {
            success: result.is_success(),
            gas_used: result.tx_gas_used(),
            output: result.output().cloned().unwrap_or_default(),
            created: result.created_address(),
        };
        self.gas_used += executed.gas_used;
        self.blob_gas_used += tx.inner().blob_gas_used().unwrap_or_default();
        self.encoded_bytes += encoded.len() + 4;
        self.encoded.push(encoded);
        self.receipts.push(Receipt {
            tx_type: tx.inner().ty(),
            success: executed.success,
            cumulative_gas_used: self.gas_used,
            logs: if executed.success { result.into_logs() } else { Vec::new() },
            deposit_nonce: None,
        });
        if self.spec < SpecId::BYZANTIUM {
            let root = self.state_root_now().map_err(PushError::Database)?;
            self.post_states.push(root);
        }
        Ok(executed)
    }

    fn check_room(&self, tx: &Transaction, bytes: usize) -> Result<(), InvalidTransaction> {
        if matches!(tx, Transaction::Deposit(_)) {
            return Err(InvalidTransaction::TypeNotSupported);
        }
        if tx.gas_limit() > self.header.gas_limit {
            return Err(InvalidTransaction::ExceedsBlockGasLimit);
        }
        let blobs_max = self
            .rules
            .blobs_at(self.header.timestamp)
            .map_or(0, |params| params.max_blob_gas_per_block());
        let blob_gas = self.blob_gas_used.saturating_add(tx.blob_gas_used().unwrap_or_default());
        let too_long =
            self.spec >= SpecId::OSAKA && self.encoded_bytes + bytes + 4 > BLOCK_BYTES_MAX;
        if tx.gas_limit() > self.gas_left() || blob_gas > blobs_max || too_long {
            return Err(InvalidTransaction::BlockFull);
        }
        Ok(())
    }

    /// Before Byzantium receipts hold the state's root, which includes no rewards yet.
    fn state_root_now(&mut self) -> Result<B256, Error> {
        let changes = StateChanges::from(self.changes());
        self.view.root_after(&changes)
    }

    /// What the block has changed so far.
    pub(crate) fn changes(&mut self) -> &revm::database::BundleState {
        let state = self.evm.ctx.db_mut();
        state.merge_transitions(BundleRetention::PlainState);
        &state.bundle_state
    }

    /// The header so far, without roots.
    pub(crate) fn header(&self) -> Header {
        let blob_gas_used = self.header.blob_gas_used.map(|_| self.blob_gas_used);
        Header { gas_used: self.gas_used, blob_gas_used, ..self.header.clone() }
    }

    pub(crate) fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    pub(crate) fn post_states(&self) -> &[B256] {
        &self.post_states
    }

    pub(crate) fn gas_left(&self) -> u64 {
        self.header.gas_limit.saturating_sub(self.gas_used)
    }

    /// Ends the block; only the state root is missing from the header then.
    pub(crate) fn finish(mut self, overrides: &[Override]) -> Result<Finished, Error> {
        let requests = self.requests()?;
        let increments = self.balance_increments();
        self.evm.ctx.db_mut().increment_balances(increments).map_err(database_error)?;
        for given in overrides {
            self.write_over(given)?;
        }
        self.changes();
        let changes = self.evm.ctx.db_mut().take_bundle();
        let (mut receipts_root, logs_bloom) = receipts_root(&self.receipts);
        if self.spec < SpecId::BYZANTIUM {
            receipts_root = header::early_receipts_root(&self.receipts, &self.post_states);
        }
        let header = Header {
            transactions_root: transactions_root(&self.encoded),
            receipts_root,
            logs_bloom,
            requests_hash: requests.map(|requests| requests.requests_hash()),
            ..self.header()
        };
        Ok(Finished {
            header,
            receipts: self.receipts,
            ommers: self.ommers,
            withdrawals: self.withdrawals,
            post_states: self.post_states,
            changes,
        })
    }

    fn write_over(&mut self, given: &Override) -> Result<(), Error> {
        let code = given.code.clone().map(Bytecode::new_raw_checked).transpose();
        let code = code.map_err(|error| Error::Config(format!("code of an override: {error}")))?;
        change_account(self.evm.ctx.db_mut(), given.address, |account| {
            account.info.balance = given.balance.unwrap_or(account.info.balance);
            account.info.nonce = given.nonce.unwrap_or(account.info.nonce);
            if let Some(code) = code {
                set_code(account, code);
            }
            set_slots(account, given.slots.iter().copied());
        })
    }

    /// EIP-7685, since Prague.
    fn requests(&mut self) -> Result<Option<Requests>, Error> {
        if self.spec < SpecId::PRAGUE {
            return Ok(None);
        }
        let mut deposits = Vec::new();
        let logs = self.receipts.iter().flat_map(|receipt| &receipt.logs);
        eip6110::accumulate_deposits_from_logs(self.rules.deposit_contract, logs, &mut deposits)
            .map_err(|error| InvalidBlock::SystemCall(error.to_string()))?;
        let lists = [
            (eip6110::DEPOSIT_REQUEST_TYPE, deposits.into()),
            (
                eip7002::WITHDRAWAL_REQUEST_TYPE,
                self.system_call(eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, Bytes::new())?,
            ),
            (
                eip7251::CONSOLIDATION_REQUEST_TYPE,
                self.system_call(eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, Bytes::new())?,
            ),
        ];
        let mut requests = Requests::default();
        for (kind, list) in lists {
            if !list.is_empty() {
                requests.push_request_with_type(kind, list);
            }
        }
        Ok(Some(requests))
    }

    /// Rewards before the merge, withdrawals since Shanghai.
    fn balance_increments(&self) -> AddressMap<u128> {
        let mut increments = AddressMap::<u128>::default();
        let mut add = |address, wei: u128| *increments.entry(address).or_default() += wei;
        let reward = self.rules.reward_at(self.header.number);
        if reward > 0 {
            for ommer in &self.ommers {
                // An ommer is one to seven blocks older; others were refused with the header.
                let weight = (8 + ommer.number).saturating_sub(self.header.number);
                add(ommer.beneficiary, u128::from(weight) * reward / 8);
            }
            add(self.header.beneficiary, reward + reward / 32 * self.ommers.len() as u128);
        }
        for withdrawal in self.withdrawals.iter().flat_map(|list| list.iter()) {
            add(withdrawal.address, withdrawal.amount_wei().saturating_to());
        }
        increments.retain(|_, wei| *wei > 0);
        increments
    }
}

pub(crate) fn database_error(error: EvmDatabaseError<Error>) -> Error {
    match error {
        EvmDatabaseError::Database(error) => error,
        EvmDatabaseError::Bal(error) => Error::Corrupt(error.to_string()),
    }
}

fn push_error(
    error: EVMError<EvmDatabaseError<Error>, revm::context::result::InvalidTransaction>,
) -> PushError {
    match error {
        EVMError::Database(error) => PushError::Database(database_error(error)),
        EVMError::Transaction(error) => PushError::Invalid(error.into()),
        EVMError::Header(error) => PushError::Invalid(InvalidTransaction::Other(error.to_string())),
        EVMError::Custom(text) => PushError::Invalid(InvalidTransaction::Other(text)),
        _ => PushError::Invalid(InvalidTransaction::Other("the EVM refused it".into())),
    }
}
