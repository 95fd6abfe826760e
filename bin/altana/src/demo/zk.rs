//! A batch is proved to the parent chain: on a zk-rollup its claim is final by nothing else, on a
//! hybrid one the proof ends a dispute at once.
//!
//! The batch is the same each time, to the bit: the parent's clock is set, contracts have the same
//! addresses, and no message of the parent is in it. So its proof can have been made beforehand.

use super::{
    proving::{Proving, fixture, make},
    setting::{FIRST_THIEF, Setting, USER},
    story::{Figures, Story},
    theft::Theft,
    thief::Thief,
};
use crate::bench::load;
use alloy::{
    eips::Decodable2718,
    primitives::{Address, B256, Bytes, U256, keccak256, utils::parse_ether},
    providers::Provider,
    sol_types::SolCall,
};
use altana_bridge::{Asset, Withdrawal, WithdrawalStatus};
use altana_contracts::{
    Preset,
    bindings::{
        FaultProof, MessagePasser, Portal, StarkConstraints, StarkOpenings, WithdrawalTransaction,
        ZkProof,
    },
    deploy::key_pieces,
    predeploy, revert,
};
use altana_parent::{
    BatchSender, Batches, Claim, ClaimReader, Commit, InboxReader, ProofTerms, Proposal,
};
use altana_proof::{Job, Jobs, Proof, guest};
use altana_protocol::{
    Transaction,
    batch::{PayloadBlock, encode_payload},
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

/// When the story plays: later than any parent's clock, so that it can be set to this.
const CLOCK: u64 = 4_102_444_800;
/// Transfers in the batch, as in the figures.
const TRANSFERS: u64 = 10;
/// What the user takes out.
const AMOUNT: &str = "2";
/// Where it goes: an account that nothing else pays.
const SAFE_HAVEN: Address = Address::new(*b"a safe haven on it's");
/// What the thief is after.
const LOOT: &str = "1000";
/// Long, so that nothing in the story is final by waiting.
const WINDOW_S: u64 = 7 * 86_400;
/// Moves of the dispute before the proof comes.
const MOVES: usize = 4;

/// One of the two chains, and what happened on it.
struct Stage {
    setting: Setting,
    claims: ClaimReader,
    terms: ProofTerms,
    jobs: Jobs,
    genesis: Claim,
}

/// Tells the story. With a prover, everything is proved afresh.
pub async fn tell(story: &mut Story, parent: Option<&str>, proving: &Proving) -> Result<()> {
    let before = snapshot(parent).await?;
    let proof = zk_rollup(story, parent, proving).await?;
    // The same deployer, the same nonces: the same chain.
    restore(before).await?;
    let before = snapshot(parent).await?;
    hybrid(story, parent, &proof).await?;
    // Nobody wants to stay in another century.
    restore(before).await
}

async fn zk_rollup(story: &mut Story, parent: Option<&str>, proving: &Proving) -> Result<Proof> {
    let stage = story
        .step(
            "start a parent chain, deploy a zk-rollup and the verifier of its proofs",
            start(parent, Preset::ZkRollup),
        )
        .await?;
    let withdrawal =
        story.step("ten transfers and a withdrawal, published in a blob", batch(&stage)).await?;
    let right = story.step("an honest node claims the state after them", claimed(&stage)).await?;
    story
        .step("the user proves the withdrawal against the claim", prove(&stage, &withdrawal))
        .await?;
    let wrong = story.step("a thief claims another state", lie(&stage, &right)).await?;
    story
        .step("without a proof nothing is final, however long one waits", wait(&stage, &right))
        .await?;
    let (job, proof) = story.step(proving.name(), prover(&stage, proving)).await?;
    story.step("what is no proof of this, the contracts refuse", mutations(&stage, &proof)).await?;
    story
        .step(
            "the contracts verify the proof: the claim is final",
            verified(&stage, &right, &job, &proof),
        )
        .await?;
    story.step("the thief's claim is rejected, and not proved", rejected(&stage, &wrong)).await?;
    story.step("the withdrawal is paid", paid(&stage, &withdrawal)).await?;
    Ok(proof)
}

async fn hybrid(story: &mut Story, parent: Option<&str>, proof: &Proof) -> Result<()> {
    let stage = story
        .step("the same chain as a hybrid: disputes, and proofs", start(parent, Preset::Hybrid))
        .await?;
    story.step("the same batch", batch(&stage)).await?;
    let right = story.step("an honest node claims the state after it", claimed(&stage)).await?;
    let mut thief = story.step("a thief forges a withdrawal, and claims it", forge(&stage)).await?;
    story.step("a dispute begins", fight(&stage, &mut thief)).await?;
    story.step("a proof ends it at once", end(&stage, &right, &thief, proof)).await?;
    story.step("the forged withdrawal reverts", refused(&stage, &thief)).await
}

/// A parent that is not ours, and a name for how it is now.
type Snapshot<'a> = Option<(&'a str, serde_json::Value)>;

