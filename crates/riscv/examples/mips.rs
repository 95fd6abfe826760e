//! Runs a program that reads nothing, and says how fast: `cargo run --release -p altana-riscv
//! --example mips -- program.elf`.

use alloy_primitives::{B256, Bytes};
use altana_riscv::{Host, Machine, Missing};
use std::{env, error::Error, fs, time::Instant};

struct Nothing;

impl Host for Nothing {
    fn read(&mut self, key: B256) -> Result<Bytes, Missing> {
        Err(Missing(key))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: mips <program.elf>")?;
    let mut machine = Machine::load(&fs::read(path)?)?;
    let start = Instant::now();
    let status = machine.run(u64::MAX, &mut Nothing)?;
    let (steps, time) = (machine.cpu().step, start.elapsed());
    eprintln!("{status:?}, a1 = {:#x}", machine.cpu().x[11]);
    println!("{steps} steps, {:.0} MIPS", steps as f64 / time.as_secs_f64() / 1e6);
    let start = Instant::now();
    eprintln!("state hash {} in {:?}", machine.state_hash(), start.elapsed());
    Ok(())
}
