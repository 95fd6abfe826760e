//! Heads and blocks of the parent chain.

use crate::{Options, ParentError, beacon::Beacon, rpc::Rpc};
use alloy::{
    consensus::BlockHeader,
    eips::{BlockId, BlockNumberOrTag},
    network::primitives::{BlockResponse, HeaderResponse},
    primitives::B256,
    providers::{DynProvider, Provider},
    rpc::types::Block,
};

/// JSON-RPC's code for a method that a server does not have.
const METHOD_NOT_FOUND: i64 = -32601;

/// A block of the parent chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParentBlock {
    /// Number.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Hash of the block before.
    pub parent_hash: B256,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// Wei per gas; zero where the chain has none.
    pub base_fee: u128,
}

impl From<&Block> for ParentBlock {
    fn from(block: &Block) -> Self {
        let header = block.header();
        Self {
            number: header.number(),
            hash: header.hash(),
            parent_hash: header.parent_hash(),
            timestamp: header.timestamp(),
            base_fee: header.base_fee_per_gas().unwrap_or_default().into(),
        }
    }
}

/// What the parent says about its chain now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// The newest block. May be replaced at any time.
    pub latest: ParentBlock,
    /// The newest block that the parent's consensus calls safe; the genesis where it says nothing.
    pub safe: ParentBlock,
    /// The newest final block; the genesis where the parent says nothing.
    pub finalized: ParentBlock,
    /// Wei per blob gas in the next block; `None` where there are no blobs.
    pub blob_base_fee: Option<u128>,
}

/// A connection to a parent chain. Clones share it. Keeps nothing that has to survive a restart.
#[derive(Clone, Debug)]
pub struct Parent {
    pub(crate) rpc: Rpc,
    pub(crate) beacon: Option<Beacon>,
    chain_id: u64,
}

impl Parent {
    /// Connects to an execution client (HTTP or WebSocket), and to a beacon node for blobs.
    pub async fn connect(url: &str, beacon_url: Option<&str>) -> Result<Self, ParentError> {
        Self::connect_with(url, beacon_url, Options::default()).await
    }

    /// [`Parent::connect`] with other patience.
    pub async fn connect_with(
        url: &str,
        beacon_url: Option<&str>,
        options: Options,
    ) -> Result<Self, ParentError> {
        let rpc = Rpc::connect(url, options).await?;
        let chain_id =
            rpc.ask("eth_chainId", async |p: DynProvider| p.get_chain_id().await).await?;
        let beacon = beacon_url.map(|url| Beacon::new(url, options)).transpose()?;
        Ok(Self { rpc, beacon, chain_id })
    }

    /// The parent's chain id.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The provider behind it, for calls that need no checks and no patience.
    pub const fn provider(&self) -> &DynProvider {
        &self.rpc.provider
    }

    /// The heads now.
    pub async fn heads(&self) -> Result<Heads, ParentError> {
        let latest = self.fetch(BlockId::latest()).await?;
        let latest = latest.ok_or_else(|| ParentError::temporary("there is no latest block"))?;
        let safe = self.tagged(BlockNumberOrTag::Safe).await?;
        let finalized = self.tagged(BlockNumberOrTag::Finalized).await?;
        let fee = async |p: DynProvider| p.get_blob_base_fee().await;
        let blob_base_fee = match self.rpc.ask("eth_blobBaseFee", fee).await {
            Ok(fee) => Some(fee),
            Err(crate::rpc::CallError::Refused(error)) if error.code == METHOD_NOT_FOUND => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Heads { latest, safe, finalized, blob_base_fee })
    }

    /// The canonical block with this number, if the parent has one.
    pub async fn block(&self, number: u64) -> Result<Option<ParentBlock>, ParentError> {
        let block = self.fetch(number.into()).await?;
        match block {
            Some(block) if block.number != number => Err(ParentError::temporary(format!(
                "asked for block {number}, got {}",
                block.number
            ))),
            block => Ok(block),
        }
    }

    /// The block with this hash, canonical or not, if the parent has it.
    pub async fn block_by_hash(&self, hash: B256) -> Result<Option<ParentBlock>, ParentError> {
        match self.fetch(hash.into()).await? {
            Some(block) if block.hash != hash => {
                Err(ParentError::temporary(format!("asked for block {hash}, got {}", block.hash)))
            }
            block => Ok(block),
        }
    }

    /// Whether the block is part of the parent's chain now.
    pub async fn is_canonical(&self, block: &ParentBlock) -> Result<bool, ParentError> {
        Ok(self.block(block.number).await?.is_some_and(|now| now.hash == block.hash))
    }

    /// Chains without consensus do not know the tag: then nothing but the genesis is final.
    async fn tagged(&self, tag: BlockNumberOrTag) -> Result<ParentBlock, ParentError> {
        let get = |p: DynProvider| async move { p.get_block(tag.into()).await };
        let block = match self.rpc.ask("eth_getBlockByNumber", get).await {
            Ok(block) => block.as_ref().map(ParentBlock::from),
            Err(crate::rpc::CallError::Refused(_)) => None,
            Err(error) => return Err(error.into()),
        };
        match block {
            Some(block) => Ok(block),
            None => {
                let genesis = self.block(0).await?;
                genesis.ok_or_else(|| ParentError::temporary("there is no block 0"))
            }
        }
    }

    async fn fetch(&self, id: BlockId) -> Result<Option<ParentBlock>, ParentError> {
        let get = |p: DynProvider| async move { p.get_block(id).await };
        let block = self.rpc.ask("eth_getBlock", get).await?;
        Ok(block.as_ref().map(ParentBlock::from))
    }
}
