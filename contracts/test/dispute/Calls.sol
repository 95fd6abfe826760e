// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Reading} from "./Reading.sol";

/// @notice Calls to every precompile that a proof may ask: good ones, and all ways to be bad.
abstract contract Calls is Reading {
    struct Call {
        string name;
        address target;
        bytes input;
        bool fails;
    }

    /// @dev Generators of BLS12-381, as EIP-2537 encodes them.
    bytes internal constant G1 = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    bytes internal constant G2 = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
        hex"000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";
    /// @dev The generator of BN254's second group, as EIP-197 encodes it.
    bytes internal constant BN_G2 = hex"198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
        hex"1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
        hex"090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
        hex"12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
    uint256 internal constant BN_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    Call[] internal calls;

    constructor() {
        _hashes();
        _bn254();
        _kzg();
        _bls12();
    }

    function _add(string memory name, uint160 target, bytes memory input, bool fails) private {
        calls.push(Call(name, address(target), input, fails));
    }

    function _hashes() private {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(7, keccak256("signed"));
        _add("ecrecover", 0x01, abi.encode(keccak256("signed"), v, r, s), false);
        _add("ecrecover of a bad signature", 0x01, abi.encode(keccak256("signed"), 29, r, s), false);
        _add("ecrecover of nothing", 0x01, "", false);
        _add("modexp", 0x05, abi.encodePacked(uint256(1), uint256(1), uint256(1), hex"030507"), false);
        _add("modexp of nothing", 0x05, "", false);
        _add("modexp of long numbers", 0x05, _modexp(96), false);
        _add("p256", 0x0100, _p256(0), false);
        _add("p256 of a bad signature", 0x0100, _p256(1), false);
        _add("p256 of nothing", 0x0100, "", false);
    }

    function _bn254() private {
        bytes memory g = abi.encode(1, 2);
        bytes memory off = abi.encode(1, 1);
        bytes memory minus = abi.encode(1, BN_ORDER - 2);
        _add("bn254 add", 0x06, abi.encodePacked(g, g), false);
        _add("bn254 add of nothing", 0x06, "", false);
        _add("bn254 add off the curve", 0x06, abi.encodePacked(g, off), true);
        _add("bn254 add off the curve, short", 0x06, off, true);
        _add("bn254 mul", 0x07, abi.encodePacked(g, uint256(2)), false);
        _add("bn254 mul off the curve", 0x07, abi.encodePacked(off, uint256(2)), true);
        _add("bn254 pairing of nothing", 0x08, "", false);
        _add("bn254 pairing", 0x08, abi.encodePacked(g, BN_G2, minus, BN_G2), false);
        _add("bn254 pairing that is not one", 0x08, abi.encodePacked(g, BN_G2, g, BN_G2), false);
        _add("bn254 pairing off the curve", 0x08, abi.encodePacked(g, BN_G2, off, BN_G2), true);
        _add("bn254 pairing of wrong length", 0x08, abi.encodePacked(g, BN_G2, uint8(0)), true);
    }

    function _kzg() private {
        BlobRow memory row = _blobRows()[0];
        bytes memory input = abi.encodePacked(row.versionedHash, uint256(1), row.element, row.commitment, row.proof);
        _add("kzg", 0x0a, input, false);
        input[95] ^= 0x01;
        _add("kzg of a wrong value", 0x0a, input, true);
        _add("kzg of wrong length", 0x0a, abi.encodePacked(input, uint8(0)), true);
        _add("kzg of nothing", 0x0a, "", true);
    }

    function _bls12() private {
        bytes memory two = abi.encodePacked(uint256(2));
        _add("g1 add", 0x0b, abi.encodePacked(G1, G1), false);
        _add("g1 add off the curve", 0x0b, abi.encodePacked(G1, _off(G1)), true);
        _add("g1 add of wrong length", 0x0b, G1, true);
        _add("g1 msm", 0x0c, abi.encodePacked(G1, two, G1, two), false);
        _add("g1 msm off the curve", 0x0c, abi.encodePacked(G1, two, _off(G1), two), true);
        _add("g1 msm of nothing", 0x0c, "", true);
        _add("g1 msm of wrong length", 0x0c, abi.encodePacked(G1, two, G1), true);
        _add("g2 add", 0x0d, abi.encodePacked(G2, G2), false);
        _add("g2 add off the curve", 0x0d, abi.encodePacked(G2, _off(G2)), true);
        _add("g2 add of wrong length", 0x0d, abi.encodePacked(G2, G2, uint8(0)), true);
        _add("g2 msm", 0x0e, abi.encodePacked(G2, two), false);
        _add("g2 msm off the curve", 0x0e, abi.encodePacked(_off(G2), two), true);
        _add("g2 msm of nothing", 0x0e, "", true);
        _add("bls pairing", 0x0f, abi.encodePacked(new bytes(128), G2, G1, new bytes(256)), false);
        _add("bls pairing that is not one", 0x0f, abi.encodePacked(G1, G2), false);
        _add("bls pairing off the curve", 0x0f, abi.encodePacked(G1, _off(G2)), true);
        _add("bls pairing of nothing", 0x0f, "", true);
        _add("bls pairing of wrong length", 0x0f, G1, true);
        _add("map to g1", 0x10, abi.encode(0, 5), false);
        _add("map to g1 of a great number", 0x10, abi.encode(1 << 255, 5), true);
        _add("map to g1 of wrong length", 0x10, abi.encode(5), true);
        _add("map to g2", 0x11, abi.encode(0, 5, 0, 6), false);
        _add("map to g2 of a great number", 0x11, abi.encode(0, 5, 1 << 255, 6), true);
        _add("map to g2 of wrong length", 0x11, abi.encode(0, 5), true);
    }

    /// @dev The point with its last bit flipped.
    function _off(bytes memory point) private pure returns (bytes memory off) {
        off = abi.encodePacked(point);
        off[off.length - 1] ^= 0x01;
    }

    function _modexp(uint256 length) internal pure returns (bytes memory) {
        bytes memory number = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            number[i] = bytes1(uint8(3 * i + 1));
        }
        return abi.encodePacked(length, uint256(3), length, number, hex"010001", number, uint8(9));
    }

    /// @dev RFC 6979, A.2.5, "test" with SHA-256; `change` spoils it.
    function _p256(uint256 change) private pure returns (bytes memory) {
        return abi.encode(
            uint256(sha256("test")) ^ change,
            0xf1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367,
            0x019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083,
            0x60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6,
            0x7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299
        );
    }
}
