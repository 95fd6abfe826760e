// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @title What deposits pay for the rollup gas they use.
/// @notice Nobody can be kept from making deposits, so flooding the queue must cost. Rollup gas is sold by an EIP-1559
/// curve over parent blocks, bounded in each, and paid by burning parent gas: a normal deposit burns more gas than it
/// owes and pays nothing on top, one in a flood pays ever more. (OP Stack wallets send no fee for it; burning needs
/// none.)
abstract contract Metering {
    /// @notice The shape of the curve.
    /// @param maxBoughtGas The most rollup gas that deposits in one parent block can buy.
    /// @param elasticity `maxBoughtGas / elasticity` is the target: above it the price rises, below it falls.
    /// @param denominator The price changes by at most `1 / denominator` a block, for a full or an empty one.
    /// @param minBaseFee The least price, in wei.
    /// @param maxBaseFee The highest price, in wei.
    struct MeteringConfig {
        uint64 maxBoughtGas;
        uint64 elasticity;
        uint64 denominator;
        uint96 minBaseFee;
        uint96 maxBaseFee;
    }

    /// @notice The field of the metering config that cannot work.
    error BadMetering(string field);
    /// @notice This parent block has no rollup gas left to buy; try again in the next.
    error OutOfGas();

    /// @notice Below this parent base fee, prices in wei are turned into burnt gas as if it were this.
    uint256 private constant LEAST_PARENT_BASE_FEE = 1 gwei;

    uint64 private immutable _maxBoughtGas;
    uint64 private immutable _target;
    uint64 private immutable _denominator;
    uint96 private immutable _minBaseFee;
    uint96 private immutable _maxBaseFee;

    // One slot, together with the Portal's pause.
    uint96 private _baseFee;
    uint64 private _bought;
    uint48 private _boughtIn;

    constructor(MeteringConfig memory config) {
        if (config.elasticity < 2) revert BadMetering("elasticity");
        if (config.denominator < 2) revert BadMetering("denominator");
        if (config.maxBoughtGas / config.elasticity == 0) revert BadMetering("maxBoughtGas");
        if (config.minBaseFee == 0) revert BadMetering("minBaseFee");
        if (config.maxBaseFee < config.minBaseFee) revert BadMetering("maxBaseFee");
        _maxBoughtGas = config.maxBoughtGas;
        _target = config.maxBoughtGas / config.elasticity;
        _denominator = config.denominator;
        _minBaseFee = config.minBaseFee;
        _maxBaseFee = config.maxBaseFee;
        _baseFee = config.minBaseFee;
        _boughtIn = uint48(block.number);
    }

    /// @notice The state of the curve, under the names OP Stack tools know.
    /// @return prevBaseFee The price of one rollup gas in wei, in `prevBlockNum`.
    /// @return prevBoughtGas What was bought in `prevBlockNum`.
    /// @return prevBlockNum The last parent block with a deposit.
    function params() external view returns (uint128 prevBaseFee, uint64 prevBoughtGas, uint64 prevBlockNum) {
        return (_baseFee, _bought, _boughtIn);
    }

    /// @notice The most rollup gas that deposits in one parent block can buy.
    function maxBoughtGas() external view returns (uint64) {
        return _maxBoughtGas;
    }

    /// @dev Sells `amount` of rollup gas. What it costs and was not burnt since `gasBefore` is burnt now.
    function _sell(uint64 amount, uint256 gasBefore) internal {
        (uint256 price, uint256 bought, uint256 blocks) = (_baseFee, _bought, block.number - _boughtIn);
        if (blocks != 0) {
            price = _priceAfter(price, bought, blocks);
            bought = 0;
        }
        bought += amount;
        if (bought > _maxBoughtGas) revert OutOfGas();
        (_baseFee, _bought, _boughtIn) = (uint96(price), uint64(bought), uint48(block.number));

        uint256 owed = uint256(amount) * price / FixedPointMathLib.max(block.basefee, LEAST_PARENT_BASE_FEE);
        uint256 paid = gasBefore - gasleft();
        if (owed > paid) _burn(owed - paid);
    }

    /// @dev The price `blocks` after one in which `bought` was bought at `price`; nothing was bought in between.
    function _priceAfter(uint256 price, uint256 bought, uint256 blocks) private view returns (uint256) {
        if (bought > _target) {
            price += price * (bought - _target) / _target / _denominator;
        } else {
            price -= price * (_target - bought) / _target / _denominator;
        }
        price = FixedPointMathLib.clamp(price, _minBaseFee, _maxBaseFee);
        if (blocks == 1) return price;
        uint256 perBlock = 1e18 - 1e18 / _denominator;
        uint256 factor = FixedPointMathLib.rpow(perBlock, blocks - 1, 1e18);
        return FixedPointMathLib.clamp(price * factor / 1e18, _minBaseFee, _maxBaseFee);
    }

    function _burn(uint256 amount) private view {
        uint256 start = gasleft();
        while (start - gasleft() < amount) {}
    }
}
