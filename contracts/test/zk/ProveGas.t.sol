// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ZkProofTest} from "./ZkProofTest.sol";

/// @notice What the last transaction of a proof costs, calldata included, on cold state.
/// @dev `forge test --mc GasTest` rewrites `snapshots/zk.json`; `FORGE_SNAPSHOT_CHECK=true` compares instead.
/// forge-config: default.isolate = true
contract ProveGasTest is ZkProofTest {
    function test_gas_ofAClaim() external {
        _claimAs(alice, 0, "right");
        vm.snapshotGasLastCall("zk", "propose, transaction");
    }

    function test_gas_ofProveClaim() external {
        uint256[3] memory blobs = [uint256(0), 1, 6];
        string[3] memory names = ["no blob", "1 blob", "6 blobs"];
        uint256[3] memory most = [uint256(110_000), 170_000, 450_000];
        uint64 index = 0;
        for (uint256 i = 0; i < 3; ++i) {
            index = _claimAs(alice, index, "right");
            _verify(settlement, index, HISTORY, _openings(blobs[i]));
            zk.proveClaim(index, HISTORY, _openings(blobs[i]));
            string memory name = string.concat("proveClaim with ", names[i], ", transaction");
            vm.assertLe(vm.snapshotGasLastCall("zk", name), most[i], name);
            _commit("more");
        }
    }
}
