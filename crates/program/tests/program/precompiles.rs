//! Inputs for every precompile: some that succeed, some that fail, some too long to be asked for.

use alloy_primitives::{Address, Bytes, U256, address, hex};
use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use std::ops::Neg;

/// Calls the address in its first word of calldata with the rest; logs what is returned, with the
/// success as topic.
pub(crate) const CALLER: Address = address!("00000000000000000000000000000000000000e1");
pub(crate) const CALLER_CODE: [u8; 25] =
    hex!("60203603806020 5f37 5f5f91 5f 5f35 5a fa 3d5f5f3e 3d5f a1 00");

/// A precompile's number, an input, and whether the call succeeds, if that is known.
pub(crate) type Input = (u64, Vec<u8>, Option<bool>);

fn padded(element: impl PrimeField, bytes: usize) -> Vec<u8> {
    let number = element.into_bigint().to_bytes_be();
    [vec![0; bytes - number.len()], number].concat()
}

fn g1(point: G1Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap();
    [padded(x, 64), padded(y, 64)].concat()
}

fn g2(point: G2Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap();
    [x.c0, x.c1, y.c0, y.c1].map(|element| padded(element, 64)).concat()
}

fn bn1(point: ark_bn254::G1Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap();
    [padded(x, 32), padded(y, 32)].concat()
}

fn bn2(point: ark_bn254::G2Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap();
    [x.c1, x.c0, y.c1, y.c0].map(|element| padded(element, 32)).concat()
}

/// The same with one bit turned.
fn spoilt(mut input: Vec<u8>, at: usize) -> Vec<u8> {
    input[at] ^= 1;
    input
}

pub(crate) fn modexp(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let lengths =
        [base, exponent, modulus].map(|number| U256::from(number.len()).to_be_bytes::<32>());
    [lengths.as_flattened(), base, exponent, modulus].concat()
}

/// `n` pairs of BN254 whose pairings cancel, if `n` is even.
pub(crate) fn bn_pairs(n: usize) -> Vec<u8> {
    let (p, q) = (ark_bn254::G1Affine::generator(), ark_bn254::G2Affine::generator());
    (0..n).flat_map(|i| [bn1(if i % 2 == 0 { p } else { p.neg() }), bn2(q)].concat()).collect()
}

/// `n` pairs of BLS12-381 whose pairings cancel, if `n` is even.
pub(crate) fn bls_pairs(n: usize) -> Vec<u8> {
    let (p, q) = (G1Affine::generator(), G2Affine::generator());
    (0..n).flat_map(|i| [g1(if i % 2 == 0 { p } else { p.neg() }), g2(q)].concat()).collect()
}

pub(crate) fn g1_msm(n: usize) -> Vec<u8> {
    let scalar = |i: usize| U256::MAX.wrapping_sub(U256::from(i)).to_be_bytes::<32>();
    (0..n).flat_map(|i| [g1(G1Affine::generator()), scalar(i).to_vec()].concat()).collect()
}

pub(crate) fn g2_msm(n: usize) -> Vec<u8> {
    let scalar = |i: usize| U256::from(i * i + 1).to_be_bytes::<32>();
    (0..n).flat_map(|i| [g2(G2Affine::generator()), scalar(i).to_vec()].concat()).collect()
}

pub(crate) fn recover() -> Vec<u8> {
    let hash = alloy_primitives::keccak256("signed");
    let signed = alloy_consensus::crypto::secp256k1::sign_message(crate::chain::secret(3), hash);
    let signature = signed.unwrap();
    let v = U256::from(27 + u64::from(signature.v())).to_be_bytes::<32>();
    let [r, s] = [signature.r(), signature.s()].map(|number| number.to_be_bytes::<32>());
    [hash.0, v, r, s].concat()
}

pub(crate) fn p256() -> Vec<u8> {
    hex!("4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4da73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d604aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff37618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e").to_vec()
}

/// The polynomial 0 is 0 everywhere.
pub(crate) fn kzg() -> Vec<u8> {
    let infinity = [&[0xc0][..], &[0; 47]].concat();
    let mut hash = crate::precompiles::sha256(&infinity);
    hash[0] = 1;
    [&hash[..], &[0; 31], &[5], &[0; 32], &infinity, &infinity].concat()
}

fn sha256(input: &[u8]) -> [u8; 32] {
    let sha256 = revm::precompile::hash::sha256_run(input, u64::MAX).unwrap();
    sha256.bytes.as_ref().try_into().unwrap()
}

pub(crate) fn blake2f(rounds: u32) -> Vec<u8> {
    [&rounds.to_be_bytes()[..], &[7; 208], &[1]].concat()
}

