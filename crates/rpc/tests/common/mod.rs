//! A chain that mines whatever it is given, for tests of the server.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use alloy::{
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, B256, TxKind, U256, address},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use alloy_consensus::Transaction as _;
pub(crate) use alloy_consensus::transaction::Recovered;
use alloy_eips::Encodable2718;
use alloy_genesis::{Genesis, GenesisAccount};
use altana_ledger::{BlockAttributes, EthereumRules, Ledger, Options, Pending, PushError, Rules};
pub(crate) use altana_protocol::Transaction;
use altana_rpc::{
    Backend, Limits, PoolContent, PoolStatus, Server, ServerHandle, Submission, SubmitError,
};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::broadcast,
};

pub(crate) const CHAIN_ID: u64 = 31_337;
/// Emits an empty log with topic 1 when called with nothing, reverts with its input otherwise.
pub(crate) const CONTRACT: Address = address!("00000000000000000000000000000000000c0de1");
const CODE: &[u8] = &alloy::primitives::hex!(
    // CALLDATASIZE; PUSH1 0x0b; JUMPI; PUSH1 1; PUSH0; PUSH0; LOG1; STOP; JUMPDEST;
    // CALLDATASIZE; PUSH0; PUSH0; CALLDATACOPY; CALLDATASIZE; PUSH0; REVERT
    "36600a5760015f5fa1005b365f5f37365ffd"
);

type Pooled = Arc<Recovered<Transaction>>;

pub(crate) struct Chain {
    pub(crate) ledger: Ledger,
    /// Whether transactions wait instead of being mined at once.
    holds: AtomicBool,
    held: Mutex<BTreeMap<(Address, u64), Pooled>>,
    events: broadcast::Sender<Pooled>,
    /// Sizes of the groups that were submitted.
    pub(crate) groups: Mutex<Vec<usize>>,
}

impl Chain {
    pub(crate) fn new(funded: &[Address]) -> Arc<Self> {
        let mut genesis = Genesis { gas_limit: 30_000_000, ..Default::default() };
        genesis.config.chain_id = CHAIN_ID;
        let rich = GenesisAccount::default().with_balance(U256::from(10).pow(U256::from(24)));
        genesis.alloc.extend(funded.iter().map(|address| (*address, rich.clone())));
        let contract = GenesisAccount::default().with_code(Some(CODE.into()));
        genesis.alloc.insert(CONTRACT, contract);
        let rules = Rules::Ethereum(EthereumRules::osaka(CHAIN_ID));
        let ledger = Ledger::open(None, &genesis, rules, Options::default()).expect("it opens");
        Self::over(ledger)
    }

    pub(crate) fn over(ledger: Ledger) -> Arc<Self> {
        Arc::new(Self {
            ledger,
            holds: AtomicBool::new(false),
            held: Mutex::default(),
            events: broadcast::channel(4096).0,
            groups: Mutex::default(),
        })
    }

    pub(crate) async fn serve(self: &Arc<Self>, limits: Limits) -> ServerHandle {
        Server::new(self.ledger.clone(), Arc::clone(self) as Arc<dyn Backend>)
            .limits(limits)
            .serve(([127, 0, 0, 1], 0).into())
            .await
            .expect("a port is free")
    }

    pub(crate) fn hold(&self, holds: bool) {
        self.holds.store(holds, Ordering::SeqCst);
    }

    /// A block with these transactions; the ones that it refused.
    pub(crate) fn mine(
        &self,
        transactions: Vec<Recovered<Transaction>>,
    ) -> Vec<Result<(), SubmitError>> {
        let head = self.ledger.head();
        let attributes =
            BlockAttributes { timestamp: head.header.timestamp + 12, ..Default::default() };
        let mut builder = self.ledger.build(head.hash(), attributes).expect("the head is there");
        let push = |transaction| match builder.push(transaction) {
            Ok(_) => Ok(()),
            Err(PushError::Invalid(error)) => Err(error.into()),
            Err(error) => Err(SubmitError::Closed(error.to_string())),
        };
        let results: Vec<_> = transactions.into_iter().map(push).collect();
        self.ledger.commit(builder.seal().expect("it seals")).expect("it commits");
        results
    }
}

