//! Signing for the dev accounts.

use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy_consensus::transaction::Recovered;
use alloy_consensus::{EthereumTypedTransaction, SignableTransaction, Signed, TxEip4844Variant};
use alloy_dyn_abi::TypedData;
use alloy_eips::Decodable2718 as _;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use altana_protocol::Transaction;
use altana_rpc::{RpcError, SubmitError};
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::estimate;
use crate::methods::Table;
use crate::miner::Miner;
use crate::params::Args;
use crate::sidecar::{self, Sidecar};

/// Tip of transactions that name none, in wei.
pub(crate) const DEFAULT_TIP_WEI: u128 = 1_000_000_000;

pub(crate) const TABLE: Table = &[
    (&["eth_accounts", "eth_requestAccounts", "personal_listAccounts"], |chain, _| {
        Ok(json!(chain.accounts.addresses().collect::<Vec<_>>()))
    }),
    (&["eth_coinbase"], |chain, _| Ok(json!(chain.miner.lock().coinbase))),
    (&["eth_sendTransaction"], send),
    (&["eth_signTransaction"], sign_transaction),
    (&["eth_sign"], |chain, args| {
        let address = args.required()?;
        sign_message(chain, address, args.required()?)
    }),
    (&["personal_sign"], |chain, args| {
        let message = args.required()?;
        sign_message(chain, args.required()?, message)
    }),
    (&["eth_signTypedData_v4", "eth_signTypedData"], sign_typed_data),
];

fn send(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let (tx, sidecar) = read(chain, &chain.miner.lock(), args.required()?)?;
    let hash = tx.inner().hash();
    chain.submit(tx, sidecar)?;
    Ok(json!(hash))
}

fn sign_transaction(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let request: TransactionRequest = args.required()?;
    let (tx, _) = sign_request(chain, request, |from| signer(chain, from).cloned().map(Some))?;
    Ok(json!(tx.inner().encoded()))
}

fn sign_message(chain: &Chain, address: Address, message: Bytes) -> Result<Value, RpcError> {
    let signature = signer(chain, address)?.sign_message_sync(&message).map_err(internal)?;
    Ok(json!(Bytes::from(signature.as_bytes())))
}

fn sign_typed_data(chain: &Chain, args: &mut Args) -> Result<Value, RpcError> {
    let signer = signer(chain, args.required()?)?;
    // Some wallets send the object as a string.
    let data: TypedData = match args.required()? {
        Value::String(text) => serde_json::from_str(&text),
        value => serde_json::from_value(value),
    }
    .map_err(|e| RpcError::InvalidParams(format!("invalid argument 1: {e}")))?;
    let hash = data.eip712_signing_hash().map_err(|e| RpcError::InvalidParams(e.to_string()))?;
    let signature = signer.sign_hash_sync(&hash).map_err(internal)?;
    Ok(json!(Bytes::from(signature.as_bytes())))
}

fn signer(chain: &Chain, address: Address) -> Result<&PrivateKeySigner, RpcError> {
    let missing = || RpcError::Refused(format!("No Signer available for {address}"));
    chain.accounts.signer(address).ok_or_else(missing)
}

/// A transaction in JSON: raw bytes, or a request of a dev account or an impersonated one.
pub(crate) fn read(
    chain: &Chain,
    miner: &Miner,
    transaction: Value,
) -> Result<(Recovered<Transaction>, Sidecar), RpcError> {
    let wrong = |e: &dyn std::fmt::Display| RpcError::InvalidParams(format!("transaction: {e}"));
    if transaction.is_string() {
        let raw: Bytes = serde_json::from_value(transaction).map_err(|e| wrong(&e))?;
        let tx = Transaction::decode_2718_exact(&raw).map_err(|e| wrong(&e))?;
        let sidecar = sidecar::check(&tx, None)?;
        return Ok((tx.into_recovered().map_err(|e| wrong(&e))?, sidecar));
    }
    let request = serde_json::from_value(transaction).map_err(|e| wrong(&e))?;
    sign_request(chain, request, |from| {
        if miner.may_impersonate(from) {
            return Ok(None);
        }
        signer(chain, from).cloned().map(Some)
    })
}

