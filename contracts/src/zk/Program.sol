// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EVEN, GAP, HIGH, LOW32, M26, M38, N, P, PS, PS26} from "./Ext4.sol";

/// @title The interpreter of constraint programs (docs/stark.md, section 3, "Programs").
/// @notice Values lie in memory from address 0 on, so an operand is one `mload`: Solidity's own words there are
/// overwritten. Whoever calls saves the pointer to free memory, reserves the space (`StarkKey.load`), and neither
/// allocates nor reverts with an error before the pointer is back.
/// @dev The bodies of `Ext4.mul` and `Ext4.mulBase` are repeated here: a call costs as much as a third of them.
library Program {
    /// @notice Puts the `columns` openings that end at `end` in the calldata into memory, up to `to`, and goes on with
    /// their sum for the stacked reduction, from the last to the first: sum = sum * square + col + lambda * rot.
    /// @param weights Two challenges, split at 26 bits: lambda and its square, low and high parts.
    /// @return bad Not zero if a word is not below p.
    function openRotated(uint256 end, uint256 columns, uint256 to, uint256 sum, uint256[4] memory weights)
        internal
        pure
        returns (uint256, uint256 bad)
    {
        assembly ("memory-safe") {
            let until := sub(end, shl(5, columns))
            for {} gt(end, until) {} {
                end := sub(end, 0x20)
                to := sub(to, 0x40)
                let col := calldataload(end)
                let rot := and(col, 0xffffffffffffffffffffffffffffffff)
                rot := and(or(rot, shl(64, rot)), EVEN)
                rot := and(or(rot, shl(32, rot)), LOW32)
                mstore(add(to, 0x20), rot)
                col := shr(128, col)
                col := and(or(col, shl(64, col)), EVEN)
                col := and(or(col, shl(32, col)), LOW32)
                mstore(to, col)
                bad := or(bad, or(add(rot, GAP), add(col, GAP)))
                let t := add(mulmod(rot, mload(weights), N), mulmod(sum, mload(add(weights, 0x40)), N))
                t := add(
                    add(mulmod(rot, mload(add(weights, 0x20)), N), mulmod(sum, mload(add(weights, 0x60)), N)),
                    shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                )
                sum := add(shr(26, sub(add(t, PS26), mul(and(t, M26), P))), col)
            }
            bad := and(bad, HIGH)
        }
        return (sum, bad);
    }

    /// @notice The same for a trace without rotations: sum = sum * square + col.
    function openPlain(uint256 end, uint256 columns, uint256 to, uint256 sum, uint256[4] memory weights)
        internal
        pure
        returns (uint256, uint256 bad)
    {
        assembly ("memory-safe") {
            let until := sub(end, shl(4, columns))
            for {} gt(end, until) {} {
                end := sub(end, 0x10)
                to := sub(to, 0x20)
                let col := shr(128, calldataload(end))
                col := and(or(col, shl(64, col)), EVEN)
                col := and(or(col, shl(32, col)), LOW32)
                mstore(to, col)
                bad := or(bad, add(col, GAP))
                let t := mulmod(sum, mload(add(weights, 0x40)), N)
                t := add(mulmod(sum, mload(add(weights, 0x60)), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                sum := add(shr(26, sub(add(t, PS26), mul(and(t, M26), P))), col)
            }
            bad := and(bad, HIGH)
        }
        return (sum, bad);
    }

    /// @notice Copies `count` encoded base elements of memory at `from` to slots from `to` on.
    /// @return end The first slot behind.
    function spread(uint256 from, uint256 count, uint256 to) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            end := add(to, shl(5, count))
            for {} lt(to, end) {} {
                mstore(to, shr(224, mload(from)))
                from := add(from, 4)
                to := add(to, 0x20)
            }
        }
    }

    /// @notice Runs the operations at `ip`: their number, then each with its operands.
    /// @return The first byte behind.
    /// @dev Five operations fit in a word, from which their operands are decoded; the rest of a run goes one by one.
    function execute(uint256 ip) internal pure returns (uint256) {
        assembly ("memory-safe") {
            let runs := shr(240, mload(ip))
            ip := add(ip, 2)
            for {} runs { runs := sub(runs, 1) } {
                let op := mload(ip)
                ip := add(ip, 3)
                let end := add(ip, mul(and(shr(232, op), 0xffff), 6))
                op := byte(0, op)
                switch op
                case 5 {
                    for {} lt(add(ip, 29), end) { ip := add(ip, 30) } {
                        let w := mload(ip)
                        {
                            let a := mload(shr(240, w))
                            let b := mload(and(shr(224, w), 0xffff))
                            let t := mulmod(a, and(b, M26), N)
                            t := add(
                                mulmod(a, and(shr(26, b), M38), N),
                                shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            )
                            mstore(and(shr(208, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let a := mload(and(shr(192, w), 0xffff))
                            let b := mload(and(shr(176, w), 0xffff))
                            let t := mulmod(a, and(b, M26), N)
                            t := add(
                                mulmod(a, and(shr(26, b), M38), N),
                                shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            )
                            mstore(and(shr(160, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let a := mload(and(shr(144, w), 0xffff))
                            let b := mload(and(shr(128, w), 0xffff))
                            let t := mulmod(a, and(b, M26), N)
                            t := add(
                                mulmod(a, and(shr(26, b), M38), N),
                                shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            )
                            mstore(and(shr(112, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let a := mload(and(shr(96, w), 0xffff))
                            let b := mload(and(shr(80, w), 0xffff))
                            let t := mulmod(a, and(b, M26), N)
                            t := add(
                                mulmod(a, and(shr(26, b), M38), N),
                                shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            )
                            mstore(and(shr(64, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let a := mload(and(shr(48, w), 0xffff))
                            let b := mload(and(shr(32, w), 0xffff))
                            let t := mulmod(a, and(b, M26), N)
                            t := add(
                                mulmod(a, and(shr(26, b), M38), N),
                                shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            )
                            mstore(and(shr(16, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                    }
                    for {} lt(ip, end) { ip := add(ip, 6) } {
                        let w := mload(ip)
                        {
                            let a := mload(shr(240, w))
                            let b := mload(and(shr(224, w), 0xffff))
                            let t := mulmod(a, and(b, M26), N)
                            t := add(
                                mulmod(a, and(shr(26, b), M38), N),
                                shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            )
                            mstore(and(shr(208, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                    }
                }
                case 1 {
                    for {} lt(add(ip, 29), end) { ip := add(ip, 30) } {
                        let w := mload(ip)
                        mstore(and(shr(208, w), 0xffff), add(mload(shr(240, w)), mload(and(shr(224, w), 0xffff))))
                        mstore(
                            and(shr(160, w), 0xffff),
                            add(mload(and(shr(192, w), 0xffff)), mload(and(shr(176, w), 0xffff)))
                        )
                        mstore(
                            and(shr(112, w), 0xffff),
                            add(mload(and(shr(144, w), 0xffff)), mload(and(shr(128, w), 0xffff)))
                        )
                        mstore(
                            and(shr(64, w), 0xffff),
                            add(mload(and(shr(96, w), 0xffff)), mload(and(shr(80, w), 0xffff)))
                        )
                        mstore(
                            and(shr(16, w), 0xffff),
                            add(mload(and(shr(48, w), 0xffff)), mload(and(shr(32, w), 0xffff)))
                        )
                    }
                    for {} lt(ip, end) { ip := add(ip, 6) } {
                        let w := mload(ip)
                        mstore(and(shr(208, w), 0xffff), add(mload(shr(240, w)), mload(and(shr(224, w), 0xffff))))
                    }
                }
                case 6 {
                    for {} lt(add(ip, 29), end) { ip := add(ip, 30) } {
                        let w := mload(ip)
                        {
                            let t := mul(mload(shr(240, w)), mload(and(shr(224, w), 0xffff)))
                            t := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            mstore(and(shr(208, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let t := mul(mload(and(shr(192, w), 0xffff)), mload(and(shr(176, w), 0xffff)))
                            t := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            mstore(and(shr(160, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let t := mul(mload(and(shr(144, w), 0xffff)), mload(and(shr(128, w), 0xffff)))
                            t := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            mstore(and(shr(112, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let t := mul(mload(and(shr(96, w), 0xffff)), mload(and(shr(80, w), 0xffff)))
                            t := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            mstore(and(shr(64, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                        {
                            let t := mul(mload(and(shr(48, w), 0xffff)), mload(and(shr(32, w), 0xffff)))
                            t := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            mstore(and(shr(16, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                    }
                    for {} lt(ip, end) { ip := add(ip, 6) } {
                        let w := mload(ip)
                        {
                            let t := mul(mload(shr(240, w)), mload(and(shr(224, w), 0xffff)))
                            t := shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                            mstore(and(shr(208, w), 0xffff), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                        }
                    }
                }
                default {
                    // A difference; `op` becomes the multiple of p that keeps it from falling below zero.
                    op := shl(add(sub(shl(1, op), 3), eq(op, 4)), PS)
                    for {} lt(add(ip, 29), end) { ip := add(ip, 30) } {
                        let w := mload(ip)
                        mstore(
                            and(shr(208, w), 0xffff),
                            sub(add(mload(shr(240, w)), op), mload(and(shr(224, w), 0xffff)))
                        )
                        mstore(
                            and(shr(160, w), 0xffff),
                            sub(add(mload(and(shr(192, w), 0xffff)), op), mload(and(shr(176, w), 0xffff)))
                        )
                        mstore(
                            and(shr(112, w), 0xffff),
                            sub(add(mload(and(shr(144, w), 0xffff)), op), mload(and(shr(128, w), 0xffff)))
                        )
                        mstore(
                            and(shr(64, w), 0xffff),
                            sub(add(mload(and(shr(96, w), 0xffff)), op), mload(and(shr(80, w), 0xffff)))
                        )
                        mstore(
                            and(shr(16, w), 0xffff),
                            sub(add(mload(and(shr(48, w), 0xffff)), op), mload(and(shr(32, w), 0xffff)))
                        )
                    }
                    for {} lt(ip, end) { ip := add(ip, 6) } {
                        let w := mload(ip)
                        mstore(
                            and(shr(208, w), 0xffff),
                            sub(add(mload(shr(240, w)), op), mload(and(shr(224, w), 0xffff)))
                        )
                    }
                }
            }
        }
        return ip;
    }

    /// @notice The sum of the `count` values in the slots that are listed at `ip`, over powers of x: the last listed has
    /// power 0. `sum` stands before the first.
    /// @param powers x, its square and its cube, tight.
    /// @return The sum, lazy, and the first byte behind the list.
    /// @dev Three at once share the reduction: their left operands together are a left operand.
    function horner(uint256 ip, uint256 count, uint256[3] memory powers, uint256 sum)
        internal
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            let x := mload(powers)
            let xx := mload(add(powers, 0x20))
            let xxx := mload(add(powers, 0x40))
            let end := add(ip, shl(1, count))
            for {} lt(add(ip, 5), end) { ip := add(ip, 6) } {
                let w := mload(ip)
                let a := mload(shr(240, w))
                let b := mload(and(shr(224, w), 0xffff))
                let t := add(add(mulmod(xxx, and(sum, M26), N), mulmod(xx, and(a, M26), N)), mulmod(x, and(b, M26), N))
                t := add(
                    add(
                        add(mulmod(xxx, and(shr(26, sum), M38), N), mulmod(xx, and(shr(26, a), M38), N)),
                        mulmod(x, and(shr(26, b), M38), N)
                    ),
                    shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                )
                sum := add(shr(26, sub(add(t, PS26), mul(and(t, M26), P))), mload(and(shr(208, w), 0xffff)))
            }
            if lt(add(ip, 3), end) {
                let w := mload(ip)
                let a := mload(shr(240, w))
                let t := add(mulmod(xx, and(sum, M26), N), mulmod(x, and(a, M26), N))
                t := add(
                    add(mulmod(xx, and(shr(26, sum), M38), N), mulmod(x, and(shr(26, a), M38), N)),
                    shr(26, sub(add(t, PS26), mul(and(t, M26), P)))
                )
                sum := add(shr(26, sub(add(t, PS26), mul(and(t, M26), P))), mload(and(shr(224, w), 0xffff)))
                ip := add(ip, 4)
            }
            if lt(ip, end) {
                let t := mulmod(x, and(sum, M26), N)
                t := add(mulmod(x, and(shr(26, sum), M38), N), shr(26, sub(add(t, PS26), mul(and(t, M26), P))))
                sum := add(shr(26, sub(add(t, PS26), mul(and(t, M26), P))), mload(shr(240, mload(ip))))
                ip := end
            }
        }
        return (sum, ip);
    }
}
