//! `altana bridge`: move funds between the parent and the rollup.

use crate::{
    cli::{self, BridgeAction, Transfer as TransferArgs},
    keys, output, stack,
};
use alloy::{
    network::{AnyNetwork, EthereumWallet},
    primitives::{Address, B256, U256, utils::parse_units},
    providers::{DynProvider, Provider},
    transports::RpcError,
};
use altana_bridge::{
    Asset, Bridge, Chain, Deposit, DepositStatus, Error, Forced, Standard, Step, Transfer,
    Withdrawal, WithdrawalStatus,
};
use altana_contracts::{Deployment, ParentContracts};
use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// How often a chain is asked by `--wait`.
const POLL: Duration = Duration::from_millis(500);
/// How often in a row a node may fail to answer, before `--wait` gives up.
const SILENCE_MAX: u32 = 60;
/// Rollup gas of a forced call, beside what its data cost.
const FORCED_GAS: u64 = 200_000;
/// What the Portal asks for a byte of data at least (EIP-7623).
const BYTE_GAS: u64 = 40;

/// Takes one step.
pub async fn run(args: cli::Bridge, json: bool) -> Result<()> {
    let (me, wallet) = match &args.action {
        BridgeAction::Status { .. } => (Address::ZERO, EthereumWallet::default()),
        _ => {
            let key = keys::read(args.key_file.as_deref(), "ALTANA_KEY")?;
            (key.address(), EthereumWallet::from(key))
        }
    };
    let user = User::connect(&args, me, &wallet, json).await?;
    match args.action {
        BridgeAction::Deposit { transfer, wait } => user.deposit(&transfer, wait).await,
        BridgeAction::Withdraw { transfer, wait } => user.withdraw(&transfer, wait).await,
        BridgeAction::Status { transaction, wait } => user.status(transaction, wait).await,
        BridgeAction::Prove { transaction, wait } => user.prove(transaction, wait).await,
        BridgeAction::Finalize { transaction, wait } => user.finalize(transaction, wait).await,
        BridgeAction::Create { token } => user.create(token).await,
        BridgeAction::Force { to, data, value, mint, gas, wait, .. } => {
            let data = data.unwrap_or_default();
            let gas = gas.unwrap_or(FORCED_GAS + BYTE_GAS * data.len() as u64);
            let (value, mint) = (units(&value, ETHER)?, units(&mint, ETHER)?);
            user.force(Forced { to, mint, value, gas, data }, wait).await
        }
    }
}

/// Decimals of ether.
const ETHER: u8 = 18;

struct User {
    bridge: Bridge,
    me: Address,
    json: bool,
    spinner: ProgressBar,
}

/// How far a deposit is, as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DepositView {
    kind: &'static str,
    parent_transaction: B256,
    transaction: B256,
    gas_used: u64,
    /// Absent if no rollup node answers: it may be why the user is here.
    #[serde(flatten)]
    status: Option<DepositStatus>,
}

/// How far a withdrawal is, as it is printed.
#[derive(Serialize)]
struct WithdrawalView {
    kind: &'static str,
    transaction: B256,
    withdrawal: B256,
    block: u64,
    #[serde(flatten)]
    status: WithdrawalStatus,
}

impl User {
    async fn connect(
        args: &cli::Bridge,
        me: Address,
        wallet: &EthereumWallet,
        json: bool,
    ) -> Result<Self> {
        let parent = stack::any_provider(&args.parent, wallet)?;
        let rollup = stack::any_provider(&args.rollup, wallet)?;
        let contracts = contracts(args, &rollup).await?;
        let code = parent.get_code_at(contracts.portal).await;
        let code = code.with_context(|| format!("the parent {} does not answer", args.parent))?;
        ensure!(
            !code.is_empty(),
            "{} has no Portal at {}: name the rollup's parent with --parent",
            args.parent,
            contracts.portal
        );
        let spinner = output::spinner(json, "asking both chains");
        let shown = spinner.clone();
        let bridge = Bridge::new(parent, rollup, contracts).watched(move |step| {
            if matches!(step, Step::Approving { .. }) {
                output::note(&step.to_string());
            }
            shown.set_message(step.to_string());
        });
        Ok(Self { bridge, me, json, spinner })
    }

    async fn deposit(&self, args: &TransferArgs, wait: bool) -> Result<()> {
        let asset = self.asset(args, Chain::Parent).await?;
        let to = args.to.unwrap_or(self.me);
        let deposit = self.bridge.deposit(self.me, to, asset, args.remote).await?;
        self.deposited(&deposit, wait).await
    }

    async fn force(&self, forced: Forced, wait: bool) -> Result<()> {
        let deposit = self.bridge.force(self.me, forced).await?;
        self.deposited(&deposit, wait).await
    }

