//! Bring a rollup into being: its configuration, its genesis state, its contracts on the parent; never runs it.

pub mod bindings;
pub mod config;
pub mod deployment;
pub mod genesis;
pub mod predeploy;

pub use deployment::{Deployment, DeploymentError, ParentContracts};
pub use config::{Blocks, ConfigError, Delays, Roles, RollupConfig};
