//! Blobs: in through a transaction, out through the beacon routes, proven in the EVM.

use alloy::consensus::SimpleCoder;
use alloy::consensus::{BlobTransactionSidecar, BlobTransactionSidecarVariant, SidecarBuilder};
use alloy::eips::eip4844::env_settings::EnvKzgSettings;
use alloy::eips::eip4844::{AsCkzg as _, Blob, Bytes48, c_kzg, kzg_to_versioned_hash};
use alloy::network::TransactionBuilder4844 as _;
use alloy::primitives::{Address, B256, Bytes, address};
use alloy::providers::Provider;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use altana_devnet::{Config, Devnet};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::common::{account, call, get, manual, provider, start, submit, transfer};

const POINT_EVALUATION: Address = address!("000000000000000000000000000000000000000a");

fn builder(seed: u8, bytes: usize) -> SidecarBuilder<SimpleCoder> {
    SidecarBuilder::from_slice(&vec![seed; bytes])
}

fn blob_tx(
    devnet: &Devnet,
    from: usize,
    sidecar: impl Into<BlobTransactionSidecarVariant>,
) -> TransactionRequest {
    let mut tx = transfer(account(devnet, from), Address::repeat_byte(6), 0);
    tx.max_fee_per_blob_gas = Some(1_000_000_000);
    tx.set_blob_sidecar(sidecar.into());
    tx
}

