//! What moves, and how it leaves a chain: the same on both.

use crate::{Bridge, Chain, Error, Step};
use alloy::{
    network::AnyTransactionReceipt,
    primitives::{Address, Bytes, U256},
};
use altana_contracts::bindings::{ERC20, ERC721, ERC721Bridge, StandardBridge};

/// Gas on the other chain for the bridge's half of a transfer, with room for odd tokens.
const BRIDGE_GAS: u32 = 200_000;

/// What moves. Tokens are named by their address on the chain that they leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// So many wei.
    Ether(U256),
    /// So many of a token's smallest units.
    Erc20 {
        /// The token.
        token: Address,
        /// How many units.
        amount: U256,
    },
    /// One token of a collection.
    Erc721 {
        /// The collection.
        token: Address,
        /// Which token.
        id: U256,
    },
}

/// A token that leaves `chain`.
pub(crate) struct Leaving {
    pub(crate) chain: Chain,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) token: Address,
    /// Its counterpart on the other chain, if the user named it.
    pub(crate) remote: Option<Address>,
}

impl Bridge {
    /// Hands units of an ERC-20 to the bridge.
    pub(crate) async fn leave_erc20(
        &self,
        leaving: &Leaving,
        amount: U256,
    ) -> Result<AnyTransactionReceipt, Error> {
        let &Leaving { chain, from, to, token, .. } = leaving;
        let pair = self.pair(leaving).await?;
        let provider = self.provider(chain);
        let erc20 = ERC20::new(token, provider);
        let has = erc20.balanceOf(from).call().await.map_err(|_| Error::NotAToken(token, chain))?;
        if has < amount {
            let decimals = erc20.decimals().call().await.unwrap_or(0);
            let symbol = erc20.symbol().call().await.unwrap_or_else(|_| token.to_string());
            return Err(Error::balance(chain, from, has, amount, decimals, &symbol));
        }
        let spender = self.standard_bridge(chain);
        // The bridge burns images itself.
        if !pair.image {
            let allowed = erc20.allowance(from, spender).call().await?;
            if allowed < amount {
                self.watch.tell(Step::Approving { token, spender });
                // Some tokens change an allowance only from zero.
                if !allowed.is_zero() {
                    let reset = erc20.approve(spender, U256::ZERO).from(from);
                    self.send(chain, "the approval", reset).await?;
                }
                let approve = erc20.approve(spender, amount).from(from);
                self.send(chain, "the approval", approve).await?;
            }
        }
        let bridge = StandardBridge::new(spender, provider);
        let call = bridge
            .bridgeERC20To(token, pair.remote, to, amount, BRIDGE_GAS, Bytes::new())
            .from(from);
        self.send(chain, "the transfer", call).await
    }

    /// Hands a token of a collection to the bridge.
    pub(crate) async fn leave_erc721(
        &self,
        leaving: &Leaving,
        id: U256,
    ) -> Result<AnyTransactionReceipt, Error> {
        let &Leaving { chain, from, to, token, .. } = leaving;
        let pair = self.pair(leaving).await?;
        let provider = self.provider(chain);
        let erc721 = ERC721::new(token, provider);
        let owner = erc721.ownerOf(id).call().await;
        let owner = owner.map_err(|_| Error::NoSuchId { token, id, chain })?;
        if owner != from {
            return Err(Error::NotTheOwner { token, id, chain, owner, account: from });
        }
        let spender = self.erc721_bridge(chain);
        if !pair.image
            && erc721.getApproved(id).call().await? != spender
            && !erc721.isApprovedForAll(from, spender).call().await?
        {
            self.watch.tell(Step::Approving { token, spender });
            self.send(chain, "the approval", erc721.approve(spender, id).from(from)).await?;
        }
        let bridge = ERC721Bridge::new(spender, provider);
        let call =
            bridge.bridgeERC721To(token, pair.remote, to, id, BRIDGE_GAS, Bytes::new()).from(from);
        self.send(chain, "the transfer", call).await
    }
}