async fn snapshot(parent: Option<&str>) -> Result<Snapshot<'_>> {
    let Some(url) = parent else { return Ok(None) };
    let wallet = crate::stack::accounts::Accounts::test().wallet(USER);
    let answer = crate::stack::provider(url, &wallet)?.client().request("evm_snapshot", ()).await;
    let name =
        answer.with_context(|| format!("{url} is no development chain that can be set back"))?;
    Ok(Some((url, name)))
}

async fn restore(snapshot: Snapshot<'_>) -> Result<()> {
    let Some((url, name)) = snapshot else { return Ok(()) };
    let wallet = crate::stack::accounts::Accounts::test().wallet(USER);
    let parent = crate::stack::provider(url, &wallet)?;
    let done: bool = parent.client().request("evm_revert", json!([name])).await?;
    ensure!(done, "{url} could not be set back");
    Ok(())
}

async fn start(parent: Option<&str>, preset: Preset) -> Result<(Stage, Figures)> {
    let setting = Setting::start_proved(parent, preset, CLOCK, WINDOW_S).await?;
    let claims =
        crate::stack::claim_reader(setting.stack.parent().await?, &setting.stack.deployment)
            .await?;
    let terms = claims.proofs().await?.context("the module takes no proofs")?;
    let genesis = claims.open(0).await?.last_final;
    let jobs = Jobs::new(setting.stack.jobs());
    let gas = setting.deployment_gas().await?;
    let stage = Stage { setting, claims, terms, jobs, genesis };
    Ok((stage, vec![("gas", json!(gas)), ("key_bytes", json!(guest::KEY.len()))]))
}

/// The batch that is proved. Its first and only block takes no message of the parent.
fn payload(setting: &Setting) -> Result<(Bytes, B256)> {
    let chain_id = setting.stack.deployment.spec.chain_id;
    let signer = std::slice::from_ref(setting.stack.accounts.signer(USER));
    let mut calls: Vec<load::Call> = (0..TRANSFERS)
        .map(|i| load::Call {
            to: load::recipient(i),
            value: U256::from(1_000 + i),
            input: Bytes::new(),
            gas: 21_000,
        })
        .collect();
    let withdrawal = MessagePasser::initiateWithdrawalCall {
        target: SAFE_HAVEN,
        gasLimit: U256::from(21_000),
        data: Bytes::new(),
    };
    calls.push(load::Call {
        to: predeploy::MESSAGE_PASSER,
        value: parse_ether(AMOUNT)?,
        input: withdrawal.abi_encode().into(),
        gas: 200_000,
    });
    let raw = load::sign(signer, 0, chain_id, MAX_FEE, calls);
    let transactions =
        raw.iter().map(|raw| Transaction::decode_2718_exact(raw)).collect::<Result<Vec<_>, _>>()?;
    let block =
        PayloadBlock { timestamp: CLOCK + 1, messages: 0, labels: Vec::new(), transactions };
    let withdrawal = keccak256(raw.last().context("no transactions")?);
    Ok((encode_payload(chain_id, &[block])?.into(), withdrawal))
}

/// Wei for a gas, at most.
const MAX_FEE: u128 = 1_000_000_000;

async fn batch(stage: &Stage) -> Result<(Withdrawal, Figures)> {
    let setting = &stage.setting;
    let (payload, withdrawal) = payload(setting)?;
    let bytes = payload.len();
    // No block of a batch is of the future, and all so far may be of one second.
    setting.pass_time(2).await?;
    let sender = setting.claims_of(super::setting::BATCHER, "publisher").await?.sender;
    let batches = Batches { sender, inbox: setting.stack.deployment.contracts.inbox };
    let time = CLOCK + 1;
    let commit = Commit {
        index: 1,
        first_timestamp: time,
        last_timestamp: time,
        queue_end: 0,
        payload,
        blobs: true,
    };
    let sent = batches.commit(commit).await?;
    ensure!(sent.reverted.is_none(), "the batch reverted: {:?}", sent.reverted);
    setting.wait_block(1).await?;
    for i in 0..TRANSFERS {
        let balance = setting.rollup.get_balance(load::recipient(i)).await?;
        ensure!(balance == U256::from(1_000 + i), "recipient {i} has {balance} wei");
    }
    // Ether that the withdrawal can be paid from.
    let asset = Asset::Ether(parse_ether("10")?);
    setting.bridge.deposit(setting.user, setting.user, asset, None).await?;
    let withdrawal = setting.bridge.withdrawn(withdrawal).await?;
    Ok((withdrawal, vec![("gas", json!(sent.gas_used)), ("payload_bytes", json!(bytes))]))
}

