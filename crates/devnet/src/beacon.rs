//! The beacon node's REST routes: genesis, spec, headers, blobs.
//!
//! A slot is one second: slot = timestamp - genesis time, as `SECONDS_PER_SLOT` in the spec says.
//! anvil counts slots by block number; a number that is the slot of no block, or of one without
//! the blobs that are asked for, is therefore taken for a block number.

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::{B256, Bytes};
use altana_ledger::Block;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::beacon_block::BeaconHeader;
use crate::chain::Chain;
use crate::miner::beacon_parts;
use crate::sidecar::CheckedBlob;

/// Most versioned hashes or indices in one request.
const MAX_WANTED: usize = 128;

type Shared = State<Arc<Chain>>;

/// The routes.
pub(crate) fn routes(chain: Arc<Chain>) -> Router {
    Router::new()
        .route("/eth/v1/node/version", get(|| async { data(json!({ "version": VERSION })) }))
        .route("/eth/v1/node/health", get(|| async { StatusCode::OK }))
        .route("/eth/v1/node/syncing", get(|chain: Shared| answer(chain, syncing)))
        .route("/eth/v1/config/spec", get(|chain: Shared| answer(chain, |chain| Ok(spec(chain)))))
        .route("/eth/v1/beacon/genesis", get(|chain: Shared| answer(chain, genesis)))
        .route("/eth/v1/beacon/headers", get(head_headers))
        .route("/eth/v1/beacon/headers/{block_id}", get(header))
        .route("/eth/v1/beacon/blinded_blocks/{block_id}", get(blinded_block))
        .route("/eth/v1/beacon/blobs/{block_id}", get(blobs))
        .route("/eth/v1/beacon/blob_sidecars/{block_id}", get(blob_sidecars))
        .with_state(chain)
}

const VERSION: &str = concat!("altana-devnet/v", env!("CARGO_PKG_VERSION"));

/// What a route answers instead of data.
struct Problem(StatusCode, String);

impl Problem {
    fn bad(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }

    fn internal(why: impl Into<String>) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, why.into())
    }

    fn missing(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, what.to_owned())
    }
}

impl<E: std::error::Error> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.0.as_u16(), "message": self.1 });
        (self.0, Json(body)).into_response()
    }
}

fn data(data: Value) -> Json<Value> {
    Json(json!({ "data": data }))
}

/// Runs a query off the async runtime: it may read files and compute proofs.
async fn answer<F>(State(chain): Shared, query: F) -> Result<Json<Value>, Problem>
where
    F: FnOnce(&Chain) -> Result<Value, Problem> + Send + 'static,
{
    tokio::task::spawn_blocking(move || query(&chain)).await?.map(Json)
}

fn genesis_time(chain: &Chain) -> u64 {
    chain.ledger.genesis().header.timestamp
}

fn genesis(chain: &Chain) -> Result<Value, Problem> {
    Ok(json!({ "data": {
        "genesis_time": genesis_time(chain).to_string(),
        "genesis_validators_root": B256::ZERO,
        "genesis_fork_version": "0x00000000",
    }}))
}

fn syncing(chain: &Chain) -> Result<Value, Problem> {
    let slot = slot(chain, &chain.ledger.head());
    Ok(json!({ "data": {
        "head_slot": slot.to_string(),
        "sync_distance": "0",
        "is_syncing": false,
        "is_optimistic": false,
        "el_offline": false,
    }}))
}

fn spec(chain: &Chain) -> Value {
    json!({ "data": {
        "CONFIG_NAME": "altana-devnet",
        "PRESET_BASE": "mainnet",
        "SECONDS_PER_SLOT": "1",
        "SLOT_DURATION_MS": "1000",
        "SLOTS_PER_EPOCH": "32",
        "MIN_GENESIS_TIME": genesis_time(chain).to_string(),
        "GENESIS_DELAY": "0",
        "GENESIS_FORK_VERSION": "0x00000000",
        "ALTAIR_FORK_EPOCH": "0",
        "BELLATRIX_FORK_EPOCH": "0",
        "CAPELLA_FORK_EPOCH": "0",
        "DENEB_FORK_EPOCH": "0",
        "ELECTRA_FORK_EPOCH": "0",
        "FULU_FORK_EPOCH": "0",
        "FIELD_ELEMENTS_PER_BLOB": "4096",
        "MAX_BLOB_COMMITMENTS_PER_BLOCK": "4096",
        "MIN_EPOCHS_FOR_BLOB_SIDECARS_REQUESTS": "4096",
        "BLOB_SCHEDULE": [{ "EPOCH": "0", "MAX_BLOBS_PER_BLOCK": "21" }],
        "DEPOSIT_CHAIN_ID": chain.config.chain_id.to_string(),
        "DEPOSIT_NETWORK_ID": chain.config.chain_id.to_string(),
    }})
}

