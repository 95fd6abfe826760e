//! The shell of the proposer and the challenger: look at the claims, make the right ones, play the
//! game against the wrong ones.

mod bonds;
mod evidence;
mod knowledge;
mod prove;
mod standing;

use super::{Backoff, NodeError, Shared};
use crate::{
    claims::{Config, Contest, Expected, Verdict, is_due, judge},
    dispute::{Archive, NodeTruth, PlayError, Played, Round, Span, TruthError, round},
};
use alloy_primitives::{Address, U256};
use altana_contracts::bindings::FaultProof::{self, FaultProofCalls};
use altana_dispute::{Dispute, Stage};
use altana_parent::{
    Claim, ClaimReader, Claims, GameTerms, InboxReader, OpenClaims, ParentError, Sender, Sent,
};
use altana_program::PROGRAM_HASH;
use knowledge::Expectations;
use parking_lot::Mutex;
use prove::Proving;
use standing::{Standing, StandingFile};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{runtime::Handle, sync::watch};

/// Rounds in which every dispute is looked at before the claims are looked at again.
const ROUNDS_MAX: usize = 64;
/// Disputes of which the history of blocks is kept in memory: half a MB each. What lies below has a
/// bound of its own.
const TRUTHS_MAX: usize = 8;
/// While a dispute goes on, the parent is asked so many times as often: rivals may answer at once.
const HASTE: u64 = 8;
/// Claims that become final between two that are written down as final: whoever asks about a claim
/// has to look at all between it and the last of these.
const CONFIRM_EVERY: u64 = 8;

pub(super) use evidence::Evidence;
pub(super) use knowledge::knowledge as know;
pub use knowledge::{Knowledge, dispute};

pub(super) async fn run(
    shared: Arc<Shared>,
    config: Config,
    sender: Sender,
    settlement: Address,
    reader: InboxReader,
) -> Result<(), NodeError> {
    let archive = shared.config.dir.as_deref().map(Archive::open).transpose();
    let archive = archive.map_err(NodeError::Evidence)?.map(Arc::new);
    let evidence = Evidence::new(&shared, reader, archive.clone());
    let (decided, is_decided) = watch::channel(None);
    let played = play(shared.clone(), config, sender, settlement, evidence.clone(), decided);
    let Some(archive) = archive else { return played.await };
    let kept = evidence::keep(shared, evidence, archive, is_decided);
    tokio::try_join!(played, kept).map(|_| ())
}

async fn play(
    shared: Arc<Shared>,
    config: Config,
    sender: Sender,
    settlement: Address,
    evidence: Evidence,
    decided: watch::Sender<Option<u64>>,
) -> Result<(), NodeError> {
    let mut stop = shared.stop.subscribe();
    let mut backoff = Backoff::new();
    let mut pause = Duration::ZERO;
    let standing = StandingFile::open(shared.config.dir.as_deref());
    let standing = Arc::new(Mutex::new(standing.map_err(NodeError::Disputes)?));
    let mut player = None;
    while shared.pause(pause).await {
        let step = async {
            if player.is_none() {
                let (sender, evidence) = (sender.clone(), evidence.clone());
                let (decided, standing) = (decided.clone(), standing.clone());
                let start =
                    Player::start(&shared, config, sender, settlement, evidence, decided, standing);
                player = Some(start.await?);
            }
            match &mut player {
                Some(player) => player.step().await,
                None => Ok(Stepped::default()),
            }
        };
        let step = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            step = step => step,
        };
        pause = match step {
            // It has said so. Everything else was done; what it can't pay for can wait a little.
            Ok(Stepped { unfunded: true, .. }) => backoff.next(),
            Ok(Stepped { moved, .. }) => {
                backoff.reset();
                Duration::from_millis(config.poll_ms / if moved { HASTE } else { 1 })
            }
            Err(NodeError::Parent(error)) if !matches!(error, ParentError::Fatal(_)) => {
                tracing::warn!(%error, "cannot look after the claims, will try again");
                if let ParentError::Reset(_) = error {
                    // What was final is not, or another module decides from now on.
                    player = None;
                }
                backoff.next()
            }
            Err(error) => return Err(error),
        };
    }
    Ok(())
}

