//! The queue: everything a rollup knows about its parent (docs/protocol.md §1).

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue, sol};
use op_alloy_consensus::TxDeposit;

use crate::{
    execute::TX_GAS_MAX,
    predeploys::{ATTRIBUTES_SENDER, L1_BLOCK},
};

/// Longest payload of a message, in bytes (the Inbox refuses longer ones).
pub const PAYLOAD_BYTES_MAX: usize = 60_000;
/// Most messages that one batch consumes (the Inbox refuses more).
pub const BATCH_MESSAGES_MAX: u64 = 1024;
/// [`Message::kind`] of a deposit.
pub const KIND_DEPOSIT: u8 = 0;
/// [`Message::kind`] of the parent's attributes.
pub const KIND_ATTRIBUTES: u8 = 1;
/// The Inbox counts a message's gas in units of so much, rounded up.
const GAS_UNIT: u64 = 1024;
/// Gas that the call to `L1Block` gets.
pub const ATTRIBUTES_GAS: u64 = 1_000_000;

/// Bytes of a deposit's payload before its data.
const DEPOSIT_HEAD_BYTES: usize = 20 + 20 + 32 + 32 + 8 + 1;
/// Bytes of an attributes payload.
const ATTRIBUTES_BYTES: usize = 6 * 32;

sol! {
    /// How a rollup's `L1Block` learns of its parent.
    interface IParentAttributes {
        /// Called by [`ATTRIBUTES_SENDER`] alone.
        function setParentAttributes(uint64 number, uint64 timestamp, bytes32 hash, uint256 baseFee, uint256 blobBaseFee) external;
    }
}

/// One message from the parent chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// [`KIND_DEPOSIT`] or [`KIND_ATTRIBUTES`]; any other kind becomes nothing.
    pub kind: u8,
    /// Number of the parent block in which the message was queued.
    pub parent_block: u64,
    /// Timestamp of that block.
    pub parent_timestamp: u64,
    /// What the kind says, at most [`PAYLOAD_BYTES_MAX`].
    pub payload: Bytes,
}

/// A message with its place in the queue: what its transaction's hash depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Place in the queue, from 0.
    pub index: u64,
    /// `queueAcc[index + 1]`: commits to this message and all before it.
    pub acc: B256,
    /// The message.
    pub message: Message,
}

/// Names the parent's log from which a deposit came, so that its transaction has the hash that
/// OP wallets compute. Changes nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Hash of the parent block.
    pub block_hash: B256,
    /// Index of the Portal's `TransactionDeposited` log in that block.
    pub log_index: u64,
}

/// A deposit message, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Sender on the rollup, already aliased.
    pub from: Address,
    /// Callee, or creation.
    pub to: TxKind,
    /// Wei that are minted to `from`.
    pub mint: u128,
    /// Wei that are sent with the call.
    pub value: U256,
    /// Gas that was paid for on the parent, at most [`TX_GAS_MAX`].
    pub gas_limit: u64,
    /// Call data or init code.
    pub data: Bytes,
}

/// An attributes message, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Number of the parent block whose hash is told.
    pub number: u64,
    /// Timestamp of the block that queued the message.
    pub timestamp: u64,
    /// Hash of block `number`.
    pub hash: B256,
    /// Base fee of the block that queued the message, in wei.
    pub base_fee: U256,
    /// Blob base fee of the block that queued the message, in wei.
    pub blob_base_fee: U256,
    /// Randomness of the block that queued the message.
    pub prev_randao: B256,
}

impl Message {
    /// `messageHash`: what the accumulator takes in.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode_words())
    }

    /// What [`Message::hash`] hashes: four words, the last of them the payload's hash.
    pub fn encode_words(&self) -> Vec<u8> {
        let words = (
            U256::from(self.kind),
            U256::from(self.parent_block),
            U256::from(self.parent_timestamp),
            keccak256(&self.payload),
        );
        words.abi_encode()
    }

    /// The message in [`Message::encode_words`], and the hash of the payload that it still lacks.
    pub fn decode_words(bytes: &[u8]) -> Option<(Self, B256)> {
        let ([kind, parent_block, parent_timestamp, payload_hash], []) = bytes.as_chunks::<32>()
        else {
            return None;
        };
        let number = |word: &[u8; 32]| u64::try_from(U256::from_be_bytes(*word)).ok();
        let message = Self {
            kind: number(kind)?.try_into().ok()?,
            parent_block: number(parent_block)?,
            parent_timestamp: number(parent_timestamp)?,
            payload: Bytes::new(),
        };
        Some((message, payload_hash.into()))
    }

    /// The deposit, if the message is one and its payload decodes.
    pub fn deposit(&self) -> Option<Deposit> {
        if self.kind != KIND_DEPOSIT || self.payload.len() < DEPOSIT_HEAD_BYTES {
            return None;
        }
        let (head, _) = self.payload.split_at(DEPOSIT_HEAD_BYTES);
        let to = match head[112] {
            0 => TxKind::Call(Address::from_slice(&head[20..40])),
            1 => TxKind::Create,
            _ => return None,
        };
        Some(Deposit {
            from: Address::from_slice(&head[..20]),
            to,
            mint: U256::from_be_slice(&head[40..72]).try_into().ok()?,
            value: U256::from_be_slice(&head[72..104]),
            gas_limit: u64::from_be_bytes(head[104..112].try_into().ok()?).min(TX_GAS_MAX),
            data: self.payload.slice(DEPOSIT_HEAD_BYTES..),
        })
    }

    /// Gas limit of the transaction that the message becomes; 0 if it becomes nothing.
    pub fn gas_limit(&self) -> u64 {
        match self.kind {
            KIND_DEPOSIT => self.deposit().map_or(0, |deposit| deposit.gas_limit),
            KIND_ATTRIBUTES => self.attributes().map_or(0, |_| ATTRIBUTES_GAS),
            _ => 0,
        }
    }

    /// Gas that the Inbox counts for the message in a batch: at least [`Message::gas_limit`].
    pub fn counted_gas(&self) -> u64 {
        self.gas_limit().next_multiple_of(GAS_UNIT)
    }

    /// The attributes, if the message is of that kind and its payload decodes.
    pub fn attributes(&self) -> Option<Attributes> {
        if self.kind != KIND_ATTRIBUTES || self.payload.len() != ATTRIBUTES_BYTES {
            return None;
        }
        let word = |index: usize| U256::from_be_slice(&self.payload[32 * index..32 * (index + 1)]);
        Some(Attributes {
            number: word(0).try_into().ok()?,
            timestamp: word(1).try_into().ok()?,
            hash: word(2).into(),
            base_fee: word(3),
            blob_base_fee: word(4),
            prev_randao: word(5).into(),
        })
    }
}

