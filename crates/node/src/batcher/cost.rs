//! What publishing costs, in blobs and in calldata.

use super::{Config, DataChoice, blob_payload_bytes_max, blobs_for};

/// Gas of a commit besides its data: transaction, checks, storage, event, attributes.
const COMMIT_GAS: u128 = 21_000 + 160_000;
/// Bytes of the call besides the payload.
const CALL_BYTES: u128 = 4 + 6 * 32;
/// Gas per payload byte for copying, chunk hashes and the event.
const CALLDATA_BYTE_GAS: u128 = 11;
/// Gas per token (EIP-2028), of which a zero byte is one and any other four.
const TOKEN_GAS: u128 = 4;
/// Gas per token if a transaction does little besides (EIP-7623).
const FLOOR_TOKEN_GAS: u128 = 10;
/// EIP-4844.
const BLOB_GAS: u128 = 131_072;
/// Gas per blob for its hash in event and commitment.
const BLOB_HASH_GAS: u128 = 2_000;

/// The parent's prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Wei per gas.
    pub base_fee: u128,
    /// Wei per blob gas; `None` where there are no blobs.
    pub blob_base_fee: Option<u128>,
}

/// The way that was chosen, and what both cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Number of blobs; 0 means calldata.
    pub blobs: usize,
    /// Wei, in blobs; `None` if the payload does not fit, or there are no blobs.
    pub blob_wei: Option<u128>,
    /// Wei, in calldata; `None` if the payload does not fit.
    pub calldata_wei: Option<u128>,
}

/// The cheaper way that is allowed and holds the payload; `None` if there is none.
pub(super) fn choose(config: &Config, payload: &[u8], prices: Prices) -> Option<Cost> {
    let blobs = blobs_for(payload);
    let fits_blobs = payload.len() <= blob_payload_bytes_max(config.blobs_max);
    let blob_wei = prices
        .blob_base_fee
        .filter(|_| config.data != DataChoice::Calldata && fits_blobs)
        .map(|blob_base_fee| blob_cost(blobs as u128, prices.base_fee, blob_base_fee));
    let fits_calldata = payload.len() <= config.calldata_bytes_max;
    let calldata_wei = (config.data != DataChoice::Blobs && fits_calldata)
        .then(|| calldata_gas(payload).saturating_mul(prices.base_fee));
    let blobs = match (blob_wei, calldata_wei) {
        (Some(blob), Some(calldata)) if calldata < blob => 0,
        (Some(_), _) => blobs,
        (None, Some(_)) => 0,
        (None, None) => return None,
    };
    Some(Cost { blobs, blob_wei, calldata_wei })
}

fn blob_cost(blobs: u128, base_fee: u128, blob_base_fee: u128) -> u128 {
    let gas = COMMIT_GAS + blobs * BLOB_HASH_GAS;
    let blob_gas = blobs * BLOB_GAS;
    gas.saturating_mul(base_fee).saturating_add(blob_gas.saturating_mul(blob_base_fee))
}

fn calldata_gas(payload: &[u8]) -> u128 {
    let zeros = payload.iter().filter(|byte| **byte == 0).count() as u128;
    let bytes = payload.len() as u128;
    let tokens = zeros + 4 * (bytes - zeros) + 4 * CALL_BYTES;
    let standard = COMMIT_GAS + TOKEN_GAS * tokens + CALLDATA_BYTE_GAS * bytes;
    standard.max(21_000 + FLOOR_TOKEN_GAS * tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP_BLOBS: Prices = Prices { base_fee: 1_000_000_000, blob_base_fee: Some(1) };
    const DEAR_BLOBS: Prices =
        Prices { base_fee: 1_000_000_000, blob_base_fee: Some(50_000_000_000) };
    const NO_BLOBS: Prices = Prices { base_fee: 1, blob_base_fee: None };

    fn blobs(bytes: usize, data: DataChoice, prices: Prices) -> Option<usize> {
        let config = Config { data, ..Config::default() };
        choose(&config, &vec![7; bytes], prices).map(|cost| cost.blobs)
    }

    #[test]
    fn the_cheaper_way_is_taken() {
        assert_eq!(blobs(10_000, DataChoice::Auto, CHEAP_BLOBS), Some(1));
        assert_eq!(blobs(10_000, DataChoice::Auto, DEAR_BLOBS), Some(0));
        assert_eq!(blobs(10_000, DataChoice::Auto, NO_BLOBS), Some(0));
    }

    #[test]
    fn what_does_not_fit_calldata_goes_into_blobs_at_any_price() {
        assert_eq!(blobs(300_000, DataChoice::Auto, DEAR_BLOBS), Some(3));
        assert_eq!(blobs(300_000, DataChoice::Calldata, DEAR_BLOBS), None);
        assert_eq!(blobs(300_000, DataChoice::Auto, NO_BLOBS), None);
    }

    #[test]
    fn a_fixed_choice_is_kept() {
        assert_eq!(blobs(10, DataChoice::Blobs, DEAR_BLOBS), Some(1));
        assert_eq!(blobs(10, DataChoice::Calldata, CHEAP_BLOBS), Some(0));
    }

    #[test]
    fn blobs_are_filled_to_the_last_byte() {
        let full = blob_payload_bytes_max(2);
        assert_eq!(blobs(full, DataChoice::Blobs, CHEAP_BLOBS), Some(2));
        assert_eq!(blobs(full + 1, DataChoice::Blobs, CHEAP_BLOBS), Some(3));
    }

    #[test]
    fn the_floor_price_binds_for_plain_data() {
        let gas = calldata_gas(&[1; 100_000]);
        assert_eq!(gas, 21_000 + 10 * (400_000 + 4 * CALL_BYTES));
    }
}