/// Fills in what a request leaves open, and signs it; without a key it gets a signature that
/// recovers to somebody else, and differs by sender so that hashes do.
fn sign_request(
    chain: &Chain,
    mut request: TransactionRequest,
    key: impl FnOnce(Address) -> Result<Option<PrivateKeySigner>, RpcError>,
) -> Result<(Recovered<Transaction>, Sidecar), RpcError> {
    let from = match request.from.or_else(|| chain.accounts.addresses().next()) {
        Some(from) => from,
        None => return Err(RpcError::InvalidParams("transaction: no sender".to_owned())),
    };
    let key = key(from)?;
    fill(chain, from, &mut request)?;
    let typed = request
        .build_consensus_tx()
        .map_err(|e| RpcError::InvalidParams(format!("transaction: {}", e.error)))?;
    let sign = Sign { key, from };
    let mut blobs = None;
    let tx = match typed {
        EthereumTypedTransaction::Legacy(tx) => Transaction::Legacy(sign.sign(tx)?),
        EthereumTypedTransaction::Eip2930(tx) => Transaction::Eip2930(sign.sign(tx)?),
        EthereumTypedTransaction::Eip1559(tx) => Transaction::Eip1559(sign.sign(tx)?),
        EthereumTypedTransaction::Eip7702(tx) => Transaction::Eip7702(sign.sign(tx)?),
        EthereumTypedTransaction::Eip4844(TxEip4844Variant::TxEip4844(tx)) => {
            Transaction::Eip4844(sign.sign(tx)?)
        }
        EthereumTypedTransaction::Eip4844(TxEip4844Variant::TxEip4844WithSidecar(tx)) => {
            let (tx, sidecar) = tx.into_parts();
            blobs = Some(sidecar);
            Transaction::Eip4844(sign.sign(tx)?)
        }
    };
    let sidecar = sidecar::check(&tx, blobs)?;
    Ok((Recovered::new_unchecked(tx, from), sidecar))
}

struct Sign {
    key: Option<PrivateKeySigner>,
    from: Address,
}

impl Sign {
    fn sign<T: SignableTransaction<Signature>>(&self, tx: T) -> Result<Signed<T>, RpcError> {
        let signature = match &self.key {
            Some(key) => key.sign_hash_sync(&tx.signature_hash()).map_err(internal)?,
            None => Signature::new(U256::from_be_slice(self.from.as_slice()), U256::ONE, false),
        };
        Ok(tx.into_signed(signature))
    }
}

/// Nonce, chain id, fees, gas.
fn fill(chain: &Chain, from: Address, request: &mut TransactionRequest) -> Result<(), RpcError> {
    request.from = Some(from);
    if request.to.is_none() {
        request.to = Some(TxKind::Create);
    }
    match request.chain_id {
        None => request.chain_id = Some(chain.config.chain_id),
        Some(have) if have != chain.config.chain_id => {
            return Err(SubmitError::ChainId { have, want: chain.config.chain_id }.into());
        }
        Some(_) => {}
    }
    if request.nonce.is_none() {
        request.nonce = Some(chain.next_nonce(from)?);
    }
    let fees = chain.ledger.next_fees();
    if request.gas_price.is_none() {
        let tip = *request.max_priority_fee_per_gas.get_or_insert(DEFAULT_TIP_WEI);
        let max = u128::from(fees.base_fee).saturating_mul(2).saturating_add(tip);
        request.max_fee_per_gas.get_or_insert(max);
    }
    if request.sidecar.is_some() {
        request.populate_blob_hashes();
    }
    if request.blob_versioned_hashes.is_some() && request.max_fee_per_blob_gas.is_none() {
        let blob_fee = fees.blob_base_fee.unwrap_or_default();
        request.max_fee_per_blob_gas = Some(blob_fee.saturating_mul(2));
    }
    if request.gas.is_none() {
        request.gas = Some(estimate::gas(chain, from, request)?);
    }
    Ok(())
}

fn internal(error: impl std::fmt::Display) -> RpcError {
    RpcError::Internal(error.to_string())
}
