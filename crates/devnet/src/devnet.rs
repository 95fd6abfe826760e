//! Starting and stopping.

use std::net::SocketAddr;
use std::sync::Arc;

use altana_ledger::Ledger;
use altana_rpc::{Server, ServerHandle};
use tokio::task::JoinHandle;

use crate::accounts::Accounts;
use crate::backend::DevBackend;
use crate::beacon;
use crate::chain::Chain;
use crate::config::Config;
use crate::error::Error;
use crate::methods;
use crate::miner::Order;
use crate::sidecar;

/// A chain that runs. It stops when this is dropped.
pub struct Devnet {
    chain: Arc<Chain>,
    server: ServerHandle,
    timer: JoinHandle<()>,
}

impl Devnet {
    /// Starts a chain, on the current tokio runtime. All ports answer on return.
    pub async fn start(config: Config) -> Result<Self, Error> {
        config.check()?;
        let address = SocketAddr::new(config.host, config.port);
        let chain = tokio::task::spawn_blocking(|| Chain::open(config))
            .await
            .map_err(|e| Error::Store(e.to_string()))??;
        let chain = Arc::new(chain);
        let server = Server::new(chain.ledger.clone(), Arc::new(DevBackend(chain.clone())))
            .methods(methods::all(chain.clone()))
            .routes(beacon::routes(chain.clone()))
            .serve(address)
            .await
            .map_err(|e| Error::Listen { address, reason: e.to_string() })?;
        // Ready before the first blobs come, if they come a little later.
        std::thread::spawn(sidecar::kzg);
        let timer = tokio::spawn(mine_at_intervals(chain.clone()));
        Ok(Self { chain, server, timer })
    }

    /// `http://…`: JSON-RPC and the beacon routes.
    pub fn url(&self) -> String {
        self.server.http_url()
    }

    /// `ws://…`: JSON-RPC with subscriptions.
    pub fn ws_url(&self) -> String {
        self.server.ws_url()
    }

    /// The dev accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.chain.accounts
    }

    /// The chain itself, to look at.
    pub fn ledger(&self) -> &Ledger {
        &self.chain.ledger
    }

    /// How it was started.
    pub fn config(&self) -> &Config {
        &self.chain.config
    }

    /// Stops, and waits until requests that run are answered.
    pub async fn shutdown(self) {
        self.server.stop();
        self.server.clone().stopped().await;
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        self.timer.abort();
        self.server.stop();
    }
}

impl std::fmt::Debug for Devnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Devnet").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// Makes a block each time the interval has passed, while there is one.
async fn mine_at_intervals(chain: Arc<Chain>) {
    let mut changes = chain.interval.subscribe();
    loop {
        let every = *changes.borrow_and_update();
        let Some(every) = every else {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        };
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await; // the first is due at once
        loop {
            tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                _ = ticks.tick() => {
                    let chain = chain.clone();
                    let work = move || chain.mine(&mut chain.miner.lock(), Order::default());
                    match tokio::task::spawn_blocking(work).await {
                        Ok(Ok(_)) => {}
                        Ok(Err(error)) => tracing::error!(%error, "no block could be made"),
                        Err(_) => return,
                    }
                }
            }
        }
    }
}