    async fn withdraw(&self, args: &TransferArgs, wait: bool) -> Result<()> {
        let asset = self.asset(args, Chain::Rollup).await?;
        let to = args.to.unwrap_or(self.me);
        let withdrawal = self.bridge.withdraw(self.me, to, asset, args.remote).await?;
        self.withdrawn(&withdrawal, wait).await
    }

    async fn status(&self, transaction: B256, wait: bool) -> Result<()> {
        match self.bridge.find(transaction).await? {
            Transfer::Deposit(deposit) => self.deposited(&deposit, wait).await,
            Transfer::Withdrawal(withdrawal) => self.withdrawn(&withdrawal, wait).await,
        }
    }

    async fn prove(&self, transaction: B256, wait: bool) -> Result<()> {
        let withdrawal = self.bridge.withdrawn(transaction).await?;
        let status = self.withdrawal_status(&withdrawal, wait).await?;
        if matches!(status, WithdrawalStatus::Finalized) {
            return Err(Error::Done.into());
        }
        ensure!(
            !self.bridge.is_proven_by(self.me, &withdrawal).await?,
            "proven already; next: altana bridge finalize {transaction}"
        );
        let receipt = self.bridge.prove(self.me, &withdrawal).await?;
        let (hash, gas) = (receipt.transaction_hash, receipt.gas_used);
        self.print(&json!({"transaction": hash, "gasUsed": gas}), || {
            format!(
                "proven in {hash} ({gas} gas)\nnext: altana bridge finalize --wait {transaction}"
            )
        })
    }

    async fn finalize(&self, transaction: B256, wait: bool) -> Result<()> {
        let withdrawal = self.bridge.withdrawn(transaction).await?;
        if wait {
            self.until(async || match self.bridge.withdrawal_status(&withdrawal).await? {
                status @ (WithdrawalStatus::WaitingToFinalize { .. }
                | WithdrawalStatus::WaitingForProof) => Ok(Err(status.to_string())),
                _ => Ok(Ok(())),
            })
            .await?;
        }
        let finalized = self.bridge.finalize(self.me, &withdrawal).await?;
        let (hash, gas) = (finalized.receipt.transaction_hash, finalized.receipt.gas_used);
        let value = json!({"transaction": hash, "gasUsed": gas, "success": finalized.success});
        self.print(&value, || format!("paid in {hash} ({gas} gas)"))?;
        ensure!(
            finalized.success,
            "the call on the parent failed: tokens and messages wait in the messenger for another \
             attempt; a call straight through the Portal had its only one"
        );
        Ok(())
    }

    async fn create(&self, token: Address) -> Result<()> {
        let image = self.bridge.create_image(self.me, token).await?;
        self.print(&image, || {
            let verb = if image.created { "created" } else { "there already" };
            format!("{} on the rollup: {} ({verb})", image.is.symbol, image.image)
        })
    }

    /// What the arguments mean, with the token's own decimals.
    async fn asset(&self, args: &TransferArgs, chain: Chain) -> Result<Asset> {
        let amount = args.amount.as_deref().unwrap_or_default();
        let asset = match args.token {
            None => Asset::Ether(units(amount, ETHER)?),
            Some(token) => match (self.bridge.token(chain, token).await?.standard, args.id) {
                (Standard::Erc721, Some(id)) => return Ok(Asset::Erc721 { token, id }),
                (Standard::Erc721, None) => {
                    bail!("{token} is an ERC-721: name one of its tokens with --id")
                }
                (Standard::Erc20 { .. }, Some(_)) => {
                    bail!("{token} is an ERC-20: name an amount instead of --id")
                }
                (Standard::Erc20 { decimals }, None) => {
                    Asset::Erc20 { token, amount: units(amount, decimals)? }
                }
            },
        };
        let nothing =
            matches!(asset, Asset::Ether(n) | Asset::Erc20 { amount: n, .. } if n.is_zero());
        ensure!(!nothing, "an amount of zero moves nothing");
        Ok(asset)
    }

    async fn deposited(&self, deposit: &Deposit, wait: bool) -> Result<()> {
        let status = if wait {
            let arrived = self
                .until(async || match self.bridge.deposit_status(deposit).await? {
                    status @ DepositStatus::Waiting { .. } => Ok(Err(status.to_string())),
                    status => Ok(Ok(status)),
                })
                .await?;
            Some(arrived)
        } else {
            self.bridge.deposit_status(deposit).await.ok()
        };
        let (parent, rollup) = (deposit.receipt.transaction_hash, deposit.transaction);
        let view = DepositView {
            kind: "deposit",
            parent_transaction: parent,
            transaction: rollup,
            gas_used: deposit.receipt.gas_used,
            status,
        };
        self.print(&view, || match status {
            Some(status @ DepositStatus::Waiting { .. }) => format!(
                "{status}, as {rollup}\nhow far it is: altana bridge status --wait {parent}"
            ),
            Some(status) => format!("{status}: {rollup}"),
            None => format!("on the parent; no rollup node answers. It will be {rollup}"),
        })?;
        if let Some(DepositStatus::Failed { block }) = status {
            return Err(Error::Failed { transaction: rollup, block }.into());
        }
        Ok(())
    }

