//! Errors in the words and codes that wallets match on.

use alloy_primitives::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::SubmitError;

/// Ethereum's code for everything that has no code of its own (EIP-1474).
pub(crate) const SERVER_ERROR: i32 = -32000;
/// JSON-RPC: parameters of the wrong number, type or value.
pub(crate) const INVALID_PARAMS: i32 = -32602;
/// JSON-RPC: a fault of this side.
pub(crate) const INTERNAL: i32 = -32603;
/// EIP-1474: a limit of this server.
pub(crate) const LIMIT_EXCEEDED: i32 = -32005;
/// Geth: execution reverted, with the return data.
pub(crate) const REVERTED: i32 = 3;

/// What a method answers instead of a result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RpcError {
    /// The request is wrong. Send another.
    #[error("{0}")]
    InvalidParams(String),
    /// The call reverted. The data is the contract's.
    #[error("{}", revert_message(.0))]
    Reverted(Bytes),
    /// The request asks for more than [`crate::Limits`] allow. Ask for less.
    #[error("{0}")]
    Limit(String),
    /// No such block, or one whose state is not kept.
    #[error("{0}")]
    NotFound(String),
    /// The request is well-formed, but cannot be done.
    #[error("{0}")]
    Refused(String),
    /// The transaction was not accepted.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// An error with a code of its own.
    #[error("{message}")]
    Coded {
        /// JSON-RPC error code.
        code: i32,
        /// Text.
        message: String,
        /// Further data.
        data: Option<Value>,
    },
    /// A fault of this node, not of the request. Try another node, or later.
    #[error("internal error: {0}")]
    Internal(String),
}

impl RpcError {
    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self::InvalidParams(message.into())
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    pub(crate) fn coded(code: i32, message: impl Into<String>) -> Self {
        Self::Coded { code, message: message.into(), data: None }
    }

    /// The JSON-RPC code.
    pub fn code(&self) -> i32 {
        match self {
            Self::InvalidParams(_) => INVALID_PARAMS,
            Self::Reverted(_) => REVERTED,
            Self::Limit(_) => LIMIT_EXCEEDED,
            Self::NotFound(_) | Self::Refused(_) | Self::Submit(_) => SERVER_ERROR,
            Self::Coded { code, .. } => *code,
            Self::Internal(_) => INTERNAL,
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            RpcError::Reverted(data) => Self::owned(code, message, Some(data)),
            RpcError::Coded { data, .. } => Self::owned(code, message, data),
            _ => Self::owned(code, message, None::<()>),
        }
    }
}

impl From<altana_ledger::Error> for RpcError {
    fn from(error: altana_ledger::Error) -> Self {
        use altana_ledger::Error;
        match error {
            Error::UnknownBlock(_) | Error::UnknownNumber(_) => {
                Self::NotFound("header not found".into())
            }
            Error::TooMany(max) => Self::Limit(format!("query returned more than {max} results")),
            other => Self::Internal(other.to_string()),
        }
    }
}

/// What a revert says: `execution reverted`, with Solidity's reason where there is one.
pub(crate) fn revert_message(data: &Bytes) -> String {
    match revert_reason(data) {
        Some(reason) => format!("execution reverted: {reason}"),
        None => "execution reverted".into(),
    }
}

/// `Error(string)` and `Panic(uint256)`, in geth's words.
fn revert_reason(data: &[u8]) -> Option<String> {
    use alloy_primitives::U256;
    let (selector, rest) = data.split_at_checked(4)?;
    let word = |at: usize| rest.get(at..at + 32).map(U256::from_be_slice);
    match selector {
        [0x08, 0xc3, 0x79, 0xa0] => {
            let offset = usize::try_from(word(0)?).ok()?;
            let length = usize::try_from(word(offset)?).ok()?;
            let start = offset.checked_add(32)?;
            let text = rest.get(start..start.checked_add(length)?)?;
            Some(String::from_utf8_lossy(text).into_owned())
        }
        [0x4e, 0x48, 0x7b, 0x71] => {
            let code = word(0)?;
            Some(match u8::try_from(code).ok() {
                Some(0x00) => "generic panic".into(),
                Some(0x01) => "assert(false)".into(),
                Some(0x11) => "arithmetic underflow or overflow".into(),
                Some(0x12) => "division or modulo by zero".into(),
                Some(0x21) => "enum overflow".into(),
                Some(0x22) => "invalid encoded storage byte array accessed".into(),
                Some(0x31) => "out-of-bounds array access; popping on an empty array".into(),
                Some(0x32) => "out-of-bounds access of an array or bytesN".into(),
                Some(0x41) => "out of memory".into(),
                Some(0x51) => "uninitialized function".into(),
                _ => format!("unknown panic code: {code:#x}"),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    fn check(data: &[u8], expect: &str) {
        assert_eq!(revert_message(&Bytes::copy_from_slice(data)), expect);
    }

    #[test]
    fn reverts_are_told_in_the_words_that_wallets_match() {
        check(&[], "execution reverted");
        check(&hex!("deadbeef"), "execution reverted");
        check(
            &hex!("4e487b710000000000000000000000000000000000000000000000000000000000000011"),
            "execution reverted: arithmetic underflow or overflow",
        );
        check(
            &hex!(
                "08c379a00000000000000000000000000000000000000000000000000000000000000020"
                "000000000000000000000000000000000000000000000000000000000000000a"
                "75736572206572726f7200000000000000000000000000000000000000000000"
            ),
            "execution reverted: user error",
        );
    }

    #[test]
    fn a_reason_whose_length_lies_is_no_reason() {
        let mut data = hex!("08c379a0").to_vec();
        data.extend([0xff; 64]);
        check(&data, "execution reverted");
    }
}
