//! Starting anvil, and accounts and calls for tests.

use alloy::{
    network::EthereumWallet,
    primitives::B256,
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
};
use altana_parent::{Options, Parent};
use std::{
    fmt::Debug,
    future::Future,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Anvil {
    process: Child,
    pub(crate) url: String,
}

impl Anvil {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_at("osaka", args)
    }

    pub(crate) fn start_at(hardfork: &str, args: &[&str]) -> Self {
        let mut process = Command::new(binary())
            .args(["--port", "0", "--hardfork", hardfork])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("anvil starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let url = loop {
            let line = lines.next().expect("anvil says where it listens").expect("text");
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{}", address.trim());
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url }
    }

    pub(crate) async fn parent(&self) -> Parent {
        Parent::connect_with(&self.url, Some(&self.url), quick()).await.expect("anvil answers")
    }

    /// A provider that signs for the first account.
    pub(crate) fn provider(&self) -> DynProvider {
        let wallet = EthereumWallet::from(account(0));
        ProviderBuilder::new().wallet(wallet).connect_http(self.url.parse().unwrap()).erased()
    }

    pub(crate) async fn call<P: alloy::rpc::json_rpc::RpcSend + 'static>(
        &self,
        method: &'static str,
        params: P,
    ) -> serde_json::Value {
        let provider = self.provider();
        let result = provider.raw_request::<P, serde_json::Value>(method.into(), params).await;
        result.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub(crate) async fn mine(&self) {
        self.call("evm_mine", ()).await;
    }

    /// Hashes of what waits in the pool.
    pub(crate) async fn pool(&self) -> Vec<B256> {
        let content = self.call("txpool_content", ()).await;
        let accounts = content["pending"].as_object().expect("an object").values();
        let transactions = accounts.flat_map(|txs| txs.as_object().expect("an object").values());
        transactions.map(|tx| tx["hash"].as_str().unwrap().parse().unwrap()).collect()
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn binary() -> PathBuf {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/@foundry-rs");
    let packages = modules.read_dir().into_iter().flatten().flatten();
    packages
        .map(|package| package.path().join("bin/anvil"))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no anvil in {}: run `cargo xtask setup`", modules.display()))
}

/// The accounts that anvil funds.
pub(crate) fn account(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default()
        .phrase("test test test test test test test test test test test junk")
        .index(index)
        .and_then(|builder| builder.build())
        .expect("a valid path")
}

/// Options for a parent that answers at once or never.
pub(crate) fn quick() -> Options {
    Options {
        attempt_timeout: Duration::from_secs(10),
        deadline: Duration::from_secs(20),
        backoff_min: Duration::from_millis(10),
        ..Default::default()
    }
}

/// Waits until `look` finds something.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    let search = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(search).await
}

/// What must come in time.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("in time")
}

pub(crate) fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}
