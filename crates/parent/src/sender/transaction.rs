//! Making, signing and handing over one transaction.

use super::{Fees, Request, SendError, journal::Flight};
use crate::{Parent, ParentError, rpc::CallError};
use alloy::{
    consensus::{
        BlobTransactionSidecar, BlobTransactionSidecarEip7594, SignableTransaction, TxEip1559,
        TxEip4844, TxEip4844WithSidecar,
    },
    eips::{
        eip2718::Encodable2718,
        eip4844::{Blob, env_settings::EnvKzgSettings},
        eip7594::BlobTransactionSidecarVariant,
    },
    network::TxSigner,
    primitives::{Address, B256, Bytes, Signature, TxKind},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};

/// A request with the proofs of its blobs.
pub(super) struct Prepared {
    versioned_hashes: Vec<B256>,
    /// With cell proofs, as since Osaka; then with blob proofs, as before. The transaction has the
    /// same hash with either.
    sidecars: Vec<BlobTransactionSidecarVariant>,
}

/// A signed transaction in each form in which it can travel.
pub(super) struct Signed {
    pub(super) hash: B256,
    encodings: Vec<Bytes>,
}

/// Why a pool does not take a transaction.
pub(super) enum Rejection {
    /// It holds one with this nonce that pays too much to be replaced.
    Underpriced,
    /// Anything else.
    Refused(String),
}

impl Prepared {
    /// Computes commitments and proofs.
    pub(super) async fn new(request: &Request) -> Result<Self, SendError> {
        if request.blobs.is_empty() {
            return Ok(Self { versioned_hashes: Vec::new(), sidecars: Vec::new() });
        }
        let blobs: Vec<_> = request.blobs.iter().map(|blob| Blob::from_slice(&blob[..])).collect();
        let prove = move || {
            let cells = BlobTransactionSidecarEip7594::try_from_blobs(blobs.clone())?;
            let kzg = EnvKzgSettings::Default.get();
            let whole = BlobTransactionSidecar::try_from_blobs_with_settings(blobs, kzg)?;
            Ok::<_, c_kzg::Error>((cells, whole))
        };
        let proven = tokio::task::spawn_blocking(prove).await.map_err(ParentError::temporary)?;
        let (cells, whole) = proven.map_err(|error| SendError::Invalid(error.to_string()))?;
        Ok(Self {
            versioned_hashes: cells.versioned_hashes().collect(),
            sidecars: vec![
                BlobTransactionSidecarVariant::Eip7594(cells),
                BlobTransactionSidecarVariant::Eip4844(whole),
            ],
        })
    }

    pub(super) const fn has_blobs(&self) -> bool {
        !self.versioned_hashes.is_empty()
    }

    /// The call for estimation.
    pub(super) fn call(&self, request: &Request, from: Address) -> TransactionRequest {
        let mut call = Self::plain_call(request, from);
        if self.has_blobs() {
            call.blob_versioned_hashes = Some(self.versioned_hashes.clone());
            call.max_fee_per_blob_gas = Some(u128::from(u64::MAX));
        }
        call
    }

    /// The call without blobs.
    pub(super) fn plain_call(request: &Request, from: Address) -> TransactionRequest {
        let Request { to, value, data, .. } = request.clone();
        TransactionRequest::default().from(from).to(to).value(value).input(data.into())
    }

    /// Signs with these fees. Signatures are deterministic: the same fees have the same hash.
    pub(super) async fn sign(
        &self,
        flight: &Flight,
        fees: Fees,
        chain_id: u64,
        signer: &(dyn TxSigner<Signature> + Send + Sync),
    ) -> Result<Signed, SendError> {
        let Request { to, value, data: input, .. } = flight.request();
        let (nonce, gas_limit) = (flight.nonce, flight.gas_limit);
        let invalid = |error: alloy::signers::Error| SendError::Invalid(error.to_string());
        if !self.has_blobs() {
            let mut tx = TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: fees.max_fee,
                max_priority_fee_per_gas: fees.tip,
                to: TxKind::Call(to),
                value,
                access_list: Default::default(),
                input,
            };
            let signature = signer.sign_transaction(&mut tx).await.map_err(invalid)?;
            let signed = tx.into_signed(signature);
            let encoding = signed.encoded_2718().into();
            return Ok(Signed { hash: *signed.hash(), encodings: vec![encoding] });
        }
        let mut tx = TxEip4844 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: fees.max_fee,
            max_priority_fee_per_gas: fees.tip,
            to,
            value,
            access_list: Default::default(),
            blob_versioned_hashes: self.versioned_hashes.clone(),
            max_fee_per_blob_gas: fees.blob_fee.unwrap_or_default(),
            input,
        };
        let signature = signer.sign_transaction(&mut tx).await.map_err(invalid)?;
        let hash = *tx.clone().into_signed(signature).hash();
        let encode = |sidecar: &BlobTransactionSidecarVariant| {
            let tx = TxEip4844WithSidecar { tx: tx.clone(), sidecar: sidecar.clone() };
            tx.into_signed(signature).encoded_2718().into()
        };
        Ok(Signed { hash, encodings: self.sidecars.iter().map(encode).collect() })
    }

    /// Hands the transaction to the RPC, in the first form that it takes.
    pub(super) async fn broadcast(
        &self,
        parent: &Parent,
        signed: Signed,
    ) -> Result<Option<Rejection>, SendError> {
        let mut refusal = String::new();
        for encoding in signed.encodings {
            let send = |p: DynProvider| {
                let encoding = encoding.clone();
                async move { p.send_raw_transaction(&encoding).await.map(drop) }
            };
            let error = match parent.rpc.ask("eth_sendRawTransaction", send).await {
                Ok(()) => return Ok(None),
                Err(CallError::Refused(error)) => error.message.to_lowercase(),
                Err(error) => return Err(ParentError::from(error).into()),
            };
            let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
            // The pool has it, or a block does: whoever looks for receipts will see.
            if says(&["already known", "already imported", "nonce too low", "known transaction"]) {
                return Ok(None);
            }
            if says(&["underpriced"]) {
                return Ok(Some(Rejection::Underpriced));
            }
            if refusal.is_empty() {
                refusal = error;
            }
        }
        Ok(Some(Rejection::Refused(refusal)))
    }
}
