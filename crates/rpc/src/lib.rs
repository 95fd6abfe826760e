//! Serve Ethereum JSON-RPC (HTTP and WebSocket on one port) over a ledger; never change a chain, except by handing a transaction to a [`Backend`].
//!
//! ```text
//! let handle = Server::new(ledger, Arc::new(backend))
//!     .limits(Limits::default())
//!     .methods(module)          // evm_*, admin_*, …: win over methods of the same name here
//!     .routes(axum::Router)     // GET /eth/v1/beacon/…, /metrics, …
//!     .serve("127.0.0.1:8545".parse()?)
//!     .await?;
//! handle.address();             // with the port that the system chose, if 0 was asked for
//! handle.stopped().await;       // or handle.stop()
//! ```
//!
//! What differs between a node and the embedded parent chain is behind [`Backend`]; everything
//! that a ledger can answer is answered here.

mod backend;
mod error;
mod limits;

pub use backend::{
    Backend, L1Origin, PoolContent, PoolStatus, RollupInfo, Submission, SubmitError, SyncProgress,
};
pub use error::RpcError;
pub use limits::Limits;