/// How a dispute goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// There may be more to do at once.
    Again,
    /// With what is not worked out yet: a block has to be run.
    Run,
    /// When others have moved, or time has passed.
    Wait,
}

/// What a look at the claims came to.
#[derive(Clone, Copy, Debug, Default)]
struct Stepped {
    /// Something was sent or worked out, and there may be more.
    moved: bool,
    /// Something could not be paid for.
    unfunded: bool,
}

/// A right claim's dispute, and the truth that is to be shown.
struct Defence {
    standing: Standing,
    span: Span,
    dispute: Dispute,
    truth: Arc<Mutex<NodeTruth>>,
}

struct Player {
    shared: Arc<Shared>,
    config: Config,
    claims: Claims,
    evidence: Evidence,
    /// Tells the last batch about which no dispute goes on.
    decided: watch::Sender<Option<u64>>,
    /// The game, if claims can be disputed.
    terms: Option<GameTerms>,
    /// Validity proofs, if claims can be proved and this node is to do so.
    proving: Option<Proving>,
    /// A claim that was final when last asked.
    known_final: u64,
    /// The newest claim that was written down as final, as far as this process knows.
    confirmed: u64,
    expected: Arc<Mutex<Expectations>>,
    standing: Arc<Mutex<StandingFile>>,
    truths: BTreeMap<u64, Defence>,
    /// Whether claims of modules that were replaced were looked through.
    looked_back: bool,
    /// Decided claims whose bonds are not settled yet, by the module that has the bonds, and those with
    /// which this is done.
    unsettled: BTreeMap<Address, BTreeSet<u64>>,
    settled: BTreeSet<u64>,
    /// Transactions sent in this step, and in all.
    sent: u64,
    sent_total: u64,
    /// What could not be done in this step, for whatever reason.
    missed: u64,
    /// A block was run in this step; and the dispute for which one was run last.
    is_running: bool,
    last_run: u64,
    /// What the account lacked in this step.
    unfunded: Option<ParentError>,
}

impl Player {
    async fn start(
        shared: &Arc<Shared>,
        config: Config,
        sender: Sender,
        settlement: Address,
        evidence: Evidence,
        decided: watch::Sender<Option<u64>>,
        standing: Arc<Mutex<StandingFile>>,
    ) -> Result<Self, NodeError> {
        let parent = evidence.parent().clone();
        let claims = Claims { sender, reader: ClaimReader::connect(parent, settlement).await? };
        let terms = claims.reader.game().await?;
        if let Some(terms) = &terms
            && terms.program_hash != PROGRAM_HASH
        {
            // Other roles go on.
            return Err(NodeError::Parent(ParentError::Temporary(format!(
                "this release proves blocks with program {PROGRAM_HASH}, but the chain's claims are \
                 decided by {}: run the release that has that program",
                terms.program_hash
            ))));
        }
        let proving = match config.proves {
            true => Proving::start(shared, &claims.reader).await?,
            false => None,
        };
        let expected = Arc::new(Mutex::new(Expectations::new(terms.is_some())));
        Ok(Self {
            shared: shared.clone(),
            config,
            claims,
            evidence,
            decided,
            terms,
            proving,
            known_final: 0,
            confirmed: 0,
            expected,
            standing,
            truths: BTreeMap::new(),
            looked_back: false,
            unsettled: BTreeMap::new(),
            settled: BTreeSet::new(),
            sent: 0,
            sent_total: 0,
            missed: 0,
            is_running: false,
            last_run: 0,
            unfunded: None,
        })
    }

    /// Does what there is to do now, and says when there was nothing.
    async fn step(&mut self) -> Result<Stepped, NodeError> {
        (self.sent, self.missed, self.unfunded, self.is_running) = (0, 0, None, false);
        let looked = self.look_and_act().await?;
        self.sent_total += self.sent;
        self.shared.metrics.claims_unfunded.set(u64::from(self.unfunded.is_some()));
        let moved = self.sent > 0 || self.is_running;
        let quiet = looked && !moved && self.missed == 0;
        let answered = match &self.unfunded {
            Some(lack) => Some(Err(lack.clone())),
            None => quiet.then_some(Ok(self.sent_total)),
        };
        self.shared.answered.send_replace(answered);
        Ok(Stepped { moved, unfunded: self.unfunded.is_some() })
    }

