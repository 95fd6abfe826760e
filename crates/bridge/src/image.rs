//! A token's image on the rollup: where it is, and how it comes to be.

use crate::{Bridge, Chain, Error, Standard, Token};
use alloy::{
    primitives::{Address, Bytes, U256, keccak256},
    providers::Provider,
    sol_types::SolValue,
};
use altana_contracts::{
    artifact,
    bindings::{MintableERC20Factory, MintableERC721Factory},
    predeploy,
};
use serde::Serialize;

/// A token of the parent and its image on the rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Image {
    /// On the parent.
    pub token: Address,
    /// On the rollup.
    pub image: Address,
    /// What both say of themselves.
    #[serde(flatten)]
    pub is: Token,
    /// Whether it was created now; else it was there.
    pub created: bool,
    /// Gas that its creation took on the rollup.
    #[serde(rename = "gasUsed")]
    pub gas_used: u64,
}

impl Bridge {
    /// Creates a token's image on the rollup, under the token's own name; if there is one, finds it.
    pub async fn create_image(&self, from: Address, token: Address) -> Result<Image, Error> {
        let is = self.token(Chain::Parent, token).await?;
        let image = self.image_address(token, &is).await?;
        if !self.rollup.get_code_at(image).await?.is_empty() {
            return Ok(Image { token, image, is, created: false, gas_used: 0 });
        }
        let (name, symbol) = (is.name.clone(), is.symbol.clone());
        let what = "the creation of the image";
        let receipt = match is.standard {
            Standard::Erc20 { decimals } => {
                let factory = MintableERC20Factory::new(predeploy::ERC20_FACTORY, &self.rollup);
                let call = factory
                    .createOptimismMintableERC20WithDecimals(token, name, symbol, decimals)
                    .from(from);
                self.send(Chain::Rollup, what, call).await?
            }
            Standard::Erc721 => {
                let factory = MintableERC721Factory::new(predeploy::ERC721_FACTORY, &self.rollup);
                let call = factory.createOptimismMintableERC721(token, name, symbol).from(from);
                self.send(Chain::Rollup, what, call).await?
            }
        };
        if self.rollup.get_code_at(image).await?.is_empty() {
            return Err(Error::Contradiction(format!("the factory made no token at {image}")));
        }
        Ok(Image { token, image, is, created: true, gas_used: receipt.gas_used })
    }

    /// The image that [`Bridge::create_image`] makes, if it was made.
    pub(crate) async fn image(&self, token: Address) -> Result<Option<Address>, Error> {
        let is = self.token(Chain::Parent, token).await?;
        let image = self.image_address(token, &is).await?;
        let exists = !self.rollup.get_code_at(image).await?.is_empty();
        Ok(exists.then_some(image))
    }

    /// Where the factories put it: they use CREATE2, so nothing must be searched.
    async fn image_address(&self, token: Address, is: &Token) -> Result<Address, Error> {
        let (name, symbol) = (&is.name, &is.symbol);
        let (factory, contract, salt, arguments) = match is.standard {
            Standard::Erc20 { decimals } => {
                let decimals = U256::from(decimals);
                let bridge = predeploy::STANDARD_BRIDGE;
                (
                    predeploy::ERC20_FACTORY,
                    "OptimismMintableERC20",
                    (token, name, symbol, decimals).abi_encode_params(),
                    (bridge, token, name, symbol, decimals).abi_encode_params(),
                )
            }
            Standard::Erc721 => {
                let chain_id = U256::from(self.parent.get_chain_id().await?);
                let bridge = predeploy::ERC721_BRIDGE;
                (
                    predeploy::ERC721_FACTORY,
                    "OptimismMintableERC721",
                    (token, name, symbol).abi_encode_params(),
                    (bridge, chain_id, token, name, symbol).abi_encode_params(),
                )
            }
        };
        let code: Bytes = artifact::init_code(contract)?;
        Ok(factory.create2_from_code(keccak256(salt), [code.as_ref(), &arguments].concat()))
    }
}
