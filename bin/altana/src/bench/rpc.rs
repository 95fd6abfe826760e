//! Throughput from `eth_sendRawTransaction` to a sealed block, beside anvil: one load, one client.

use super::{
    Figure,
    load::{self, Call, Run},
    server::{Server, find_anvil},
};
use alloy::{
    primitives::{Address, Bytes, U256},
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
    sol_types::SolCall,
};
use altana_contracts::{
    artifact,
    bindings::{DemoSwap, ERC20},
};
use anyhow::Result;
use serde_json::json;
use std::path::Path;

/// Accounts that send at once.
const SENDERS: usize = 1_000;
/// Wei per gas that every transaction offers; far above the base fee of either server.
const MAX_FEE: u128 = 20_000_000_000;

/// One kind of transaction.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Ether to a fresh recipient.
    Transfer,
    /// An ERC-20 to a fresh recipient.
    Token,
    /// A swap in a constant-product pool.
    Swap,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfers",
            Self::Token => "erc20_transfers",
            Self::Swap => "swaps",
        }
    }
}

/// Measures all kinds on our devnet, and transfers on anvil.
pub async fn run(transactions: usize, anvil: Option<&Path>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let peer = match find_anvil(anvil) {
        Some(program) => Some(anvil_run(&program, transactions).await?),
        None => {
            tracing::warn!("no anvil found: run `cargo xtask setup`, or name one with --anvil");
            None
        }
    };
    for kind in [Kind::Transfer, Kind::Token, Kind::Swap] {
        let server = Server::altana().await?;
        server.settled().await?;
        let run = Load::prepare(&server).await?.run(kind, transactions).await?;
        let run = all(run, transactions)?;
        let mut figure = Figure::new(format!("rpc_{}", kind.name()), run.rate(), "tx/s");
        if let (Kind::Transfer, Some(peer)) = (kind, peer) {
            figure = figure.against("anvil", peer.rate()).at_least(8.0);
        }
        figures.push(figure);
    }
    Ok(figures)
}

/// anvil with a block a second, as our devnet has: under this load it is much faster than with a
/// block per transaction. The load is the same; what it has not done in [`load::LIMIT`] is not waited
/// for.
async fn anvil_run(program: &Path, transactions: usize) -> Result<Run> {
    let server = Server::anvil(program, &["--block-time", "1"]).await?;
    Load::prepare(&server).await?.run(Kind::Transfer, transactions).await
}

/// What our own server takes, it must include.
fn all(run: Run, expected: usize) -> Result<Run> {
    let included = run.transactions;
    anyhow::ensure!(included == expected, "only {included} of {expected} were included");
    Ok(run)
}

/// Funded senders and deployed contracts on a fresh server.
pub struct Load<'a> {
    server: &'a Server,
    client: reqwest::Client,
    senders: Vec<PrivateKeySigner>,
    owner: PrivateKeySigner,
    nonce: u64,
}

impl<'a> Load<'a> {
    /// Funds the senders.
    pub async fn prepare(server: &'a Server) -> Result<Self> {
        let owner = MnemonicBuilder::<English>::default()
            .phrase("test test test test test test test test test test test junk")
            .index(0)?
            .build()?;
        let client = reqwest::Client::new();
        let senders = load::senders(SENDERS);
        let mut this = Self { server, client, senders, owner, nonce: 0 };
        this.nonce = this.nonce_of(this.owner.address()).await?;
        let funding = this
            .senders
            .iter()
            .map(|sender| Call {
                to: sender.address(),
                value: U256::from(2_000_000_000_000_000_000u64),
                input: Bytes::new(),
                gas: 21_000,
            })
            .collect();
        this.as_owner(funding).await?;
        Ok(this)
    }

