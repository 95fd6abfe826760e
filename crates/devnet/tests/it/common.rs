//! What the tests share.

use std::path::{Path, PathBuf};
use std::process::Command;

use alloy::network::EthereumWallet;
use alloy::primitives::{Address, Bytes, TxHash, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use altana_devnet::{Config, Devnet, Mining};
use serde_json::Value;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("crates/devnet lies two below the root").to_path_buf()
}

/// A Foundry tool from npm: the program itself, because npm's wrapper neither passes on its exit
/// code nor ends it when it is killed.
pub(crate) fn tool(name: &str) -> Command {
    let packages = std::fs::read_dir(root().join("node_modules/@foundry-rs"));
    let prefix = format!("{name}-");
    let path = packages
        .into_iter()
        .flatten()
        .flatten()
        .filter(|package| package.file_name().to_string_lossy().starts_with(&prefix))
        .map(|package| package.path().join("bin").join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is missing: run `cargo xtask setup`"));
    let mut command = Command::new(path);
    command.current_dir(root());
    command
}

/// Runs to success; returns stdout.
pub(crate) async fn output(mut command: Command) -> String {
    let run = move || {
        let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{command:?}: {stderr}");
        String::from_utf8(out.stdout).expect("stdout is text").trim().to_owned()
    };
    tokio::task::spawn_blocking(run).await.expect("the command ran")
}

/// A chain that mines only when told.
pub(crate) fn manual() -> Config {
    Config { mining: Mining::Manual, ..Config::default() }
}

pub(crate) async fn start(config: Config) -> Devnet {
    Devnet::start(config).await.expect("the devnet starts")
}

/// A provider that signs for all dev accounts.
pub(crate) fn provider(devnet: &Devnet) -> DynProvider {
    let mut wallet = EthereumWallet::default();
    for signer in devnet.accounts().signers() {
        wallet.register_signer(signer.clone());
    }
    let url = devnet.url().parse().expect("a URL");
    ProviderBuilder::new().wallet(wallet).connect_http(url).erased()
}

pub(crate) fn account(devnet: &Devnet, index: usize) -> Address {
    devnet.accounts().addresses().nth(index).expect("ten accounts")
}

/// A transfer that leaves nothing to estimates but the fees.
pub(crate) fn transfer(from: Address, to: Address, wei: u64) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(to.into()),
        value: Some(U256::from(wei)),
        gas: Some(21_000),
        max_fee_per_gas: Some(20_000_000_000),
        max_priority_fee_per_gas: Some(1_000_000_000),
        ..TransactionRequest::default()
    }
}

/// Sends a transaction, which must be accepted; returns its hash.
pub(crate) async fn submit(provider: &impl Provider, tx: TransactionRequest) -> TxHash {
    *provider.send_transaction(tx).await.expect("accepted").tx_hash()
}

/// Any JSON-RPC method.
pub(crate) async fn call(provider: &impl Provider, method: &'static str, params: Value) -> Value {
    try_call(provider, method, params).await.unwrap_or_else(|e| panic!("{method}: {e}"))
}

/// Any JSON-RPC method, whose error is of interest.
pub(crate) async fn try_call(
    provider: &impl Provider,
    method: &'static str,
    params: Value,
) -> Result<Value, String> {
    let answer = provider.raw_request::<Value, Value>(method.into(), params).await;
    answer.map_err(|e| e.as_error_resp().map_or_else(|| e.to_string(), |e| e.message.to_string()))
}

/// GET; status and JSON.
pub(crate) async fn get(url: String) -> (u16, Value) {
    let response = http_get(url).await;
    let value = serde_json::from_str(&response.1).unwrap_or(Value::String(response.1));
    (response.0, value)
}

/// A plain HTTP/1.1 request, so that the tests need no HTTP client of their own.
async fn http_get(url: String) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = tokio::net::TcpStream::connect(host).await.expect("connects");
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("reads");
    let (head, body) = text.split_once("\r\n\r\n").expect("headers");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    (status, body.to_owned())
}

/// Creation code of one of the project's contracts, with encoded constructor arguments.
pub(crate) fn artifact(name: &str, arguments: &[u8]) -> Bytes {
    let path = root().join(format!("contracts/artifacts/{name}.json"));
    let text = std::fs::read_to_string(&path).expect("contracts/artifacts is committed");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let code: Bytes = json["bytecode"].as_str().expect("bytecode").parse().expect("hex");
    [&code, arguments].concat().into()
}
