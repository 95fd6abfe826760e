//! Receipts.

use alloy_consensus::{Transaction as _, Typed2718};
use alloy_primitives::{Address, B256, Bloom, U64, U128, U256};
use alloy_rlp::{BufMut, Encodable};
use altana_ledger::Block;
use altana_protocol::{Receipt, Transaction};
use op_revm::{L1BlockInfo, OpSpecId};
use serde::Serialize;

use super::log::{LogView, place};

/// A receipt with its place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptView {
    block_hash: B256,
    block_number: U64,
    transaction_hash: B256,
    transaction_index: U64,
    #[serde(rename = "type")]
    ty: U64,
    from: Address,
    to: Option<Address>,
    contract_address: Option<Address>,
    gas_used: U64,
    cumulative_gas_used: U64,
    effective_gas_price: U128,
    /// Before Byzantium.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<U64>,
    logs_bloom: Bloom,
    logs: Vec<LogView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob_gas_used: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob_gas_price: Option<U128>,
    #[serde(flatten)]
    deposit: Option<DepositFields>,
    #[serde(flatten)]
    data_fee: Option<DataFeeFields>,
}

/// What only receipts of deposits have (OP Stack, Regolith and Canyon).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DepositFields {
    deposit_nonce: U64,
    deposit_receipt_version: U64,
}

/// What a rollup's transaction paid for its data (OP Stack, Ecotone).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DataFeeFields {
    l1_fee: U256,
    l1_gas_used: U256,
    l1_gas_price: U256,
    l1_base_fee_scalar: U256,
    l1_blob_base_fee: U256,
    l1_blob_base_fee_scalar: U256,
}

/// The data fee's parameters in one block of a rollup.
pub(crate) struct DataFees(pub(crate) L1BlockInfo);

impl DataFees {
    fn of(&mut self, tx: &Transaction) -> DataFeeFields {
        let (fee, gas) = match tx {
            Transaction::Deposit(_) => (U256::ZERO, U256::ZERO),
            _ => {
                let encoded = tx.encoded();
                self.0.clear_tx_l1_cost();
                (
                    self.0.calculate_tx_l1_cost(&encoded, OpSpecId::ISTHMUS),
                    self.0.data_gas(&encoded, OpSpecId::ISTHMUS),
                )
            }
        };
        DataFeeFields {
            l1_fee: fee,
            l1_gas_used: gas,
            l1_gas_price: self.0.l1_base_fee,
            l1_base_fee_scalar: self.0.l1_base_fee_scalar,
            l1_blob_base_fee: self.0.l1_blob_base_fee.unwrap_or_default(),
            l1_blob_base_fee_scalar: self.0.l1_blob_base_fee_scalar.unwrap_or_default(),
        }
    }
}

/// All receipts of a block. `blob_fee` is the block's price of blob gas.
pub(crate) fn receipts(
    block: &Block,
    blob_fee: Option<u128>,
    mut fees: Option<DataFees>,
) -> Vec<ReceiptView> {
    let mut first_log = 0;
    let mut views = Vec::with_capacity(block.receipts.len());
    for (index, receipt) in block.receipts.iter().enumerate() {
        views.extend(view(block, index, first_log, blob_fee, fees.as_mut()));
        first_log += receipt.logs.len();
    }
    views
}

/// One receipt of a block.
pub(crate) fn receipt(
    block: &Block,
    index: usize,
    blob_fee: Option<u128>,
    mut fees: Option<DataFees>,
) -> Option<ReceiptView> {
    let first_log = block.receipts.iter().take(index).map(|receipt| receipt.logs.len()).sum();
    view(block, index, first_log, blob_fee, fees.as_mut())
}

fn view(
    block: &Block,
    index: usize,
    first_log: usize,
    blob_fee: Option<u128>,
    fees: Option<&mut DataFees>,
) -> Option<ReceiptView> {
    let receipt = block.receipts.get(index)?;
    let recovered = block.transactions.get(index)?;
    let tx = recovered.inner();
    let transaction_hash = tx.hash();
    let from = recovered.signer();
    let nonce = receipt.deposit_nonce.unwrap_or_else(|| tx.nonce());
    let root = block.post_states.get(index).copied();
    let logs = receipt.logs.iter().enumerate();
    let blob_gas_used = tx.blob_gas_used();
    Some(ReceiptView {
        block_hash: block.hash(),
        block_number: U64::from(block.number()),
        transaction_hash,
        transaction_index: U64::from(index),
        ty: U64::from(tx.ty()),
        from,
        to: tx.to(),
        contract_address: tx.is_create().then(|| from.create(nonce)),
        gas_used: U64::from(block.gas_used(index)?),
        cumulative_gas_used: U64::from(receipt.cumulative_gas_used),
        effective_gas_price: U128::from(tx.effective_gas_price(block.header.base_fee_per_gas)),
        root,
        status: root.is_none().then(|| U64::from(receipt.success)),
        logs_bloom: receipt.bloom(),
        logs: logs
            .map(|(i, log)| place(log, block, (index, transaction_hash), first_log + i, false))
            .collect(),
        blob_gas_used: blob_gas_used.map(U64::from),
        blob_gas_price: blob_gas_used.and(blob_fee).map(U128::from),
        deposit: receipt.deposit_nonce.map(|nonce| DepositFields {
            deposit_nonce: U64::from(nonce),
            deposit_receipt_version: U64::from(1),
        }),
        data_fee: fees.map(|fees| fees.of(tx)),
    })
}

/// A receipt as it was encoded before Byzantium: with a state root in place of the status.
pub(crate) fn encode_with_root(receipt: &Receipt, root: B256, out: &mut dyn BufMut) {
    let bloom = receipt.bloom();
    let payload_length = root.length()
        + receipt.cumulative_gas_used.length()
        + bloom.length()
        + receipt.logs.length();
    alloy_rlp::Header { list: true, payload_length }.encode(out);
    root.encode(out);
    receipt.cumulative_gas_used.encode(out);
    bloom.encode(out);
    receipt.logs.encode(out);
}
