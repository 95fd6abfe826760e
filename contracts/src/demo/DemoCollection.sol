// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title A collection for demos and tests: the deployer gets its tokens.
contract DemoCollection is ERC721 {
    /// @param count How many tokens there are, numbered from 1.
    constructor(string memory name, string memory symbol, uint256 count) ERC721(name, symbol) {
        for (uint256 id = 1; id <= count; ++id) {
            _mint(msg.sender, id);
        }
    }
}
