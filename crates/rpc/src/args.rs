//! Positional parameters, with geth's words for what is wrong with them.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::B256;
use jsonrpsee::types::Params;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::RpcError;

/// More parameters than any method has.
const ARGS_MAX: usize = 16;

/// The parameters of one call, taken from the left.
pub(crate) struct Args<'a> {
    values: Vec<&'a RawValue>,
    next: usize,
}

impl<'a> Args<'a> {
    pub(crate) fn parse(params: &'a Params<'_>) -> Result<Self, RpcError> {
        let values: Vec<&RawValue> = match params.as_str() {
            None => Vec::new(),
            Some(text) => {
                serde_json::from_str(text).map_err(|_| RpcError::params("non-array args"))?
            }
        };
        if values.len() > ARGS_MAX {
            return Err(RpcError::params(format!("too many arguments, want at most {ARGS_MAX}")));
        }
        Ok(Self { values, next: 0 })
    }

    /// The next parameter as it stands; `None` if it is absent or null.
    fn raw(&mut self) -> (usize, Option<&'a str>) {
        let at = self.next;
        self.next += 1;
        let text = self.values.get(at).map(|value| value.get()).filter(|text| *text != "null");
        (at, text)
    }

    pub(crate) fn optional<T: DeserializeOwned>(&mut self) -> Result<Option<T>, RpcError> {
        match self.raw() {
            (_, None) => Ok(None),
            (at, Some(text)) => parse(at, text).map(Some),
        }
    }

    pub(crate) fn required<T: DeserializeOwned>(&mut self) -> Result<T, RpcError> {
        match self.raw() {
            (at, None) => Err(missing(at)),
            (at, Some(text)) => parse(at, text),
        }
    }

    /// A 32-byte hash, which must have its `0x`.
    pub(crate) fn hash(&mut self) -> Result<B256, RpcError> {
        let (at, text) = self.raw();
        let text = text.ok_or_else(|| missing(at))?;
        if !text.starts_with("\"0x") && !text.starts_with("\"0X") {
            return Err(RpcError::params(format!(
                "invalid argument {at}: hex string without 0x prefix"
            )));
        }
        parse(at, text)
    }

    /// A block id, `latest` if absent.
    pub(crate) fn block(&mut self) -> Result<BlockId, RpcError> {
        Ok(self.optional()?.unwrap_or_else(BlockId::latest))
    }

    /// A block number or tag.
    pub(crate) fn number(&mut self) -> Result<BlockNumberOrTag, RpcError> {
        self.required()
    }
}

fn missing(at: usize) -> RpcError {
    RpcError::params(format!("missing value for required argument {at}"))
}

fn parse<T: DeserializeOwned>(at: usize, text: &str) -> Result<T, RpcError> {
    serde_json::from_str(text)
        .map_err(|error| RpcError::params(format!("invalid argument {at}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;

    fn check<T: std::fmt::Debug>(
        params: &str,
        take: impl FnOnce(&mut Args<'_>) -> Result<T, RpcError>,
        expect: &str,
    ) {
        let params = Params::new(Some(params));
        let got = Args::parse(&params).and_then(|mut args| take(&mut args));
        let got = match got {
            Ok(value) => format!("{value:?}"),
            Err(error) => {
                assert_eq!(error.code(), crate::error::INVALID_PARAMS);
                error.to_string()
            }
        };
        assert!(got.contains(expect), "{got}");
    }

    #[test]
    fn wrong_parameters_are_named_by_their_place() {
        check("[]", |a| a.hash(), "missing value for required argument 0");
        check("[null]", |a| a.required::<U256>(), "missing value for required argument 0");
        check("[\"2\"]", |a| a.number(), "invalid argument 0");
        check("[{}]", |a| a.number(), "invalid argument 0");
        check("{\"a\":1}", |a| a.number(), "non-array args");
        check("[\"12\"]", |a| a.hash(), "without 0x prefix");
        check(&format!("[{}1]", "1,".repeat(20)), |a| a.number(), "too many arguments");
    }

    #[test]
    fn absent_blocks_are_the_latest() {
        let is = |id: BlockId| move |a: &mut Args<'_>| Ok(a.block()? == id);
        check("[]", is(BlockId::latest()), "true");
        check("[null]", is(BlockId::latest()), "true");
        check("[\"0x10\"]", is(BlockId::number(16)), "true");
        check("[{\"blockNumber\":\"0x10\"}]", is(BlockId::number(16)), "true");
        check("[\"safe\"]", is(BlockId::safe()), "true");
    }
}