async fn send(provider: &impl Provider, tx: TransactionRequest) -> TransactionReceipt {
    let hash = *provider.send_transaction(tx).await.expect("accepted").tx_hash();
    provider.get_transaction_receipt(hash).await.unwrap().expect("mined")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_comes_back_from_the_beacon_route_and_a_point_of_it_is_proven_in_the_evm() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let sidecar = builder(0x42, 100_000).build_7594().unwrap();
    let (blob, commitment) = (sidecar.blobs[0], sidecar.commitments[0]);
    let hash = kzg_to_versioned_hash(commitment.as_slice());
    let receipt = send(&provider, blob_tx(&devnet, 0, sidecar)).await;
    assert_eq!(receipt.blob_gas_used, Some(131_072));
    let block = provider.get_block_by_number(1.into()).await.unwrap().unwrap();
    assert_eq!(block.header.blob_gas_used, Some(131_072));

    // Every name of the block gives the same blob.
    let genesis = get(format!("{}/eth/v1/beacon/genesis", devnet.url())).await.1;
    let start: u64 = genesis["data"]["genesis_time"].as_str().unwrap().parse().unwrap();
    let header = get(format!("{}/eth/v1/beacon/headers/head", devnet.url())).await.1;
    let root = header["data"]["root"].as_str().unwrap().to_owned();
    let slot = (block.header.timestamp - start).to_string();
    for id in [slot, "1".into(), "head".into(), root, block.header.hash.to_string()] {
        let url = format!("{}/eth/v1/beacon/blobs/{id}?versioned_hashes={hash}", devnet.url());
        let (status, answer) = get(url).await;
        assert_eq!(status, 200, "{id}: {answer}");
        let blobs: Vec<Blob> = serde_json::from_value(answer["data"].clone()).unwrap();
        assert_eq!(blobs, [blob], "{id}");
    }

    let z = c_kzg::Bytes32::from_bytes(B256::with_last_byte(9).as_slice()).unwrap();
    let kzg = EnvKzgSettings::Default;
    let (proof, y) = kzg.get().compute_kzg_proof(blob.as_ckzg(), &z).unwrap();
    let input = [
        hash.as_slice(),
        z.as_slice(),
        y.as_slice(),
        commitment.as_slice(),
        proof.to_bytes().as_slice(),
    ]
    .concat();
    let mut tx = transfer(account(&devnet, 0), POINT_EVALUATION, 0);
    tx.gas = Some(200_000);
    tx.input.input = Some(Bytes::from(input.clone()));
    assert!(send(&provider, tx.clone()).await.status());
    let mut wrong = input;
    wrong[95] ^= 1;
    tx.input.input = Some(wrong.into());
    tx.nonce = None;
    assert!(!send(&provider, tx).await.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_blob_proofs_are_taken_too_and_wrong_ones_are_not() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let legacy = builder(1, 1_000).build_4844().unwrap();
    assert!(send(&provider, blob_tx(&devnet, 0, legacy.clone())).await.status());

    let mut other_proof: BlobTransactionSidecar = builder(2, 1_000).build_4844().unwrap();
    other_proof.proofs = legacy.proofs.clone();
    let mut other_cells = builder(3, 1_000).build_7594().unwrap();
    other_cells.cell_proofs.swap(0, 1);
    let mut no_cells = builder(4, 1_000).build_7594().unwrap();
    no_cells.cell_proofs.truncate(1);
    let mut not_in_field = builder(5, 1_000).build_4844().unwrap();
    not_in_field.blobs[0][0] = 0xff;
    let seven = builder(6, 6 * 4096 * 31 + 1).build_7594().unwrap();
    assert_eq!(seven.blobs.len(), 7);
    let cases: [(&str, BlobTransactionSidecarVariant); 5] = [
        ("another blob's proof", other_proof.into()),
        ("cell proofs in another order", other_cells.into()),
        ("too few cell proofs", no_cells.into()),
        ("bytes that are no field element", not_in_field.into()),
        ("seven blobs", seven.into()),
    ];
    for (what, sidecar) in cases {
        let tx = blob_tx(&devnet, 1, sidecar).nonce(0);
        let error = provider.send_transaction(tx).await.expect_err(what).to_string();
        assert!(error.contains("invalid blob sidecar"), "{what}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_takes_21_blobs_and_full_blocks_raise_the_blob_base_fee() {
    let devnet = start(manual()).await;
    let provider = provider(&devnet);
    for from in 0..4 {
        let sidecar = builder(from as u8, 5 * 4096 * 31 + 100).build_4844().unwrap();
        assert_eq!(sidecar.blobs.len(), 6);
        submit(&provider, blob_tx(&devnet, from, sidecar)).await;
    }
    call(&provider, "evm_mine", json!([])).await;
    let block = provider.get_block_by_number(1.into()).await.unwrap().unwrap();
    assert_eq!(block.header.blob_gas_used, Some(18 * 131_072), "24 do not fit");
    let route = format!("{}/eth/v1/beacon/blobs/head", devnet.url());
    assert_eq!(get(route).await.1["data"].as_array().unwrap().len(), 18);
    call(&provider, "evm_mine", json!([])).await;
    let next = provider.get_block_by_number(2.into()).await.unwrap().unwrap();
    assert_eq!(next.header.blob_gas_used, Some(6 * 131_072));
    assert!(next.header.excess_blob_gas > block.header.excess_blob_gas);
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_of_a_reorganised_block_are_mined_again() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let sidecar = builder(8, 1_000).build_7594().unwrap();
    let blob = sidecar.blobs[0];
    let before = send(&provider, blob_tx(&devnet, 0, sidecar)).await;
    call(&provider, "anvil_reorg", json!([1, []])).await;
    let after = provider.get_transaction_receipt(before.transaction_hash).await.unwrap().unwrap();
    assert_ne!(after.block_hash, before.block_hash);
    let (_, answer) = get(format!("{}/eth/v1/beacon/blobs/head", devnet.url())).await;
    let blobs: Vec<Blob> = serde_json::from_value(answer["data"].clone()).unwrap();
    assert_eq!(blobs, [blob]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_of_a_blob_transaction_pays_twice_as_much() {
    let devnet = start(manual()).await;
    let provider = provider(&devnet);
    let with = |percent: u128| {
        let sidecar = builder(percent as u8, 10).build_7594().unwrap();
        let mut tx = blob_tx(&devnet, 0, sidecar).nonce(0);
        for fee in [
            &mut tx.max_fee_per_gas,
            &mut tx.max_priority_fee_per_gas,
            &mut tx.max_fee_per_blob_gas,
        ] {
            *fee = fee.map(|fee| fee * percent / 100);
        }
        tx
    };
    submit(&provider, with(100)).await;
    let error = provider.send_transaction(with(199)).await.unwrap_err().to_string();
    assert!(error.contains("replacement transaction underpriced"), "{error}");
    submit(&provider, with(200)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sidecars_prove_their_blob_and_their_place_in_the_block() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let sidecar = builder(9, 200_000).build_7594().unwrap();
    send(&provider, blob_tx(&devnet, 0, sidecar)).await;
    let url = format!("{}/eth/v1/beacon/blob_sidecars/head", devnet.url());
    let (_, answer) = get(url.clone()).await;
    let header = get(format!("{}/eth/v1/beacon/headers/head", devnet.url())).await.1;
    let sidecars = answer["data"].as_array().unwrap();
    assert_eq!(sidecars.len(), 2);
    for (index, sidecar) in sidecars.iter().enumerate() {
        assert_eq!(sidecar["index"], json!(index.to_string()));
        check_proof(sidecar);
        let message = &sidecar["signed_block_header"]["message"];
        assert_eq!(message, &header["data"]["header"]["message"]);
        check_inclusion(sidecar, index, message);
    }
    let (_, second) = get(format!("{url}?indices=1")).await;
    assert_eq!(second["data"], json!([sidecars[1]]));
    // The next block names the root of this one (EIP-4788).
    call(&provider, "evm_mine", json!([])).await;
    let next = provider.get_block_by_number(2.into()).await.unwrap().unwrap();
    let root = next.header.parent_beacon_block_root.unwrap();
    assert_eq!(json!(root), header["data"]["root"]);
    let (_, by_root) = get(format!("{}/eth/v1/beacon/headers/{root}", devnet.url())).await;
    assert_eq!(by_root["data"]["header"], header["data"]["header"]);
}

fn check_proof(sidecar: &Value) {
    let blob: Blob = serde_json::from_value(sidecar["blob"].clone()).unwrap();
    let part = |name: &str| -> Bytes48 { serde_json::from_value(sidecar[name].clone()).unwrap() };
    let kzg = EnvKzgSettings::Default;
    let (commitment, proof) = (part("kzg_commitment"), part("kzg_proof"));
    let (commitment, proof) = (commitment.as_ckzg(), proof.as_ckzg());
    assert!(kzg.get().verify_blob_kzg_proof(blob.as_ckzg(), commitment, proof).unwrap());
}

/// As the consensus specification's `verify_blob_sidecar_inclusion_proof`.
fn check_inclusion(sidecar: &Value, index: usize, message: &Value) {
    let hash =
        |left: &[u8], right: &[u8]| B256::from_slice(&Sha256::digest([left, right].concat()));
    let commitment: Bytes48 = serde_json::from_value(sidecar["kzg_commitment"].clone()).unwrap();
    let mut padded = commitment.to_vec();
    padded.resize(64, 0);
    let leaf = hash(&padded[..32], &padded[32..]);
    let proof: Vec<B256> =
        serde_json::from_value(sidecar["kzg_commitment_inclusion_proof"].clone()).unwrap();
    assert_eq!(proof.len(), 17);
    // get_generalized_index(BeaconBlockBody, 'blob_kzg_commitments', index), less its depth bit.
    let place = (11 << 13) + index;
    let root = (0..17).fold(leaf, |node, depth| match (place >> depth) & 1 {
        0 => hash(node.as_slice(), proof[depth].as_slice()),
        _ => hash(proof[depth].as_slice(), node.as_slice()),
    });
    assert_eq!(json!(root), message["body_root"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beacon_routes_answer_what_is_wrong() {
    let devnet = start(Config::default()).await;
    for (path, status, words) in [
        ("beacon/blobs/nonsense", 400, "Invalid block ID"),
        ("beacon/blobs/0x01", 400, "Invalid block ID"),
        ("beacon/blobs/99999", 404, "Block not found"),
        ("beacon/headers/99999999999999999999999", 400, "Invalid block ID"),
        ("beacon/headers/18446744073709551615", 404, "Block not found"),
        ("beacon/blobs/head?versioned_hashes=0x01", 400, "Invalid versioned hash"),
    ] {
        let (got, answer) = get(format!("{}/eth/v1/{path}", devnet.url())).await;
        assert_eq!(got, status, "{path}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(words), "{path}: {answer}");
    }
    for path in ["config/spec", "node/version", "node/syncing", "beacon/headers/finalized"] {
        let (status, answer) = get(format!("{}/eth/v1/{path}", devnet.url())).await;
        assert_eq!(status, 200, "{path}");
        assert!(answer["data"].is_object(), "{path}: {answer}");
    }
}
