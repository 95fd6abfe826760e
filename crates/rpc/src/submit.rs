//! `eth_sendRawTransaction`: decode, recover, hand over.
//!
//! A JSON-RPC batch of nothing else is recognised before dispatch: its transactions are decoded
//! and recovered on all cores, and reach the pool as one group.

use std::{future::Future, sync::Arc};

use alloy_consensus::{
    EthereumTxEnvelope, TxEip4844WithSidecar, Typed2718, transaction::SignerRecoverable,
};
use alloy_eips::{Decodable2718, eip7594::BlobTransactionSidecarVariant};
use alloy_primitives::{B256, Bytes};
use altana_ledger::Rules;
use altana_protocol::{Transaction, transaction::DEPOSIT_TYPE};
use jsonrpsee::{
    core::server::{BatchResponseBuilder, MethodResponse, ResponsePayload},
    server::middleware::rpc::{Batch, BatchEntry, Notification, Request, RpcServiceT},
    types::{ErrorObjectOwned, Id},
};
use rayon::prelude::*;
use tower::Layer;

use crate::{RpcError, Submission, SubmitError, api::Api};

/// Bytes of a transaction without blobs (as in geth's pool).
const TRANSACTION_BYTES: usize = 128 * 1024;
/// Bytes of a transaction with its blobs.
const BLOB_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;
/// Transactions that one core decodes before another may take over.
const CHUNK: usize = 8;

const METHOD: &str = "eth_sendRawTransaction";

/// A blob transaction as it travels: with blobs, commitments and proofs.
type Pooled = EthereumTxEnvelope<TxEip4844WithSidecar<BlobTransactionSidecarVariant>>;

/// Decodes one transaction and recovers its sender.
pub(crate) fn decode(api: &Api, raw: Bytes) -> Result<Submission, SubmitError> {
    let ty = *raw.first().ok_or_else(|| SubmitError::Encoding("empty transaction".into()))?;
    let limit = if ty == 3 { BLOB_TRANSACTION_BYTES } else { TRANSACTION_BYTES };
    if raw.len() > limit {
        return Err(SubmitError::Oversized { size: raw.len(), limit });
    }
    let parent = matches!(api.ledger.rules(), Rules::Ethereum(_));
    if ty == DEPOSIT_TYPE || (ty == 3 && !parent) {
        return Err(SubmitError::Type(ty));
    }
    let encoding = |error: alloy_eips::eip2718::Eip2718Error| {
        SubmitError::Encoding(format!("transaction cannot be decoded: {error}"))
    };
    let (transaction, sidecar) = if ty == 3 {
        let pooled = Pooled::decode_2718_exact(&raw).map_err(encoding)?;
        split_blobs(pooled)?
    } else {
        (Transaction::decode_2718_exact(&raw).map_err(encoding)?, None)
    };
    check_chain(api, &transaction)?;
    let signer =
        transaction.recover_signer().map_err(|error| SubmitError::Signature(error.to_string()))?;
    // Computed here, on this core, and kept inside.
    transaction.hash();
    let transaction = alloy_consensus::transaction::Recovered::new_unchecked(transaction, signer);
    Ok(Submission { transaction, sidecar, raw })
}

fn split_blobs(
    pooled: Pooled,
) -> Result<(Transaction, Option<Box<BlobTransactionSidecarVariant>>), SubmitError> {
    let EthereumTxEnvelope::Eip4844(signed) = pooled else {
        return Err(SubmitError::Encoding("not a blob transaction".into()));
    };
    let (with_sidecar, signature, hash) = signed.into_parts();
    let (tx, sidecar) = with_sidecar.into_parts();
    let tx = alloy_consensus::Signed::new_unchecked(tx, signature, hash);
    Ok((Transaction::Eip4844(tx), Some(Box::new(sidecar))))
}

fn check_chain(api: &Api, transaction: &Transaction) -> Result<(), SubmitError> {
    use alloy_consensus::Transaction as _;
    let want = api.chain_id();
    match transaction.chain_id() {
        Some(have) if have != want => Err(SubmitError::ChainId { have, want }),
        None if !transaction.is_legacy() => Err(SubmitError::ChainId { have: 0, want }),
        None if !api.backend.accepts_unprotected() => Err(SubmitError::Unprotected),
        _ => Ok(()),
    }
}

/// Submits one transaction; its hash is the answer.
pub(crate) async fn submit(api: &Api, raw: Bytes) -> Result<B256, RpcError> {
    let submission = decode(api, raw)?;
    let hash = submission.transaction.inner().hash();
    let results = api.backend.submit(vec![submission]).await;
    match results.into_iter().next() {
        Some(Ok(())) => Ok(hash),
        Some(Err(error)) => Err(error.into()),
        None => Err(RpcError::Internal("the pool gave no answer".into())),
    }
}