    /// Signs and sends transactions of one kind.
    pub async fn run(&mut self, kind: Kind, transactions: usize) -> Result<Run> {
        let calls = self.calls(kind, transactions).await?;
        let raw = load::sign(&self.senders, 0, self.server.chain_id, MAX_FEE, calls);
        load::drive(&self.server.url, &raw, load::LIMIT).await
    }

    async fn calls(&mut self, kind: Kind, count: usize) -> Result<Vec<Call>> {
        let to = |i: usize| load::recipient(i as u64);
        Ok(match kind {
            Kind::Transfer => (0..count)
                .map(|i| Call { to: to(i), value: U256::ONE, input: Bytes::new(), gas: 21_000 })
                .collect(),
            Kind::Token => {
                let token = self.token().await?;
                let input = |i| {
                    ERC20::transferCall { to: to(i), amount: U256::from(i + 1) }.abi_encode().into()
                };
                (0..count)
                    .map(|i| Call { to: token, value: U256::ZERO, input: input(i), gas: 80_000 })
                    .collect()
            }
            Kind::Swap => {
                let pool = self.deploy("DemoSwap", &[]).await?;
                let input = |i: usize| {
                    let call = DemoSwap::swapCall {
                        amountIn: U256::from(1_000_000 + i),
                        minOut: U256::ZERO,
                    };
                    call.abi_encode().into()
                };
                (0..count)
                    .map(|i| Call { to: pool, value: U256::ZERO, input: input(i), gas: 120_000 })
                    .collect()
            }
        })
    }

    /// A token of which every sender holds some.
    async fn token(&mut self) -> Result<Address> {
        let supply = U256::from(10u64).pow(U256::from(30));
        let arguments = alloy::sol_types::SolValue::abi_encode_params(&("Bench", "BENCH", supply));
        let token = self.deploy("DemoToken", &arguments).await?;
        let share = supply / U256::from(SENDERS * 2);
        let calls = self
            .senders
            .iter()
            .map(|sender| Call {
                to: token,
                value: U256::ZERO,
                input: ERC20::transferCall { to: sender.address(), amount: share }
                    .abi_encode()
                    .into(),
                gas: 80_000,
            })
            .collect();
        self.as_owner(calls).await?;
        Ok(token)
    }

    async fn deploy(&mut self, contract: &str, arguments: &[u8]) -> Result<Address> {
        let init_code = [artifact::init_code(contract)?.as_ref(), arguments].concat();
        let address = self.owner.address().create(self.nonce);
        // A creation through the CREATE2 proxy would need no special case in the load, but a
        // creator of its own; a plain creation is what people do.
        let raw = load::sign_creation(
            &self.owner,
            self.nonce,
            self.server.chain_id,
            MAX_FEE,
            init_code.into(),
        );
        self.nonce += 1;
        all(load::drive(&self.server.url, &[raw], load::LIMIT).await?, 1)?;
        let code = load::request(
            &self.client,
            &self.server.url,
            "eth_getCode",
            json!([address, "latest"]),
        )
        .await?;
        anyhow::ensure!(code != "0x", "{contract} was not deployed at {address}");
        Ok(address)
    }

    /// Sends calls from the funded owner, in slices that a pool's bound per account allows.
    async fn as_owner(&mut self, calls: Vec<Call>) -> Result<()> {
        let owner = std::slice::from_ref(&self.owner);
        let raw = load::sign(owner, self.nonce, self.server.chain_id, MAX_FEE, calls);
        self.nonce += raw.len() as u64;
        for slice in raw.chunks(OWNER_SLICE) {
            all(load::drive(&self.server.url, slice, load::LIMIT).await?, slice.len())?;
        }
        Ok(())
    }

    async fn nonce_of(&self, address: Address) -> Result<u64> {
        let params = json!([address, "pending"]);
        let nonce =
            load::request(&self.client, &self.server.url, "eth_getTransactionCount", params)
                .await?;
        load::quantity(&nonce)
    }
}

/// Below the smallest bound per account of the pools we drive.
const OWNER_SLICE: usize = 1_000;
