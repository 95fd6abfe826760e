//! The compiled contracts, as `cargo xtask contracts` committed them.

use alloy::primitives::Bytes;
use serde::Deserialize;

macro_rules! artifacts {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../contracts/artifacts/", $name, ".json")))),*]
    };
}

/// Name and JSON of every contract that Rust deploys or talks to.
const ARTIFACTS: &[(&str, &str)] = artifacts![
    "Claim",
    "DemoCollection",
    "DemoSwap",
    "DemoToken",
    "FaultProof",
    "FeeVault",
    "GasPriceOracle",
    "HybridProof",
    "Inbox",
    "L1Block",
    "L1CrossDomainMessenger",
    "L1ERC721Bridge",
    "L1StandardBridge",
    "L2CrossDomainMessenger",
    "L2ERC721Bridge",
    "L2StandardBridge",
    "L2ToL1MessagePasser",
    "Multicall3",
    "OptimismMintableERC20",
    "OptimismMintableERC20Factory",
    "OptimismMintableERC721",
    "OptimismMintableERC721Factory",
    "Portal",
    "Settlement",
    "StarkConstraints",
    "StarkKeyStore",
    "StarkOpenings",
    "Step",
    "Timelock",
    "WETH",
    "ZkProof",
];

/// There is no such contract, or its artifact is damaged.
#[derive(Debug, thiserror::Error)]
#[error("no artifact of the contract {0}: run `cargo xtask contracts`")]
pub struct NoArtifact(String);

#[derive(Deserialize)]
struct Artifact {
    bytecode: Bytes,
}

/// The creation code of a contract, without constructor arguments.
pub fn init_code(contract: &str) -> Result<Bytes, NoArtifact> {
    let json = json(contract)?;
    let artifact: Artifact =
        serde_json::from_str(json).map_err(|_| NoArtifact(contract.to_owned()))?;
    Ok(artifact.bytecode)
}

/// The artifact as it was committed: `abi`, `bytecode`, `deployedBytecode`.
pub fn json(contract: &str) -> Result<&'static str, NoArtifact> {
    ARTIFACTS
        .iter()
        .find(|(name, _)| *name == contract)
        .map(|(_, json)| *json)
        .ok_or_else(|| NoArtifact(contract.to_owned()))
}

/// All artifacts.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    ARTIFACTS.iter().map(|(_, json)| *json)
}
