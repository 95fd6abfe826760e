// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What becomes of bonds, and the money that is ready to be fetched.
/// @notice Nothing is sent but to who asks for it, so an account that cannot be paid harms only itself. Books are kept
/// by what was brought, never by the contract's balance: ether that was forced in belongs to nobody.
abstract contract Bonds {
    /// @notice The bond of root edge `id` (without a game, of claim `id`) was booked for `to`, or half of it, and the rest
    /// is burnt.
    event BondSettled(bytes32 indexed id, address indexed to, uint256 amount, uint256 burnt);
    /// @notice Somebody was paid.
    event Withdrawn(address indexed to, uint256 amount);

    /// @notice A move brings exactly this much.
    error WrongBond(uint256 expected);
    /// @notice There is no bond here: it was settled, or moved on to another claim.
    error NothingToSettle();
    /// @notice It is open who has won.
    error NotDecided();
    /// @notice Nothing is booked for the caller.
    error NothingToWithdraw();
    /// @notice The caller did not take the payment.
    error PaymentFailed();

    /// @notice What is booked for an account, in wei.
    mapping(address account => uint256) public withdrawable;
    /// @notice What stays here for ever, in wei: so that whoever loses to themselves loses.
    uint256 public burnt;

    /// @notice Pays out what is booked for the caller.
    function withdraw() external {
        uint256 amount = withdrawable[msg.sender];
        if (amount == 0) revert NothingToWithdraw();
        withdrawable[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        (bool ok,) = msg.sender.call{value: amount}("");
        if (!ok) revert PaymentFailed();
    }

    /// @dev The bond goes back to who brought it.
    function _giveBack(bytes32 id, address to, uint256 bond_) internal {
        withdrawable[to] += bond_;
        emit BondSettled(id, to, bond_, 0);
    }

    /// @dev Half of the bond goes to who won against it.
    function _forfeit(bytes32 id, address victor, uint256 bond_) internal {
        uint256 prize = bond_ / 2;
        withdrawable[victor] += prize;
        burnt += bond_ - prize;
        emit BondSettled(id, victor, prize, bond_ - prize);
    }
}