    async fn withdrawn(&self, withdrawal: &Withdrawal, wait: bool) -> Result<()> {
        let status = self.withdrawal_status(withdrawal, wait).await?;
        let &Withdrawal { transaction, hash, block, .. } = withdrawal;
        let kind = "withdrawal";
        let view = WithdrawalView { kind, transaction, withdrawal: hash, block, status };
        self.print(&view, || {
            let next = match status {
                WithdrawalStatus::Finalized => return status.to_string(),
                WithdrawalStatus::WaitingForClaim { .. } => "prove --wait",
                WithdrawalStatus::ReadyToProve => "prove",
                WithdrawalStatus::WaitingToFinalize { .. } | WithdrawalStatus::WaitingForProof => {
                    "finalize --wait"
                }
                WithdrawalStatus::ReadyToFinalize => "finalize",
            };
            format!("in rollup block {block}: {status}\nnext: altana bridge {next} {transaction}")
        })
    }

    /// How far it is; with `wait`, once the next step is the user's or it is done.
    async fn withdrawal_status(
        &self,
        withdrawal: &Withdrawal,
        wait: bool,
    ) -> Result<WithdrawalStatus> {
        if !wait {
            return Ok(self.bridge.withdrawal_status(withdrawal).await?);
        }
        self.until(async || match self.bridge.withdrawal_status(withdrawal).await? {
            status @ (WithdrawalStatus::WaitingForClaim { .. }
            | WithdrawalStatus::WaitingToFinalize { .. }
            | WithdrawalStatus::WaitingForProof) => Ok(Err(status.to_string())),
            status => Ok(Ok(status)),
        })
        .await
    }

    /// Looks until there is an answer, and shows what is missing. A node that is silent is asked
    /// again, for a while.
    async fn until<T>(
        &self,
        mut look: impl AsyncFnMut() -> Result<Result<T, String>, Error>,
    ) -> Result<T> {
        let mut silent = 0;
        loop {
            match look().await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(missing)) => {
                    silent = 0;
                    self.spinner.set_message(missing);
                }
                Err(Error::Rpc(error)) if silent < SILENCE_MAX => {
                    silent += 1;
                    self.spinner.set_message(format!("asking again: {error}"));
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn print(&self, value: &impl Serialize, words: impl FnOnce() -> String) -> Result<()> {
        self.spinner.finish_and_clear();
        output::result(self.json, value, words)
    }
}

/// The chain's contracts: from its folder, or from the node.
async fn contracts(
    args: &cli::Bridge,
    rollup: &DynProvider<AnyNetwork>,
) -> Result<ParentContracts> {
    if let Some(chain) = &args.chain {
        return Ok(Deployment::read(chain)?.contracts);
    }
    let url = &args.rollup;
    let answer: Result<serde_json::Value, _> =
        rollup.client().request_noparams("altana_deployment").await;
    let value = match answer {
        Ok(value) => value,
        Err(error @ RpcError::ErrorResp(_)) => {
            return Err(error).with_context(|| {
                format!("{url} is no node of Altana's: name the chain's folder with --chain")
            });
        }
        Err(error) => {
            return Err(error).with_context(|| {
                format!(
                    "the rollup {url} does not answer: name a node with --rollup, or the chain's folder with --chain"
                )
            });
        }
    };
    Ok(serde_json::from_value(value)?)
}

/// An amount as people write it, in smallest units.
fn units(amount: &str, decimals: u8) -> Result<U256> {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    ensure!(
        !(whole.is_empty() && fraction.is_empty()) && digits(whole) && digits(fraction),
        "\"{amount}\" is not an amount: write it like 1.5"
    );
    ensure!(
        fraction.len() <= usize::from(decimals),
        "\"{amount}\" is too fine: there are {decimals} decimals"
    );
    let parsed = parse_units(amount, decimals);
    Ok(parsed.with_context(|| format!("\"{amount}\" is too much"))?.get_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let cases = [
            ("1.5", 18, Some(1_500_000_000_000_000_000_u128)),
            ("0.000001", 6, Some(1)),
            (".5", 1, Some(5)),
            ("7", 0, Some(7)),
            ("0.0000001", 6, None),
            ("1.5", 0, None),
            ("-1", 18, None),
            ("", 18, None),
            (".", 18, None),
            ("1e3", 18, None),
        ];
        for (text, decimals, expect) in cases {
            assert_eq!(units(text, decimals).ok(), expect.map(U256::from), "{text}");
        }
        assert!(units(&"9".repeat(80), 18).is_err());
    }
}
