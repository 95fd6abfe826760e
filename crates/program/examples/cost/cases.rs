//! Hostile blocks.

use crate::{
    chain::{Chain, Committed, SENDERS, STORE, call, sign},
    precompiles::*,
};
use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use altana_program::Trace;
use altana_protocol::{Transaction, queue::Deposit};

/// Most instructions for a unit of gas.
pub(crate) const BOUND: u64 = 512;
/// Where the hostile code is.
pub(crate) const HOSTILE: Address = Address::repeat_byte(0xe0);
/// Gas of a transaction that loops.
const GAS: u64 = 4_000_000;
/// Contracts of 24 KB that a block can visit.
const CONTRACTS: u64 = 1000;

/// A block: what it finds, and what it does.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) contracts: Vec<(Address, Bytes)>,
    pub(crate) deposits: Vec<Deposit>,
    pub(crate) transactions: Vec<Transaction>,
}

impl Case {
    pub(crate) fn nothing() -> Self {
        Self { name: "nothing".into(), contracts: vec![], deposits: vec![], transactions: vec![] }
    }

    /// The case as a block, and the gas that it used.
    pub(crate) fn block(&self) -> (Committed, u64) {
        self.block_on(Chain::with(self.contracts.clone()))
    }

    /// The case as the next block of a chain that has its contracts.
    pub(crate) fn block_on(&self, mut chain: Chain) -> (Committed, u64) {
        chain.spec.gas_limit = 1_000_000_000;
        for deposit in &self.deposits {
            chain.queue_deposit(20, deposit.clone());
        }
        let messages = chain.queue.len();
        let refused = chain.build(1_001, messages, self.transactions.clone());
        assert_eq!(refused, [], "{}", self.name);
        let gas = chain.head.gas_used.max(1);
        (chain.commit_batch(false), gas)
    }

    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.into(), ..Self::nothing() }
    }

    /// One transaction that calls this code.
    pub(crate) fn code(name: &str, code: Vec<u8>, input: Vec<u8>) -> Self {
        let mut tx = call(0, HOSTILE);
        tx.gas_limit = GAS + 21_000 + 16 * input.len() as u64;
        tx.value = U256::ZERO;
        tx.input = input.into();
        Self {
            contracts: vec![(HOSTILE, code.into())],
            transactions: vec![sign(0, tx)],
            ..Self::named(name)
        }
    }

    /// One transaction that repeats `body`, which leaves the stack as it was, until little gas is
    /// left. `before` is done once; the calldata is copied to memory.
    pub(crate) fn repeated(
        name: &str,
        before: &[u8],
        body: &[u8],
        times: usize,
        input: Vec<u8>,
    ) -> Self {
        let copy = hex!("365f5f37");
        let start = copy.len() + before.len();
        let mut code = [&copy, before, &[0x5b], &body.repeat(times)].concat();
        // Loops while gas is above 400,000, which is more than `times` take.
        code.extend([0x62, 0x06, 0x1a, 0x80, 0x5a, 0x11, 0x61, 0, start as u8, 0x57, 0x00]);
        Self::code(name, code, input)
    }

    /// Repeats an operation over the stack: its arguments are duplicated, its result is dropped.
    fn operation(name: &str, arguments: &[U256], op: u8) -> Self {
        let push = |word: &U256| [&[0x7f][..], &word.to_be_bytes::<32>()].concat();
        let before: Vec<u8> = arguments.iter().rev().flat_map(push).collect();
        let dup = 0x7f + arguments.len() as u8;
        let body = [&vec![dup; arguments.len()][..], &[op, 0x50]].concat();
        Self::repeated(name, &before, &body, 500, vec![])
    }

    /// Calls a precompile over and over with the same input.
    fn precompile(name: &str, number: u16, input: Vec<u8>) -> Self {
        let [high, low] = number.to_be_bytes();
        let body = [0x5f, 0x5f, 0x36, 0x5f, 0x61, high, low, 0x5a, 0xfa, 0x50];
        Self::repeated(name, &[], &body, 20, input)
    }

    pub(crate) fn with_big_contracts(mut self, first: u64, count: u64) -> Self {
        let big = (0..count).map(|index| {
            let mut code = vec![0x5b; 24_576];
            code[1..9].copy_from_slice(&(first + index).to_be_bytes());
            (Address::from_word(U256::from(first + index).into()), code.into())
        });
        self.contracts.extend(big);
        self
    }
}

