//! Receipts of transactions of every kind, in Ethereum's and the OP Stack's encoding.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bloom, Log};
use alloy_rlp::{BufMut, Decodable, Encodable, Header};

use crate::transaction::DEPOSIT_TYPE;

/// Receipt version of deposits since the OP Stack's Canyon.
const DEPOSIT_RECEIPT_VERSION: u64 = 1;

/// The receipt of a [`crate::Transaction`], without its bloom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718 type of the transaction (0x7E for a deposit).
    pub tx_type: u8,
    /// Whether execution succeeded.
    pub success: bool,
    /// Gas used in the block up to and including this transaction.
    pub cumulative_gas_used: u64,
    /// Logs in order.
    pub logs: Vec<Log>,
    /// Deposits only: the sender's nonce before execution (OP Stack Regolith; the encoding also
    /// carries receipt version 1, Canyon).
    pub deposit_nonce: Option<u64>,
}

impl Receipt {
    /// The bloom filter of the logs.
    pub fn bloom(&self) -> Bloom {
        self.logs.iter().collect()
    }

    /// Appends the EIP-2718 bytes with the bloom: the consensus encoding, a leaf of the
    /// receipts' trie.
    pub fn encode_2718(&self, out: &mut dyn BufMut) {
        self.encode_2718_with_bloom(&self.bloom(), out);
    }

    /// Decodes the consensus encoding. The bloom is recomputed, and must be the one that is
    /// encoded.
    pub fn decode_2718(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let first = *buf.first().ok_or(alloy_rlp::Error::InputTooShort)?;
        let tx_type = if first < 0x80 {
            *buf = &buf[1..];
            first
        } else {
            0
        };
        let mut fields = Header::decode_bytes(buf, true)?;
        let fields = &mut fields;
        let success = bool::decode(fields)?;
        let cumulative_gas_used = u64::decode(fields)?;
        let bloom = Bloom::decode(fields)?;
        let logs = Vec::<Log>::decode(fields)?;
        let mut deposit_nonce = None;
        if tx_type == DEPOSIT_TYPE {
            deposit_nonce = Some(u64::decode(fields)?);
            if u64::decode(fields)? != DEPOSIT_RECEIPT_VERSION {
                return Err(alloy_rlp::Error::Custom("unknown version of deposit receipt"));
            }
        }
        if !fields.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        let receipt = Self { tx_type, success, cumulative_gas_used, logs, deposit_nonce };
        if receipt.bloom() != bloom {
            return Err(alloy_rlp::Error::Custom("bloom does not match the logs"));
        }
        Ok(receipt)
    }

    fn encode_2718_with_bloom(&self, bloom: &Bloom, out: &mut dyn BufMut) {
        if self.tx_type != 0 {
            out.put_u8(self.tx_type);
        }
        let deposit = self.deposit_nonce.map(|nonce| (nonce, DEPOSIT_RECEIPT_VERSION));
        let payload_length = self.success.length()
            + self.cumulative_gas_used.length()
            + bloom.length()
            + self.logs.length()
            + deposit.map_or(0, |(nonce, version)| nonce.length() + version.length());
        Header { list: true, payload_length }.encode(out);
        self.success.encode(out);
        self.cumulative_gas_used.encode(out);
        bloom.encode(out);
        self.logs.encode(out);
        if let Some((nonce, version)) = deposit {
            nonce.encode(out);
            version.encode(out);
        }
    }
}

/// The root of a block's receipts, and the bloom of all of them.
pub fn receipts_root(receipts: &[Receipt]) -> (B256, Bloom) {
    let mut all = Bloom::ZERO;
    let with_bloom: Vec<(&Receipt, Bloom)> = receipts
        .iter()
        .map(|receipt| {
            let bloom = receipt.bloom();
            all |= bloom;
            (receipt, bloom)
        })
        .collect();
    let root = alloy_consensus::proofs::ordered_trie_root_with_encoder(
        &with_bloom,
        |(receipt, bloom), out| receipt.encode_2718_with_bloom(bloom, out),
    );
    (root, all)
}
