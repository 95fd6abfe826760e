//! Serve Ethereum JSON-RPC (HTTP and WebSocket on one port) over a ledger; never change a chain, except by handing a transaction to a [`Backend`].
//!
//! ```no_run
//! # async fn example(ledger: altana_ledger::Ledger, backend: std::sync::Arc<dyn altana_rpc::Backend>) -> std::io::Result<()> {
//! use altana_rpc::{Limits, Server};
//!
//! let handle = Server::new(ledger, backend)
//!     .limits(Limits::default())
//!     // .methods(module): evm_*, admin_*, …; they win over methods of the same name here
//!     // .routes(router): GET /eth/v1/beacon/…, /metrics, …
//!     .serve(([127, 0, 0, 1], 8545).into())
//!     .await?;
//! println!("{} {}", handle.http_url(), handle.ws_url());
//! handle.stop();
//! handle.stopped().await;
//! # Ok(())
//! # }
//! ```
//!
//! What differs between a node and the embedded parent chain is behind [`Backend`]; everything
//! that a ledger can answer is answered here.

mod api;
mod args;
mod backend;
mod blocks;
mod bounded;
mod call;
mod debug;
mod error;
mod fees;
mod filters;
mod info;
mod limits;
mod logs;
mod methods;
mod rollup;
mod server;
mod simulate;
mod state;
mod submit;
mod subscribe;
mod view;

pub use backend::{
    Backend, L1Origin, PoolContent, PoolStatus, RollupInfo, Submission, SubmitError, SyncProgress,
};
pub use error::RpcError;
pub use limits::Limits;
pub use server::{Server, ServerHandle};
