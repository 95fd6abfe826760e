//! Deploys a rollup to anvil, and holds what is on chain against what was decided.

use alloy::{
    network::EthereumWallet,
    primitives::{B256, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
};
use altana_contracts::{
    Deployment, Preset, Programs, RollupConfig, ZkProgram,
    bindings::{FaultProof, Inbox, Portal, Settlement, StarkOpenings, ZkProof},
    deploy,
    deploy::{key_pieces, transactions},
};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

struct Anvil(Child, String);

impl Anvil {
    fn start() -> Self {
        let mut child = Command::new(anvil())
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("anvil starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let url = loop {
            let line = lines.next().expect("anvil says where it listens").expect("text");
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{}", address.trim());
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, url)
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program itself: npm's wrapper does not end it when it is killed.
fn anvil() -> PathBuf {
    let scope = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/@foundry-rs");
    let packages = std::fs::read_dir(scope).into_iter().flatten().flatten();
    packages
        .map(|package| package.path().join("bin/anvil"))
        .find(|file| file.exists())
        .expect("anvil is missing: run `cargo xtask setup`")
}

fn account(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default()
        .phrase("test test test test test test test test test test test junk")
        .index(index)
        .and_then(|builder| builder.build())
        .expect("a valid path")
}

/// Any programs, with a key of three pieces.
const PROGRAMS: Programs<'_> = Programs {
    fault: B256::repeat_byte(1),
    zk: ZkProgram {
        key: &[7; 60_000],
        key_hash: B256::repeat_byte(2),
        exe_commit: B256::repeat_byte(3),
        vm_commit: B256::repeat_byte(4),
    },
};

/// An anvil, an account for which it signs, and what is to be deployed with it.
fn begin() -> (Anvil, DynProvider, PrivateKeySigner, RollupConfig) {
    let anvil = Anvil::start();
    let deployer = account(0);
    let parent = ProviderBuilder::new()
        .wallet(EthereumWallet::from(deployer.clone()))
        .connect_http(anvil.1.parse().expect("a URL"))
        .erased();
    let accounts: Vec<_> = (0..10).map(|i| account(i).address()).collect();
    (anvil, parent, deployer, RollupConfig::development(&accounts))
}

#[tokio::test]
async fn a_deployed_chain_is_what_was_decided() {
    let (_anvil, parent, deployer, config) = begin();
    let mut created = Vec::new();
    let deployment =
        deploy(&parent, deployer.address(), &config, PROGRAMS, |name| created.push(name))
            .await
            .unwrap();

    assert_eq!(created.last(), Some(&"Multicall3"), "anvil has none of its own: {created:?}");
    let inbox = Inbox::new(deployment.contracts.inbox, &parent);
    assert_eq!(inbox.configHash().call().await.unwrap(), deployment.spec.config_hash());
    assert_eq!(inbox.queueLength().call().await.unwrap(), 1, "the constructor's attributes");
    let portal = Portal::new(deployment.contracts.portal, &parent);
    assert!(portal.version().call().await.unwrap().starts_with('4'));
    let settlement = Settlement::new(deployment.contracts.settlement, &parent);
    assert_eq!(settlement.gameCount().call().await.unwrap(), U256::ONE, "the genesis claim");

    let dir = tempfile::tempdir().unwrap();
    deployment.write(dir.path()).unwrap();
    let read = Deployment::read(dir.path()).unwrap();
    assert_eq!(read.spec, deployment.spec);
    assert_eq!(read.contracts, deployment.contracts);
    assert_eq!(read.genesis, deployment.genesis);

    // A second chain of the same deployer lands elsewhere.
    let second = deploy(&parent, deployer.address(), &config, PROGRAMS, |_| ()).await.unwrap();
    assert_ne!(second.contracts.portal, deployment.contracts.portal);
}

#[tokio::test]
async fn each_preset_brings_what_decides_about_its_claims() {
    let (_anvil, parent, deployer, development) = begin();
    for preset in [Preset::Optimistic, Preset::ZkRollup, Preset::Hybrid] {
        let config = development.clone().with_preset(preset);
        let mut sent = 0;
        let deployed = deploy(&parent, deployer.address(), &config, PROGRAMS, |_| sent += 1);
        let contracts = deployed.await.unwrap().contracts;
        assert_eq!(sent, transactions(preset, &PROGRAMS), "{preset:?}");

        let settlement = Settlement::new(contracts.settlement, &parent);
        assert_eq!(settlement.validity().call().await.unwrap(), contracts.validity);
        let game = FaultProof::new(contracts.validity, &parent);
        assert_eq!(game.settlement().call().await.unwrap(), contracts.settlement, "{preset:?}");
        let program = game.programHash().call().await.ok();
        assert_eq!(program, preset.has_game().then_some(PROGRAMS.fault), "{preset:?}");
        let proofs = ZkProof::new(contracts.validity, &parent);
        let Some(stark) = contracts.stark else {
            assert!(!preset.has_proofs());
            assert!(proofs.keyHash().call().await.is_err());
            continue;
        };
        assert_eq!(proofs.openings().call().await.unwrap(), stark.openings);
        assert_eq!(proofs.keyHash().call().await.unwrap(), PROGRAMS.zk.key_hash);
        assert_eq!(proofs.exeCommit().call().await.unwrap(), PROGRAMS.zk.exe_commit);
        assert_eq!(proofs.vmCommit().call().await.unwrap(), PROGRAMS.zk.vm_commit);
        let openings = StarkOpenings::new(stark.openings, &parent);
        assert_eq!(openings.CONSTRAINTS().call().await.unwrap(), stark.constraints);
        let mut key = Vec::new();
        for piece in key_pieces(PROGRAMS.zk.key, stark.key_store) {
            let code = parent.get_code_at(piece).await.unwrap();
            key.extend_from_slice(code.strip_prefix(&[0]).expect("a piece is no program"));
        }
        assert_eq!(key, PROGRAMS.zk.key);
    }
}
