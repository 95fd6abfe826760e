// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClaimData} from "../libraries/ClaimArgs.sol";
import {BondedClaims} from "./BondedClaims.sol";
import {ValidityProofs} from "./ValidityProofs.sol";

/// @title A claim is final when it, and all that it builds on, were proved; never by waiting.
/// @notice The module of the preset zk-rollup. Anyone may claim, and prove what anyone claimed. The bond keeps nonsense off
/// the list: a claim that is not the proved one loses it. If nobody proves, nothing becomes final, until the timelock
/// sets another module. Claims stand for no history here, so a proof may be by any.
contract ZkProof is ValidityProofs {
    /// @param settlement Whose claims these are. It need not exist yet.
    /// @param proofs What a proof is.
    /// @param claimBond What a claim brings, in wei.
    struct Config {
        address settlement;
        Proofs proofs;
        uint256 claimBond;
    }

    /// @notice A claim says all there is to say by itself here.
    error NoDataExpected();

    constructor(Config memory config)
        BondedClaims(config.settlement, 0, config.claimBond)
        ValidityProofs(config.proofs)
    {}

    /// @inheritdoc BondedClaims
    /// @dev Without data, two claims on one parent that say the same are the same claim, which Settlement takes once.
    function _begin(ClaimData memory, bytes calldata data) internal pure override {
        if (data.length != 0) revert NoDataExpected();
    }

    /// @inheritdoc BondedClaims
    function _bondId(uint64 index) internal pure override returns (bytes32) {
        return bytes32(uint256(index));
    }
}