fn curves() -> Vec<Input> {
    let bn = bn1(ark_bn254::G1Affine::generator());
    let (p, q) = (g1(G1Affine::generator()), g2(G2Affine::generator()));
    let fp = [&[0; 16][..], &[1; 48]].concat();
    vec![
        (0x06, [bn.clone(), bn.clone()].concat(), Some(true)),
        (0x06, vec![], Some(true)),
        (0x06, spoilt([bn.clone(), bn.clone()].concat(), 127), Some(false)),
        (0x07, [bn.clone(), vec![0xff; 32]].concat(), Some(true)),
        (0x07, spoilt([bn.clone(), vec![9; 32]].concat(), 3), Some(false)),
        (0x08, vec![], Some(true)),
        (0x08, bn_pairs(2), Some(true)),
        (0x08, bn_pairs(3), Some(true)),
        (0x08, vec![0; 191], Some(false)),
        (0x08, spoilt(bn_pairs(1), 100), Some(false)),
        (0x0b, [p.clone(), p.clone()].concat(), Some(true)),
        (0x0b, [p.clone(), vec![0; 128]].concat(), Some(true)),
        (0x0b, spoilt([p.clone(), p.clone()].concat(), 127), Some(false)),
        (0x0b, spoilt([p.clone(), p.clone()].concat(), 0), Some(false)),
        (0x0c, g1_msm(3), Some(true)),
        (0x0c, vec![0; 160], Some(true)),
        (0x0c, spoilt(g1_msm(2), 260), Some(false)),
        (0x0d, [q.clone(), q.clone()].concat(), Some(true)),
        (0x0d, spoilt([q.clone(), q.clone()].concat(), 511), Some(false)),
        (0x0e, g2_msm(2), Some(true)),
        (0x0e, vec![0; 288], Some(true)),
        (0x0f, bls_pairs(2), Some(true)),
        (0x0f, bls_pairs(1), Some(true)),
        (0x0f, vec![0; 384], Some(true)),
        (0x0f, spoilt(bls_pairs(2), 127), Some(false)),
        (0x10, fp.clone(), Some(true)),
        (0x10, vec![0xff; 64], Some(false)),
        (0x10, [&[0; 16][..], &[0xff; 48]].concat(), Some(false)),
        (0x11, [fp.clone(), fp].concat(), Some(true)),
        (0x11, vec![0; 127], Some(false)),
    ]
}

fn hashes_and_signatures() -> Vec<Input> {
    vec![
        (0x01, recover(), Some(true)),
        (0x01, spoilt(recover(), 63), Some(true)),
        (0x01, spoilt(recover(), 62), Some(true)),
        (0x01, vec![], Some(true)),
        (0x01, [recover(), vec![1; 50]].concat(), Some(true)),
        (0x02, vec![3; 200], Some(true)),
        (0x03, vec![4; 200], Some(true)),
        (0x04, vec![5; 70], Some(true)),
        (0x09, blake2f(12), Some(true)),
        (0x09, vec![0; 212], Some(false)),
        (0x0a, kzg(), Some(true)),
        (0x0a, spoilt(kzg(), 95), Some(false)),
        (0x0a, spoilt(kzg(), 0), Some(false)),
        (0x0a, vec![0; 191], Some(false)),
        (0x0100, p256(), Some(true)),
        (0x0100, spoilt(p256(), 0), Some(true)),
        (0x0100, vec![1; 159], Some(true)),
    ]
}

/// Around the bounds of what the parent chain is asked.
fn powers() -> Vec<Input> {
    let number = |bytes: usize| vec![0xf1; bytes];
    let mut all = vec![
        (0x05, vec![], Some(true)),
        (0x05, modexp(&[], &[], &number(3)), Some(true)),
        (0x05, modexp(&number(3), &number(3), &[]), Some(true)),
        (0x05, modexp(&number(3), &number(3), &[0, 0]), Some(true)),
        (0x05, modexp(&number(3), &number(3), &[1]), Some(true)),
        (0x05, modexp(&number(32), &number(32), &number(32)), Some(true)),
        (0x05, modexp(&number(32), &number(32), &number(32))[..110].to_vec(), Some(true)),
        (0x05, modexp(&[1; 32], &number(1024), &number(32)), Some(true)),
        (0x05, modexp(&number(1024), &[3], &number(1024)), Some(true)),
    ];
    for bytes in [1025, 1300] {
        for modulus in [number(7), number(bytes), [number(bytes - 1), vec![0x10]].concat()] {
            all.push((0x05, modexp(&number(9), &[5; 2], &modulus), Some(true)));
            all.push((0x05, modexp(&number(bytes), &[5; 2], &modulus), Some(true)));
        }
        all.push((0x05, modexp(&number(5), &number(bytes), &number(8)), Some(true)));
        all.push((
            0x05,
            modexp(&number(5), &number(bytes), &[&number(7)[..], &[0]].concat()),
            None,
        ));
    }
    // The price alone is too high.
    all.push((0x05, modexp(&number(256), &number(256), &number(256)), Some(true)));
    all
}

/// Inputs for all precompiles.
pub(crate) fn inputs() -> Vec<Input> {
    [curves(), hashes_and_signatures(), powers()].concat()
}

/// Longer than what the parent chain is asked, and just short enough. They take gas and time.
pub(crate) fn long_inputs() -> Vec<Input> {
    vec![
        (0x08, bn_pairs(85), Some(true)),
        (0x08, bn_pairs(86), Some(true)),
        (0x08, spoilt(bn_pairs(87), 87 * 192 - 1), Some(false)),
        (0x0c, g1_msm(102), Some(true)),
        (0x0c, g1_msm(103), Some(true)),
        (0x0c, g1_msm(210), Some(true)),
        (0x0c, spoilt(g1_msm(110), 110 * 160 - 33), Some(false)),
        (0x0e, g2_msm(56), Some(true)),
        (0x0e, g2_msm(57), Some(true)),
        (0x0f, bls_pairs(42), Some(true)),
        (0x0f, bls_pairs(43), Some(true)),
        (0x0f, spoilt(bls_pairs(43), 43 * 384 - 1), Some(false)),
    ]
}

/// Calldata for [`CALLER`].
pub(crate) fn calldata(number: u64, input: &[u8]) -> Bytes {
    [&U256::from(number).to_be_bytes::<32>(), input].concat().into()
}