fn slot(chain: &Chain, block: &Block) -> u64 {
    block.header.timestamp.saturating_sub(genesis_time(chain))
}

fn is_final(chain: &Chain, block: &Block) -> Result<bool, Problem> {
    let below = block.number() <= chain.ledger.finalized().number();
    Ok(below && chain.ledger.is_canonical(block.hash())?)
}

/// Blocks that `id` may mean, the likeliest first; none is an error.
fn find(chain: &Chain, id: &str) -> Result<Vec<Arc<Block>>, Problem> {
    let ledger = &chain.ledger;
    let found = match id {
        "head" | "latest" => vec![ledger.head()],
        "justified" | "safe" => vec![ledger.safe()],
        "finalized" => vec![ledger.finalized()],
        "genesis" | "earliest" => vec![ledger.genesis()],
        id if id.starts_with("0x") => {
            let root: B256 =
                id.parse().map_err(|_: alloy_primitives::hex::FromHexError| invalid_id(id))?;
            let hash = chain.miner.lock().by_root(root).unwrap_or(root);
            ledger.block(hash)?.into_iter().collect()
        }
        id => {
            let number: u64 = id.parse().map_err(|_: std::num::ParseIntError| invalid_id(id))?;
            let mut found: Vec<_> = by_slot(chain, number)?.into_iter().collect();
            found.extend(ledger.block_by_number(number)?);
            found
        }
    };
    if found.is_empty() { Err(Problem::missing("Block not found")) } else { Ok(found) }
}

fn invalid_id(id: &str) -> Problem {
    Problem::bad(format!("Invalid block ID: {id}"))
}

/// The canonical block of a slot, by bisection: timestamps rise with numbers.
fn by_slot(chain: &Chain, slot: u64) -> Result<Option<Arc<Block>>, Problem> {
    let Some(timestamp) = genesis_time(chain).checked_add(slot) else { return Ok(None) };
    let (mut low, mut high) = (0, chain.ledger.head().number());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(block) = chain.ledger.block_by_number(middle)? else { return Ok(None) };
        if block.header.timestamp < timestamp { low = middle + 1 } else { high = middle }
    }
    let block = chain.ledger.block_by_number(low)?;
    Ok(block.filter(|block| block.header.timestamp == timestamp))
}

async fn head_headers(chain: Shared) -> Result<Json<Value>, Problem> {
    answer(chain, |chain| {
        let head = chain.ledger.head();
        Ok(json!({
            "execution_optimistic": false,
            "finalized": is_final(chain, &head)?,
            "data": [header_json(chain, &head)?],
        }))
    })
    .await
}

async fn header(chain: Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    answer(chain, move |chain| {
        let block = first(find(chain, &id)?)?;
        Ok(json!({
            "execution_optimistic": false,
            "finalized": is_final(chain, &block)?,
            "data": header_json(chain, &block)?,
        }))
    })
    .await
}

/// The block as a proposer's blinded block has it: what a devnet has no part in is left out.
async fn blinded_block(chain: Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    answer(chain, move |chain| {
        let block = first(find(chain, &id)?)?;
        let (header, _) = beacon_parts(&block, genesis_time(chain), &chain.blobs.read())?;
        let commitments = hashes(&block).into_iter().map(|hash| Ok(blob(chain, hash)?.commitment));
        Ok(json!({
            "version": "fulu",
            "execution_optimistic": false,
            "finalized": is_final(chain, &block)?,
            "data": { "message": {
                "slot": header.slot.to_string(),
                "proposer_index": "0",
                "parent_root": header.parent_root,
                "state_root": header.state_root,
                "body": {
                    "blob_kzg_commitments": commitments.collect::<Result<Vec<_>, Problem>>()?,
                },
            }},
        }))
    })
    .await
}

