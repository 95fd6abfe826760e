// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A constant-product pool for benchmarks, with the storage traffic of a real swap: two
///        reserves, two balances of the trader, one event.
/// @notice Balances are play money that lives only here; everyone starts with some.
contract DemoSwap {
    /// @notice What every trader starts with, of each token.
    uint256 public constant START = 1e24;

    uint128 public reserve0 = 1e27;
    uint128 public reserve1 = 1e27;
    mapping(address trader => uint256) public spent0;
    mapping(address trader => uint256) public bought1;

    event Swap(address indexed trader, uint256 amountIn, uint256 amountOut);

    /// @notice The trader has `has` left.
    error Insufficient(uint256 has);
    /// @notice The price moved: only `amountOut` would come out.
    error Slippage(uint256 amountOut);

    /// @notice Sells `amountIn` of token 0 for at least `minOut` of token 1, with a fee of 0.3 %.
    function swap(uint256 amountIn, uint256 minOut) external returns (uint256 amountOut) {
        uint256 has = START - spent0[msg.sender];
        if (amountIn > has) revert Insufficient(has);
        (uint256 r0, uint256 r1) = (reserve0, reserve1);
        uint256 afterFee = amountIn * 997;
        amountOut = (afterFee * r1) / (r0 * 1000 + afterFee);
        if (amountOut < minOut) revert Slippage(amountOut);
        reserve0 = uint128(r0 + amountIn);
        reserve1 = uint128(r1 - amountOut);
        spent0[msg.sender] += amountIn;
        bought1[msg.sender] += amountOut;
        emit Swap(msg.sender, amountIn, amountOut);
    }
}
