//! From a payload to blocks. Total: any bytes give blocks or an error, in bounded time and
//! memory, and the same everywhere.
//!
//! ```text
//! payload    = version (1 byte), length of the stream (4 bytes), stream, signatures, addresses
//! stream     = raw DEFLATE of the columns below, in this order, at most 16 MiB of them
//! signatures = 64 bytes for each transaction: r, s with the parity of y in its highest bit
//! addresses  = 20 bytes for each address that is referred to, in order of first reference
//! ```
//!
//! Signatures and addresses do not compress, and would only spoil the Huffman tables of their
//! neighbours: they stand outside of the stream. Numbers, dictionaries and bytes are columns as
//! `columns.rs` describes.
//!
//! | column | kind | entries |
//! |---|---|---|
//! | number of blocks | 2 bytes | |
//! | first timestamp | number | 1 |
//! | timestamps less the one before | numbers | blocks - 1 |
//! | queue messages, labels, transactions of each block | 3 times numbers | blocks |
//! | whether a label has another block hash than the one before | bytes (0, 1) | labels |
//! | those hashes | 32 bytes each | |
//! | log indices of the labels | numbers | labels |
//! | [`kind`] | bytes | transactions |
//! | nonce | numbers | transactions |
//! | gas limit | dictionary | transactions |
//! | gas price or fee cap | dictionary | transactions |
//! | tip | dictionary | EIP-1559 and EIP-7702 |
//! | value | amounts | transactions |
//! | [`form`] of the input data | bytes | transactions |
//! | selector | dictionary | form ABI |
//! | argument words | numbers | form ABI |
//! | class of each [`word`] | bytes | words |
//! | length of the input data | numbers | form RAW |
//! | words that are numbers | amounts | |
//! | recipient | address references | those that call |
//! | words that are addresses | address references | |
//! | other words | 32 bytes each | |
//! | input data | bytes | form RAW |
//! | access list, then authorisations | RLP | those that have them |
//!
//! Amounts are a column of decimal exponents (0 to 77, or 255), one of mantissas for those that
//! are not 255, and 32 bytes for each of the others. An address reference is 0 for an address
//! that occurs for the first time, else one more than its place among the distinct ones so far;
//! they are counted transaction by transaction: first the recipient, then the words.

use alloc::vec::Vec;
use alloy_consensus::{Signed, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{B256, Bytes, Signature, TxKind, U256};
use alloy_rlp::{Decodable, Header};

use super::{
    AUTHORIZATIONS_MAX, BLOCKS_MAX, COLUMNS_BYTES_MAX, PAYLOAD_VERSION, PayloadBlock,
    address_book::AddressReader,
    columns::{Reader, inflate},
};
use crate::{
    Transaction,
    queue::{BATCH_MESSAGES_MAX, Label},
};

/// Bits of a transaction's kind.
pub(super) mod kind {
    /// Legacy, valid on any chain (before EIP-155).
    pub(in super::super) const LEGACY_ANY_CHAIN: u8 = 0;
    /// Legacy with a chain id.
    pub(in super::super) const LEGACY: u8 = 1;
    /// Type 1.
    pub(in super::super) const EIP2930: u8 = 2;
    /// Type 2.
    pub(in super::super) const EIP1559: u8 = 3;
    /// Type 4.
    pub(in super::super) const EIP7702: u8 = 4;
    /// Covers the above.
    pub(in super::super) const TYPE_MASK: u8 = 7;
    /// Has no recipient.
    pub(in super::super) const CREATE: u8 = 8;
    /// Has an access list that is not empty.
    pub(in super::super) const ACCESS_LIST: u8 = 16;
}

/// Forms of input data.
pub(super) mod form {
    /// None.
    pub(in super::super) const EMPTY: u8 = 0;
    /// Bytes.
    pub(in super::super) const RAW: u8 = 1;
    /// A selector and one or more words.
    pub(in super::super) const ABI: u8 = 2;
}

/// Classes of words.
pub(super) mod word {
    /// A decimal number with a short mantissa.
    pub(in super::super) const NUMBER: u8 = 0;
    /// An address.
    pub(in super::super) const ADDRESS: u8 = 1;
    /// Anything.
    pub(in super::super) const RAW: u8 = 2;
}

/// Stands for an amount of 32 bytes.
pub(super) const EXPONENT_RAW: u8 = 255;
/// Greatest power of ten in 256 bits.
const EXPONENT_MAX: u8 = 77;

/// Why a payload is not one. The batch is then replaced by its default block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another version than this code knows.
    #[error("payload: unknown version")]
    Version,
    /// The DEFLATE stream is broken or too long.
    #[error("payload: bad deflate stream")]
    Deflate,
    /// A column ends early.
    #[error("payload: truncated")]
    Truncated,
    /// There is more than the columns say.
    #[error("payload: bytes left over")]
    LeftOver,
    /// Too many blocks, messages, labels, transactions, authorisations or bytes of input data.
    #[error("payload: a count is out of bounds")]
    TooMany,
    /// A number is too large for its field.
    #[error("payload: number out of range")]
    Number,
    /// A reference points to what has not occurred.
    #[error("payload: dangling reference")]
    Reference,
    /// An unknown kind, form or class.
    #[error("payload: unknown tag")]
    Tag,
    /// A list is not valid RLP.
    #[error("payload: bad list")]
    List,
}