    /// Whether the node knows enough to act at all.
    async fn look_and_act(&mut self) -> Result<bool, NodeError> {
        let open = self.claims.reader.open(self.known_final).await?;
        self.note_bonds(&open).await?;
        self.tell_decided(&open.last_final);
        let synced = self.shared.engine(|engine| engine.synced()).await?;
        if !synced {
            return Ok(false);
        }
        let verdict = self.judge(&open).await?;
        self.count(&open, &verdict);
        for contest in &verdict.contests {
            self.contest(contest).await?;
        }
        if !verdict.is_behind && verdict.contests.iter().all(|contest| contest.right.is_some()) {
            self.propose_next(&verdict.tip).await?;
        }
        // The game has clocks; proofs have not.
        let played = self.play(&open).await;
        let proved = self.prove(&verdict, open.last_final.index).await;
        self.confirm(&open).await?;
        self.settle().await?;
        played?;
        proved?;
        Ok(!verdict.is_behind)
    }

    /// The game under this module.
    fn under(&self, module: Address) -> Claims {
        Claims { reader: self.claims.reader.under(module), ..self.claims.clone() }
    }

    /// The rules of a game that is played, maybe under a module that was replaced.
    async fn terms_of(&self, module: Address) -> Result<GameTerms, ParentError> {
        match self.terms {
            Some(terms) => Ok(terms),
            None => self.under(module).reader.terms().await,
        }
    }

    /// Behind a final claim, too, a dispute goes on while bonds are out.
    fn tell_decided(&self, last_final: &Claim) {
        let disputed =
            self.standing.lock().all().into_iter().map(|standing| standing.parent.batch_index);
        let decided = disputed.chain([last_final.batch_index]).min();
        self.decided.send_replace(decided);
    }