/// Instructions of a batch's first block.
pub(crate) fn instructions(committed: &Committed) -> u64 {
    let (input, leaf, witness) = committed.run_block(0);
    let mut trace = Trace::new(witness, committed.blobs.clone(), input);
    assert_eq!(trace.leaf(), Ok(leaf));
    trace.end_state().expect("the block runs").cpu.step
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    [
        interpreter(),
        arithmetic(),
        memory(),
        state(),
        creation(),
        hashes(),
        curves(),
        powers(),
        blocks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn interpreter() -> Vec<Case> {
    vec![
        Case::repeated("JUMPDEST", &[], &[0x5b], 24_000, vec![]),
        Case::repeated("PUSH0 POP", &[], &[0x5f, 0x50], 10_000, vec![]),
        Case::repeated("PUSH32 POP", &[], &[&[0x7f][..], &[1; 32], &[0x50]].concat(), 600, vec![]),
        Case::code("JUMP", hex!("5b5f56").to_vec(), vec![]),
        Case::repeated("GAS SELFBALANCE POP POP", &[], &hex!("5a475050"), 5000, vec![]),
        Case::repeated("BLOCKHASH", &[], &hex!("5f4050"), 5000, vec![]),
        Case::repeated(
            "CALL to an empty account",
            &[],
            &hex!("5f5f5f5f5f61fffe5af150"),
            1000,
            vec![],
        ),
        Case::repeated(
            "CALL to a STOP",
            &[0x5f, 0x50],
            &hex!("5f5f5f5f5f61fffd5af150"),
            1000,
            vec![],
        )
        .also(Address::from_word(U256::from(0xfffd).into()), &[0]),
        Case::repeated("DELEGATECALL to a STOP", &[], &hex!("5f5f5f5f61fffd5af450"), 1000, vec![])
            .also(Address::from_word(U256::from(0xfffd).into()), &[0]),
        Case::repeated("DELEGATECALL to 24 KB", &[], &hex!("5f5f5f5f61fffd5af450"), 1000, vec![])
            .also(Address::from_word(U256::from(0xfffd).into()), &[0; 24_576]),
        Case::code("CALL oneself, deep", hex!("5b5f5f5f5f5f305af15f56").to_vec(), vec![]),
    ]
}

impl Case {
    pub(crate) fn also(mut self, address: Address, code: &[u8]) -> Self {
        self.contracts.push((address, code.to_vec().into()));
        self
    }
}

fn arithmetic() -> Vec<Case> {
    let (max, odd) = (U256::MAX, U256::MAX / U256::from(3));
    let half = U256::from(u128::MAX) - U256::from(1u64 << 40);
    vec![
        Case::operation("ADD", &[max, odd], 0x01),
        Case::operation("MUL", &[max, odd], 0x02),
        Case::operation("DIV by 128 bits", &[max, half], 0x04),
        Case::operation("DIV by 192 bits", &[max - U256::from(5), max >> 63], 0x04),
        Case::operation("SDIV by 130 bits", &[max >> 1, max >> 126], 0x05),
        Case::operation("MOD by 128 bits", &[odd, half], 0x06),
        Case::operation("SMOD by 190 bits", &[max >> 1, odd >> 66], 0x07),
        Case::operation("ADDMOD", &[max, max, odd], 0x08),
        Case::operation("ADDMOD by 130 bits", &[max, max, odd >> 126], 0x08),
        Case::operation("MULMOD", &[max, max, odd], 0x09),
        Case::operation("MULMOD by 130 bits", &[max, max, odd >> 126], 0x09),
        Case::operation("MULMOD by 64 bits", &[max, max, odd >> 192], 0x09),
        Case::operation("EXP of 32 bytes", &[odd, max], 0x0a),
        Case::operation("EXP of a byte", &[odd, U256::from(255)], 0x0a),
        Case::operation("SIGNEXTEND", &[U256::from(7), odd], 0x0b),
        Case::operation("SAR", &[U256::from(77), max], 0x1d),
        Case::operation("BYTE", &[U256::from(7), odd], 0x1a),
        Case::operation("SLT", &[odd, max], 0x12),
    ]
}

fn memory() -> Vec<Case> {
    let zeros = |bytes: usize| vec![0; bytes];
    vec![
        Case::repeated("MSTORE8", &[], &hex!("5f5f53"), 5000, zeros(32)),
        Case::repeated("MLOAD", &[], &hex!("60015150"), 5000, zeros(64)),
        Case::repeated(
            "MCOPY of 32 KB, unaligned",
            &[],
            &hex!("61800060035f5e"),
            100,
            zeros(40_000),
        ),
        Case::repeated("MCOPY of 1 byte", &[], &hex!("600160035f5e"), 3000, zeros(64)),
        Case::repeated("CALLDATACOPY of 32 KB", &[], &hex!("61800060055f37"), 100, zeros(40_000)),
        Case::repeated("CODECOPY of 24 KB", &[], &hex!("61600060055f39"), 100, zeros(40_000)),
        Case::repeated("new memory", &[], &hex!("595952"), 100, vec![]),
        Case::repeated("LOG0 of 32 KB", &[], &hex!("6180005fa0"), 1, zeros(40_000)),
        Case::repeated("LOG0 of nothing", &[], &hex!("5f5fa0"), 500, vec![]),
        Case::repeated("LOG4 of nothing", &[], &hex!("5a5a5a5a5f5fa4"), 150, vec![]),
        Case::repeated("calldata of zeros", &[], &[0x5b], 1, zeros(100_000)),
    ]
}

fn state() -> Vec<Case> {
    // A counter on the stack.
    let next = hex!("60010180");
    let counting = |body: &[u8]| [&next, body].concat();
    let first = hex!("6207ffff").to_vec();
    vec![
        Case::repeated("SLOAD of empty slots", &first, &counting(&hex!("5450")), 100, vec![]),
        Case::repeated("SLOAD warm", &first, &hex!("5f5450"), 2000, vec![]),
        Case::repeated("SSTORE to empty slots", &first, &counting(&hex!("8055")), 10, vec![]),
        Case::repeated("SSTORE warm", &first, &hex!("5a5f55"), 2000, vec![]),
        Case::repeated("TSTORE", &first, &counting(&hex!("805d")), 1000, vec![]),
        Case::repeated("TLOAD", &first, &hex!("5f5c50"), 2000, vec![]),
        Case::repeated("BALANCE of empty accounts", &first, &counting(&hex!("3150")), 100, vec![]),
        Case::repeated(
            "ether to empty accounts",
            &first,
            &counting(&hex!("5f5f5f5f6001855af15050")),
            5,
            vec![],
        )
        .paid(),
        Case::repeated("EXTCODESIZE of 24 KB", &first, &counting(&hex!("3b50")), 100, vec![])
            .with_big_contracts(0x80000, CONTRACTS),
        Case::repeated(
            "EXTCODECOPY of 24 KB",
            &first,
            &counting(&hex!("6160005f5f833c50")),
            50,
            vec![],
        )
        .with_big_contracts(0x80000, CONTRACTS),
        Case::repeated(
            "EXTCODECOPY of a byte of 24 KB",
            &first,
            &counting(&hex!("60015f5f833c50")),
            100,
            vec![],
        )
        .with_big_contracts(0x80000, CONTRACTS),
        Case::repeated("EXTCODEHASH of 24 KB", &first, &counting(&hex!("3f50")), 100, vec![])
            .with_big_contracts(0x80000, CONTRACTS),
        Case::repeated(
            "CALL to 24 KB",
            &first,
            &counting(&hex!("5f5f5f5f5f945af150")),
            100,
            vec![],
        )
        .with_big_contracts(0x80000, CONTRACTS),
    ]
}

impl Case {
    /// With ether to give away.
    pub(crate) fn paid(mut self) -> Self {
        let mut tx = call(0, HOSTILE);
        tx.gas_limit = GAS;
        tx.value = U256::from(1_000_000);
        self.transactions = vec![sign(0, tx)];
        self
    }
}

fn creation() -> Vec<Case> {
    let create2 = |size: &[u8]| [&hex!("5a")[..], size, &hex!("5f5ff550")].concat();
    let jumps = || vec![0x5b; 49_152];
    let stop = || [vec![0], vec![0x5b; 49_151]].concat();
    // 5f5ff3: returns nothing. 6160005ff3: returns 24 KB of zeros.
    let returning = || [hex!("6160005ff3").to_vec(), vec![0; 27]].concat();
    vec![
        Case::repeated("CREATE2 with 48 KB that stop", &[], &create2(&hex!("61c000")), 5, stop()),
        Case::repeated(
            "CREATE2 with 48 KB of JUMPDEST",
            &[],
            &create2(&hex!("61c000")),
            5,
            jumps(),
        ),
        Case::repeated("CREATE with 48 KB that stop", &[], &hex!("61c0005f5ff050"), 5, stop()),
        Case::repeated("CREATE2 of nothing", &[], &create2(&[0x5f]), 10, vec![]),
        Case::repeated("CREATE2 of 24 KB", &[], &create2(&hex!("6020")), 1, returning()).longer(2),
    ]
}

fn hashes() -> Vec<Case> {
    vec![
        Case::repeated("KECCAK256 of 0 bytes", &[], &hex!("5f5f2050"), 3000, vec![]),
        Case::repeated("KECCAK256 of 32 bytes", &[], &hex!("60205f2050"), 3000, vec![]),
        Case::repeated("KECCAK256 of 135 bytes", &[], &hex!("60875f2050"), 3000, vec![1; 136]),
        Case::repeated("KECCAK256 of 136 bytes", &[], &hex!("60885f2050"), 3000, vec![1; 136]),
        Case::repeated("KECCAK256 of 32 KB", &[], &hex!("6180005f2050"), 100, vec![1; 32_768]),
        Case::repeated(
            "KECCAK256 of 32 KB, unaligned",
            &[],
            &hex!("61800060012050"),
            100,
            vec![1; 32_800],
        ),
        Case::precompile("sha256 of 55 bytes", 2, vec![7; 55]),
        Case::precompile("sha256 of 32 KB", 2, vec![7; 32_768]),
        Case::precompile("ripemd160 of 55 bytes", 3, vec![7; 55]),
        Case::precompile("ripemd160 of 32 KB", 3, vec![7; 32_768]),
        Case::precompile("identity of 0 bytes", 4, vec![]),
        Case::precompile("identity of 32 KB", 4, vec![7; 32_768]),
        Case::precompile("blake2f of 0 rounds", 9, blake2f(0)),
        Case::precompile("blake2f of 12 rounds", 9, blake2f(12)),
        Case::precompile("blake2f of 100,000 rounds", 9, blake2f(100_000)),
    ]
}

/// Precompiles of curves.
pub(crate) fn curves() -> Vec<Case> {
    let point = || g1_msm(1)[..128].to_vec();
    vec![
        Case::precompile("ecrecover", 0x01, recover()),
        Case::precompile("ecrecover of nobody", 0x01, vec![]),
        Case::precompile("p256 verify", 0x0100, p256()),
        Case::precompile("kzg", 0x0a, kzg()),
        Case::precompile("bn254 add", 0x06, vec![]),
        Case::precompile("bn254 mul", 0x07, vec![]),
        Case::precompile("bn254 pairing of 0", 0x08, vec![]),
        Case::precompile("bn254 pairing of 1", 0x08, bn_pairs(1)),
        Case::precompile("bn254 pairing of 85", 0x08, bn_pairs(85)),
        Case::precompile("bn254 pairing of 86", 0x08, bn_pairs(86)).longer(1),
        Case::precompile("bn254 pairing of 86 that fails", 0x08, {
            let mut pairs = bn_pairs(86);
            *pairs.last_mut().unwrap() ^= 1;
            pairs
        })
        .longer(1),
        Case::precompile("bls12-381 g1 add", 0x0b, [point(), point()].concat()),
        Case::precompile("bls12-381 g1 msm of 1", 0x0c, g1_msm(1)),
        Case::precompile("bls12-381 g1 msm of 102", 0x0c, g1_msm(102)),
        Case::precompile("bls12-381 g1 msm of 103", 0x0c, g1_msm(103)),
        Case::precompile("bls12-381 g2 msm of 57", 0x0e, g2_msm(57)),
        Case::precompile("bls12-381 pairing of 42", 0x0f, bls_pairs(42)),
        Case::precompile("bls12-381 pairing of 43", 0x0f, bls_pairs(43)).longer(1),
        Case::precompile("bls12-381 map to g1", 0x10, vec![0; 64]),
        Case::precompile("bls12-381 map to g2", 0x11, vec![0; 128]),
    ]
}

impl Case {
    /// With gas for so many times as much.
    pub(crate) fn longer(mut self, times: u64) -> Self {
        let mut tx = call(0, HOSTILE);
        let Transaction::Eip1559(signed) = &self.transactions[0] else { return self };
        tx.input = signed.tx().input.clone();
        tx.gas_limit = signed.tx().gas_limit + GAS * times;
        tx.value = U256::ZERO;
        self.transactions = vec![sign(0, tx)];
        self
    }
}

fn powers() -> Vec<Case> {
    let number = |bytes: usize| vec![0xff; bytes];
    let even = |bytes: usize| [vec![0xff; bytes - 1], vec![0xfe]].concat();
    let power = |name: &str, base: Vec<u8>, exponent: Vec<u8>, modulus: Vec<u8>| {
        let name = format!("modexp {name}: {}, {}, {}", base.len(), exponent.len(), modulus.len());
        Case::precompile(&name, 5, modexp(&base, &exponent, &modulus)).longer(2)
    };
    let mut all = vec![
        power("asked", number(1), number(1), number(1)),
        power("asked", number(32), number(32), number(32)),
        power("asked", number(256), number(3), number(256)),
        power("asked", number(8), number(1024), number(8)),
        power("asked", number(1024), number(1), number(1024)),
    ];
    for bytes in [1, 8, 16, 32, 64, 128, 256] {
        all.push(power("odd", number(bytes), number(1025), number(bytes)));
        all.push(power("even", number(bytes), number(1025), even(bytes)));
    }
    for bytes in [512, 1024, 1032] {
        all.push(power("odd", number(bytes), number(32), number(bytes)));
        all.push(power("even", number(bytes), number(32), even(bytes)));
    }
    all.extend([
        power("base 0", vec![], number(1025), number(8)),
        power("long base", number(1032), number(1), number(8)),
        power("long base", number(1032), number(1), even(1032)),
        power("small base", number(1), number(1), number(1032)),
        power("power of two", number(64), number(1025), [vec![0x80], vec![0; 63]].concat()),
        power(
            "half a power of two",
            number(64),
            number(1025),
            [vec![0xff; 32], vec![0; 32]].concat(),
        ),
    ]);
    all
}

fn blocks() -> Vec<Case> {
    let deposit = |index: u64| Deposit {
        from: Address::from_word(U256::from(0x1_0000 + index).into()),
        to: TxKind::Call(Address::from_word(U256::from(0x2_0000 + index).into())),
        mint: 1,
        value: U256::from(1),
        gas_limit: 21_000,
        data: Bytes::new(),
    };
    let long = |index: u64| Deposit {
        gas_limit: 21_000 + 16 * 59_000,
        data: vec![0; 59_000].into(),
        ..deposit(index)
    };
    let transfers = (0..400).map(|index| {
        let to = Address::from_word(U256::from(0x3_0000 + index).into());
        let mut tx = call(index / SENDERS as u64, to);
        tx.gas_limit = 21_000;
        sign(index as usize % SENDERS, tx)
    });
    let mut zeros = call(0, STORE);
    zeros.input = vec![0; 120_000].into();
    zeros.gas_limit = 1_300_000;
    vec![
        Case { deposits: (0..1022).map(deposit).collect(), ..Case::named("1,022 deposits") },
        Case { deposits: (0..50).map(long).collect(), ..Case::named("50 deposits of 59 KB") },
        Case { transactions: transfers.collect(), ..Case::named("400 transfers") },
        Case {
            transactions: vec![sign(0, zeros)],
            ..Case::named("a transaction of 120 KB of zeros")
        },
    ]
}

/// A batch as large as can be, whose first block holds one message: what each of its blocks reads.
fn largest() -> (Vec<Deposit>, Vec<Transaction>) {
    let deposit = |index: u64| Deposit {
        from: Address::from_word(U256::from(0x1_0000 + index).into()),
        to: TxKind::Call(STORE),
        mint: 0,
        value: U256::ZERO,
        gas_limit: 965_000,
        data: vec![0; 59_800].into(),
    };
    let transactions = (0..6).map(|index| {
        let mut tx = call(0, STORE);
        tx.gas_limit = 5_000_000;
        let words = (0..3_700u64)
            .map(|word| alloy_primitives::keccak256((index << 32 | word).to_be_bytes()));
        tx.input = words.flat_map(|word| word.0).collect::<Vec<u8>>().into();
        sign(index as usize, tx)
    });
    ((0..1022).map(deposit).collect(), transactions.collect())
}

/// The largest batch, behind an almost empty block: 1,023 messages, and six blobs.
pub(crate) fn largest_batch() -> Committed {
    let (deposits, transactions) = largest();
    let mut chain = Chain::new();
    chain.spec.gas_limit = 2_000_000_000;
    for deposit in deposits {
        chain.queue_deposit(20, deposit);
    }
    chain.build(1_001, 1, vec![]);
    let messages = chain.queue.len() - 1;
    assert_eq!(chain.build(1_002, messages, transactions), []);
    let committed = chain.commit_batch(true);
    assert_eq!(committed.blobs.len(), 6);
    committed
}
