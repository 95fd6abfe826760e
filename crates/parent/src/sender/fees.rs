//! Fees: what the market asks for, how much more a replacement must pay, and where to stop.

use serde::{Deserialize, Serialize};

/// Tip in wei per gas where the RPC suggests none.
pub(super) const DEFAULT_TIP: u128 = 1_000_000_000;

/// By how much pools want a replacement to pay more, in percent: 10, and 100 with blobs.
const BUMP_PERCENT: u128 = 10;
const BLOB_BUMP_PERCENT: u128 = 100;

/// Most to pay, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeCaps {
    /// Per gas, tip included.
    pub max_fee: u128,
    /// Per blob gas.
    pub blob_fee: u128,
}

impl Default for FeeCaps {
    /// 500 gwei for either.
    fn default() -> Self {
        Self { max_fee: 500_000_000_000, blob_fee: 500_000_000_000 }
    }
}

/// What a transaction offers, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    /// Per gas, tip included.
    pub max_fee: u128,
    /// Tip per gas.
    pub tip: u128,
    /// Per blob gas; `None` without blobs.
    pub blob_fee: Option<u128>,
}

impl Fees {
    /// An offer that stays good while base fees double.
    pub(super) fn market(base_fee: u128, tip: u128, blob_base_fee: Option<u128>) -> Self {
        Self {
            max_fee: base_fee.saturating_mul(2).saturating_add(tip),
            tip,
            blob_fee: blob_base_fee.map(|fee| fee.saturating_mul(2).max(1)),
        }
    }

    /// Not above the caps.
    pub(super) fn capped(self, caps: &FeeCaps) -> Self {
        let max_fee = self.max_fee.min(caps.max_fee);
        Self {
            max_fee,
            tip: self.tip.min(max_fee),
            blob_fee: self.blob_fee.map(|fee| fee.min(caps.blob_fee)),
        }
    }

    /// An offer that replaces this one: what the market asks for, and at least as much more as pools
    /// want. `None` where the caps do not allow it.
    pub(super) fn bumped(&self, market: &Self, caps: &FeeCaps) -> Option<Self> {
        let percent = if self.blob_fee.is_some() { BLOB_BUMP_PERCENT } else { BUMP_PERCENT };
        // Rounded up, and by one wei at least.
        let more = |fee: u128| fee.saturating_add(fee.saturating_mul(percent).div_ceil(100).max(1));
        let least = Self {
            max_fee: more(self.max_fee),
            tip: more(self.tip),
            blob_fee: self.blob_fee.map(more),
        };
        if least != least.capped(caps) {
            return None;
        }
        let wanted = Self {
            max_fee: least.max_fee.max(market.max_fee),
            tip: least.tip.max(market.tip),
            blob_fee: least.blob_fee.map(|fee| fee.max(market.blob_fee.unwrap_or_default())),
        };
        Some(wanted.capped(caps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: FeeCaps = FeeCaps { max_fee: 1000, blob_fee: 100 };

    fn check(
        old: (u128, u128, Option<u128>),
        market: (u128, u128),
        expected: Option<(u128, u128, Option<u128>)>,
    ) {
        let old = Fees { max_fee: old.0, tip: old.1, blob_fee: old.2 };
        let market = Fees { max_fee: market.0, tip: market.1, blob_fee: old.blob_fee.map(|_| 3) };
        let new = old.bumped(&market, &CAPS).map(|new| (new.max_fee, new.tip, new.blob_fee));
        assert_eq!(new, expected);
    }

    #[test]
    fn a_replacement_pays_more_and_never_more_than_the_caps() {
        check((100, 10, None), (50, 5), Some((110, 11, None)));
        check((101, 1, None), (50, 1), Some((112, 2, None)));
        check((100, 10, None), (300, 20), Some((300, 20, None)));
        check((100, 10, None), (9999, 20), Some((1000, 20, None)));
        check((950, 10, None), (50, 5), None);
        check((100, 10, Some(7)), (50, 5), Some((200, 20, Some(14))));
        check((100, 10, Some(1)), (50, 5), Some((200, 20, Some(3))));
        check((100, 10, Some(51)), (50, 5), None);
        check((u128::MAX, 10, None), (50, 5), None);
    }

    #[test]
    fn the_first_offer_is_capped() {
        let fees = Fees::market(5000, 2000, Some(0)).capped(&CAPS);
        assert_eq!(fees, Fees { max_fee: 1000, tip: 1000, blob_fee: Some(1) });
    }
}
