//! From blocks to a payload. The layout is described in `decode.rs`, which is the rule.

use alloc::vec::Vec;
use alloy_consensus::Transaction as _;
use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{Address, Signature, TxKind, U256};
use alloy_rlp::Encodable;

use super::{
    AUTHORIZATIONS_MAX, BLOCKS_MAX, PAYLOAD_VERSION, PayloadBlock,
    address_book::AddressWriter,
    columns::Writer,
    decode::{form, kind, word},
};
use crate::{Transaction, queue::BATCH_MESSAGES_MAX};

/// Why blocks cannot be encoded: only a bug in their maker brings one of these about, since such
/// blocks are not valid on the chain either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// No blocks, or more than [`BLOCKS_MAX`].
    #[error("a batch has from 1 to 1,024 blocks")]
    Blocks,
    /// A block is older than the one before it.
    #[error("a timestamp falls")]
    Timestamp,
    /// The blocks consume more than [`BATCH_MESSAGES_MAX`] messages, or have more labels.
    #[error("too many queue messages")]
    Messages,
    /// A transaction is signed for another chain.
    #[error("a transaction is signed for another chain")]
    ChainId,
    /// Deposits and blob transactions are not published.
    #[error("a transaction's type cannot be published")]
    TransactionType,
    /// A signature is malleable (EIP-2).
    #[error("a signature has a high s")]
    Signature,
    /// All input data together is above [`super::COLUMNS_BYTES_MAX`], or there are more than
    /// [`AUTHORIZATIONS_MAX`] authorisations.
    #[error("too much input data")]
    TooLong,
}

/// Encodes blocks of chain `chain_id` so that [`super::decode_payload`] gives them back.
pub fn encode_payload(chain_id: u64, blocks: &[PayloadBlock]) -> Result<Vec<u8>, EncodeError> {
    let transactions: Vec<&Transaction> =
        blocks.iter().flat_map(|block| &block.transactions).collect();
    let authorizations = |&tx: &&Transaction| tx.authorization_list().map_or(0, <[_]>::len);
    if transactions.iter().map(authorizations).sum::<usize>() > AUTHORIZATIONS_MAX {
        return Err(EncodeError::TooLong);
    }
    let mut columns = Writer::default();
    put_blocks(&mut columns, blocks)?;
    put_fields(&mut columns, chain_id, &transactions)?;
    let addresses = put_data(&mut columns, &transactions)?;
    put_lists(&mut columns, &transactions);

    let stream = columns.deflate();
    let mut out = Vec::with_capacity(8 + stream.len() + 64 * transactions.len() + addresses.len());
    out.push(PAYLOAD_VERSION);
    out.extend_from_slice(&(stream.len() as u32).to_be_bytes());
    out.extend_from_slice(&stream);
    for tx in &transactions {
        put_signature(&mut out, signature(tx)?)?;
    }
    out.extend_from_slice(&addresses);
    Ok(out)
}

fn put_blocks(columns: &mut Writer, blocks: &[PayloadBlock]) -> Result<(), EncodeError> {
    if blocks.is_empty() || blocks.len() > BLOCKS_MAX {
        return Err(EncodeError::Blocks);
    }
    let mut deltas = Vec::with_capacity(blocks.len());
    let mut last = 0;
    for block in blocks {
        deltas.push(u128::from(block.timestamp.checked_sub(last).ok_or(EncodeError::Timestamp)?));
        last = block.timestamp;
    }
    let messages: u64 = blocks.iter().map(|block| u64::from(block.messages)).sum();
    let labels: Vec<_> = blocks.iter().flat_map(|block| &block.labels).collect();
    if messages > BATCH_MESSAGES_MAX || labels.len() as u64 > BATCH_MESSAGES_MAX {
        return Err(EncodeError::Messages);
    }
    let each = |count: fn(&PayloadBlock) -> usize| -> Vec<u128> {
        blocks.iter().map(|block| count(block) as u128).collect()
    };
    columns.bytes((blocks.len() as u16).to_be_bytes().to_vec());
    columns.numbers(&deltas[..1]);
    columns.numbers(&deltas[1..]);
    columns.numbers(&each(|block| usize::from(block.messages)));
    columns.numbers(&each(|block| block.labels.len()));
    columns.numbers(&each(|block| block.transactions.len()));

    // A label repeats the hash of the one before it, or brings its own.
    let mut fresh = Vec::with_capacity(labels.len());
    let mut hashes = Vec::new();
    let mut last = None;
    for label in &labels {
        let is_fresh = last != Some(label.block_hash);
        fresh.push(is_fresh as u8);
        if is_fresh {
            hashes.extend_from_slice(label.block_hash.as_slice());
        }
        last = Some(label.block_hash);
    }
    columns.bytes(fresh);
    columns.bytes(hashes);
    columns.numbers(&labels.iter().map(|label| label.log_index.into()).collect::<Vec<_>>());
    Ok(())
}

