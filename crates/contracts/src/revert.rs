//! Revert data in words: our contracts' custom errors, and Solidity's own.

use crate::artifact;
use alloy::{
    json_abi::{Error, JsonAbi},
    primitives::{Address, U256, hex},
    sol_types::{Revert, SolError},
};
use serde::Deserialize;

/// What a contract of ours meant: `WrongIndex(7)`. Data of nobody we know come as hex.
pub fn reason(data: &[u8]) -> String {
    if let Ok(revert) = Revert::abi_decode(data) {
        return revert.reason;
    }
    match data.split_first_chunk::<4>() {
        None => "it gave no reason".into(),
        Some((selector, arguments)) => match find(*selector) {
            Some(error) => format!("{}({})", error.name, words(&error, arguments)),
            None => hex::encode_prefixed(data),
        },
    }
}

/// Why a call of a contract was refused, if the parent said so.
pub fn of(error: &alloy::contract::Error) -> Option<String> {
    error.as_revert_data().map(|data| reason(&data))
}

fn find(selector: [u8; 4]) -> Option<Error> {
    #[derive(Deserialize)]
    struct Artifact {
        abi: JsonAbi,
    }
    artifact::all()
        .filter_map(|json| serde_json::from_str::<Artifact>(json).ok())
        .find_map(|artifact| artifact.abi.errors().find(|e| e.selector() == selector).cloned())
}

/// The arguments, as far as they are plain.
fn words(error: &Error, data: &[u8]) -> String {
    let word = |i: usize| data.get(32 * i..32 * (i + 1));
    let argument = |(i, ty): (usize, &str)| {
        let Some(word) = word(i) else { return "?".into() };
        match ty {
            "address" => Address::from_slice(&word[12..]).to_string(),
            "string" => text(data, word).unwrap_or_else(|| "?".into()),
            number if number.starts_with("uint") => U256::from_be_slice(word).to_string(),
            _ => hex::encode_prefixed(word),
        }
    };
    let types = error.inputs.iter().map(|input| input.ty.as_str()).enumerate();
    types.map(argument).collect::<Vec<String>>().join(", ")
}

fn text(data: &[u8], offset: &[u8]) -> Option<String> {
    let start: usize = U256::from_be_slice(offset).try_into().ok()?;
    let length = data.get(start..start.checked_add(32)?)?;
    let length: usize = U256::from_be_slice(length).try_into().ok()?;
    let begin = start.checked_add(32)?;
    let text = data.get(begin..begin.checked_add(length)?)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::sol;

    sol! {
        error WrongIndex(uint64 expected);
        error BadConfig(string field);
        error Stranger(uint64 x);
    }

    #[test]
    fn what_a_contract_meant_is_said() {
        let cases = [
            (WrongIndex { expected: 7 }.abi_encode(), "WrongIndex(7)".to_owned()),
            (BadConfig { field: "chainId".into() }.abi_encode(), "BadConfig(chainId)".into()),
            (Revert::from("no").abi_encode(), "no".into()),
            (vec![], "it gave no reason".into()),
            (WrongIndex::SELECTOR.to_vec(), "WrongIndex(?)".into()),
            (BadConfig::SELECTOR.iter().copied().chain([255; 32]).collect(), "BadConfig(?)".into()),
        ];
        for (data, expect) in cases {
            assert_eq!(reason(&data), expect);
        }
        assert!(reason(&Stranger { x: 1 }.abi_encode()).starts_with("0x"));
    }
}
