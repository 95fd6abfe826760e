//! From the parent to the rollup.

use crate::{Asset, Bridge, Chain, DepositStatus, Error, PATIENCE, POLL, Step, asset::Leaving};
use alloy::{
    consensus::Typed2718,
    network::AnyTransactionReceipt,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
    rpc::types::Log,
    sol_types::SolEvent,
};
use altana_contracts::bindings::Portal;
use altana_protocol::{Transaction, transaction::TxDeposit};

/// A deposit is a transaction of this type.
pub(crate) const DEPOSIT_TYPE: u8 = 0x7e;

/// Rollup gas for ether that arrives at an account, or at a contract that takes little.
const ETHER_GAS: u64 = 100_000;

/// A deposit that is on the parent.
#[derive(Clone, Debug)]
pub struct Deposit {
    /// The receipt on the parent.
    pub receipt: AnyTransactionReceipt,
    /// The transaction on the rollup, which is there soon.
    pub transaction: B256,
}

/// A call on the rollup that needs no sequencer's leave.
#[derive(Clone, Debug)]
pub struct Forced {
    /// Callee on the rollup; `None` creates a contract.
    pub to: Option<Address>,
    /// Wei that come along from the parent.
    pub mint: U256,
    /// Wei that the call carries.
    pub value: U256,
    /// Gas on the rollup; paid for on the parent.
    pub gas: u64,
    /// Calldata, or creation code.
    pub data: Bytes,
}

impl Bridge {
    /// Moves an asset of `from` to `to` on the rollup. Tokens go to `remote`, or to the token's own
    /// image. Returns once the deposit is on the parent.
    pub async fn deposit(
        &self,
        from: Address,
        to: Address,
        asset: Asset,
        remote: Option<Address>,
    ) -> Result<Deposit, Error> {
        let leaving = |token| Leaving { chain: Chain::Parent, from, to, token, remote };
        let receipt = match asset {
            Asset::Ether(wei) => {
                let forced = Forced {
                    to: Some(to),
                    mint: wei,
                    value: wei,
                    gas: ETHER_GAS,
                    data: Bytes::new(),
                };
                return self.force(from, forced).await;
            }
            Asset::Erc20 { token, amount } => self.leave_erc20(&leaving(token), amount).await?,
            Asset::Erc721 { token, id } => self.leave_erc721(&leaving(token), id).await?,
        };
        self.deposit_of(receipt)
    }

    /// Has a call run on the rollup as `from`, whatever the sequencer wants. Returns once it is in
    /// the queue on the parent.
    pub async fn force(&self, from: Address, forced: Forced) -> Result<Deposit, Error> {
        self.afford(Chain::Parent, from, forced.mint).await?;
        let Forced { to, mint, value, gas, data } = forced;
        let portal = Portal::new(self.contracts.portal, &self.parent);
        let call = portal
            .depositTransaction(to.unwrap_or_default(), value, gas, to.is_none(), data)
            .value(mint)
            .from(from);
        self.deposit_of(self.send(Chain::Parent, "the deposit", call).await?)
    }

    /// Waits until a deposit is on the rollup; answers its block there.
    pub async fn arrived(&self, deposit: &Deposit) -> Result<u64, Error> {
        self.watch.tell(Step::Arriving { hash: deposit.transaction });
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            match self.deposit_status(deposit).await? {
                DepositStatus::Arrived { block } => return Ok(block),
                DepositStatus::Failed { block } => {
                    return Err(Error::Failed { transaction: deposit.transaction, block });
                }
                DepositStatus::Waiting { .. } => {}
            }
            if tokio::time::Instant::now() > give_up {
                return Err(Error::NotDeposited {
                    parent: deposit.receipt.transaction_hash,
                    rollup: deposit.transaction,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The deposit that a transaction on the parent made.
    pub(crate) fn deposit_of(&self, receipt: AnyTransactionReceipt) -> Result<Deposit, Error> {
        let transaction = deposit_hash(receipt.inner.inner.logs(), self.contracts.portal)
            .ok_or(Error::NotADeposit(receipt.transaction_hash))?;
        Ok(Deposit { receipt, transaction })
    }
}

/// The hash that the first deposit of a receipt has on the rollup (docs/protocol.md §1).
pub fn deposit_hash(logs: &[Log], portal: Address) -> Option<B256> {
    let log = logs.iter().find(|log| {
        log.address() == portal
            && log.topic0() == Some(&Portal::TransactionDeposited::SIGNATURE_HASH)
    })?;
    let event = log.log_decode::<Portal::TransactionDeposited>().ok()?.inner.data;
    let mut label = log.block_hash?.to_vec();
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
    debug_assert_eq!(tx.ty(), DEPOSIT_TYPE);
    Some(Transaction::deposit(tx).hash())
}
