//! Bring a rollup into being: its configuration, its genesis state, its contracts on the parent; never runs it.

pub mod artifact;
pub mod bindings;
pub mod config;
pub mod deploy;
pub mod deployment;
pub mod genesis;
pub mod predeploy;
pub mod revert;

pub use config::{Blocks, ConfigError, Delays, Preset, Roles, RollupConfig};
pub use deploy::{DeployError, Programs, ZkProgram, deploy};
pub use deployment::{Deployment, DeploymentError, ParentContracts, StarkContracts};
