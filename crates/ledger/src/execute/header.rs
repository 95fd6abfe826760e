//! Headers under Ethereum's rules: what follows from the parent, and what a block may choose.

use crate::{BlockAttributes, Error, EthereumRules, InvalidBlock};
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Header, Sealed,
    proofs::{calculate_ommers_root, calculate_withdrawals_root, ordered_trie_root_with_encoder},
};
use alloy_eips::{
    eip1559::{BaseFeeParams, INITIAL_BASE_FEE, calc_next_block_base_fee},
    eip4895::Withdrawals,
};
use alloy_primitives::{B64, B256, U256};
use alloy_rlp::{BufMut, Encodable, Header as RlpHeader};
use altana_protocol::Receipt;
use revm::primitives::hardfork::SpecId;

const EXTRA_DATA_BYTES_MAX: usize = 32;
const GAS_LIMIT_MIN: u64 = 5000;
/// A block's gas limit differs from its parent's by less than one part in this many.
const GAS_LIMIT_DIVISOR: u64 = 1024;
const OMMERS_MAX: usize = 2;
/// Ommers are at most this many blocks older than the block that names them, plus one.
const OMMER_AGE_MAX: u64 = 7;

/// The header of the block after `parent` with these attributes, as far as it is known before
/// its transactions.
pub(crate) fn next(
    rules: &EthereumRules,
    parent: &Sealed<Header>,
    attributes: &BlockAttributes,
) -> Result<Header, Error> {
    let number = parent.number + 1;
    if attributes.timestamp <= parent.timestamp {
        return Err(mismatch(
            "timestamp",
            attributes.timestamp,
            format!("above {}", parent.timestamp),
        ));
    }
    if attributes.extra_data.len() > EXTRA_DATA_BYTES_MAX {
        return Err(mismatch("extraData", attributes.extra_data.len(), "at most 32 bytes"));
    }
    if rules.spec_at(number, attributes.timestamp) < SpecId::MERGE {
        return Err(Error::Config("blocks before the merge can be imported, not built".into()));
    }
    let chosen = Header {
        timestamp: attributes.timestamp,
        mix_hash: attributes.mix_hash.unwrap_or(parent.mix_hash),
        beneficiary: attributes.beneficiary,
        gas_limit: attributes.gas_limit.unwrap_or(parent.gas_limit),
        extra_data: attributes.extra_data.clone(),
        parent_beacon_block_root: attributes.parent_beacon_block_root,
        ..Header::default()
    };
    let withdrawals = Withdrawals::new(attributes.withdrawals.clone());
    let mut header = derive(rules, parent, &chosen, Some(&withdrawals), &[]);
    if let Some(base_fee) = attributes.base_fee {
        header.base_fee_per_gas = Some(base_fee);
    }
    Ok(header)
}

/// Takes over from `chosen` what a block may choose, and derives the rest.
pub(crate) fn derive(
    rules: &EthereumRules,
    parent: &Sealed<Header>,
    chosen: &Header,
    withdrawals: Option<&Withdrawals>,
    ommers: &[Header],
) -> Header {
    let (number, timestamp) = (parent.number + 1, chosen.timestamp);
    let spec = rules.spec_at(number, timestamp);
    let since = |fork: SpecId| spec >= fork;
    let merged = since(SpecId::MERGE);
    let ommers_hash = if merged { EMPTY_OMMER_ROOT_HASH } else { calculate_ommers_root(ommers) };
    Header {
        parent_hash: parent.seal(),
        ommers_hash,
        beneficiary: chosen.beneficiary,
        difficulty: if merged { U256::ZERO } else { chosen.difficulty },
        number,
        gas_limit: chosen.gas_limit,
        timestamp,
        extra_data: chosen.extra_data.clone(),
        mix_hash: chosen.mix_hash,
        nonce: if merged { B64::ZERO } else { chosen.nonce },
        base_fee_per_gas: since(SpecId::LONDON).then(|| next_base_fee(parent)),
        withdrawals_root: since(SpecId::SHANGHAI)
            .then(|| calculate_withdrawals_root(withdrawals.map_or(&[], |list| &list[..]))),
        blob_gas_used: since(SpecId::CANCUN).then_some(0),
        excess_blob_gas: since(SpecId::CANCUN)
            .then(|| next_excess_blob_gas(rules, parent, timestamp)),
        parent_beacon_block_root: since(SpecId::CANCUN)
            .then(|| chosen.parent_beacon_block_root.unwrap_or_default()),
        ..Header::default()
    }
}

/// EIP-1559; the first block under it has a fixed base fee.
pub(crate) fn next_base_fee(parent: &Header) -> u64 {
    parent.base_fee_per_gas.map_or(INITIAL_BASE_FEE, |base_fee| {
        let params = BaseFeeParams::ethereum();
        calc_next_block_base_fee(parent.gas_used, parent.gas_limit, base_fee, params)
    })
}