/// Submits many as one group; the answers are in the same order.
async fn submit_all(api: &Api, params: Vec<Option<String>>) -> Vec<Result<B256, RpcError>> {
    let decoded = decode_all(api.clone(), params).await;
    let mut answers = Vec::with_capacity(decoded.len());
    let mut group = Vec::with_capacity(decoded.len());
    for result in decoded {
        match result {
            Ok(submission) => {
                answers.push(Ok(submission.transaction.inner().hash()));
                group.push(submission);
            }
            Err(error) => answers.push(Err(error)),
        }
    }
    let mut results = api.backend.submit(group).await.into_iter();
    for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
        match results.next() {
            Some(Ok(())) => {}
            Some(Err(error)) => *answer = Err(error.into()),
            None => *answer = Err(RpcError::Internal("the pool gave no answer".into())),
        }
    }
    answers
}

/// Decodes and recovers on all cores.
async fn decode_all(api: Api, params: Vec<Option<String>>) -> Vec<Result<Submission, RpcError>> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let len = params.len();
    rayon::spawn(move || {
        let decoded = params
            .into_par_iter()
            .with_min_len(CHUNK)
            .map(|params| Ok(decode(&api, raw(params.as_deref())?)?))
            .collect::<Vec<_>>();
        // The client may have gone.
        let _ = send.send(decoded);
    });
    receive.await.unwrap_or_else(|_| {
        (0..len).map(|_| Err(RpcError::Internal("decoding failed".into()))).collect()
    })
}

/// The one parameter: the transaction's bytes.
fn raw(params: Option<&str>) -> Result<Bytes, RpcError> {
    let missing = || RpcError::params("missing value for required argument 0");
    let invalid =
        |why: &dyn std::fmt::Display| RpcError::params(format!("invalid argument 0: {why}"));
    let params = params.ok_or_else(missing)?;
    let [text]: [&str; 1] = serde_json::from_str(params).map_err(|error| invalid(&error))?;
    let digits = text.strip_prefix("0x").ok_or_else(|| invalid(&"hex string without 0x prefix"))?;
    let bytes = alloy_primitives::hex::decode(digits).map_err(|error| invalid(&error))?;
    Ok(bytes.into())
}

/// Recognises batches of `eth_sendRawTransaction`.
#[derive(Clone)]
pub(crate) struct SubmitLayer {
    api: Api,
}

impl SubmitLayer {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }
}

impl<S> Layer<S> for SubmitLayer {
    type Service = SubmitService<S>;

    fn layer(&self, inner: S) -> SubmitService<S> {
        SubmitService { inner: Arc::new(inner), api: self.api.clone() }
    }
}

#[derive(Clone)]
pub(crate) struct SubmitService<S> {
    inner: Arc<S>,
    api: Api,
}

impl<S> RpcServiceT for SubmitService<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            NotificationResponse = MethodResponse,
            BatchResponse = MethodResponse,
        > + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.inner.call(request)
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.inner.notification(notification)
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let (inner, api) = (Arc::clone(&self.inner), self.api.clone());
        async move {
            let only_submissions = !batch.is_empty()
                && batch.iter().all(
                    |entry| matches!(entry, Ok(BatchEntry::Call(call)) if call.method == METHOD),
                );
            if !only_submissions {
                return inner.batch(batch).await;
            }
            submit_batch(&api, batch).await
        }
    }
}

async fn submit_batch(api: &Api, batch: Batch<'_>) -> MethodResponse {
    let mut ids = Vec::with_capacity(batch.len());
    let mut params = Vec::with_capacity(batch.len());
    for entry in batch {
        if let Ok(BatchEntry::Call(call)) = entry {
            params.push(call.params.as_ref().map(|params| params.get().to_owned()));
            ids.push(call.id.into_owned());
        }
    }
    let limit = api.limits.response_bytes as usize;
    let answers = submit_all(api, params).await;
    let mut response = BatchResponseBuilder::new_with_limit(limit);
    for (id, answer) in ids.into_iter().zip(answers) {
        if let Err(too_large) = response.append(respond(id, answer, limit)) {
            return too_large;
        }
    }
    MethodResponse::from_batch(response.finish())
}

fn respond(id: Id<'static>, answer: Result<B256, RpcError>, limit: usize) -> MethodResponse {
    match answer {
        Ok(hash) => MethodResponse::response(id, ResponsePayload::success(hash), limit),
        Err(error) => MethodResponse::error(id, ErrorObjectOwned::from(error)),
    }
}
