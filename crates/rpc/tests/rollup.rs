//! What OP Stack wallets and tools expect of a rollup.

mod common;

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_genesis::{Genesis, GenesisAccount};
use altana_ledger::{Block, BlockAttributes, Ledger, Messages, Options, Rules, genesis_header};
use altana_protocol::{ChainSpec, transaction::TxDeposit};
use altana_rpc::{
    Backend, L1Origin, Limits, PoolContent, PoolStatus, RollupInfo, Server, Submission, SubmitError,
};
use common::{Chain, Client, signer, transfer};
use futures::future::BoxFuture;
use serde_json::{Value, json};

const ROLLUP_ID: u64 = 901;

fn ledger(funded: Address) -> Ledger {
    let mut genesis = Genesis { gas_limit: 30_000_000, ..Default::default() };
    genesis.config.chain_id = ROLLUP_ID;
    let rich = GenesisAccount::default().with_balance(U256::from(10).pow(U256::from(20)));
    genesis.alloc.insert(funded, rich);
    let mut spec = ChainSpec {
        name: "test".into(),
        chain_id: ROLLUP_ID,
        parent_chain_id: 1,
        portal: Address::ZERO,
        gas_limit: 30_000_000,
        batch_gas: 1024 * 30_000_000,
        elasticity: 2,
        denominator: 8,
        min_base_fee: 1_000,
        genesis_hash: B256::ZERO,
    };
    let header = genesis_header(&genesis, &Rules::Rollup(spec.clone())).unwrap();
    spec.genesis_hash = header.hash_slow();
    Ledger::open(None, &genesis, Rules::Rollup(spec), Options::default()).unwrap()
}

/// A [`Chain`] that knows it is a rollup.
struct Rollup(Arc<Chain>);

struct Info;

impl RollupInfo for Info {
    fn config(&self) -> Value {
        json!({ "l2_chain_id": ROLLUP_ID })
    }

    fn origin(&self, _: &Block) -> Option<L1Origin> {
        Some(L1Origin { number: 5, ..Default::default() })
    }

    fn parent_heads(&self) -> [L1Origin; 4] {
        [5, 7, 6, 4].map(|number| L1Origin { number, ..Default::default() })
    }
}

impl Backend for Rollup {
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        self.0.submit(batch)
    }

    fn pending(&self) -> Option<Arc<altana_ledger::Pending>> {
        None
    }

    fn pooled(&self, hash: B256) -> Option<Arc<common::Recovered<common::Transaction>>> {
        self.0.pooled(hash)
    }

    fn pooled_nonce(&self, address: Address) -> Option<u64> {
        self.0.pooled_nonce(address)
    }

    fn pool_content(&self) -> PoolContent {
        self.0.pool_content()
    }

    fn pool_status(&self) -> PoolStatus {
        self.0.pool_status()
    }

    fn pool_events(
        &self,
    ) -> tokio::sync::broadcast::Receiver<Arc<common::Recovered<common::Transaction>>> {
        self.0.pool_events()
    }

    fn rollup(&self) -> Option<Arc<dyn RollupInfo>> {
        Some(Arc::new(Info))
    }
}

fn deposit(ledger: &Ledger, tx: TxDeposit) {
    let head = ledger.head();
    let attributes = BlockAttributes {
        timestamp: head.header.timestamp + 1,
        messages: Messages { deposits: vec![tx], prev_randao: None },
        ..Default::default()
    };
    let builder = ledger.build(head.hash(), attributes).unwrap();
    ledger.commit(builder.seal().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn deposits_receipts_and_output_roots_have_the_op_stacks_shape() {
    let signer = signer(1);
    let ledger = ledger(signer.address());
    let chain = Chain::over(ledger.clone());
    let server = Server::new(ledger.clone(), Arc::new(Rollup(Arc::clone(&chain))))
        .limits(Limits::default())
        .serve(([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let client = Client::of(&server);
    let from = Address::with_last_byte(9);
    let tx = TxDeposit {
        source_hash: B256::with_last_byte(1),
        from,
        to: TxKind::Call(Address::with_last_byte(8)),
        mint: 1_000,
        value: U256::from(400),
        gas_limit: 100_000,
        is_system_transaction: false,
        input: Bytes::new(),
    };
    let hash = tx.tx_hash();
    deposit(&ledger, tx);

    let shown = client.call("eth_getTransactionByHash", json!([hash])).await.unwrap();
    let expect = json!({
        "type": "0x7e", "sourceHash": B256::with_last_byte(1), "mint": "0x3e8",
        "value": "0x190", "gasPrice": "0x0", "isSystemTx": false, "nonce": "0x0",
        "depositReceiptVersion": "0x1", "v": "0x0", "r": "0x0", "s": "0x0",
    });
    for (key, value) in expect.as_object().unwrap() {
        assert_eq!(&shown[key], value, "{key}");
    }
    let receipt = client.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
    assert_eq!(receipt["depositNonce"], "0x0");
    assert_eq!(receipt["depositReceiptVersion"], "0x1");
    assert_eq!(receipt["l1Fee"], "0x0");
    let balance = client.call("eth_getBalance", json!([from])).await.unwrap();
    assert_eq!(balance, "0x258");

    let raw = transfer(&signer, ROLLUP_ID, 0, 1).await;
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await.unwrap();
    let receipt = client.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
    for key in ["l1Fee", "l1GasUsed", "l1GasPrice", "l1BaseFeeScalar", "l1BlobBaseFee"] {
        assert!(receipt[key].is_string(), "{key} in {receipt}");
    }
    assert!(receipt.get("depositNonce").is_none());

    let head = ledger.head();
    let output = client.call("optimism_outputAtBlock", json!(["latest"])).await.unwrap();
    let storage_root = head.header.withdrawals_root.unwrap();
    let root = keccak256([B256::ZERO, head.header.state_root, storage_root, head.hash()].concat());
    assert_eq!(output["outputRoot"], json!(root));
    let status = client.call("optimism_syncStatus", json!([])).await.unwrap();
    assert_eq!(status["unsafe_l2"]["number"], 2);
    assert_eq!(status["unsafe_l2"]["l1origin"]["number"], 5);
    assert_eq!(status["head_l1"]["number"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn deposits_and_blobs_cannot_be_sent_to_a_rollup() {
    let ledger = ledger(Address::ZERO);
    let server = Chain::over(ledger).serve(Limits::default()).await;
    let client = Client::of(&server);
    for (raw, ty) in [("0x7ec0", 126), ("0x03c0", 3)] {
        let (code, message) =
            client.call("eth_sendRawTransaction", json!([raw])).await.unwrap_err();
        assert_eq!((code, message), (-32000, format!("transaction type not supported: {ty}")));
    }
    assert_eq!(client.call("optimism_syncStatus", json!([])).await.unwrap_err().0, -32601);
    assert_eq!(client.call("eth_config", json!([])).await.unwrap_err().0, -32601);
}

/// A call may use more gas than a transaction may have; an estimate says what can be sent.
#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_is_never_more_than_a_transaction_may_have() {
    let server = Chain::over(ledger(Address::ZERO)).serve(Limits::default()).await;
    let client = Client::of(&server);
    let to = Address::with_last_byte(0xee);
    // Counts down from 769,000: 20 million gas.
    let code = json!({ to.to_string(): { "code": "0x620bbbe85b600190038060045700" } });
    let request = json!([{ "to": to }, "latest", code]);
    assert_eq!(client.call("eth_call", request.clone()).await.unwrap(), "0x");
    let (_, message) = client.call("eth_estimateGas", request).await.unwrap_err();
    assert_eq!(message, "gas required exceeds allowance (16777216)");
}
