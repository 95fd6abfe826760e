//! Why a devnet does not start or stops.

/// What went wrong, and what the caller must do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Correct the configuration.
    #[error("devnet configuration: {field}: {reason}")]
    Config {
        /// The field of [`crate::Config`].
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The address cannot be listened on; choose another or stop what uses it.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Address and port.
        address: std::net::SocketAddr,
        /// The operating system's words.
        reason: String,
    },
    /// The chain's store failed; look at the disk, then start again.
    #[error("chain store: {0}")]
    Store(String),
}
