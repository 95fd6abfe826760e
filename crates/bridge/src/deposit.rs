//! From the parent to the rollup.

use crate::{Bridge, Error, PATIENCE, POLL};
use alloy::{
    consensus::Typed2718,
    network::ReceiptResponse,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionReceipt,
    sol_types::SolEvent,
};
use altana_contracts::bindings::{ERC20, ERC721Bridge, Portal, StandardBridge};
use altana_protocol::{Transaction, transaction::TxDeposit};

/// Gas on the rollup for the bridge's half of a deposit, with room for odd tokens.
const BRIDGE_GAS: u32 = 200_000;

/// Gas beyond the estimate for a call on the parent that ends in a deposit.
const GAS_MARGIN_PERCENT: u64 = 50;

/// A deposit that has arrived.
#[derive(Clone, Debug)]
pub struct Deposited {
    /// The receipt on the parent.
    pub parent: TransactionReceipt,
    /// The transaction on the rollup.
    pub rollup: B256,
    /// Whether it succeeded there.
    pub success: bool,
    /// Number of the rollup block that holds it.
    pub block: u64,
}

impl Bridge {
    /// Deposits ether through the Portal: `value` wei arrive at `to`.
    pub async fn deposit_ether(&self, to: Address, value: U256) -> Result<Deposited, Error> {
        self.force(to, value, value, 100_000, Bytes::new()).await
    }

    /// Runs a call on the rollup as the sender, whatever the sequencer wants: `mint` wei come from
    /// the parent, `value` wei go to `to`.
    pub async fn force(
        &self,
        to: Address,
        mint: U256,
        value: U256,
        gas: u64,
        data: Bytes,
    ) -> Result<Deposited, Error> {
        let hash = self.send_forced(to, mint, value, gas, data).await?;
        self.arrived(hash).await
    }

    /// The parent's half of [`Bridge::force`]: returns as soon as the transaction is sent.
    pub async fn send_forced(
        &self,
        to: Address,
        mint: U256,
        value: U256,
        gas: u64,
        data: Bytes,
    ) -> Result<B256, Error> {
        let portal = Portal::new(self.contracts.portal, &self.parent);
        let call = portal.depositTransaction(to, value, gas, false, data).value(mint);
        let estimate = call.estimate_gas().await?;
        // What the Portal burns for the rollup's gas moves from block to block.
        let call = call.gas(estimate + estimate * GAS_MARGIN_PERCENT / 100);
        Ok(*call.send().await?.tx_hash())
    }

    /// Deposits an ERC-20: approves the bridge, then bridges.
    pub async fn deposit_erc20(
        &self,
        token: Address,
        remote: Address,
        to: Address,
        amount: U256,
    ) -> Result<Deposited, Error> {
        let bridge = self.contracts.standard_bridge;
        let approve = ERC20::new(token, &self.parent).approve(bridge, amount).send().await?;
        Self::mined(&self.parent, *approve.tx_hash(), "the approval").await?;
        let bridge = StandardBridge::new(bridge, &self.parent);
        let call = bridge.bridgeERC20To(token, remote, to, amount, BRIDGE_GAS, Bytes::new());
        let estimate = call.estimate_gas().await?;
        let sent = call.gas(estimate + estimate * GAS_MARGIN_PERCENT / 100).send().await?;
        self.arrived(*sent.tx_hash()).await
    }

    /// Deposits an ERC-721, which the owner must have approved for the bridge.
    pub async fn deposit_erc721(
        &self,
        token: Address,
        remote: Address,
        to: Address,
        id: U256,
    ) -> Result<Deposited, Error> {
        let bridge = ERC721Bridge::new(self.contracts.erc721_bridge, &self.parent);
        let call = bridge.bridgeERC721To(token, remote, to, id, BRIDGE_GAS, Bytes::new());
        let estimate = call.estimate_gas().await?;
        let sent = call.gas(estimate + estimate * GAS_MARGIN_PERCENT / 100).send().await?;
        self.arrived(*sent.tx_hash()).await
    }

    /// Waits until a deposit is on the parent, then on the rollup.
    pub async fn arrived(&self, hash: B256) -> Result<Deposited, Error> {
        let parent = Self::mined(&self.parent, hash, "the deposit").await?;
        let rollup =
            deposit_hash(&parent, self.contracts.portal).ok_or(Error::NotADeposit(hash))?;
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(receipt) = self.rollup.get_transaction_receipt(rollup).await? {
                let block = receipt.block_number.unwrap_or_default();
                return Ok(Deposited { parent, rollup, success: receipt.status(), block });
            }
            if tokio::time::Instant::now() > give_up {
                return Err(Error::NotDeposited { parent: hash, rollup });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The hash that the first deposit of a receipt has on the rollup (docs/protocol.md §1).
pub fn deposit_hash(receipt: &TransactionReceipt, portal: Address) -> Option<B256> {
    let log = receipt.inner.logs().iter().find(|log| {
        log.address() == portal
            && log.topic0() == Some(&Portal::TransactionDeposited::SIGNATURE_HASH)
    })?;
    let event = log.log_decode::<Portal::TransactionDeposited>().ok()?.inner.data;
    let mut label = receipt.block_hash?.to_vec();
    label.extend(B256::from(U256::from(log.log_index?)));
    let source_hash = keccak256([B256::ZERO.as_slice(), keccak256(label).as_slice()].concat());
    let data = &event.opaqueData;
    let (mint, rest) = data.split_at_checked(32)?;
    let (value, rest) = rest.split_at_checked(32)?;
    let (gas, rest) = rest.split_at_checked(8)?;
    let (creation, input) = rest.split_at_checked(1)?;
    let tx = TxDeposit {
        source_hash,
        from: event.from,
        to: if creation == [1] { TxKind::Create } else { TxKind::Call(event.to) },
        mint: U256::from_be_slice(mint).try_into().ok()?,
        value: U256::from_be_slice(value),
        gas_limit: u64::from_be_bytes(gas.try_into().ok()?),
        is_system_transaction: false,
        input: Bytes::copy_from_slice(input),
    };
    debug_assert_eq!(tx.ty(), 0x7e);
    Some(Transaction::deposit(tx).hash())
}
