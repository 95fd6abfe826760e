//! The same steps on the devnet and on anvil's real binary give the same results.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use alloy::consensus::{BlobTransactionSidecarVariant, SidecarBuilder, SimpleCoder};
use alloy::eips::eip2718::Encodable2718 as _;
use alloy::eips::eip7702::Authorization;
use alloy::network::{EthereumWallet, NetworkTransactionBuilder as _, TransactionBuilder4844 as _};
use alloy::primitives::{Address, B256, Bytes, TxKind, U256, address, hex};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{AccessList, AccessListItem, TransactionRequest};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolValue as _;
use altana_devnet::{Accounts, Config};
use serde_json::{Value, json};

use crate::common::{artifact, get, start, tool, try_call};

/// An anvil that stops when this is dropped.
struct Anvil {
    process: Child,
    url: String,
}

impl Anvil {
    fn start() -> Self {
        let mut command = tool("anvil");
        command.args(["--hardfork", "osaka", "--port", "0", "--gas-limit", "60000000"]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("anvil starts");
        let stdout = process.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines();
        let address = lines
            .find_map(|line| Some(line.expect("text").strip_prefix("Listening on ")?.to_owned()));
        // Keeps the pipe open: anvil logs each request.
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://{}", address.expect("anvil says where it listens"));
        Self { process, url }
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One thing to do on both.
enum Step {
    /// Sign, send, and look at the receipt.
    Send(&'static str, Box<TransactionRequest>),
    /// Call a method; look at the result, or at whether it is an error.
    Call(&'static str, Value),
}

const TOKEN: Address = address!("5FbDB2315678afecb367f032d93F642f64180aa3");
const CREATE2: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

fn signer() -> PrivateKeySigner {
    Accounts::derive(&Config::default()).expect("default accounts").signers()[0].clone()
}

fn tx(to: impl Into<TxKind>, gas: u64, input: impl Into<Bytes>) -> TransactionRequest {
    TransactionRequest {
        to: Some(to.into()),
        gas: Some(gas),
        input: input.into().into(),
        max_fee_per_gas: Some(10_000_000_000),
        max_priority_fee_per_gas: Some(1_000_000_000),
        ..TransactionRequest::default()
    }
}

fn to_u64(n: u64) -> Address {
    Address::left_padding_from(&n.to_be_bytes())
}

/// Init code that runs `body` and leaves no code behind.
fn run(body: &[u8]) -> TransactionRequest {
    tx(TxKind::Create, 500_000, body.to_vec())
}

fn sidecar() -> BlobTransactionSidecarVariant {
    let builder = SidecarBuilder::<SimpleCoder>::from_slice(b"the same on both");
    builder.build_7594().expect("cell proofs").into()
}

fn blob_hash() -> B256 {
    sidecar().versioned_hashes().next().expect("one blob")
}

fn transactions() -> Vec<Step> {
    let me = signer().address();
    let token = artifact(
        "DemoToken",
        &("Demo".to_owned(), "DEMO".to_owned(), U256::from(1000)).abi_encode_params(),
    );
    let transfer = |to: Address, amount: u64| {
        [&hex!("a9059cbb")[..], &(to, U256::from(amount)).abi_encode()].concat()
    };
    let mut legacy = tx(Address::repeat_byte(1), 21_000, vec![]);
    legacy.gas_price = Some(3_000_000_000);
    (legacy.max_fee_per_gas, legacy.max_priority_fee_per_gas) = (None, None);
    let mut listed = tx(TOKEN, 100_000, transfer(to_u64(0x77), 2));
    listed.access_list = Some(AccessList(vec![AccessListItem {
        address: TOKEN,
        storage_keys: vec![B256::ZERO, B256::with_last_byte(1)],
    }]));
    let mut value = tx(to_u64(0x1234), 21_000, vec![]);
    value.value = Some(U256::from(12345));
    let create2 = [&[0u8; 32][..], &artifact("Multicall3", &[])].concat();
    let modexp = [
        U256::from(64).to_be_bytes::<32>(),
        U256::from(32).to_be_bytes::<32>(),
        U256::from(64).to_be_bytes::<32>(),
    ]
    .concat();
    let modexp = [&modexp[..], &[0xab; 160]].concat();
    let authorization = Authorization { chain_id: U256::from(31337), address: TOKEN, nonce: 0 };
    let other = Accounts::derive(&Config::default()).expect("accounts").signers()[3].clone();
    let signature = other.sign_hash_sync(&authorization.signature_hash()).expect("signs");
    let mut delegate = tx(other.address(), 200_000, transfer(me, 0));
    delegate.authorization_list = Some(vec![authorization.into_signed(signature)]);
    let mut blob = tx(Address::repeat_byte(9), 21_000, vec![]);
    blob.set_blob_sidecar(sidecar());
    blob.max_fee_per_blob_gas = Some(1_000_000_000);

    // PUSH0 CLZ PUSH0 SSTORE STOP; Osaka.
    let clz = hex!("5f1e5f5500");
    // PUSH1 1 PUSH0 TSTORE, PUSH0 TLOAD PUSH0 SSTORE, MCOPY, STOP; Cancun.
    let transient = hex!("60015f5d5f5c5f5560205f60405e00");
    // ADDRESS SELFDESTRUCT in its own creation.
    let destruct = hex!("30ff");
    // A counter: each call adds one to slot 0, and clears slot 1 after setting it (refund).
    let counter = hex!("600a600b5f39600a5ff35f546001015f5500000000");
    vec![
        Step::Send("deploy a token", Box::new(tx(TxKind::Create, 3_000_000, token))),
        Step::Send("transfer tokens", Box::new(tx(TOKEN, 100_000, transfer(to_u64(0x55), 10)))),
        Step::Send("a transfer that reverts", Box::new(tx(TOKEN, 100_000, transfer(me, 5000)))),
        Step::Send("legacy", Box::new(legacy)),
        Step::Send("value to a new account", Box::new(value)),
        Step::Send("access list", Box::new(listed)),
        Step::Send("create2", Box::new(tx(CREATE2, 3_000_000, create2))),
        Step::Send("calldata floor", Box::new(tx(to_u64(0x99), 200_000, vec![1; 2_000]))),
        Step::Send("modexp", Box::new(tx(to_u64(5), 500_000, modexp))),
        Step::Send("p256verify", Box::new(tx(to_u64(0x100), 60_000, vec![1; 160]))),
        Step::Send("point evaluation of nothing", Box::new(tx(to_u64(10), 100_000, vec![0; 192]))),
        Step::Send("count leading zeros", Box::new(run(&clz))),
        Step::Send("transient storage", Box::new(run(&transient))),
        Step::Send("selfdestruct while created", Box::new(run(&destruct))),
        Step::Send("deploy a counter", Box::new(run(&counter))),
        Step::Send("out of gas", Box::new(run(&hex!("5b5f56")))),
        Step::Send("invalid opcode", Box::new(run(&hex!("fe")))),
        Step::Send("delegate by 7702", Box::new(delegate)),
        Step::Send("blob", Box::new(blob)),
    ]
}

fn calls() -> Vec<Step> {
    let me = signer().address();
    let call = |method, params| Step::Call(method, params);
    let supply = json!([{ "to": TOKEN, "data": "0x18160ddd" }, "latest"]);
    let too_much = json!([{ "to": TOKEN, "from": to_u64(7), "data": Bytes::from(
        [&hex!("a9059cbb")[..], &(me, U256::from(1)).abi_encode()].concat()
    )}, "latest"]);
    let typed = json!({
        "types": {
            "EIP712Domain": [{ "name": "name", "type": "string" }],
            "Mail": [{ "name": "to", "type": "address" }, { "name": "text", "type": "string" }],
        },
        "primaryType": "Mail",
        "domain": { "name": "test" },
        "message": { "to": me, "text": "hello" },
    });
    vec![
        call("eth_chainId", json!([])),
        call("eth_accounts", json!([])),
        call("eth_blobBaseFee", json!([])),
        call("eth_getBalance", json!([to_u64(0x1234), "latest"])),
        call("eth_getBalance", json!([me, "latest"])),
        call("eth_getTransactionCount", json!([me, "pending"])),
        call("eth_getCode", json!([TOKEN, "latest"])),
        call("eth_getStorageAt", json!([TOKEN, "0x2", "latest"])),
        call("eth_call", supply),
        call("eth_call", too_much),
        call("eth_sign", json!([me, "0x1234"])),
        call("personal_sign", json!(["0x1234", me])),
        call("eth_signTypedData_v4", json!([me, typed])),
        call("eth_sign", json!([to_u64(7), "0x1234"])),
        call("anvil_getAutomine", json!([])),
        call("evm_snapshot", json!([])),
        call("evm_mine", json!([])),
        call("anvil_mine", json!(["0x2", "0x5"])),
        call("hardhat_mine", json!(["0x1"])),
        call("evm_mine", json!([{ "timestamp": 9_000_000_000u64 }])),
        call("eth_getBlockByNumber", json!(["latest", false])),
        call("evm_setNextBlockTimestamp", json!([1])),
        call("evm_setNextBlockTimestamp", json!(["0x2540BE400"])),
        call("evm_mine", json!([])),
        call("eth_getBlockByNumber", json!(["latest", false])),
        call("anvil_setBlockTimestampInterval", json!([7])),
        call("evm_mine", json!([])),
        call("eth_getBlockByNumber", json!(["latest", false])),
        call("anvil_removeBlockTimestampInterval", json!([])),
        call("anvil_removeBlockTimestampInterval", json!([])),
        call("anvil_reorg", json!([2, []])),
        call("anvil_reorg", json!([100_000, []])),
        call("eth_blockNumber", json!([])),
        call("anvil_rollback", json!([1])),
        call("eth_blockNumber", json!([])),
        call("evm_revert", json!(["0x0"])),
        call("evm_revert", json!(["0x0"])),
        call("eth_blockNumber", json!([])),
        call("anvil_dropTransaction", json!([B256::repeat_byte(1)])),
        call("evm_setBlockGasLimit", json!(["0x3938700"])),
        call("evm_setAutomine", json!([false])),
        call("anvil_getAutomine", json!([])),
        call("evm_setAutomine", json!([true])),
        call("evm_setIntervalMining", json!([0])),
        call("eth_sendRawTransaction", json!(["0x"])),
        call("eth_sendRawTransaction", json!(["0x02c0"])),
    ]
}

/// The devnet makes a block for each of these; anvil does not.
fn writes() -> Vec<Step> {
    let me = signer().address();
    let call = |method, params| Step::Call(method, params);
    vec![
        call("anvil_setBalance", json!([to_u64(0x1234), "0xde0b6b3a7640000"])),
        call("eth_getBalance", json!([to_u64(0x1234), "latest"])),
        call("hardhat_setBalance", json!([to_u64(0x1234), "0x0"])),
        call("eth_getBalance", json!([to_u64(0x1234), "latest"])),
        call("anvil_setCode", json!([to_u64(0xc0de), "0x602a5f5260205ff3"])),
        call("eth_getCode", json!([to_u64(0xc0de), "latest"])),
        call("eth_call", json!([{ "to": to_u64(0xc0de) }, "latest"])),
        call("anvil_setStorageAt", json!([to_u64(0xc0de), "0x7", B256::repeat_byte(3)])),
        call("eth_getStorageAt", json!([to_u64(0xc0de), "0x7", "latest"])),
        call("anvil_setNonce", json!([to_u64(0x77), "0x9"])),
        call("eth_getTransactionCount", json!([to_u64(0x77), "latest"])),
        call("evm_setAccountNonce", json!([me, "0x400"])),
        call("eth_getTransactionCount", json!([me, "pending"])),
        call("anvil_setBalance", json!([to_u64(0x1234)])),
        call("anvil_setStorageAt", json!([to_u64(0xc0de), "0x7", "0x1"])),
        call("anvil_impersonateAccount", json!([to_u64(0xc0de)])),
        call("anvil_stopImpersonatingAccount", json!([to_u64(0xc0de)])),
    ]
}

/// Fields of a block that do not depend on who made it.
const BLOCK_FIELDS: [&str; 7] =
    ["timestamp", "number", "gasUsed", "gasLimit", "blobGasUsed", "sha3Uncles", "difficulty"];
const RECEIPT_FIELDS: [&str; 11] = [
    "status",
    "gasUsed",
    "cumulativeGasUsed",
    "effectiveGasPrice",
    "contractAddress",
    "type",
    "to",
    "from",
    "blockNumber",
    "blobGasUsed",
    "logsBloom",
];

async fn take(provider: &DynProvider, step: &Step) -> Value {
    match step {
        Step::Send(_, request) => send(provider, (**request).clone()).await,
        Step::Call(method, params) => match try_call(provider, method, params.clone()).await {
            Ok(block) if *method == "eth_getBlockByNumber" => pick(&block, &BLOCK_FIELDS),
            Ok(value) => value,
            Err(_) => json!("an error"),
        },
    }
}

fn pick(object: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| ((*field).to_owned(), object[*field].clone())).collect()
}

async fn send(provider: &DynProvider, mut request: TransactionRequest) -> Value {
    // The same base fee on both, so that prices and balances are the same.
    let fee = json!(["0x3b9aca00"]);
    try_call(provider, "anvil_setNextBlockBaseFeePerGas", fee).await.expect("settable");
    let me = signer();
    request.nonce = Some(provider.get_transaction_count(me.address()).await.expect("a nonce"));
    request.chain_id = Some(31337);
    let wallet = EthereumWallet::from(me);
    let raw = request.build(&wallet).await.expect("complete").encoded_2718();
    let pending = provider.send_raw_transaction(&raw).await.expect("accepted");
    let receipt = pending.with_required_confirmations(1).get_receipt().await.expect("mined");
    let receipt = serde_json::to_value(receipt).expect("JSON");
    let mut seen = pick(&receipt, &RECEIPT_FIELDS);
    let logs = receipt["logs"].as_array().expect("logs").iter();
    seen["logs"] = logs.map(|log| pick(log, &["address", "topics", "data", "logIndex"])).collect();
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn same_as_anvil() {
    let anvil = Anvil::start();
    let devnet = start(Config::default()).await;
    let provider =
        |url: &str| ProviderBuilder::new().connect_http(url.parse().expect("a URL")).erased();
    let (ours, theirs) = (provider(&devnet.url()), provider(&anvil.url));
    let mut differences = Vec::new();
    for step in transactions().iter().chain(&calls()) {
        differences.extend(difference(&ours, &theirs, step).await);
    }
    // A number is a slot, but for whoever names the blobs that block has, as anvil's clients can.
    let blobs = format!("blobs/19?versioned_hashes={}", blob_hash());
    for path in ["genesis", &blobs, "blobs/latest", "blobs/nonsense", "blobs/99999"] {
        let at = |url: &str| get(format!("{url}/eth/v1/beacon/{path}"));
        let ((our_status, our), (status, their)) = (at(&devnet.url()).await, at(&anvil.url).await);
        let same = match path {
            "genesis" => keys(&our["data"]) == keys(&their["data"]),
            // Ours is final two blocks later, anvil's 64.
            _ if status == 200 => keys(&our) == keys(&their) && our["data"] == their["data"],
            _ => our == their,
        };
        if our_status != status || !same {
            let show = |value: Value| value.to_string().chars().take(300).collect::<String>();
            let (our, their) = (show(our), show(their));
            differences
                .push(format!("{path}:\n devnet {our_status} {our}\n anvil  {status} {their}"));
        }
    }
    for step in &writes() {
        differences.extend(difference(&ours, &theirs, step).await);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

async fn difference(ours: &DynProvider, theirs: &DynProvider, step: &Step) -> Option<String> {
    let name = match step {
        Step::Send(name, _) => name.to_string(),
        Step::Call(method, params) => format!("{method} {params}"),
    };
    let (our, their) = (take(ours, step).await, take(theirs, step).await);
    (our != their).then(|| format!("{name}:\n devnet {our}\n anvil  {their}"))
}

fn keys(object: &Value) -> Vec<&String> {
    object.as_object().into_iter().flat_map(|object| object.keys()).collect()
}
