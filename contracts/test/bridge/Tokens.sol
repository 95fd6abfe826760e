// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @notice A token as it should be.
contract PlainToken is ERC20 {
    constructor() ERC20("Plain", "PLN") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Keeps a hundredth of every transfer, from what arrives.
contract FeeOnTransferToken is ERC20 {
    constructor() ERC20("Fee", "FEE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, amount);
        super._update(from, to, amount - amount / 100);
        super._update(from, address(0), amount / 100);
    }
}

/// @notice Takes a hundredth on top of what is transferred, from the sender.
contract FeeOnTopToken is ERC20 {
    constructor() ERC20("Top", "TOP") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(from, address(0), amount / 100);
    }
}

/// @notice Returns nothing from `transfer` and `transferFrom`, like the oldest tokens.
contract NoReturnToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Says that it failed instead of reverting.
contract FalseToken {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice Says that it succeeded and moves nothing.
contract LyingToken {
    function balanceOf(address) external pure returns (uint256) {
        return 5;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return true;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }
}

/// @notice Can be told to refuse transfers.
contract RefusingToken is PlainToken {
    bool public refusing;

    function setRefusing(bool value) external {
        refusing = value;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!refusing, "refused");
        super._update(from, to, amount);
    }
}

/// @notice Calls somebody before it moves anything, once.
contract ReenteringToken is PlainToken {
    address private _callee;
    bytes private _data;
    bool private _armed;
    bool public called;
    bool public succeeded;

    function arm(address callee, bytes calldata data) external {
        _callee = callee;
        _data = data;
        _armed = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (_armed) {
            _armed = false;
            called = true;
            (succeeded,) = _callee.call(_data);
        }
        super._update(from, to, amount);
    }
}

/// @notice Claims to be the image of another token, and mints without anybody's leave.
contract FalseImage is PlainToken {
    address public immutable remoteToken;

    constructor(address remoteToken_) {
        remoteToken = remoteToken_;
    }

    function l1Token() external view returns (address) {
        return remoteToken;
    }

    function burn(address, uint256) external {}

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id != 0xffffffff;
    }
}

/// @notice A collection as it should be.
contract PlainCollection is ERC721 {
    constructor() ERC721("Plain", "PLN") {}

    function mint(address to, uint256 tokenId) external {
        _mint(to, tokenId);
    }
}

/// @notice Says that it handed a token over and did not.
contract LyingCollection is PlainCollection {
    function transferFrom(address, address, uint256) public pure override {}
}