/// Decodes the payload of a batch of chain `chain_id`.
pub fn decode_payload(chain_id: u64, payload: &[u8]) -> Result<Vec<PayloadBlock>, DecodeError> {
    let (&version, rest) = payload.split_first().ok_or(DecodeError::Truncated)?;
    if version != PAYLOAD_VERSION {
        return Err(DecodeError::Version);
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(DecodeError::Truncated)?;
    let (stream, raw) = rest
        .split_at_checked(u32::from_be_bytes(*length) as usize)
        .ok_or(DecodeError::Truncated)?;
    let columns = inflate(stream)?;
    let reader = &mut Reader::new(&columns);

    let (mut blocks, counts, total) = blocks(reader, raw.len() / 64)?;
    let (signatures, addresses) = raw.split_at(64 * total);
    let fields = Fields::read(reader, total)?;
    let data = data(reader, &fields.kinds, addresses)?;
    let transactions = transactions(chain_id, fields, data, signatures, reader.rest())?;
    let mut transactions = transactions.into_iter();
    for (block, count) in blocks.iter_mut().zip(counts) {
        block.transactions = transactions.by_ref().take(count).collect();
    }
    Ok(blocks)
}

/// The blocks without their transactions, how many each has, and how many all have.
fn blocks(
    reader: &mut Reader<'_>,
    transactions_max: usize,
) -> Result<(Vec<PayloadBlock>, Vec<usize>, usize), DecodeError> {
    let count = usize::from(u16::from_be_bytes(take(reader)?));
    if count == 0 || count > BLOCKS_MAX {
        return Err(DecodeError::TooMany);
    }
    let mut timestamp = reader.numbers64(1)?[0];
    let deltas = reader.numbers64(count - 1)?;
    let messages_max = BATCH_MESSAGES_MAX as usize;
    let (messages, _) = reader.counts(count, messages_max)?;
    let (label_counts, labels_total) = reader.counts(count, messages_max)?;
    let (counts, total) = reader.counts(count, transactions_max)?;
    let mut labels = labels(reader, labels_total)?.into_iter();
    let mut blocks = Vec::with_capacity(count);
    for index in 0..count {
        if index > 0 {
            timestamp = timestamp.checked_add(deltas[index - 1]).ok_or(DecodeError::Number)?;
        }
        blocks.push(PayloadBlock {
            timestamp,
            messages: messages[index] as u16,
            labels: labels.by_ref().take(label_counts[index]).collect(),
            transactions: Vec::new(),
        });
    }
    Ok((blocks, counts, total))
}

fn labels(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Label>, DecodeError> {
    let fresh = reader.bytes(count)?;
    let hashes_count = fresh.iter().filter(|fresh| **fresh == 1).count();
    let mut hashes = reader.bytes(32 * hashes_count)?.as_chunks::<32>().0.iter();
    let log_indices = reader.numbers64(count)?;
    let mut block_hash = None;
    let labels = fresh.iter().zip(log_indices).map(|(fresh, log_index)| {
        match fresh {
            0 => {}
            1 => block_hash = hashes.next().map(B256::from),
            _ => return Err(DecodeError::Tag),
        }
        Ok(Label { block_hash: block_hash.ok_or(DecodeError::Reference)?, log_index })
    });
    labels.collect()
}

/// Columns of what every transaction has.
struct Fields {
    kinds: Vec<u8>,
    nonces: Vec<u64>,
    gas_limits: Vec<u64>,
    fees: Vec<u128>,
    tips: Vec<u128>,
    values: Vec<U256>,
}

impl Fields {
    fn read(reader: &mut Reader<'_>, count: usize) -> Result<Self, DecodeError> {
        let kinds = reader.bytes(count)?.to_vec();
        for bits in &kinds {
            let known = kind::TYPE_MASK | kind::CREATE | kind::ACCESS_LIST;
            let ty = bits & kind::TYPE_MASK;
            let is_legacy = ty == kind::LEGACY || ty == kind::LEGACY_ANY_CHAIN;
            if bits & !known != 0
                || ty > kind::EIP7702
                || (is_legacy && bits & kind::ACCESS_LIST != 0)
                || (ty == kind::EIP7702 && bits & kind::CREATE != 0)
            {
                return Err(DecodeError::Tag);
            }
        }
        let tipped = kinds.iter().filter(|bits| has_tip(**bits)).count();
        Ok(Self {
            nonces: reader.numbers64(count)?,
            gas_limits: reader
                .dictionary(count)?
                .into_iter()
                .map(|gas| gas.try_into().map_err(|_| DecodeError::Number))
                .collect::<Result<_, _>>()?,
            fees: reader.dictionary(count)?,
            tips: reader.dictionary(tipped)?,
            values: amounts(reader, count)?,
            kinds,
        })
    }
}

fn has_tip(bits: u8) -> bool {
    matches!(bits & kind::TYPE_MASK, kind::EIP1559 | kind::EIP7702)
}

/// Recipient and input data of each transaction.
fn data(
    reader: &mut Reader<'_>,
    kinds: &[u8],
    addresses: &[u8],
) -> Result<Vec<(TxKind, Bytes)>, DecodeError> {
    let words_max = COLUMNS_BYTES_MAX / 32;
    let forms = reader.bytes(kinds.len())?;
    let abi = forms.iter().filter(|form| **form == form::ABI).count();
    let raw = forms.iter().filter(|form| **form == form::RAW).count();
    let mut selectors = reader.dictionary(abi)?.into_iter();
    let (word_counts, words_total) = reader.counts(abi, words_max)?;
    let mut word_counts = word_counts.into_iter();
    let classes = reader.bytes(words_total)?;
    let (lengths, bytes_total) = reader.counts(raw, COLUMNS_BYTES_MAX)?;
    let mut lengths = lengths.into_iter();
    let of_class = |class: u8| classes.iter().filter(|found| **found == class).count();
    let mut numbers = amounts(reader, of_class(word::NUMBER))?.into_iter();
    let calls = kinds.iter().filter(|bits| *bits & kind::CREATE == 0).count();
    let mut recipients = reader.numbers(calls)?.into_iter();
    let mut references = reader.numbers(of_class(word::ADDRESS))?.into_iter();
    let mut words = Reader::new(reader.bytes(32 * of_class(word::RAW))?);
    let mut bytes = Reader::new(reader.bytes(bytes_total)?);
    let mut classes = classes.iter();

    let mut book = AddressReader::new(addresses);
    let mut out = Vec::with_capacity(kinds.len());
    for (bits, form) in kinds.iter().zip(forms) {
        let to = if bits & kind::CREATE == 0 {
            TxKind::Call(book.address(next(&mut recipients)?)?)
        } else {
            TxKind::Create
        };
        let input = match *form {
            form::EMPTY => Bytes::new(),
            form::RAW => Bytes::copy_from_slice(bytes.bytes(next(&mut lengths)?)?),
            form::ABI => {
                let selector = u32::try_from(next(&mut selectors)?);
                let count = next(&mut word_counts)?;
                let mut input = Vec::with_capacity(4 + 32 * count);
                input.extend_from_slice(&selector.map_err(|_| DecodeError::Number)?.to_be_bytes());
                for _ in 0..count {
                    match *next(&mut classes)? {
                        word::NUMBER => {
                            input.extend_from_slice(&next(&mut numbers)?.to_be_bytes::<32>());
                        }
                        word::ADDRESS => {
                            let address = book.address(next(&mut references)?)?;
                            input.extend_from_slice(address.into_word().as_slice());
                        }
                        word::RAW => input.extend_from_slice(words.bytes(32)?),
                        _ => return Err(DecodeError::Tag),
                    }
                }
                input.into()
            }
            _ => return Err(DecodeError::Tag),
        };
        out.push((to, input));
    }
    if !book.is_exhausted() {
        return Err(DecodeError::LeftOver);
    }
    Ok(out)
}

fn amounts(reader: &mut Reader<'_>, count: usize) -> Result<Vec<U256>, DecodeError> {
    let exponents = reader.bytes(count)?;
    let raw = exponents.iter().filter(|exponent| **exponent == EXPONENT_RAW).count();
    let mut mantissas = reader.numbers(count - raw)?.into_iter();
    let mut words = reader.bytes(32 * raw)?.as_chunks::<32>().0.iter();
    let amounts = exponents.iter().map(|exponent| match *exponent {
        EXPONENT_RAW => Ok(U256::from_be_bytes(*next(&mut words)?)),
        0..=EXPONENT_MAX => {
            let power = U256::from(10).pow(U256::from(*exponent));
            U256::from(next(&mut mantissas)?).checked_mul(power).ok_or(DecodeError::Number)
        }
        _ => Err(DecodeError::Number),
    });
    amounts.collect()
}

/// Puts the transactions together, one by one; all of `lists` must be used.
fn transactions(
    chain_id: u64,
    fields: Fields,
    data: Vec<(TxKind, Bytes)>,
    signatures: &[u8],
    mut lists: &[u8],
) -> Result<Vec<Transaction>, DecodeError> {
    let mut tips = fields.tips.into_iter();
    let mut values = fields.values.into_iter();
    let signatures = signatures.as_chunks::<64>().0;
    let mut authorizations = 0;
    let mut out = Vec::with_capacity(data.len());
    for (index, (to, input)) in data.into_iter().enumerate() {
        let bits = fields.kinds[index];
        let access_list = if bits & kind::ACCESS_LIST == 0 {
            AccessList::default()
        } else {
            AccessList::decode(&mut lists).map_err(|_| DecodeError::List)?
        };
        if bits & kind::TYPE_MASK == kind::EIP7702 {
            authorizations += items(lists)?;
            if authorizations > AUTHORIZATIONS_MAX {
                return Err(DecodeError::TooMany);
            }
        }
        let common = Common {
            chain_id,
            nonce: fields.nonces[index],
            gas_limit: fields.gas_limits[index],
            fee: fields.fees[index],
            tip: if has_tip(bits) { next(&mut tips)? } else { 0 },
            value: next(&mut values)?,
            to,
            input,
            access_list,
        };
        out.push(common.into_transaction(bits, signature(&signatures[index]), &mut lists)?);
    }
    if lists.is_empty() { Ok(out) } else { Err(DecodeError::LeftOver) }
}

/// How many items the list has that `bytes` begin with.
fn items(mut bytes: &[u8]) -> Result<usize, DecodeError> {
    let mut list = Header::decode_bytes(&mut bytes, true).map_err(|_| DecodeError::List)?;
    let mut count = 0;
    while !list.is_empty() {
        let item = Header::decode(&mut list).map_err(|_| DecodeError::List)?;
        list = list.get(item.payload_length..).ok_or(DecodeError::List)?;
        count += 1;
    }
    Ok(count)
}

/// The fields of a transaction of any type.
struct Common {
    chain_id: u64,
    nonce: u64,
    gas_limit: u64,
    fee: u128,
    tip: u128,
    value: U256,
    to: TxKind,
    input: Bytes,
    access_list: AccessList,
}

impl Common {
    fn into_transaction(
        self,
        bits: u8,
        signature: Signature,
        lists: &mut &[u8],
    ) -> Result<Transaction, DecodeError> {
        let Self { chain_id, nonce, gas_limit, fee, tip, value, to, input, access_list } = self;
        Ok(match bits & kind::TYPE_MASK {
            ty @ (kind::LEGACY_ANY_CHAIN | kind::LEGACY) => {
                let chain_id = (ty == kind::LEGACY).then_some(chain_id);
                let tx = TxLegacy { chain_id, nonce, gas_price: fee, gas_limit, to, value, input };
                Transaction::Legacy(Signed::new_unhashed(tx, signature))
            }
            kind::EIP2930 => {
                let gas_price = fee;
                let tx = TxEip2930 {
                    chain_id,
                    nonce,
                    gas_price,
                    gas_limit,
                    to,
                    value,
                    access_list,
                    input,
                };
                Transaction::Eip2930(Signed::new_unhashed(tx, signature))
            }
            kind::EIP1559 => {
                let tx = TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fee,
                    max_priority_fee_per_gas: tip,
                    to,
                    value,
                    access_list,
                    input,
                };
                Transaction::Eip1559(Signed::new_unhashed(tx, signature))
            }
            kind::EIP7702 => {
                let authorization_list =
                    Vec::<SignedAuthorization>::decode(lists).map_err(|_| DecodeError::List)?;
                let tx = TxEip7702 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fee,
                    max_priority_fee_per_gas: tip,
                    to: to.to().copied().ok_or(DecodeError::Tag)?,
                    value,
                    access_list,
                    authorization_list,
                    input,
                };
                Transaction::Eip7702(Signed::new_unhashed(tx, signature))
            }
            _ => return Err(DecodeError::Tag),
        })
    }
}

/// Undoes `put_signature`.
fn signature(bytes: &[u8; 64]) -> Signature {
    let r = U256::from_be_slice(&bytes[..32]);
    let mut s = U256::from_be_slice(&bytes[32..]);
    let parity = s.bit(255);
    s.set_bit(255, false);
    Signature::new(r, s, parity)
}

fn take<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], DecodeError> {
    reader.bytes(N)?.try_into().map_err(|_| DecodeError::Truncated)
}

fn next<T>(iterator: &mut impl Iterator<Item = T>) -> Result<T, DecodeError> {
    iterator.next().ok_or(DecodeError::Truncated)
}
