//! Blocks, transactions, receipts and logs in the shape that JSON-RPC gives them.

mod block;
mod log;
mod receipt;
mod transaction;

pub(crate) use block::{BlockView, block, encode, header, pending_block};
pub(crate) use log::{LogView, log, place};
pub(crate) use receipt::{DataFees, ReceiptView, encode_with_root, receipt, receipts};
pub(crate) use transaction::{TransactionView, mined, pooled};
