//! Transactions of a rollup and of its parent in one type, with what execution needs of them.

use alloc::vec::Vec;
pub use alloy_consensus::{Sealed, transaction::Recovered};
use alloy_consensus::{
    Signed, Transaction as _, TransactionEnvelope, TxEip1559, TxEip2930, TxEip4844, TxEip7702,
    TxLegacy,
    crypto::{RecoveryError, secp256k1::recover_signer},
    transaction::{SignerRecoverable, TxHashRef},
};
use alloy_eips::{
    Encodable2718, Typed2718,
    eip7702::{RecoveredAuthority, RecoveredAuthorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes};
pub use op_alloy_consensus::TxDeposit;
use op_revm::{OpTransaction, transaction::deposit::DepositTransactionParts};
use revm::context::{TxEnv, either::Either};

/// EIP-2718 type of a deposit.
pub const DEPOSIT_TYPE: u8 = 0x7E;

/// A transaction of any kind that Altana meets.
///
/// A rollup never holds [`Transaction::Eip4844`], a parent chain never holds
/// [`Transaction::Deposit`]; the rules of each chain refuse them. One type lets storage and RPC
/// serve both.
#[derive(Clone, Debug, TransactionEnvelope)]
#[envelope(tx_type_name = TxKindId, typed = UnsignedTransaction)]
pub enum Transaction {
    /// Untyped, before EIP-2718.
    #[envelope(ty = 0)]
    Legacy(Signed<TxLegacy>),
    /// EIP-2930: access lists.
    #[envelope(ty = 1)]
    Eip2930(Signed<TxEip2930>),
    /// EIP-1559: priority fees.
    #[envelope(ty = 2)]
    Eip1559(Signed<TxEip1559>),
    /// EIP-4844: blobs (parent chain only), without their sidecar.
    #[envelope(ty = 3)]
    Eip4844(Signed<TxEip4844>),
    /// EIP-7702: account code by authorisation.
    #[envelope(ty = 4)]
    Eip7702(Signed<TxEip7702>),
    /// OP Stack deposit (rollup only): unsigned, made from a queue message.
    #[envelope(ty = 126)]
    Deposit(Sealed<TxDeposit>),
}

impl Transaction {
    /// The deposit transaction, sealed with its hash.
    pub fn deposit(tx: TxDeposit) -> Self {
        let hash = tx.tx_hash();
        Self::Deposit(Sealed::new_unchecked(tx, hash))
    }

    /// The hash that names the transaction.
    pub fn hash(&self) -> B256 {
        match self {
            Self::Legacy(tx) => *tx.hash(),
            Self::Eip2930(tx) => *tx.hash(),
            Self::Eip1559(tx) => *tx.hash(),
            Self::Eip4844(tx) => *tx.hash(),
            Self::Eip7702(tx) => *tx.hash(),
            Self::Deposit(tx) => tx.seal(),
        }
    }

    /// EIP-2718 bytes, as they go over the wire and into the transactions' trie.
    pub fn encoded(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.encode_2718_len());
        self.encode_2718(&mut out);
        out.into()
    }

    /// Pairs the transaction with its recovered sender.
    pub fn into_recovered(self) -> Result<Recovered<Self>, RecoveryError> {
        let signer = SignerRecoverable::recover_signer(&self)?;
        Ok(Recovered::new_unchecked(self, signer))
    }

    /// What revm executes under Ethereum's rules. A deposit keeps its call, without its mint.
    pub fn to_tx_env(&self, sender: Address) -> TxEnv {
        TxEnv {
            tx_type: self.ty(),
            caller: sender,
            gas_limit: self.gas_limit(),
            gas_price: self.max_fee_per_gas(),
            kind: self.kind(),
            value: self.value(),
            data: self.input().clone(),
            nonce: self.nonce(),
            chain_id: self.chain_id(),
            access_list: self.access_list().cloned().unwrap_or_default(),
            gas_priority_fee: self.max_priority_fee_per_gas(),
            blob_hashes: self.blob_versioned_hashes().map(<[B256]>::to_vec).unwrap_or_default(),
            max_fee_per_blob_gas: self.max_fee_per_blob_gas().unwrap_or_default(),
            authorization_list: self
                .authorization_list()
                .unwrap_or_default()
                .iter()
                .map(|signed| Either::Right(with_authority(signed)))
                .collect(),
        }
    }

    /// What op-revm executes. `encoded` must be [`Transaction::encoded`]: the data fee is
    /// charged from it.
    pub fn to_op_tx(&self, sender: Address, encoded: Bytes) -> OpTransaction<TxEnv> {
        let deposit = match self {
            Self::Deposit(tx) => DepositTransactionParts {
                source_hash: tx.source_hash,
                mint: Some(tx.mint),
                is_system_transaction: tx.is_system_transaction,
            },
            _ => DepositTransactionParts::default(),
        };
        OpTransaction { base: self.to_tx_env(sender), enveloped_tx: Some(encoded), deposit }
    }
}

impl SignerRecoverable for Transaction {
    /// The sender: recovered from a signature with a low `s` (EIP-2), or a deposit's `from`.
    fn recover_signer(&self) -> Result<Address, RecoveryError> {
        match self {
            Self::Legacy(tx) => SignerRecoverable::recover_signer(tx),
            Self::Eip2930(tx) => SignerRecoverable::recover_signer(tx),
            Self::Eip1559(tx) => SignerRecoverable::recover_signer(tx),
            Self::Eip4844(tx) => SignerRecoverable::recover_signer(tx),
            Self::Eip7702(tx) => SignerRecoverable::recover_signer(tx),
            Self::Deposit(tx) => Ok(tx.from),
        }
    }

    fn recover_signer_unchecked(&self) -> Result<Address, RecoveryError> {
        match self {
            Self::Legacy(tx) => SignerRecoverable::recover_signer_unchecked(tx),
            Self::Eip2930(tx) => SignerRecoverable::recover_signer_unchecked(tx),
            Self::Eip1559(tx) => SignerRecoverable::recover_signer_unchecked(tx),
            Self::Eip4844(tx) => SignerRecoverable::recover_signer_unchecked(tx),
            Self::Eip7702(tx) => SignerRecoverable::recover_signer_unchecked(tx),
            Self::Deposit(tx) => Ok(tx.from),
        }
    }
}

impl TxHashRef for Transaction {
    fn tx_hash(&self) -> &B256 {
        match self {
            Self::Legacy(tx) => tx.hash(),
            Self::Eip2930(tx) => tx.hash(),
            Self::Eip1559(tx) => tx.hash(),
            Self::Eip4844(tx) => tx.hash(),
            Self::Eip7702(tx) => tx.hash(),
            Self::Deposit(tx) => tx.hash_ref(),
        }
    }
}

/// Pairs an authorisation (EIP-7702) with whoever signed it, by the same code that recovers senders:
/// the fault proof's program asks the parent chain for both.
fn with_authority(signed: &SignedAuthorization) -> RecoveredAuthorization {
    let authority = || {
        let signature = signed.signature().ok()?;
        recover_signer(&signature, signed.signature_hash()).ok()
    };
    let authority = authority().map_or(RecoveredAuthority::Invalid, RecoveredAuthority::Valid);
    RecoveredAuthorization::new_unchecked(signed.inner().clone(), authority)
}

/// The root of a block's transactions.
pub fn transactions_root(encoded: &[Bytes]) -> B256 {
    alloy_consensus::proofs::ordered_trie_root_with_encoder(encoded, |tx, out| {
        out.extend_from_slice(tx);
    })
}