/// The node's claim.
async fn claimed(stage: &Stage) -> Result<(Claim, Figures)> {
    let mut found = None;
    stage
        .setting
        .until("the node's claim", async || {
            found = stage.claims.open(0).await?.pending.first().copied();
            Ok(found.is_some())
        })
        .await?;
    let claim = found.context("no claim")?;
    Ok((claim, vec![("claim", json!(claim.index)), ("output_root", json!(claim.output_root))]))
}

async fn prove(stage: &Stage, withdrawal: &Withdrawal) -> Result<((), Figures)> {
    stage.setting.wait_status(withdrawal, WithdrawalStatus::ReadyToProve).await?;
    let receipt = stage.setting.bridge.prove(stage.setting.user, withdrawal).await?;
    Ok(((), vec![("gas", json!(receipt.gas_used))]))
}

/// A claim that is right but for its output root.
async fn lie(stage: &Stage, right: &Claim) -> Result<(Claim, Figures)> {
    let claims = stage.setting.claims_of(FIRST_THIEF, "thief").await?;
    let contracts = &stage.setting.stack.deployment.contracts;
    let inbox = altana_contracts::bindings::Inbox::new(contracts.inbox, &stage.setting.parent);
    let proposal = Proposal {
        parent: stage.genesis,
        batch_index: 1,
        batch_hash: inbox.batchHash(1).call().await?,
        output_root: keccak256(right.output_root),
        last_block: right.last_block,
        data: Bytes::new(),
    };
    let sent = claims.propose(&proposal).await?;
    ensure!(sent.reverted.is_none(), "the false claim reverted: {:?}", sent.reverted);
    let open = stage.claims.open(0).await?;
    let wrong = open.pending.iter().find(|claim| claim.output_root == proposal.output_root);
    let wrong = *wrong.context("the false claim is not listed")?;
    Ok((wrong, vec![("gas", json!(sent.gas_used)), ("claim", json!(wrong.index))]))
}

async fn wait(stage: &Stage, right: &Claim) -> Result<((), Figures)> {
    stage.setting.pass_time(2 * WINDOW_S).await?;
    let open = stage.claims.open(0).await?;
    ensure!(open.last_final.index == 0, "a claim is final without a proof");
    ensure!(open.pending.iter().any(|claim| claim.index == right.index), "the claim is gone");
    Ok(((), vec![("days", json!(2 * WINDOW_S / 86_400))]))
}

/// The job that the node has written, and its proof.
async fn prover(stage: &Stage, proving: &Proving) -> Result<((Job, Proof), Figures)> {
    let mut jobs = Vec::new();
    stage
        .setting
        .until("the node's job for the prover", async || {
            jobs = stage.jobs.open()?;
            Ok(!jobs.is_empty())
        })
        .await?;
    let job = jobs.pop().context("no job")?;
    let (proof, mut figures) = match proving {
        Proving::Beforehand => (fixture(job.output())?, vec![]),
        Proving::Afresh { prover, save } => make(&job, prover, save.as_deref()).await?,
    };
    figures.push(("output", json!(job.output())));
    figures.push(("proof_bytes", json!(proof.part1.len() + proof.part2.len())));
    Ok(((job, proof), figures))
}

