// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What a precompile of the parent chain answers, whoever asks and with however much gas.
/// @notice The caller chooses the gas, and a call that lacks gas looks like one that failed. Therefore:
///
/// - An answer is believed if it has the form that a success must have.
/// - A failure is believed if the input's length is wrong, which no gas can mend; or if afterwards the same precompile,
///   allowed the same gas and having less left, succeeds with the reference input: one known to be good, and as long
///   as the input. Precompiles charge by the length of the input, so the first call had enough gas, too. No price is
///   written here: a fork that changes prices changes nothing.
/// - ECRECOVER, MODEXP and P256VERIFY never fail but for gas (MODEXP also for numbers over 1024 bytes, by EIP-7823):
///   their failure is never believed. A bad signature is a success without data.
/// - An address without a precompile also succeeds without data. That is no form of a success, except of P256VERIFY,
///   which has to accept a reference signature before it may reject; ECRECOVER and MODEXP are on every chain.
///
/// A call gets half of what is left, so that as much is there for the reference: an answer costs its asker twice the
/// precompile's price.
library Precompiles {
    /// @notice The longest input, in bytes: the dearest one (BN254 pairings) is asked twice for 6 million gas.
    uint256 internal constant INPUT_BYTES_MAX = 16_384;

    uint256 private constant ANY = type(uint256).max;

    address private constant ECRECOVER = address(0x01);
    address private constant MODEXP = address(0x05);
    address private constant BN254_ADD = address(0x06);
    address private constant BN254_MUL = address(0x07);
    address private constant BN254_PAIRING = address(0x08);
    address private constant KZG_POINT_EVALUATION = address(0x0a);
    address private constant BLS12_G1ADD = address(0x0b);
    address private constant BLS12_G1MSM = address(0x0c);
    address private constant BLS12_G2ADD = address(0x0d);
    address private constant BLS12_G2MSM = address(0x0e);
    address private constant BLS12_PAIRING = address(0x0f);
    address private constant BLS12_MAP_FP_TO_G1 = address(0x10);
    address private constant BLS12_MAP_FP2_TO_G2 = address(0x11);
    address private constant P256VERIFY = address(0x0100);

    /// @dev What an input must be not to fail for its length: `fewest` to `most` units of `unit` bytes; and how many
    /// bytes a success returns.
    struct Form {
        uint256 unit;
        uint256 fewest;
        uint256 most;
        uint256 output;
    }

    /// @notice `target` is not a precompile that a proof may ask.
    error NotAskable(address target);
    /// @notice The input is too long to be asked.
    error InputTooLong(uint256 length);
    /// @notice The call failed, which may be for lack of gas alone.
    error NotEnoughGas(address target);
    /// @notice The parent chain has no such precompile.
    error NoPrecompile(address target);

    /// @notice What `target` answers to `input`: 1 and what it returned, or 0 if the call fails.
    /// @dev The second call's gas is never more than the first's: the same share, or 63/64 (EIP-150) of less.
    function ask(address target, bytes calldata input) internal view returns (bytes memory) {
        if (input.length > INPUT_BYTES_MAX) revert InputTooLong(input.length);
        if (target == ECRECOVER || target == MODEXP) return _success(_mustCall(target, input));
        if (target == P256VERIFY) {
            bytes memory verdict = _mustCall(target, input);
            if (verdict.length == 0 && _mustCall(target, _p256()).length != 32) revert NoPrecompile(target);
            return _success(verdict);
        }
        Form memory form = _form(target);
        uint256 share = gasleft() / 2;
        (bool ok, bytes memory output) = target.staticcall{gas: share}(input);
        if (ok) {
            if (output.length != form.output) revert NoPrecompile(target);
            return _success(output);
        }
        if (!_fits(form, input.length)) return hex"00";
        (ok, output) = target.staticcall{gas: share}(_reference(target, input.length));
        if (!ok) revert NotEnoughGas(target);
        if (output.length != form.output) revert NoPrecompile(target);
        return hex"00";
    }

    function _success(bytes memory output) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), output);
    }

    function _mustCall(address target, bytes memory input) private view returns (bytes memory output) {
        bool ok;
        (ok, output) = target.staticcall(input);
        if (!ok) revert NotEnoughGas(target);
    }

    /// @dev From EIP-196, EIP-197, EIP-4844 and EIP-2537.
    function _form(address target) private pure returns (Form memory) {
        if (target == BN254_ADD || target == BN254_MUL) return Form(1, 0, ANY, 64);
        if (target == BN254_PAIRING) return Form(192, 0, ANY, 32);
        if (target == KZG_POINT_EVALUATION) return Form(192, 1, 1, 64);
        if (target == BLS12_G1ADD) return Form(256, 1, 1, 128);
        if (target == BLS12_G1MSM) return Form(160, 1, ANY, 128);
        if (target == BLS12_G2ADD) return Form(512, 1, 1, 256);
        if (target == BLS12_G2MSM) return Form(288, 1, ANY, 256);
        if (target == BLS12_PAIRING) return Form(384, 1, ANY, 32);
        if (target == BLS12_MAP_FP_TO_G1) return Form(64, 1, 1, 128);
        if (target == BLS12_MAP_FP2_TO_G2) return Form(128, 1, 1, 256);
        revert NotAskable(target);
    }

    function _fits(Form memory form, uint256 length) private pure returns (bool) {
        uint256 count = length / form.unit;
        return length % form.unit == 0 && form.fewest <= count && count <= form.most;
    }

    /// @dev Zeros are points at infinity, or the field element 0. The polynomial 0 has a point at infinity as
    /// commitment and proof, and is 0 at 0.
    function _reference(address target, uint256 length) private pure returns (bytes memory input) {
        input = new bytes(length);
        if (target != KZG_POINT_EVALUATION) return input;
        bytes memory infinity = abi.encodePacked(bytes1(0xc0), new bytes(47));
        bytes32 versionedHash = bytes32(uint256(1) << 248 | uint256(sha256(infinity)) << 8 >> 8);
        return abi.encodePacked(versionedHash, new bytes(64), infinity, infinity);
    }

    /// @dev RFC 6979, A.2.5: the signature of "sample" with SHA-256.
    function _p256() private pure returns (bytes memory) {
        return abi.encodePacked(
            sha256("sample"),
            uint256(0xefd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716),
            uint256(0xf7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8),
            uint256(0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6),
            uint256(0x7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299)
        );
    }
}
