//! Bounds of everything that a stranger can make the server do.

use std::time::Duration;

/// Bounds on requests, responses and the work behind them. What exceeds one is answered with an
/// error; nothing is cut silently.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one HTTP body or WebSocket message.
    pub request_bytes: u32,
    /// How long the body of one request may take to arrive; what comes later is not read.
    pub request_time: Duration,
    /// Bytes of one response, a whole batch counting as one.
    pub response_bytes: u32,
    /// Requests in one batch.
    pub batch_len: u32,
    /// Connections at a time, HTTP and WebSocket together.
    pub connections: u32,
    /// Subscriptions of one WebSocket connection.
    pub subscriptions_per_connection: u32,
    /// Messages that one WebSocket connection may fall behind before its subscriptions end.
    pub subscription_buffer: u32,
    /// Filters installed with `eth_newFilter` and its kin, for all clients together.
    pub filters: usize,
    /// A filter that nobody polls for this long is removed.
    pub filter_idle: Duration,
    /// Blocks that one log query may span.
    pub logs_blocks: u64,
    /// Logs that one query may return. Their data may be as long as a response.
    pub logs_results: usize,
    /// Gas of one `eth_call`, `eth_estimateGas`, `eth_simulateV1`, …
    pub call_gas: u64,
    /// How long a call, trace or query may keep its client waiting.
    pub call_time: Duration,
    /// Calls, traces and log queries that run at a time; others wait for [`Limits::call_time`].
    pub calls: usize,
    /// Blocks of one `eth_simulateV1`, the ones between given numbers included.
    pub simulate_blocks: u64,
    /// Blocks of one `eth_feeHistory`; more are answered with this many, as Ethereum's nodes do.
    pub fee_history_blocks: u64,
    /// Storage keys of one `eth_getProof` or `eth_getStorageValues`.
    pub storage_keys: usize,
    /// Steps that one trace may take.
    pub trace_steps: usize,
    /// Bytes of stacks, memory and call data that one trace may hold.
    pub trace_bytes: usize,
    /// How long `eth_sendRawTransactionSync` waits for a receipt, at most.
    pub receipt_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 15 * 1024 * 1024,
            request_time: Duration::from_secs(30),
            response_bytes: 160 * 1024 * 1024,
            batch_len: 2_000,
            connections: 1_000,
            subscriptions_per_connection: 256,
            subscription_buffer: 256,
            filters: 2_000,
            filter_idle: Duration::from_secs(300),
            logs_blocks: 100_000,
            logs_results: 20_000,
            call_gas: 50_000_000,
            call_time: Duration::from_secs(10),
            calls: 8,
            simulate_blocks: 256,
            fee_history_blocks: 1_024,
            storage_keys: 1_024,
            trace_steps: 1_000_000,
            trace_bytes: 128 * 1024 * 1024,
            receipt_wait: Duration::from_secs(30),
        }
    }
}