/// Columns of what every transaction has.
fn put_fields(
    columns: &mut Writer,
    chain_id: u64,
    transactions: &[&Transaction],
) -> Result<(), EncodeError> {
    let mut kinds = Vec::with_capacity(transactions.len());
    for &tx in transactions {
        if tx.chain_id().is_some_and(|id| id != chain_id) {
            return Err(EncodeError::ChainId);
        }
        kinds.push(kind_of(tx)?);
    }
    let each = |field: fn(&Transaction) -> u128| -> Vec<u128> {
        transactions.iter().map(|tx| field(tx)).collect()
    };
    columns.bytes(kinds);
    columns.numbers(&each(|tx| tx.nonce().into()));
    columns.dictionary(&each(|tx| tx.gas_limit().into()));
    columns.dictionary(&each(|tx| tx.max_fee_per_gas()));
    let tips: Vec<u128> =
        transactions.iter().copied().filter_map(Transaction::max_priority_fee_per_gas).collect();
    columns.dictionary(&tips);
    put_amounts(columns, transactions.iter().copied().map(Transaction::value));
    Ok(())
}

/// Columns of recipients and input data. Returns the addresses that are new in this batch.
fn put_data(columns: &mut Writer, transactions: &[&Transaction]) -> Result<Vec<u8>, EncodeError> {
    let mut book = AddressWriter::default();
    let (mut recipients, mut forms, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    let (mut selectors, mut word_counts, mut classes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut amounts, mut addresses) = (Vec::new(), Vec::new());
    let (mut words, mut bytes) = (Vec::new(), Vec::new());
    let mut total = 0;
    for &tx in transactions {
        let is_call = if let TxKind::Call(to) = tx.kind() {
            recipients.push(book.reference(to));
            true
        } else {
            false
        };
        let input = tx.input();
        total += input.len();
        if total > super::COLUMNS_BYTES_MAX {
            return Err(EncodeError::TooLong);
        }
        if input.is_empty() {
            forms.push(form::EMPTY);
        } else if is_call && input.len() > 4 && (input.len() - 4) % 32 == 0 {
            forms.push(form::ABI);
            let (selector, arguments) = input.split_at(4);
            selectors.push(selector.iter().fold(0, |all, byte| all << 8 | u128::from(*byte)));
            word_counts.push((arguments.len() / 32) as u128);
            for argument in arguments.chunks_exact(32) {
                let number = U256::from_be_slice(argument);
                if decimal(number).is_some() {
                    classes.push(word::NUMBER);
                    amounts.push(number);
                } else if argument[..12] == [0; 12] {
                    classes.push(word::ADDRESS);
                    addresses.push(book.reference(Address::from_slice(&argument[12..])));
                } else {
                    classes.push(word::RAW);
                    words.extend_from_slice(argument);
                }
            }
        } else {
            forms.push(form::RAW);
            lengths.push(input.len() as u128);
            bytes.extend_from_slice(input);
        }
    }
    columns.bytes(forms);
    columns.dictionary(&selectors);
    columns.numbers(&word_counts);
    columns.bytes(classes);
    columns.numbers(&lengths);
    put_amounts(columns, amounts.into_iter());
    columns.numbers(&recipients);
    columns.numbers(&addresses);
    columns.bytes(words);
    columns.bytes(bytes);
    Ok(book.new)
}

/// Access lists and authorisations, as RLP.
fn put_lists(columns: &mut Writer, transactions: &[&Transaction]) {
    let mut lists = Vec::new();
    for &tx in transactions {
        if let Some(list) = tx.access_list().filter(|list: &&AccessList| !list.is_empty()) {
            list.encode(&mut lists);
        }
        if let Some(list) = tx.authorization_list() {
            alloy_rlp::encode_list::<SignedAuthorization, _>(list, &mut lists);
        }
    }
    columns.bytes(lists);
}

/// Amounts as decimal mantissa and exponent: people send round numbers.
fn put_amounts(columns: &mut Writer, amounts: impl Iterator<Item = U256>) {
    let (mut exponents, mut mantissas, mut words) = (Vec::new(), Vec::new(), Vec::new());
    for amount in amounts {
        if let Some((mantissa, exponent)) = decimal(amount) {
            exponents.push(exponent);
            mantissas.push(mantissa);
        } else {
            exponents.push(super::decode::EXPONENT_RAW);
            words.extend_from_slice(&amount.to_be_bytes::<32>());
        }
    }
    columns.bytes(exponents);
    columns.numbers(&mantissas);
    columns.bytes(words);
}

/// `amount` as mantissa times a power of ten, if the mantissa fits 64 bits.
fn decimal(amount: U256) -> Option<(u128, u8)> {
    let mut exponent = 0;
    let mut wide = amount;
    while wide.bit_len() > 128 {
        let (quotient, rest) = wide.div_rem(U256::from(10));
        if !rest.is_zero() {
            return None;
        }
        wide = quotient;
        exponent += 1;
    }
    let mut mantissa: u128 = wide.to();
    while mantissa != 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        exponent += 1;
    }
    (mantissa <= u128::from(u64::MAX)).then_some((mantissa, exponent))
}