fn first(blocks: Vec<Arc<Block>>) -> Result<Arc<Block>, Problem> {
    blocks.into_iter().next().ok_or_else(|| Problem::missing("Block not found"))
}

fn header_json(chain: &Chain, block: &Block) -> Result<Value, Problem> {
    let (header, _) = beacon_parts(block, genesis_time(chain), &chain.blobs.read())?;
    Ok(json!({
        "root": header.root(),
        "canonical": chain.ledger.is_canonical(block.hash())?,
        "header": signed(&header),
    }))
}

fn signed(header: &BeaconHeader) -> Value {
    json!({
        "message": {
            "slot": header.slot.to_string(),
            "proposer_index": "0",
            "parent_root": header.parent_root,
            "state_root": header.state_root,
            "body_root": header.body_root,
        },
        "signature": Bytes::from(vec![0; 96]),
    })
}

/// Values of a query parameter: repeated, separated by commas, or both.
fn query(raw: Option<&str>, name: &str) -> Result<Vec<String>, Problem> {
    let pairs = raw.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let values = pairs.filter(|(key, _)| *key == name).flat_map(|(_, values)| {
        values.split(',').flat_map(|value| value.split("%2C")).filter(|value| !value.is_empty())
    });
    let values: Vec<_> = values.map(str::to_owned).collect();
    if values.len() > MAX_WANTED {
        return Err(Problem::bad(format!("more than {MAX_WANTED} values of {name}")));
    }
    Ok(values)
}

fn hashes(block: &Block) -> Vec<B256> {
    let of_tx =
        |tx: &altana_protocol::Transaction| tx.blob_versioned_hashes().unwrap_or_default().to_vec();
    block.transactions.iter().flat_map(|tx| of_tx(tx.inner())).collect()
}

fn blob(chain: &Chain, hash: B256) -> Result<Arc<CheckedBlob>, Problem> {
    chain.blobs.read().get(hash)?.ok_or_else(|| Problem::missing("Blobs not kept any more"))
}

async fn blobs(
    chain: Shared,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Value>, Problem> {
    answer(chain, move |chain| {
        let wanted = query(raw.as_deref(), "versioned_hashes")?;
        let wanted: Vec<B256> =
            wanted.iter().map(|hash| hash.parse()).collect::<Result<_, _>>().map_err(
                |_: alloy_primitives::hex::FromHexError| {
                    Problem::bad(format!("Invalid versioned hash: {}", wanted.join(",")))
                },
            )?;
        let found = find(chain, &id)?;
        let holds = |block: &Arc<Block>| {
            let hashes = hashes(block);
            wanted.iter().any(|hash| hashes.contains(hash))
        };
        let block = match found.iter().find(|block| holds(block)) {
            Some(block) => block.clone(),
            None => first(found)?,
        };
        let kept = hashes(&block).into_iter().filter(|h| wanted.is_empty() || wanted.contains(h));
        let blobs: Vec<_> = kept.map(|hash| blob(chain, hash)).collect::<Result<_, _>>()?;
        Ok(json!({
            "execution_optimistic": false,
            "finalized": is_final(chain, &block)?,
            "data": blobs.iter().map(|blob| &blob.blob).collect::<Vec<_>>(),
        }))
    })
    .await
}

async fn blob_sidecars(
    chain: Shared,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Value>, Problem> {
    answer(chain, move |chain| {
        let indices = query(raw.as_deref(), "indices")?;
        let block = first(find(chain, &id)?)?;
        let (header, body) = beacon_parts(&block, genesis_time(chain), &chain.blobs.read())?;
        let mut sidecars = Vec::new();
        for (index, hash) in hashes(&block).into_iter().enumerate() {
            if !indices.is_empty() && !indices.contains(&index.to_string()) {
                continue;
            }
            let blob = blob(chain, hash)?;
            sidecars.push(json!({
                "index": index.to_string(),
                "blob": blob.blob,
                "kzg_commitment": blob.commitment,
                "kzg_proof": blob.proof().map_err(Problem::internal)?,
                "signed_block_header": signed(&header),
                "kzg_commitment_inclusion_proof": body.inclusion_proof(index),
            }));
        }
        Ok(json!({
            "version": "fulu",
            "execution_optimistic": false,
            "finalized": is_final(chain, &block)?,
            "data": sidecars,
        }))
    })
    .await
}
