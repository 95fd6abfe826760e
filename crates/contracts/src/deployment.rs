//! A deployed rollup: what every node and user must know, as files in a folder.

use crate::RollupConfig;
use alloy::primitives::Address;
use alloy_genesis::Genesis;
use altana_protocol::ChainSpec;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A rollup on its parent. `chain/deployment.json` holds all but the genesis, which is in
/// `chain/genesis.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// What the state transition depends on; its hash is in the contracts.
    pub spec: ChainSpec,
    /// What the team decided.
    pub config: RollupConfig,
    /// The contracts on the parent.
    pub contracts: ParentContracts,
    /// Parent block before the first event of the contracts: where derivation starts.
    pub parent_start_block: u64,
    /// The state at block 0.
    #[serde(skip)]
    pub genesis: Genesis,
}

/// The rollup's contracts on the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentContracts {
    /// Owner of what can change.
    pub timelock: Address,
    /// Queue and batches.
    pub inbox: Address,
    /// Escrow, deposits, withdrawals.
    pub portal: Address,
    /// Claims.
    pub settlement: Address,
    /// What makes claims final.
    pub validity: Address,
    /// One instruction of the fault proof's machine, where claims can be disputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Address>,
    /// The verifier of validity proofs, where claims can be proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stark: Option<StarkContracts>,
    /// Cross-domain messenger.
    pub messenger: Address,
    /// ETH and ERC-20.
    pub standard_bridge: Address,
    /// ERC-721.
    pub erc721_bridge: Address,
    /// Multicall3: the parent's own, or ours where it has none.
    pub multicall3: Address,
}

/// The verifier of validity proofs. It keeps nothing of a chain: many can use one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StarkContracts {
    /// The first transaction of a verification.
    pub constraints: Address,
    /// The second.
    pub openings: Address,
    /// The verifying key, piece by piece.
    pub key_store: Address,
}

/// A deployment folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// No such file, no permission, no space.
    #[error("{}: {source}; did `altana deploy` write this folder?", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not what `altana deploy` wrote.
    #[error("{}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Deployment {
    /// Reads a deployment folder.
    pub fn read(dir: &Path) -> Result<Self, DeploymentError> {
        let mut deployment: Self = read_json(&dir.join("deployment.json"))?;
        deployment.genesis = read_json(&dir.join("genesis.json"))?;
        Ok(deployment)
    }

    /// Writes a deployment folder. `deployment.json` comes last and at once: where it is, all is.
    pub fn write(&self, dir: &Path) -> Result<(), DeploymentError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DeploymentError::File { path, source }
        };
        fs::create_dir_all(dir).map_err(failed(dir))?;
        let write = |name: &str, value: serde_json::Result<String>| {
            let path = dir.join(name);
            let text = value.expect("plain data always serialises");
            replace(&path, &(text + "\n")).map_err(failed(&path))
        };
        write("genesis.json", serde_json::to_string_pretty(&self.genesis))?;
        write("deployment.json", serde_json::to_string_pretty(self))
    }
}

/// Gives a file new content, all of it or nothing.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, DeploymentError> {
    let text = fs::read_to_string(path)
        .map_err(|source| DeploymentError::File { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|source| DeploymentError::Content { path: path.to_owned(), source })
}
