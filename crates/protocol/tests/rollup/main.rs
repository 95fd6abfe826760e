//! A small rollup, built natively and derived again over a witness alone.

mod batch;
mod chain;
mod execute;
mod formats;
mod random;
mod signers;
mod stf;
mod targets;
mod vectors;
