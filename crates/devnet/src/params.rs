//! Parameters of development methods, which tools write in many ways.

use alloy_primitives::U256;
use altana_rpc::RpcError;
use jsonrpsee::types::Params;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A number written as a JSON number, `0x…`, or decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) U256);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parsed = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_u64().map(U256::from),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        parsed.map(Self).ok_or_else(|| D::Error::custom("expected a number"))
    }
}

impl Number {
    /// As `u64`.
    pub(crate) fn u64(self) -> Result<u64, RpcError> {
        let fits = u64::try_from(self.0);
        fits.map_err(|_| RpcError::InvalidParams("number is too large".to_owned()))
    }
}

/// Positional parameters, taken one after the other.
pub(crate) struct Args {
    values: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Args {
    pub(crate) fn new(params: &Params<'_>) -> Result<Self, RpcError> {
        let values: Option<Vec<Value>> = match params.as_str() {
            None => None,
            Some(_) => params
                .parse()
                .map_err(|_| RpcError::InvalidParams("parameters must be a list".to_owned()))?,
        };
        Ok(Self { values: values.unwrap_or_default().into_iter(), taken: 0 })
    }

    /// The next parameter; absent and `null` are the same.
    pub(crate) fn optional<T: DeserializeOwned>(&mut self) -> Result<Option<T>, RpcError> {
        let at = self.taken;
        self.taken += 1;
        match self.values.next() {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match serde_json::from_value(value) {
                Ok(value) => Ok(Some(value)),
                Err(e) => Err(RpcError::InvalidParams(format!("invalid argument {at}: {e}"))),
            },
        }
    }

    /// The next parameter, which must be there.
    pub(crate) fn required<T: DeserializeOwned>(&mut self) -> Result<T, RpcError> {
        let missing = format!("missing value for required argument {}", self.taken);
        self.optional()?.ok_or(RpcError::InvalidParams(missing))
    }

    pub(crate) fn number(&mut self) -> Result<u64, RpcError> {
        self.required::<Number>()?.u64()
    }

    pub(crate) fn optional_number(&mut self) -> Result<Option<u64>, RpcError> {
        self.optional::<Number>()?.map(Number::u64).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_written() {
        for (text, expect) in [
            ("7", Some(7)),
            ("\"0x10\"", Some(16)),
            ("\"12\"", Some(12)),
            ("-1", None),
            ("\"seven\"", None),
            ("[]", None),
        ] {
            let number = serde_json::from_str::<Number>(text).ok();
            assert_eq!(number, expect.map(|n: u64| Number(U256::from(n))), "{text}");
        }
        assert!(Number(U256::MAX).u64().is_err());
    }

    #[test]
    fn the_parameter_that_is_wrong_is_named() {
        let mut args = Args::new(&Params::new(Some("[1, true]"))).unwrap();
        assert_eq!(args.number().unwrap(), 1);
        assert!(args.number().unwrap_err().to_string().contains("argument 1"));
        assert!(args.number().unwrap_err().to_string().contains("argument 2"));
        assert!(Args::new(&Params::new(Some("{}"))).is_err());
    }
}