/// Proofs with a byte changed, cut short, and of another output: the contracts refuse each.
async fn mutations(stage: &Stage, proof: &Proof) -> Result<((), Figures)> {
    let stark = stage.setting.stack.deployment.contracts.stark.context("no verifier")?;
    let key = key_pieces(guest::KEY, stark.key_store);
    let constraints = StarkConstraints::new(stark.constraints, &stage.setting.parent);
    let openings = StarkOpenings::new(stark.openings, &stage.setting.parent);
    let checkpoint = Bytes::from(proof.verify(guest::key(), &proof.claim)?.to_bytes());
    let mut reasons: Vec<String> = Vec::new();
    let mut note = |what: &str, refusal: Option<alloy::contract::Error>| -> Result<()> {
        let refusal = refusal.with_context(|| format!("accepted: {what}"))?;
        let reason = revert::of(&refusal).unwrap_or_else(|| refusal.to_string());
        reasons.push(format!("{what}: {reason}"));
        Ok(())
    };
    let changed = |bytes: &[u8], at: usize| -> Bytes {
        let mut bytes = bytes.to_vec();
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 1;
        bytes.into()
    };
    let claim = Bytes::from(proof.claim.to_vec());
    let first = |claim: Bytes, part: Bytes| {
        let (key, constraints) = (key.clone(), &constraints);
        async move { constraints.verify(key, claim, part).call().await.err() }
    };
    for at in [3, 40, 5_003, 60_003] {
        let part = changed(&proof.part1, at);
        note(&format!("byte {at} of the first part changed"), first(claim.clone(), part).await)?;
    }
    let short = Bytes::copy_from_slice(&proof.part1[..proof.part1.len() - 16]);
    note("the first part cut short", first(claim.clone(), short).await)?;
    for (what, at) in [("program", 3), ("machine", 35), ("output", 67)] {
        let other = changed(&proof.claim, at);
        note(&format!("another {what}"), first(other, proof.part1.clone().into()).await)?;
    }
    // The first part, as it is, is taken: so it is the second that is refused here.
    let user = constraints.verify(key.clone(), claim.clone(), proof.part1.clone().into());
    let receipt = user.send().await?.get_receipt().await?;
    ensure!(receipt.status(), "the first part of the right proof was refused");
    for at in [3, 5_003, 50_003, proof.part2.len() - 5] {
        let part = changed(&proof.part2, at);
        let call = openings.verify(key.clone(), claim.clone(), checkpoint.clone(), part);
        note(&format!("byte {at} of the second part changed"), call.call().await.err())?;
    }
    let other = changed(&checkpoint, 40);
    let call = openings.verify(key.clone(), claim, other, proof.part2.clone().into());
    note("a checkpoint that was not reached", call.call().await.err())?;
    let gas = receipt.gas_used;
    Ok(((), vec![("gas", json!(gas)), ("refused", json!(reasons))]))
}

/// Gives the proof to the node, and looks how it fares.
async fn verified(stage: &Stage, right: &Claim, job: &Job, proof: &Proof) -> Result<((), Figures)> {
    let from = stage.setting.parent.get_block_number().await?;
    job.finish(proof)?;
    becomes_final(stage, right).await?;
    let gas = stage.proof_gas(from).await?;
    Ok(((), gas))
}

async fn becomes_final(stage: &Stage, right: &Claim) -> Result<()> {
    let is_final = async || Ok(stage.claims.open(0).await?.last_final.index == right.index);
    stage.setting.until("the claim is final", is_final).await
}

async fn rejected(stage: &Stage, wrong: &Claim) -> Result<((), Figures)> {
    let open = stage.claims.open(0).await?;
    ensure!(open.rejected.contains(&wrong.index), "the false claim was not rejected");
    let module = ZkProof::new(stage.claims.module, &stage.setting.parent);
    let refusal = module.proveClaim(wrong.index, B256::ZERO, Bytes::new()).call().await.err();
    let refusal = refusal.context("the false claim could be proved")?;
    let reason = revert::of(&refusal).context("no reason")?;
    let bonds = FaultProof::new(stage.claims.module, &stage.setting.parent);
    let lost = bonds.claimBond().call().await? / U256::from(2);
    stage
        .setting
        .until("the thief's bond to be settled", async || Ok(bonds.burnt().call().await? >= lost))
        .await?;
    let owed = bonds.withdrawable(stage.setting.thief(0)).call().await?;
    ensure!(owed.is_zero(), "the thief gets {owed} wei back");
    Ok(((), vec![("reason", json!(reason)), ("burnt_wei", json!(lost.to_string()))]))
}

async fn paid(stage: &Stage, withdrawal: &Withdrawal) -> Result<((), Figures)> {
    stage.setting.wait_status(withdrawal, WithdrawalStatus::ReadyToFinalize).await?;
    let finalized = stage.setting.bridge.finalize(stage.setting.user, withdrawal).await?;
    ensure!(finalized.success, "the payment failed");
    let balance = stage.setting.parent.get_balance(SAFE_HAVEN).await?;
    ensure!(balance == parse_ether(AMOUNT)?, "{balance} wei arrived");
    let gas = finalized.receipt.gas_used;
    Ok(((), vec![("gas", json!(gas)), ("wei", json!(balance.to_string()))]))
}