/// EIP-4844 with EIP-7918 since Osaka; the first block under it has none.
pub(crate) fn next_excess_blob_gas(rules: &EthereumRules, parent: &Header, timestamp: u64) -> u64 {
    let params = rules.blobs_at(timestamp);
    params.and_then(|params| parent.next_block_excess_blob_gas(params)).unwrap_or_default()
}

/// Checks what another's block has chosen. All else is compared with what execution gives.
pub(crate) fn check_choices(
    rules: &EthereumRules,
    parent: &Sealed<Header>,
    header: &Header,
    ommers: &[Header],
) -> Result<(), Error> {
    if header.timestamp <= parent.timestamp {
        return Err(mismatch("timestamp", header.timestamp, format!("above {}", parent.timestamp)));
    }
    if header.extra_data.len() > EXTRA_DATA_BYTES_MAX {
        return Err(mismatch("extraData", header.extra_data.len(), "at most 32 bytes"));
    }
    let spec = rules.spec_at(header.number, header.timestamp);
    // London doubled the limit, so that its target stayed the same.
    let doubled = spec >= SpecId::LONDON && parent.base_fee_per_gas.is_none();
    let reference = parent.gas_limit.saturating_mul(if doubled { 2 } else { 1 });
    let distance = header.gas_limit.abs_diff(reference);
    if distance >= (reference / GAS_LIMIT_DIVISOR).max(1) && distance > 0
        || header.gas_limit < GAS_LIMIT_MIN
    {
        return Err(mismatch(
            "gasLimit",
            header.gas_limit,
            format!("within 1/1024 of {reference}"),
        ));
    }
    let young = |ommer: &Header| {
        ommer.number < header.number && header.number - ommer.number <= OMMER_AGE_MAX
    };
    let ommers_max = if spec >= SpecId::MERGE { 0 } else { OMMERS_MAX };
    if ommers.len() > ommers_max || !ommers.iter().all(young) {
        return Err(mismatch("uncles", ommers.len(), format!("at most {ommers_max}, recent")));
    }
    Ok(())
}

/// The first field in which two headers differ.
pub(crate) fn compare(got: &Header, expected: &Header) -> Result<(), Error> {
    let opt = |value: Option<u64>| value.map_or("absent".into(), |value| value.to_string());
    let hash = |value: Option<B256>| value.map_or("absent".into(), |value| value.to_string());
    let fields = |h: &Header| -> Vec<(&'static str, String)> {
        vec![
            ("number", h.number.to_string()),
            ("parentHash", h.parent_hash.to_string()),
            ("timestamp", h.timestamp.to_string()),
            ("miner", h.beneficiary.to_string()),
            ("gasLimit", h.gas_limit.to_string()),
            ("baseFeePerGas", opt(h.base_fee_per_gas)),
            ("gasUsed", h.gas_used.to_string()),
            ("transactionsRoot", h.transactions_root.to_string()),
            ("receiptsRoot", h.receipts_root.to_string()),
            ("logsBloom", h.logs_bloom.to_string()),
            ("stateRoot", h.state_root.to_string()),
            ("withdrawalsRoot", hash(h.withdrawals_root)),
            ("sha3Uncles", h.ommers_hash.to_string()),
            ("blobGasUsed", opt(h.blob_gas_used)),
            ("excessBlobGas", opt(h.excess_blob_gas)),
            ("parentBeaconBlockRoot", hash(h.parent_beacon_block_root)),
            ("requestsHash", hash(h.requests_hash)),
            ("difficulty", h.difficulty.to_string()),
            ("nonce", h.nonce.to_string()),
            ("mixHash", h.mix_hash.to_string()),
            ("extraData", h.extra_data.to_string()),
        ]
    };
    if got == expected {
        return Ok(());
    }
    for ((field, got), (_, expected)) in fields(got).into_iter().zip(fields(expected)) {
        if got != expected {
            return Err(InvalidBlock::Header { field, got, expected }.into());
        }
    }
    Err(mismatch("header", "of another fork", "of this one"))
}

fn mismatch(field: &'static str, got: impl ToString, expected: impl ToString) -> Error {
    let (got, expected) = (got.to_string(), expected.to_string());
    InvalidBlock::Header { field, got, expected }.into()
}

/// Root of receipts as they were before Byzantium: with a state root in the place of the status.
pub(crate) fn early_receipts_root(receipts: &[Receipt], post_states: &[B256]) -> B256 {
    let both: Vec<(&Receipt, &B256)> = receipts.iter().zip(post_states).collect();
    ordered_trie_root_with_encoder(&both, |(receipt, root), out| {
        encode_early(receipt, root, out);
    })
}

fn encode_early(receipt: &Receipt, root: &B256, out: &mut dyn BufMut) {
    let bloom = receipt.bloom();
    let payload_length = root.length()
        + receipt.cumulative_gas_used.length()
        + bloom.length()
        + receipt.logs.length();
    RlpHeader { list: true, payload_length }.encode(out);
    root.encode(out);
    receipt.cumulative_gas_used.encode(out);
    bloom.encode(out);
    receipt.logs.encode(out);
}
