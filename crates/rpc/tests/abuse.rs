//! Garbage and greed: every answer is an error or a result, and the server lives on.

mod common;

use altana_rpc::Limits;
use common::{CHAIN_ID, Chain, Client, signer, transfer};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A small pseudo-random generator (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

async fn is_alive(client: &Client) -> bool {
    client.call("eth_chainId", json!([])).await == Ok(json!("0x7a69"))
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_rpc_are_refused() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let bodies = [
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "[1,2,3]".into(),
        "[[[]]]".into(),
        "\u{0}\u{1}\u{2}".into(),
        "{\"jsonrpc\":\"2.0\"".into(),
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        r#"{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}"#.into(),
        r#"{"jsonrpc":"2.0","id":1,"method":"no_such"}"#.into(),
        r#"{"jsonrpc":"2.0","id":1,"method":17}"#.into(),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "x".repeat(100_000)),
    ];
    for body in bodies {
        let shown = body.chars().take(40).collect::<String>();
        let (status, text) = client.post(body).await;
        let failed = status >= 400 || text.contains("\"error\"");
        assert!(failed, "{shown}: {status} {text}");
    }
    assert!(is_alive(&client).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_too_many_is_refused() {
    let chain = Chain::new(&[]);
    let limits = Limits {
        request_bytes: 100_000,
        batch_len: 10,
        filters: 3,
        logs_blocks: 5,
        response_bytes: 50_000,
        ..Default::default()
    };
    let server = chain.serve(limits).await;
    let client = Client::of(&server);
    for _ in 0..20 {
        chain.mine(Vec::new());
    }

    assert_eq!(client.post("x".repeat(100_001)).await.0, 413);
    let one = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" });
    let answer = client.send(Value::from(vec![one; 11])).await;
    assert!(answer["error"].is_object(), "{answer}");
    let many = json!([{ "topics": [
        (0..1_001u64).map(|i| format!("{:#066x}", i)).collect::<Vec<_>>()
    ] }]);
    assert_eq!(client.call("eth_newFilter", many).await.unwrap_err().0, -32005);
    for _ in 0..3 {
        client.call("eth_newBlockFilter", json!([])).await.unwrap();
    }
    assert_eq!(client.call("eth_newBlockFilter", json!([])).await.unwrap_err().0, -32005);
    let range = json!([{ "fromBlock": "0x0", "toBlock": "0x14" }]);
    assert_eq!(client.call("eth_getLogs", range).await.unwrap_err().0, -32005);
    let keys = vec!["0x0"; 1_025];
    let proof = client.call("eth_getProof", json!([common::CONTRACT, keys, "latest"])).await;
    assert_eq!(proof.unwrap_err().0, -32005);
    assert!(is_alive(&client).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_loops_end() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits { trace_steps: 10_000, ..Default::default() }).await;
    let client = Client::of(&server);
    // JUMPDEST; PUSH0; JUMP
    let code = json!({ common::CONTRACT.to_string(): { "code": "0x5b5f56" } });
    let call = json!({ "to": common::CONTRACT });
    let (code_of, message) =
        client.call("eth_call", json!([call, "latest", code])).await.unwrap_err();
    assert_eq!((code_of, message.as_str()), (-32000, "out of gas"));
    let options = json!({ "stateOverrides": code });
    let traced = client.call("debug_traceCall", json!([call, "latest", options])).await;
    assert_eq!(traced.unwrap_err(), (-32005, "trace has too many steps".into()));
    let estimate = client.call("eth_estimateGas", json!([call, "latest", code])).await;
    assert!(estimate.unwrap_err().1.contains("gas required exceeds allowance"));
}

/// Bounded steps alone would not bound what a trace holds.
#[tokio::test(flavor = "multi_thread")]
async fn traces_of_much_memory_end() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits { trace_bytes: 50_000_000, ..Default::default() }).await;
    let client = Client::of(&server);
    let call = json!({ "to": common::CONTRACT });
    let cases = [
        // MSTORE at one megabyte, then JUMPDEST; PUSH1 7; JUMP.
        ("0x6001620fffe0525b600756", json!({ "enableMemory": true })),
        // A thousand times PUSH0, then JUMPDEST; PUSH2 1000; JUMP.
        (&*format!("0x{}5b6103e856", "5f".repeat(1_000)), json!({})),
        // Again and again STATICCALL of an empty account with one megabyte of data.
        ("0x5b5f5f621000005f60ee5ffa505f56", json!({ "tracer": "callTracer" })),
        ("0x5b5f5f621000005f60ee5ffa505f56", json!({ "tracer": "4byteTracer" })),
    ];
    for (code, mut options) in cases {
        options["stateOverrides"] = json!({ common::CONTRACT.to_string(): { "code": code } });
        let traced = client.call("debug_traceCall", json!([call, "latest", options])).await;
        assert_eq!(traced.unwrap_err(), (-32005, "trace is too large".into()), "{options}");
    }
    assert!(is_alive(&client).await);
}

/// Every method of the table, by its family.
const METHODS: [&str; 60] = [
    "eth_chainId",
    "eth_syncing",
    "eth_accounts",
    "eth_mining",
    "eth_hashrate",
    "eth_config",
    "eth_capabilities",
    "eth_blockNumber",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
    "eth_getHeaderByNumber",
    "eth_getHeaderByHash",
    "eth_getBlockTransactionCountByNumber",
    "eth_getBlockTransactionCountByHash",
    "eth_getUncleCountByBlockNumber",
    "eth_getUncleCountByBlockHash",
    "eth_getTransactionByHash",
    "eth_getTransactionByBlockNumberAndIndex",
    "eth_getTransactionByBlockHashAndIndex",
    "eth_getRawTransactionByHash",
    "eth_getTransactionReceipt",
    "eth_getBlockReceipts",
    "eth_getBalance",
    "eth_getCode",
    "eth_getTransactionCount",
    "eth_getStorageAt",
    "eth_getStorageValues",
    "eth_getProof",
    "eth_getAccount",
    "eth_gasPrice",
    "eth_maxPriorityFeePerGas",
    "eth_baseFee",
    "eth_blobBaseFee",
    "eth_feeHistory",
    "eth_call",
    "eth_estimateGas",
    "eth_createAccessList",
    "eth_simulateV1",
    "eth_getLogs",
    "eth_newFilter",
    "eth_getFilterChanges",
    "eth_getFilterLogs",
    "eth_uninstallFilter",
    "eth_sendRawTransaction",
    "debug_getRawHeader",
    "debug_getRawBlock",
    "debug_getRawReceipts",
    "debug_getRawTransaction",
    "debug_traceTransaction",
    "debug_traceBlockByNumber",
    "debug_traceBlockByHash",
    "debug_traceCall",
    "net_version",
    "web3_sha3",
    "rpc_modules",
    "txpool_content",
    "txpool_contentFrom",
    "optimism_outputAtBlock",
    "optimism_syncStatus",
    "web3_clientVersion",
];

/// A value that some method may take for a parameter, or may not.
fn value(random: &mut Random, depth: usize, hash: &str) -> Value {
    let strings = [
        "latest",
        "pending",
        "earliest",
        "safe",
        "finalized",
        "0x",
        "0x0",
        "0x1",
        "0xffffffffffffffff",
        "0x10000000000000000",
        "-1",
        "0xzz",
        "newHeads",
        hash,
        "0x00000000000000000000000000000000000c0de1",
        "0x5b5f56",
        "\u{1F980}",
    ];
    let keys = [
        "to",
        "from",
        "data",
        "input",
        "gas",
        "gasPrice",
        "maxFeePerGas",
        "value",
        "nonce",
        "blockHash",
        "blockNumber",
        "fromBlock",
        "toBlock",
        "address",
        "topics",
        "tracer",
        "tracerConfig",
        "blockStateCalls",
        "calls",
        "stateOverrides",
        "blockOverrides",
        "number",
        "time",
        "code",
        "balance",
        "state",
        "authorizationList",
        "blobVersionedHashes",
        "accessList",
        "type",
        "0x00000000000000000000000000000000000c0de1",
        "validation",
    ];
    match random.below(if depth > 3 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.below(3) == 0),
        2 => json!(random.next()),
        3 | 4 => json!(random.pick(&strings)),
        5 => (0..random.below(4)).map(|_| value(random, depth + 1, hash)).collect(),
        _ => {
            let mut object = serde_json::Map::new();
            for _ in 0..random.below(5) {
                let key = (*random.pick(&keys)).to_owned();
                object.insert(key, value(random, depth + 1, hash));
            }
            Value::Object(object)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_parameters_make_a_method_fail_in_an_unforeseen_way() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let raw = transfer(&signer, CHAIN_ID, 0, 1).await;
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await.unwrap();
    let hash = hash.as_str().unwrap();

    let mut random = Random(0x0A17_A4A5);
    for round in 0..4_000 {
        let method = METHODS[round % METHODS.len()];
        let params: Value = (0..random.below(5)).map(|_| value(&mut random, 0, hash)).collect();
        let answer = client.call(method, params.clone()).await;
        // -32603 is "a fault of this side"; only a simulated nonce overflow has that code too.
        if let Err((code, message)) = answer {
            let foreseen = code != -32603 || message.starts_with("err: ");
            assert!(foreseen, "{method} {params}: {code} {message}");
        }
    }
    assert!(is_alive(&client).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn mutilated_transactions_are_refused_or_taken_never_worse() {
    let signer = signer(1);
    let chain = Chain::new(&[signer.address()]);
    let server = chain.serve(Limits::default()).await;
    let client = Client::of(&server);
    let raw = transfer(&signer, CHAIN_ID, 0, 1).await;
    let mut random = Random(7);
    let mut batch = Vec::new();
    for id in 0..1_000 {
        let mut bytes = alloy::primitives::hex::decode(&raw).unwrap();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = u8::try_from(random.next() & 0xff).unwrap();
        }
        bytes.truncate(bytes.len() - random.below(3));
        let raw = alloy::primitives::hex::encode_prefixed(bytes);
        let method = "eth_sendRawTransaction";
        batch.push(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": [raw] }));
    }
    let answers = client.send(Value::from(batch)).await;
    for answer in answers.as_array().unwrap() {
        let code = answer["error"]["code"].as_i64();
        assert!(code.is_none() || code == Some(-32000), "{answer}");
    }
    assert!(is_alive(&client).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_over_the_limit_are_turned_away() {
    let chain = Chain::new(&[]);
    let server = chain.serve(Limits { connections: 2, ..Default::default() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let url = alloy::providers::WsConnect::new(server.ws_url());
        held.push(alloy::providers::ProviderBuilder::new().connect_ws(url).await.unwrap());
    }
    assert_eq!(Client::of(&server).post("{}").await.0, 429);
}

/// Else a thousand such requests would take all connections there are.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_not_waited_for() {
    let chain = Chain::new(&[]);
    let limits = Limits { request_time: Duration::from_millis(20), ..Default::default() };
    let server = chain.serve(limits).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    stream.write_all(format!("{head}content-length: 100\r\n\r\n{{").as_bytes()).await.unwrap();
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 ");
}
