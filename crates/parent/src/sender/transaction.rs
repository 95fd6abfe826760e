//! Making, signing and handing over one transaction.

use super::{
    Fees, Request, SendError,
    journal::Flight,
    sidecar::{Form, Sidecar},
};
use crate::{Parent, ParentError, rpc::CallError};
use alloy::{
    consensus::{SignableTransaction, Signed, TxEip1559, TxEip4844, TxEip4844WithSidecar},
    eips::eip2718::Encodable2718,
    network::TxSigner,
    primitives::{Address, B256, Bytes, Signature, TxKind},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};

/// A request with the proofs of its blobs.
pub(super) struct Prepared(Option<Sidecar>);

/// A signed transaction; one with blobs can travel in two forms.
pub(super) enum Ready {
    Plain(Signed<TxEip1559>),
    Blobs(Signed<TxEip4844>),
}

impl Ready {
    pub(super) fn hash(&self) -> B256 {
        match self {
            Self::Plain(tx) => *tx.hash(),
            Self::Blobs(tx) => *tx.hash(),
        }
    }
}

/// Why a pool does not take a transaction.
pub(super) enum Rejection {
    /// It holds one with this nonce that pays too much to be replaced.
    Underpriced,
    /// Anything else.
    Refused(String),
}

impl Prepared {
    /// Computes commitments and proofs, on all cores.
    pub(super) async fn new(request: &Request) -> Result<Self, SendError> {
        if request.blobs.is_empty() {
            return Ok(Self(None));
        }
        Ok(Self(Some(Sidecar::prove(request.blobs.clone()).await?)))
    }

    fn versioned_hashes(&self) -> Vec<B256> {
        self.0.as_ref().map(Sidecar::versioned_hashes).unwrap_or_default()
    }

    pub(super) const fn has_blobs(&self) -> bool {
        self.0.is_some()
    }

    /// The call for estimation.
    pub(super) fn call(&self, request: &Request, from: Address) -> TransactionRequest {
        let mut call = Self::plain_call(request, from);
        if self.has_blobs() {
            call.blob_versioned_hashes = Some(self.versioned_hashes());
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
    ) -> Result<Ready, SendError> {
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
            return Ok(Ready::Plain(tx.into_signed(signature)));
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
            blob_versioned_hashes: self.versioned_hashes(),
            max_fee_per_blob_gas: fees.blob_fee.unwrap_or_default(),
            input,
        };
        let signature = signer.sign_transaction(&mut tx).await.map_err(invalid)?;
        Ok(Ready::Blobs(tx.into_signed(signature)))
    }

    /// Hands the transaction to the RPC, in the first form that it takes: with cell proofs, as since
    /// Osaka, or with blob proofs, as before. It has the same hash with either.
    pub(super) async fn broadcast(
        &self,
        parent: &Parent,
        ready: Ready,
    ) -> Result<Option<Rejection>, SendError> {
        let mut refusal = String::new();
        for form in [Form::Cells, Form::Whole] {
            let encoding = match (&ready, &self.0, form) {
                (Ready::Plain(tx), _, Form::Cells) => Bytes::from(tx.encoded_2718()),
                (Ready::Blobs(tx), Some(sidecar), form) => {
                    let sidecar = sidecar.encode(form).await?;
                    let (tx, signature, hash) = tx.clone().into_parts();
                    let tx = TxEip4844WithSidecar { tx, sidecar };
                    Signed::new_unchecked(tx, signature, hash).encoded_2718().into()
                }
                _ => break,
            };
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