impl QueuedMessage {
    /// The transaction that the message becomes on the rollup; `None` if it becomes nothing.
    pub fn to_transaction(&self, label: Option<&Label>) -> Option<TxDeposit> {
        match self.message.kind {
            KIND_DEPOSIT => Some(self.message.deposit()?.to_transaction(
                label.map_or_else(|| unlabelled_source_hash(self.acc), Label::source_hash),
            )),
            KIND_ATTRIBUTES => Some(self.message.attributes()?.to_transaction(self.index)),
            _ => None,
        }
    }
}

impl Deposit {
    /// The payload that decodes to this deposit.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(DEPOSIT_HEAD_BYTES + self.data.len());
        out.extend_from_slice(self.from.as_slice());
        out.extend_from_slice(self.to.to().copied().unwrap_or_default().as_slice());
        out.extend_from_slice(&U256::from(self.mint).to_be_bytes::<32>());
        out.extend_from_slice(&self.value.to_be_bytes::<32>());
        out.extend_from_slice(&self.gas_limit.to_be_bytes());
        out.push(self.to.is_create() as u8);
        out.extend_from_slice(&self.data);
        out.into()
    }

    fn to_transaction(&self, source_hash: B256) -> TxDeposit {
        TxDeposit {
            source_hash,
            from: self.from,
            to: self.to,
            mint: self.mint,
            value: self.value,
            gas_limit: self.gas_limit,
            is_system_transaction: false,
            input: self.data.clone(),
        }
    }
}

impl Attributes {
    /// The payload that decodes to these attributes.
    pub fn encode(&self) -> Bytes {
        let words = (
            U256::from(self.number),
            U256::from(self.timestamp),
            self.hash,
            self.base_fee,
            self.blob_base_fee,
            self.prev_randao,
        );
        words.abi_encode().into()
    }

    fn to_transaction(&self, queue_index: u64) -> TxDeposit {
        let call = IParentAttributes::setParentAttributesCall {
            number: self.number,
            timestamp: self.timestamp,
            hash: self.hash,
            baseFee: self.base_fee,
            blobBaseFee: self.blob_base_fee,
        };
        TxDeposit {
            source_hash: source_hash(1, self.hash, queue_index),
            from: ATTRIBUTES_SENDER,
            to: TxKind::Call(L1_BLOCK),
            mint: 0,
            value: U256::ZERO,
            gas_limit: ATTRIBUTES_GAS,
            is_system_transaction: false,
            input: call.abi_encode().into(),
        }
    }
}

impl Label {
    /// The deposit's source hash (OP Stack, domain 0).
    pub fn source_hash(&self) -> B256 {
        source_hash(0, self.block_hash, self.log_index)
    }
}

/// `queueAcc[i + 1]` from `queueAcc[i]` and message `i`.
pub fn accumulate(acc: B256, message: &Message) -> B256 {
    accumulate_hash(acc, message.hash())
}

/// `queueAcc[i + 1]` from `queueAcc[i]` and the hash of message `i`.
pub fn accumulate_hash(acc: B256, message_hash: B256) -> B256 {
    keccak256((acc, message_hash).abi_encode())
}

/// keccak256(bytes32(domain) ++ keccak256(hash ++ bytes32(index)))
fn source_hash(domain: u8, hash: B256, index: u64) -> B256 {
    let inner = keccak256((hash, U256::from(index)).abi_encode());
    keccak256((U256::from(domain), inner).abi_encode())
}

/// The source hash of a deposit in a block that was rebuilt without its labels.
fn unlabelled_source_hash(acc: B256) -> B256 {
    keccak256((B256::ZERO, keccak256((B256::ZERO, acc).abi_encode())).abi_encode())
}
