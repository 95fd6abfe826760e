//! Calls that are repeated until an answer or a deadline.

use crate::{ParentError, transport::BoundedHttp};
use alloy::{
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::{client::RpcClient, json_rpc::ErrorPayload},
    transports::{
        RpcError, TransportErrorKind, TransportResult, http::reqwest::Url, utils::guess_local_url,
    },
};
use std::{
    fmt::Display,
    future::Future,
    time::{Duration, Instant},
};

/// How patient to be with an RPC.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Longest wait for one answer.
    pub attempt_timeout: Duration,
    /// Longest wait for a call with all its repetitions.
    pub deadline: Duration,
    /// Wait before the first repetition; doubled for each further one.
    pub backoff_min: Duration,
    /// Longest wait between repetitions.
    pub backoff_max: Duration,
    /// Most blocks that one `eth_getLogs` asks for. Halved as long as the RPC refuses.
    pub log_blocks_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            attempt_timeout: Duration::from_secs(15),
            deadline: Duration::from_secs(60),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            log_blocks_max: 5_000,
        }
    }
}

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The RPC answered with an error: the same question would get it again.
    Refused(Box<ErrorPayload>),
    /// The answer is too long, or takes too long: a smaller question may get one.
    TooMuch(String),
    /// No answer, or none that is JSON-RPC.
    Unreachable(String),
}

impl Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "{error}"),
            Self::TooMuch(reason) | Self::Unreachable(reason) => f.write_str(reason),
        }
    }
}

impl From<CallError> for ParentError {
    fn from(error: CallError) -> Self {
        Self::temporary(error)
    }
}

/// A provider with patience.
#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    pub(crate) provider: DynProvider,
    pub(crate) options: Options,
}

impl Rpc {
    /// Connects to an `http(s)://` or `ws(s)://` URL.
    pub(crate) async fn connect(url: &str, options: Options) -> Result<Self, ParentError> {
        let url: Url = url
            .parse()
            .map_err(|error| ParentError::Fatal(format!("{url:?} is no URL: {error}")))?;
        let provider = match url.scheme() {
            "http" | "https" => {
                let is_local = guess_local_url(url.as_str());
                let client = RpcClient::new(BoundedHttp::new(url), is_local);
                ProviderBuilder::default().connect_client(client).erased()
            }
            "ws" | "wss" => {
                let connect = ProviderBuilder::default().connect(url.as_str());
                let connect = tokio::time::timeout(options.attempt_timeout, connect);
                let provider = connect.await.map_err(ParentError::temporary)?;
                provider.map_err(ParentError::temporary)?.erased()
            }
            scheme => {
                let reason =
                    format!("the URL starts with {scheme}, not with http, https, ws or wss");
                return Err(ParentError::Fatal(reason));
            }
        };
        Ok(Self { provider, options })
    }

    /// Makes a call until it is answered, refused, or the deadline has passed.
    pub(crate) async fn ask<T, F>(
        &self,
        name: &'static str,
        mut request: impl FnMut(DynProvider) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = TransportResult<T>>,
    {
        let start = Instant::now();
        let mut wait = self.options.backoff_min;
        loop {
            let attempt = request(self.provider.clone());
            let error = match tokio::time::timeout(self.options.attempt_timeout, attempt).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(RpcError::ErrorResp(error))) if !error.is_retry_err() => {
                    return Err(CallError::Refused(Box::new(error)));
                }
                Ok(Err(RpcError::Transport(TransportErrorKind::NonRetryable(error)))) => {
                    return Err(CallError::TooMuch(format!("{name}: {error}")));
                }
                Ok(Err(error)) => CallError::Unreachable(format!("{name}: {error}")),
                Err(_) => CallError::TooMuch(format!("{name}: no answer")),
            };
            tracing::debug!(%error, "parent RPC");
            if start.elapsed() + wait > self.options.deadline {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            wait = (2 * wait).min(self.options.backoff_max);
        }
    }
}