    /// Works on what right claims say, on a thread that may wait.
    async fn expecting<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, &mut Expectations) -> R + Send + 'static,
    ) -> Result<R, NodeError> {
        let (shared, expected) = (self.shared.clone(), self.expected.clone());
        let task = tokio::task::spawn_blocking(move || work(&shared, &mut expected.lock()));
        task.await.map_err(|error| NodeError::Internal(error.to_string()))
    }

    async fn judge(&self, open: &OpenClaims) -> Result<Verdict, NodeError> {
        let open = open.clone();
        let work = move |shared: &Shared, expected: &mut Expectations| {
            expected.forget_before(open.last_final.index);
            judge(&open, |parent, last_batch| expected.expect(shared, parent, last_batch))
        };
        self.expecting(work).await?
    }

    /// What the claim on `parent` has to say, if its batches are derived.
    async fn expect(&self, parent: Claim, last_batch: u64) -> Result<Option<Expected>, NodeError> {
        self.expecting(move |shared, expected| expected.expect(shared, &parent, last_batch)).await?
    }

    fn count(&self, open: &OpenClaims, verdict: &Verdict) {
        let metrics = &self.shared.metrics;
        let wrong: Vec<u64> =
            verdict.contests.iter().flat_map(|contest| contest.wrong.clone()).collect();
        if wrong.len() as u64 > metrics.false_claims.get() {
            tracing::warn!(claims = ?wrong, "wrong claims stand on the parent");
        }
        metrics.false_claims.set(wrong.len() as u64);
        metrics.claimed_batch.set(verdict.tip.batch_index);
        metrics.final_claim_batch.set(open.last_final.batch_index);
    }

    /// Makes the right claim where only wrong ones stand, or remembers to defend it.
    async fn contest(&mut self, contest: &Contest) -> Result<(), NodeError> {
        let parent = contest.parent;
        if let Some(right) = contest.right {
            if self.terms.is_none() {
                return Ok(());
            }
            let standing = Standing { module: self.claims.reader.module, parent, right };
            return self.standing.lock().add(standing).map_err(NodeError::Disputes);
        }
        let last_batch = self.claims.reader.last_batch_for(parent.index).await?;
        match self.expect(parent, last_batch).await? {
            Some(expected) => self.propose(&parent, expected).await,
            None => Ok(()),
        }
    }

    async fn propose_next(&mut self, tip: &Claim) -> Result<(), NodeError> {
        if self.config.interval_s.is_none() {
            return Ok(());
        }
        let last_batch = self.claims.reader.last_batch_for(tip.index).await?;
        let batches = self.shared.engine(|engine| engine.derivation().tip().index).await?;
        let latest = self.shared.heads.read().latest;
        if !is_due(&self.config, tip, latest.timestamp, last_batch, batches) {
            return Ok(());
        }
        let expected = self.expect(*tip, last_batch).await?;
        let deep = |expected: &Expected| {
            expected.committed_in.saturating_add(self.config.confirmations) <= latest.number
        };
        match expected.filter(deep) {
            Some(expected) => self.propose(tip, expected).await,
            None => Ok(()),
        }
    }

    async fn propose(&mut self, parent: &Claim, expected: Expected) -> Result<(), NodeError> {
        let (batch, block, root) =
            (expected.batch_index, expected.last_block, expected.output_root);
        let sent = self.claims.propose(&expected.proposal(*parent)).await;
        if self.done("claim", sent)? {
            self.shared.metrics.claims_total.add(1);
            tracing::info!(batch, block, %root, "claimed");
        }
        Ok(())
    }

    /// Plays every dispute as far as what is known goes, in turns; then runs one block for one that
    /// needs it, which may take minutes. One that cannot go on does not hold up the others.
    async fn play(&mut self, open: &OpenClaims) -> Result<(), NodeError> {
        let mut result = Ok(());
        let mut disputes = self.standing.lock().all();
        let mut to_run = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let mut again = Vec::new();
            for standing in disputes {
                match self.play_round(&standing, open, 0).await {
                    Ok(Next::Again) => again.push(standing),
                    Ok(Next::Run) => to_run.push(standing),
                    Ok(Next::Wait) => {}
                    Err(NodeError::Parent(error)) if !matches!(error, ParentError::Fatal(_)) => {
                        let claim = standing.right.index;
                        tracing::warn!(claim, %error, "a dispute has to wait");
                        result = result.and(Err(error.into()));
                    }
                    Err(error) => return Err(error),
                }
            }
            disputes = again;
        }
        let turn = |standing: &&Standing| standing.right.index > self.last_run;
        if let Some(standing) = to_run.iter().find(turn).or_else(|| to_run.first()).copied() {
            self.last_run = standing.right.index;
            self.is_running = true;
            self.play_round(&standing, open, 1).await?;
        }
        result
    }

    /// Looks and moves once, for which at most so many blocks are run.
    async fn play_round(
        &mut self,
        standing: &Standing,
        open: &OpenClaims,
        runs: usize,
    ) -> Result<Next, NodeError> {
        let right = standing.right;
        let stage = if standing.module != self.claims.reader.module {
            Stage::Retired
        } else if open.pending.iter().any(|claim| claim.index == right.index) {
            Stage::Open
        } else {
            Stage::Decided
        };
        let Some((dispute, truth)) = self.dispute(standing, stage).await? else {
            return Ok(Next::Wait);
        };
        let claims = self.under(standing.module);
        let terms = self.terms_of(standing.module).await?;
        truth.lock().allow(runs);
        let played = round(&claims, &terms, &dispute, &truth).await;
        truth.lock().release();
        let Round { acts, played, missed, unfunded } = played.map_err(|error| match error {
            PlayError::Parent(error) => NodeError::Parent(error),
            PlayError::Internal(error) => NodeError::Internal(error),
        })?;
        self.sent += played.len() as u64;
        self.missed += missed;
        self.shared.metrics.dispute_moves_total.add(played.iter().map(Played::moves).sum());
        self.unfunded = unfunded.or(self.unfunded.take());
        let parent_final = standing.parent.index <= open.last_final.index;
        if acts.due && parent_final {
            let call =
                FaultProofCalls::confirm(FaultProof::confirmCall { claimIndex: right.index });
            let sent = self.claims.play(call, U256::ZERO).await;
            self.done("confirmation of a claim", sent)?;
        }
        // Where nothing was sent, trying again at once would come to the same.
        let next = if played.is_empty() { Next::Wait } else { Next::Again };
        if !acts.untold.is_empty() {
            let is_later = self.untold(right.index, acts.untold)?;
            return Ok(if is_later && next == Next::Wait { Next::Run } else { next });
        }
        if stage != Stage::Open && acts.bonds == 0 {
            let module = standing.module;
            self.unsettled.entry(module).or_default().insert(right.index);
            if self.try_settle(module, right.index).await? {
                self.truths.remove(&right.index);
                self.standing.lock().remove(right.index).map_err(NodeError::Disputes)?;
            }
        }
        Ok(next)
    }

    /// Says why some of a dispute cannot be played now; whether a block has to be run for it.
    fn untold(&mut self, claim: u64, errors: Vec<TruthError>) -> Result<bool, NodeError> {
        let (mut later, mut wait) = (false, None);
        for error in errors {
            match error {
                TruthError::Ledger(error) => return Err(error.into()),
                TruthError::Later => later = true,
                // Another batch is in the place of one: the claims will say so, too.
                TruthError::Parent(ParentError::Reset(reason)) => {
                    wait = Some(ParentError::Temporary(reason));
                }
                TruthError::Parent(error) => wait = Some(error),
                error => {
                    self.missed += 1;
                    tracing::error!(claim, %error, "some of a dispute cannot be played");
                }
            }
        }
        match wait {
            Some(error) if !later => Err(error.into()),
            _ => Ok(later),
        }
    }

    async fn dispute(
        &mut self,
        standing: &Standing,
        stage: Stage,
    ) -> Result<Option<(Dispute, Arc<Mutex<NodeTruth>>)>, NodeError> {
        let Standing { parent, right, .. } = *standing;
        let span = {
            let work = move |engine: &mut crate::engine::Engine| {
                knowledge::span_in(engine, &parent, right.batch_index)
            };
            self.shared.engine(work).await??
        };
        // After a reorganisation of the parent, claims and batches may be others.
        let stays =
            |known: &Defence| known.standing == *standing && Some(&known.span) == span.as_ref();
        if !self.truths.get(&right.index).is_some_and(stays) {
            self.truths.remove(&right.index);
            let Some(defence) = self.defence(*standing).await? else { return Ok(None) };
            if self.truths.len() >= TRUTHS_MAX {
                // Disputes take turns by their index: were it the first that has to go, all would.
                self.truths.pop_last();
            }
            self.truths.insert(right.index, defence);
        }
        let Defence { dispute, truth, .. } = &self.truths[&right.index];
        Ok(Some((Dispute { stage, ..*dispute }, truth.clone())))
    }

    async fn defence(&self, standing: Standing) -> Result<Option<Defence>, NodeError> {
        let GameTerms { window_s, .. } = self.terms_of(standing.module).await?;
        let (evidence, handle) = (self.evidence.clone(), Handle::current());
        let work = move |shared: &Shared, _: &mut Expectations| {
            let Standing { parent, right, .. } = &standing;
            let known = know(shared, handle, evidence, parent, right.batch_index)?;
            Ok(known.map(|Knowledge { span, truth, .. }| {
                let dispute = knowledge::dispute(parent, &span, truth.root(), window_s);
                Defence { standing, span, dispute, truth: Arc::new(Mutex::new(truth)) }
            }))
        };
        self.expecting(work).await?
    }

    /// Writes down that claims are final, now and then: the way to the last that is written down
    /// must not become long.
    async fn confirm(&mut self, open: &OpenClaims) -> Result<(), NodeError> {
        let newest = open.last_final.index;
        if newest < self.confirmed.saturating_add(CONFIRM_EVERY) {
            return Ok(());
        }
        self.confirmed = newest;
        let call = FaultProofCalls::confirm(FaultProof::confirmCall { claimIndex: newest });
        let sent = self.claims.play(call, U256::ZERO).await;
        self.done("confirmation of a claim", sent).map(drop)
    }

    /// Whether a transaction did what it should. One that was overtaken did not.
    fn done(&mut self, what: &str, sent: Result<Sent, ParentError>) -> Result<bool, NodeError> {
        match sent {
            Ok(sent) => {
                self.sent += 1;
                if let Some(reason) = &sent.reverted {
                    tracing::warn!(what, hash = %sent.hash, reason, "reverted");
                }
                Ok(sent.reverted.is_none())
            }
            Err(ParentError::Reverted(reason)) => {
                self.missed += 1;
                tracing::info!(what, reason, "not sent");
                Ok(false)
            }
            Err(error @ ParentError::Unfunded { .. }) => {
                self.missed += 1;
                tracing::warn!(what, %error, "not sent");
                self.unfunded = Some(error);
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}