async fn forge(stage: &Stage) -> Result<(Thief, Figures)> {
    let setting = &stage.setting;
    let loot = WithdrawalTransaction {
        nonce: U256::from(7) | U256::from(1) << 240,
        sender: setting.thief(0),
        target: setting.thief(0),
        value: parse_ether(LOOT)?,
        gasLimit: U256::from(100_000),
        data: Bytes::new(),
    };
    let contracts = &setting.stack.deployment.contracts;
    let reader = InboxReader::new(setting.stack.parent().await?, contracts.inbox, contracts.portal);
    let node = setting.stack.node()?;
    let known = node.knowledge(reader, &stage.genesis, 1)?.context("the batch is not derived")?;
    let (claims, block) =
        (setting.claims_of(FIRST_THIEF, "forger").await?, known.expected.last_block);
    let theft = Theft::ForgedWithdrawal(loot);
    let (thief, sent) =
        Thief::claim(theft, node.ledger(), known, block, claims, &stage.genesis, 0).await?;
    Ok((thief, vec![("gas", json!(sent.gas_used))]))
}

/// Both sides move until they are well into the game.
async fn fight(stage: &Stage, thief: &mut Thief) -> Result<((), Figures)> {
    let terms = stage.claims.terms().await?;
    let from = stage.setting.stack.deployment.parent_start_block;
    let mut moves = 0;
    stage
        .setting
        .until("the game's first moves", async || {
            thief.play(&terms).await?;
            moves = stage.setting.bisected_edges(from).await?;
            Ok(moves >= MOVES)
        })
        .await?;
    Ok(((), vec![("bisections", json!(moves))]))
}

async fn end(stage: &Stage, right: &Claim, thief: &Thief, proof: &Proof) -> Result<((), Figures)> {
    let (from, time) =
        (stage.setting.parent.get_block_number().await?, stage.setting.parent_time().await?);
    let job = stage.jobs.open()?.pop().context("the node has written no job")?;
    ensure!(guest::claim(job.output()) == proof.claim, "the hybrid's batch is another");
    job.finish(proof)?;
    becomes_final(stage, right).await?;
    let passed = stage.setting.parent_time().await? - time;
    ensure!(passed < WINDOW_S / 1_000, "{passed} s passed: was the claim final by waiting?");
    let open = stage.claims.open(0).await?;
    ensure!(open.rejected.contains(&thief.claim.index), "the thief's claim was not rejected");
    let mut figures = stage.proof_gas(from).await?;
    figures.push(("seconds", json!(passed)));
    Ok(((), figures))
}

async fn refused(stage: &Stage, thief: &Thief) -> Result<((), Figures)> {
    let Theft::ForgedWithdrawal(message) = &thief.theft else { bail!("not a withdrawal") };
    let (root, proof) = thief.state.prove(message)?;
    let portal =
        Portal::new(stage.setting.stack.deployment.contracts.portal, &stage.setting.parent);
    let index = U256::from(thief.claim.index);
    let call = portal.proveWithdrawalTransaction(message.clone(), index, root, proof);
    let refusal = call.call().await.err().context("the forged withdrawal could be proved")?;
    let reason = revert::of(&refusal).context("no reason")?;
    Ok(((), vec![("reason", json!(reason))]))
}

impl Stage {
    /// Gas of the transactions that proved a claim since a block, by whom they went to.
    async fn proof_gas(&self, from: u64) -> Result<Figures> {
        let honest = self.setting.honest();
        let (mut first, mut second, mut claim) = (0, 0, 0);
        for number in from + 1..=self.setting.parent.get_block_number().await? {
            let receipts = self.setting.parent.get_block_receipts(number.into()).await?;
            for receipt in receipts.unwrap_or_default() {
                let proves = receipt.from == honest && receipt.status();
                match receipt.to {
                    Some(to) if to == self.terms.constraints => first = receipt.gas_used,
                    Some(to) if to == self.terms.openings => second = receipt.gas_used,
                    Some(to) if to == self.claims.module && proves => {
                        let proved = receipt
                            .inner
                            .logs()
                            .iter()
                            .any(|log| log.log_decode::<ZkProof::ClaimProved>().is_ok());
                        if proved {
                            claim = receipt.gas_used;
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut figures = vec![("gas", json!(first + second + claim))];
        // Somebody else may have sent one of them.
        let parts = [("first_part_gas", first), ("second_part_gas", second), ("claim_gas", claim)];
        figures.extend(
            parts.iter().filter(|(_, gas)| *gas > 0).map(|(name, gas)| (*name, json!(gas))),
        );
        Ok(figures)
    }
}