fn kind_of(tx: &Transaction) -> Result<u8, EncodeError> {
    let mut bits = match tx {
        Transaction::Legacy(tx) if tx.tx().chain_id.is_none() => kind::LEGACY_ANY_CHAIN,
        Transaction::Legacy(_) => kind::LEGACY,
        Transaction::Eip2930(_) => kind::EIP2930,
        Transaction::Eip1559(_) => kind::EIP1559,
        Transaction::Eip7702(_) => kind::EIP7702,
        Transaction::Eip4844(_) | Transaction::Deposit(_) => {
            return Err(EncodeError::TransactionType);
        }
    };
    if tx.kind().is_create() {
        bits |= kind::CREATE;
    }
    if tx.access_list().is_some_and(|list| !list.is_empty()) {
        bits |= kind::ACCESS_LIST;
    }
    Ok(bits)
}

fn signature(tx: &Transaction) -> Result<&Signature, EncodeError> {
    match tx {
        Transaction::Legacy(tx) => Ok(tx.signature()),
        Transaction::Eip2930(tx) => Ok(tx.signature()),
        Transaction::Eip1559(tx) => Ok(tx.signature()),
        Transaction::Eip7702(tx) => Ok(tx.signature()),
        Transaction::Eip4844(_) | Transaction::Deposit(_) => Err(EncodeError::TransactionType),
    }
}

/// 64 bytes: `r`, and `s` with the parity of `y` in its highest bit (EIP-2098).
fn put_signature(out: &mut Vec<u8>, signature: &Signature) -> Result<(), EncodeError> {
    if signature.s().bit(255) {
        return Err(EncodeError::Signature);
    }
    out.extend_from_slice(&signature.r().to_be_bytes::<32>());
    let mut s = signature.s().to_be_bytes::<32>();
    s[0] |= (signature.v() as u8) << 7;
    out.extend_from_slice(&s);
    Ok(())
}
