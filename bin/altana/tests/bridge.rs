//! `altana bridge` and `altana rescue`, as a user types them.

mod common;

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, Bytes, U256, utils::parse_ether},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    sol_types::SolValue,
};
use altana_contracts::{
    artifact,
    bindings::{ERC20, ERC721},
};
use common::{
    Anvil, Dev, altana,
    load::{key, provider},
};
use serde_json::{Value, json};
use std::process::Output;

/// Whose funds move.
const USER: usize = 2;
/// Where they go: an account that nothing else pays.
const HAVEN: Address = Address::repeat_byte(0x4a);

/// A user at a terminal.
struct User<'a> {
    dev: &'a Dev,
}

impl User<'_> {
    fn run(&self, args: &[&str]) -> Output {
        let mut command = altana(&["bridge", "--json"]);
        command.args(["--rollup", self.dev.get("/rollup/rpc")]);
        command.args(["--parent", self.dev.get("/parent/rpc")]);
        command.args(args).env("ALTANA_KEY", self.dev.get(&format!("/accounts/{USER}/key")));
        command.output().expect("altana starts")
    }

    /// The result on stdout, and what was said on stderr.
    fn succeeds(&self, args: &[&str]) -> (Value, String) {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        (serde_json::from_slice(&output.stdout).expect("one JSON object"), said)
    }

    /// What was said on stderr.
    fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?} went through");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ether_and_tokens_go_in_and_out() {
    let dev = Dev::start(&[]);
    let user = User { dev: &dev };
    let wallet = EthereumWallet::from(key(&dev, USER));
    let url = dev.get("/parent/rpc").parse().expect("a URL");
    let parent = ProviderBuilder::new().wallet(wallet).connect_http(url).erased();
    let rollup = provider(dev.get("/rollup/rpc"));
    let coin = launch(&parent, "DemoToken", parse_ether("100").expect("a number")).await;
    let collection = launch(&parent, "DemoCollection", U256::from(3)).await;
    let (coin_text, collection_text) = (coin.to_string(), collection.to_string());

    let told = user.fails(&["deposit", "1", "--token", &coin_text]);
    assert!(told.contains("altana bridge create"), "{told}");
    let (coin_image, _) = user.succeeds(&["create", &coin_text]);
    let (collection_image, _) = user.succeeds(&["create", &collection_text]);
    assert_eq!(user.succeeds(&["create", &coin_text]).0["created"], false);
    let coin_image = coin_image["image"].as_str().expect("an address");
    let collection_image = collection_image["image"].as_str().expect("an address");

    // In.
    let haven = HAVEN.to_string();
    let (deposit, _) = user.succeeds(&["deposit", "1.5", "--to", &haven, "--wait"]);
    assert_eq!(deposit["status"], "arrived", "{deposit}");
    let balance = rollup.get_balance(HAVEN).await.expect("the rollup answers");
    assert_eq!(balance, parse_ether("1.5").expect("a number"));
    let (again, _) =
        user.succeeds(&["status", deposit["parentTransaction"].as_str().expect("a hash")]);
    assert_eq!((&again["kind"], &again["block"]), (&json!("deposit"), &deposit["block"]));
    let (_, said) = user.succeeds(&["deposit", "10.5", "--token", &coin_text, "--wait"]);
    assert!(said.contains("approving"), "{said}");
    let (_, said) = user.succeeds(&["deposit", "--id", "2", "--token", &collection_text, "--wait"]);
    assert!(said.contains("approving"), "{said}");
    let told = user.fails(&["deposit", "--id", "2", "--token", &collection_text]);
    assert!(told.contains("belongs to"), "{told}");

    // Out: withdraw, prove, finalize.
    let to = ["--to", &haven];
    let asked: [&[&str]; 3] = [
        &["withdraw", "0.5"],
        &["withdraw", "4.25", "--token", coin_image],
        &["withdraw", "--id", "2", "--token", collection_image],
    ];
    let withdrawals = asked.map(|args| {
        let (withdrawal, _) = user.succeeds(&[args, &to].concat());
        withdrawal["transaction"].as_str().expect("a hash").to_owned()
    });
    let told = user.fails(&["withdraw", "0.5", "--to", &coin_text]);
    assert!(told.contains("is a contract on the parent"), "{told}");
    let told = user.fails(&["finalize", &withdrawals[0]]);
    assert!(told.contains("altana bridge prove"), "{told}");
    for withdrawal in &withdrawals {
        user.succeeds(&["prove", "--wait", withdrawal]);
    }
    let told = user.fails(&["prove", &withdrawals[0]]);
    assert!(told.contains("altana bridge finalize"), "{told}");
    for withdrawal in &withdrawals {
        let (paid, _) = user.succeeds(&["finalize", "--wait", withdrawal]);
        assert_eq!(paid["success"], true, "{paid}");
        assert_eq!(user.succeeds(&["status", withdrawal]).0["status"], "finalized");
    }
    let balance = parent.get_balance(HAVEN).await.expect("the parent answers");
    assert_eq!(balance, parse_ether("0.5").expect("a number"));
    let coins = ERC20::new(coin, &parent).balanceOf(HAVEN).call().await.expect("a balance");
    assert_eq!(coins, parse_ether("4.25").expect("a number"));
    let owner = ERC721::new(collection, &parent).ownerOf(U256::from(2)).call().await;
    assert_eq!(owner.expect("an owner"), HAVEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_commits_the_queue_of_a_dead_sequencer() {
    let anvil = Anvil::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().to_str().expect("a path that is text");
    let mut dev = Dev::start(&["--parent", &anvil.url, "--dir", dir]);
    dev.process.kill();

    let chain = folder.path().join("chain");
    let chain = chain.to_str().expect("a path that is text");
    let haven = HAVEN.to_string();
    let (forced, _) =
        User { dev: &dev }.succeeds(&["force", &haven, "--mint", "1", "--chain", chain]);
    assert!(forced["status"].is_null(), "nobody can know how far it is: {forced}");

    let rescue = || {
        let mut command = altana(&["rescue", "--json", "--chain", chain, "--parent", &anvil.url]);
        command.env("ALTANA_KEY", dev.get(&format!("/accounts/{USER}/key")));
        command.output().expect("altana starts")
    };
    let early = rescue();
    let told = String::from_utf8_lossy(&early.stderr);
    assert!(!early.status.success() && told.contains("s remain"), "{told}");

    let before = rebuild(chain, &anvil.url);
    let parent = provider(&anvil.url);
    let _: Value = parent.client().request("evm_increaseTime", json!([121])).await.expect("done");
    let _: Value = parent.client().request("evm_mine", json!([])).await.expect("done");
    let output = rescue();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let after = rebuild(chain, &anvil.url);
    assert_eq!(after["batches"].as_u64(), before["batches"].as_u64().map(|count| count + 1));
    assert!(after["transactions"].as_u64() > before["transactions"].as_u64(), "{after}");
}

fn rebuild(chain: &str, parent: &str) -> Value {
    let command = altana(&["rebuild", "--json", "--chain", chain, "--parent", parent]);
    serde_json::from_str(&common::succeed(command)).expect("one JSON object")
}

/// A token contract of the user's on the parent.
async fn launch(parent: &DynProvider, contract: &str, count: U256) -> Address {
    let arguments = ("Venice".to_owned(), "VEN".to_owned(), count).abi_encode_params();
    let code = artifact::init_code(contract).expect("an artifact");
    let code = Bytes::from([code.as_ref(), &arguments].concat());
    let request = TransactionRequest::default().with_deploy_code(code);
    let sent = parent.send_transaction(request).await.expect("the parent takes it");
    let receipt = sent.get_receipt().await.expect("a receipt");
    receipt.contract_address.expect("a contract")
}