impl Backend for Chain {
    fn submit(&self, batch: Vec<Submission>) -> BoxFuture<'_, Vec<Result<(), SubmitError>>> {
        self.groups.lock().push(batch.len());
        let transactions: Vec<_> = batch.into_iter().map(|s| s.transaction).collect();
        for transaction in &transactions {
            // Nobody has to listen.
            let _ = self.events.send(Arc::new(transaction.clone()));
        }
        let results = if self.holds.load(Ordering::SeqCst) {
            let mut held = self.held.lock();
            let mut hold = |tx: Recovered<Transaction>| {
                held.insert((tx.signer(), tx.nonce()), Arc::new(tx));
                Ok(())
            };
            transactions.into_iter().map(&mut hold).collect()
        } else {
            self.mine(transactions)
        };
        async move { results }.boxed()
    }

    fn pending(&self) -> Option<Arc<Pending>> {
        None
    }

    fn pooled(&self, hash: B256) -> Option<Pooled> {
        self.held.lock().values().find(|tx| tx.inner().hash() == hash).cloned()
    }

    fn pooled_nonce(&self, address: Address) -> Option<u64> {
        let held = self.held.lock();
        held.range((address, 0)..=(address, u64::MAX)).next_back().map(|((_, nonce), _)| nonce + 1)
    }

    fn pool_content(&self) -> PoolContent {
        let mut content = PoolContent::default();
        for ((sender, _), tx) in &*self.held.lock() {
            content.pending.entry(*sender).or_default().push(Arc::clone(tx));
        }
        content
    }

    fn pool_status(&self) -> PoolStatus {
        PoolStatus { pending: self.held.lock().len(), queued: 0 }
    }

    fn pool_events(&self) -> broadcast::Receiver<Pooled> {
        self.events.subscribe()
    }
}

/// A signer made of a small number.
pub(crate) fn signer(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::with_last_byte(number)).expect("a key")
}

/// A transfer, signed.
pub(crate) async fn transfer(
    signer: &PrivateKeySigner,
    chain_id: u64,
    nonce: u64,
    value: u64,
) -> String {
    let request = TransactionRequest {
        to: Some(TxKind::Call(Address::with_last_byte(0xee))),
        value: Some(U256::from(value)),
        ..Default::default()
    };
    sign(signer, chain_id, nonce, request.gas_limit(21_000)).await
}

/// Signs a request with fees that any block takes.
pub(crate) async fn sign(
    signer: &PrivateKeySigner,
    chain_id: u64,
    nonce: u64,
    request: TransactionRequest,
) -> String {
    let request = request
        .with_chain_id(chain_id)
        .with_nonce(nonce)
        .with_max_fee_per_gas(10_000_000_000)
        .with_max_priority_fee_per_gas(1);
    let wallet = EthereumWallet::from(signer.clone());
    let signed = request.build(&wallet).await.expect("it can be signed");
    alloy::primitives::hex::encode_prefixed(signed.encoded_2718())
}

/// A client that sends any bytes.
pub(crate) struct Client {
    http: alloy::transports::http::reqwest::Client,
    url: String,
}

impl Client {
    pub(crate) fn of(server: &ServerHandle) -> Self {
        Self { http: Default::default(), url: server.http_url() }
    }

    pub(crate) async fn post(
        &self,
        body: impl Into<alloy::transports::http::reqwest::Body>,
    ) -> (u16, String) {
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let response = request.body(body).send().await.expect("the server answers");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a body"))
    }

    pub(crate) async fn send(&self, body: Value) -> Value {
        serde_json::from_str(&self.post(body.to_string()).await.1).expect("the answer is JSON")
    }

    /// The result, or the error with its code and text.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, (i64, String)> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut response = self.send(request).await;
        match response.get("error") {
            Some(error) => Err((
                error["code"].as_i64().expect("a code"),
                error["message"].as_str().expect("a message").to_owned(),
            )),
            None => Ok(response["result"].take()),
        }
    }
}

/// A WebSocket that sends any text.
pub(crate) struct Socket(tokio::net::TcpStream);

impl Socket {
    pub(crate) async fn to(server: &ServerHandle) -> Self {
        let mut stream =
            tokio::net::TcpStream::connect(server.address()).await.expect("it listens");
        let handshake = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(handshake.as_bytes()).await.expect("it is sent");
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            response.push(stream.read_u8().await.expect("a response"));
        }
        assert!(response.starts_with(b"HTTP/1.1 101"), "the server switches protocols");
        Self(stream)
    }

    /// One text frame. Its mask is zero, so that its bytes stand as they are.
    pub(crate) async fn send(&mut self, text: &str) {
        let mut frame = vec![0x81, 0x80 | 127];
        frame.extend((text.len() as u64).to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.expect("it is sent");
    }

    /// The next text; what keeps the connection alive is skipped.
    pub(crate) async fn receive(&mut self) -> String {
        loop {
            let (opcode, payload) = self.frame().await;
            match opcode {
                0x1 => return String::from_utf8(payload).expect("text"),
                0x9 | 0xa => {}
                other => panic!("a frame of kind {other}"),
            }
        }
    }

    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let opcode = self.0.read_u8().await.expect("a frame") & 0x0f;
        let length = match self.0.read_u8().await.expect("a length") {
            126 => u64::from(self.0.read_u16().await.expect("a length")),
            127 => self.0.read_u64().await.expect("a length"),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).expect("it fits")];
        self.0.read_exact(&mut payload).await.expect("a payload");
        (opcode, payload)
    }
}
