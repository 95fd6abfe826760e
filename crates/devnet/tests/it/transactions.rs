//! The pool and the blocks, through alloy.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, U256};
use alloy::providers::Provider;
use altana_devnet::{Config, Devnet, Mining};
use serde_json::json;
use std::time::Duration;

use crate::common::{account, call, manual, provider, start, submit, transfer, try_call};

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_mined_before_its_submission_returns() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), Address::repeat_byte(7));
    let sent = provider.send_transaction(transfer(from, to, 5)).await.unwrap();
    let receipt = provider.get_transaction_receipt(*sent.tx_hash()).await.unwrap().unwrap();
    assert!(receipt.status());
    assert_eq!((receipt.gas_used, receipt.block_number), (21_000, Some(1)));
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(5));
    assert_eq!(provider.get_chain_id().await.unwrap(), 31337);
    devnet.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_nonces_waits_until_it_is_filled() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), account(&devnet, 1));
    let second = transfer(from, to, 1).nonce(1);
    submit(&provider, second).await;
    assert_eq!(provider.get_block_number().await.unwrap(), 0);
    let status = call(&provider, "txpool_status", json!([])).await;
    assert_eq!(status, json!({ "pending": "0x0", "queued": "0x1" }));
    submit(&provider, transfer(from, to, 1).nonce(0)).await;
    assert_eq!(provider.get_transaction_count(from).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_must_pay_a_tenth_more() {
    let devnet = start(manual()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), account(&devnet, 1));
    let with = |fee: u128, tip: u128| {
        let mut tx = transfer(from, to, 1).nonce(0);
        tx.max_fee_per_gas = Some(fee);
        tx.max_priority_fee_per_gas = Some(tip);
        tx
    };
    submit(&provider, with(2_000_000_000, 100)).await;
    let low = provider.send_transaction(with(2_100_000_000, 105)).await.unwrap_err();
    assert!(low.to_string().contains("replacement transaction underpriced"), "{low}");
    let better = provider.send_transaction(with(2_200_000_000, 110)).await.unwrap();
    let hash = *better.tx_hash();
    call(&provider, "evm_mine", json!([])).await;
    let block = provider.get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap();
    assert_eq!(block.transactions.hashes().collect::<Vec<_>>(), [hash]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_run_is_refused_in_the_words_that_wallets_know() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let (from, to) = (account(&devnet, 0), account(&devnet, 1));
    submit(&provider, transfer(from, to, 1)).await;
    let base = || transfer(from, to, 1).nonce(1);
    let mut poor = base();
    poor.value = Some(U256::MAX / U256::from(2));
    let mut little_gas = base();
    little_gas.gas = Some(20_999);
    let mut much_gas = base();
    much_gas.gas = Some(16_777_217);
    let mut tip = base();
    tip.max_priority_fee_per_gas = Some(30_000_000_000);
    let mut chain = base();
    chain.chain_id = Some(1);
    let mut init_code = base();
    init_code.to = Some(alloy::primitives::TxKind::Create);
    init_code.gas = Some(16_000_000);
    init_code.input.input = Some(vec![0; 49_153].into());
    for (tx, words) in [
        (transfer(from, to, 1).nonce(0), "already known"),
        (transfer(from, to, 2).nonce(0), "nonce too low"),
        (base().nonce(1_000_000), "nonce too high"),
        (poor, "insufficient funds for gas * price + value"),
        (little_gas, "intrinsic gas too low"),
        (much_gas, "transaction gas limit too high"),
        (tip, "max priority fee per gas higher than max fee per gas"),
        (chain, "invalid chain id"),
        (init_code, "max initcode size exceeded"),
    ] {
        let error = provider.send_transaction(tx).await.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(call(&provider, "txpool_status", json!([])).await["pending"], "0x0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_tip_comes_first_and_base_fees_move() {
    let devnet = start(Config { gas_limit: 1_000_000, ..manual() }).await;
    let provider = provider(&devnet);
    let to = Address::repeat_byte(9);
    let mut sent = Vec::new();
    for (index, tip) in [(0, 1), (1, 3), (2, 2)] {
        let mut tx = transfer(account(&devnet, index), to, 1);
        tx.max_priority_fee_per_gas = Some(tip);
        sent.push(*provider.send_transaction(tx).await.unwrap().tx_hash());
    }
    call(&provider, "evm_mine", json!([])).await;
    let block = provider.get_block_by_number(1.into()).await.unwrap().unwrap();
    let order: Vec<_> = block.transactions.hashes().collect();
    assert_eq!(order, [sent[1], sent[2], sent[0]]);
    // Empty blocks lower the base fee by an eighth.
    call(&provider, "evm_mine", json!([])).await;
    let genesis = provider.get_block_by_number(0.into()).await.unwrap().unwrap();
    let first = block.header.base_fee_per_gas;
    assert_eq!(genesis.header.base_fee_per_gas, Some(1_000_000_000));
    assert_eq!(first, Some(875_000_000));
    let second = provider.get_block_by_number(2.into()).await.unwrap().unwrap();
    assert!(second.header.base_fee_per_gas < first);
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_and_finalized_follow_the_head_at_their_depths() {
    let config = Config { safe_depth: 2, finalized_depth: 5, ..manual() };
    let devnet = start(config).await;
    let provider = provider(&devnet);
    call(&provider, "anvil_mine", json!([7])).await;
    for (tag, number) in [
        (BlockNumberOrTag::Latest, 7),
        (BlockNumberOrTag::Safe, 5),
        (BlockNumberOrTag::Finalized, 2),
    ] {
        let block = provider.get_block_by_number(tag).await.unwrap().unwrap();
        assert_eq!(block.header.number, number, "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_by_themselves_and_subscribers_hear_of_them() {
    use futures::StreamExt as _;
    let mining = Mining::Interval(Duration::from_millis(50));
    let devnet = start(Config { mining, ..Config::default() }).await;
    let ws = alloy::providers::WsConnect::new(devnet.ws_url());
    let subscriber = alloy::providers::ProviderBuilder::new().connect_ws(ws).await.unwrap();
    let mut heads = subscriber.subscribe_blocks().await.unwrap().into_stream();
    let first = heads.next().await.unwrap();
    let second = heads.next().await.unwrap();
    assert_eq!(second.number, first.number + 1);
    assert_eq!(second.parent_hash, first.hash);
    assert!(second.timestamp > first.timestamp);
    let provider = provider(&devnet);
    let tx = transfer(account(&devnet, 0), account(&devnet, 1), 1);
    let receipt = provider.send_transaction(tx).await.unwrap().get_receipt().await.unwrap();
    assert!(receipt.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_signs_for_dev_accounts_and_impersonated_ones() {
    let devnet = start(Config::default()).await;
    let provider = provider(&devnet);
    let (from, stranger) = (account(&devnet, 0), Address::repeat_byte(0x55));
    let listed = call(&provider, "eth_accounts", json!([])).await;
    assert_eq!(listed[0], json!(from));
    let ether = json!("0xde0b6b3a7640000");
    let request = json!([{ "from": from, "to": stranger, "value": ether }]);
    let hash = call(&provider, "eth_sendTransaction", request).await;
    let receipt = call(&provider, "eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!((&receipt["status"], &receipt["gasUsed"]), (&json!("0x1"), &json!("0x5208")));

    let spend = json!([{ "from": stranger, "to": from, "value": "0x1" }]);
    let refused = try_call(&provider, "eth_sendTransaction", spend.clone()).await.unwrap_err();
    assert!(refused.contains("No Signer available"), "{refused}");
    call(&provider, "anvil_impersonateAccount", json!([stranger])).await;
    let hash = call(&provider, "eth_sendTransaction", spend).await;
    let mined = call(&provider, "eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(mined["from"], json!(stranger));

    let message = json!([from, "0xdeadbeef"]);
    let signature = call(&provider, "eth_sign", message).await;
    let signature: alloy::primitives::Signature =
        signature.as_str().unwrap().parse().expect("a signature");
    let who = signature.recover_address_from_msg([0xde, 0xad, 0xbe, 0xef]).unwrap();
    assert_eq!(who, from);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_in_a_folder_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = || Config { dir: Some(dir.path().to_owned()), ..Config::default() };
    let devnet = start(config()).await;
    let to = Address::repeat_byte(3);
    let sent = provider(&devnet).send_transaction(transfer(account(&devnet, 0), to, 5)).await;
    let hash = *sent.unwrap().tx_hash();
    let genesis = devnet.ledger().genesis().hash();
    devnet.shutdown().await;

    let devnet = start(config()).await;
    let provider = provider(&devnet);
    assert_eq!(devnet.ledger().genesis().hash(), genesis);
    assert_eq!(provider.get_balance(to).await.unwrap(), U256::from(5));
    assert!(provider.get_transaction_receipt(hash).await.unwrap().is_some());
    submit(&provider, transfer(account(&devnet, 0), to, 5)).await;
    assert_eq!(provider.get_block_number().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_over_the_state_lasts_and_can_be_reorganised() {
    let dir = tempfile::tempdir().unwrap();
    let config = || Config { dir: Some(dir.path().to_owned()), ..Config::default() };
    let devnet = start(config()).await;
    let node = provider(&devnet);
    let (rich, code) = (Address::repeat_byte(0x77), Address::repeat_byte(0xc0));
    // `sload(0)`, returned.
    let contract = json!([code, "0x5f545f5260205ff3"]);
    let value = B256::with_last_byte(42);
    call(&node, "anvil_setCode", contract).await;
    call(&node, "anvil_setStorageAt", json!([code, "0x0", value])).await;
    call(&node, "anvil_setBalance", json!([rich, "0xde0b6b3a7640000"])).await;
    call(&node, "anvil_setNonce", json!([rich, 5])).await;
    call(&node, "anvil_impersonateAccount", json!([rich])).await;
    let spend = json!([{ "from": rich, "to": code.create(1), "value": "0x1" }]);
    let spent = call(&node, "eth_sendTransaction", spend).await;
    call(&node, "anvil_reorg", json!([5, []])).await;
    let trace = call(&node, "debug_traceTransaction", json!([spent])).await;
    assert_eq!(trace["failed"], json!(false), "{trace}");
    let nothing = json!([Address::repeat_byte(1), "0x0", value]);
    let refused = try_call(&node, "anvil_setStorageAt", nothing).await.unwrap_err();
    assert!(refused.contains("is empty"), "{refused}");
    devnet.shutdown().await;

    let devnet = start(config()).await;
    let node = provider(&devnet);
    let call_it = json!([{ "to": code }, "latest"]);
    assert_eq!(call(&node, "eth_call", call_it).await, json!(value));
    assert_eq!(node.get_transaction_count(rich).await.unwrap(), 6);
    let mined = call(&node, "eth_getTransactionByHash", json!([spent])).await;
    assert_eq!(mined["from"], json!(rich));
    call(&node, "anvil_rollback", json!([node.get_block_number().await.unwrap()])).await;
    assert_eq!(node.get_balance(rich).await.unwrap(), U256::ZERO);
    assert!(node.get_code_at(code).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_named_and_a_taken_port_is_told() {
    for (config, field) in [
        (Config { mining: Mining::Interval(Duration::ZERO), ..Config::default() }, "mining"),
        (Config { safe_depth: 3, ..Config::default() }, "finalized_depth"),
        (Config { mnemonic: "one two".into(), ..Config::default() }, "mnemonic"),
        (Config { accounts: u32::MAX, ..Config::default() }, "accounts"),
    ] {
        let error = Devnet::start(config).await.expect_err(field).to_string();
        assert!(error.contains(field), "{error}");
    }
    let devnet = start(Config::default()).await;
    let port = devnet.url().rsplit(':').next().unwrap().parse().unwrap();
    let error = Devnet::start(Config { port, ..Config::default() }).await.expect_err("taken");
    assert!(error.to_string().contains("cannot listen"), "{error}");
}
