//! What kind of token an address is, and which one stands for it on the other chain.

use crate::{Bridge, Chain, Error, asset::Leaving};
use alloy::{
    contract::{Error as ContractError, Result as ContractResult},
    primitives::{Address, FixedBytes, fixed_bytes},
    transports::RpcError,
};
use altana_contracts::bindings::{ERC20, ERC721};
use serde::Serialize;

/// ERC-165 id of ERC-721.
const ERC721_ID: FixedBytes<4> = fixed_bytes!("80ac58cd");

/// What a token says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its name.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// What it can do.
    #[serde(flatten)]
    pub standard: Standard,
}

/// What a token can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standard")]
pub enum Standard {
    /// An amount can be moved.
    #[serde(rename = "ERC-20")]
    Erc20 {
        /// Digits behind the point.
        decimals: u8,
    },
    /// Single tokens can be moved.
    #[serde(rename = "ERC-721")]
    Erc721,
}

/// A token and its counterpart.
pub(crate) struct Pair {
    pub(crate) remote: Address,
    /// The token is the image, and the counterpart the original.
    pub(crate) image: bool,
}

impl Bridge {
    /// What a token says of itself. [`Error::NotAToken`] if it is neither ERC-20 nor ERC-721.
    pub async fn token(&self, chain: Chain, token: Address) -> Result<Token, Error> {
        let provider = self.provider(chain);
        let collection = ERC721::new(token, provider);
        if said(collection.supportsInterface(ERC721_ID).call().await)? == Some(true) {
            let name = said(collection.name().call().await)?.unwrap_or_default();
            let symbol = said(collection.symbol().call().await)?.unwrap_or_default();
            return Ok(Token { name, symbol, standard: Standard::Erc721 });
        }
        let coin = ERC20::new(token, provider);
        let decimals = said(coin.decimals().call().await)?;
        let decimals = decimals.ok_or(Error::NotAToken(token, chain))?;
        let name = said(coin.name().call().await)?.unwrap_or_default();
        let symbol = said(coin.symbol().call().await)?.unwrap_or_default();
        Ok(Token { name, symbol, standard: Standard::Erc20 { decimals } })
    }

    /// The counterpart of a token that leaves: asked of both tokens, because the wrong one loses
    /// funds.
    pub(crate) async fn pair(&self, leaving: &Leaving) -> Result<Pair, Error> {
        let &Leaving { chain, token, remote, .. } = leaving;
        if let Some(original) = self.original(chain, token).await? {
            return match remote {
                Some(remote) if remote != original => {
                    Err(Error::WrongPair { token, chain, remote, is: Some(original) })
                }
                _ => Ok(Pair { remote: original, image: true }),
            };
        }
        let there = chain.other();
        let Some(remote) = remote else {
            let image = match chain {
                Chain::Parent => self.image(token).await?,
                Chain::Rollup => None,
            };
            let remote = image.ok_or(Error::NoImage { token, chain })?;
            return Ok(Pair { remote, image: false });
        };
        match self.original(there, remote).await? {
            Some(original) if original == token => Ok(Pair { remote, image: false }),
            is => Err(Error::WrongPair { token: remote, chain: there, remote: token, is }),
        }
    }

    /// The token of the other chain that this one is an image of.
    async fn original(&self, chain: Chain, token: Address) -> Result<Option<Address>, Error> {
        said(ERC20::new(token, self.provider(chain)).remoteToken().call().await)
    }
}

/// A contract's answer; `None` if it has no such function, or is none.
pub(crate) fn said<T>(answer: ContractResult<T>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(ContractError::TransportError(error)) if !matches!(error, RpcError::ErrorResp(_)) => {
            Err(error.into())
        }
        Err(_) => Ok(None),
    }
}
