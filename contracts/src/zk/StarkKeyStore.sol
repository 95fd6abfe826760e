// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Puts verifying keys on chain, piece by piece, as the code of contracts (docs/stark.md, section 3).
/// @notice A piece's address follows from its bytes, so anybody may store any piece, and no two can differ at one address.
contract StarkKeyStore {
    /// @dev Returns what follows these eleven bytes: PUSH1 11, CODESIZE, SUB, DUP1, PUSH1 11, RETURNDATASIZE, CODECOPY,
    /// RETURNDATASIZE, RETURN.
    bytes11 private constant INIT = 0x600b380380600b3d393df3;
    /// @dev A contract's code has at most 24,576 bytes (EIP-170).
    uint256 private constant PIECE = 24_575;

    /// @notice A piece is on chain.
    event Stored(address indexed piece, bytes32 codeHash);

    /// @notice A piece is empty or larger than a contract.
    error BadPiece();
    /// @notice The contract could not be made.
    error NotStored();

    /// @notice Stores `piece`, if it is not stored already.
    /// @return contract_ Where it is.
    function store(bytes calldata piece) external returns (address contract_) {
        if (piece.length == 0 || piece.length > PIECE) revert BadPiece();
        contract_ = addressOf(piece);
        if (contract_.code.length != 0) return contract_;
        bytes memory init = _init(piece);
        address made;
        assembly ("memory-safe") {
            made := create2(0, add(init, 0x20), mload(init), 0)
        }
        if (made != contract_) revert NotStored();
        emit Stored(made, made.codehash);
    }

    /// @notice Where `piece` is, or would be.
    function addressOf(bytes calldata piece) public view returns (address) {
        bytes32 init = keccak256(_init(piece));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), bytes32(0), init)))));
    }

    function _init(bytes calldata piece) private pure returns (bytes memory) {
        return abi.encodePacked(INIT, bytes1(0), piece);
    }
}
