//! Play one claim's dispute: look at the chain, walk, make the moves.

use super::calls::{self, Group};
use alloy::eips::BlockId;
use altana_contracts::bindings;
use altana_dispute::{Acts, Dispute, Edge, EdgeState, Truth, Walk, walk};
use altana_parent::{Claims, GameTerms, ParentError, Sent};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// Moves that fail for other reasons than the game's before a round is given up.
const FAILURES_MAX: u64 = 3;

/// Why a round came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The parent.
    #[error(transparent)]
    Parent(#[from] ParentError),
    /// A thread was lost.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Moves that one transaction made.
#[derive(Clone, Debug)]
pub struct Played {
    /// What they were, in words.
    pub names: Vec<String>,
    /// How the transaction ended.
    pub sent: Sent,
}

impl Played {
    /// How many moves they were. Those that somebody else had made are counted, too.
    pub fn moves(&self) -> u64 {
        self.names.len() as u64
    }
}

/// What one round came to.
#[derive(Clone, Debug)]
pub struct Round<E> {
    /// How the claim stands.
    pub acts: Acts<E>,
    /// The transactions that were sent, in order.
    pub played: Vec<Played>,
    /// Moves that were not sent: somebody was faster, or they could not be paid for.
    pub missed: u64,
    /// What the account lacks.
    pub unfunded: Option<ParentError>,
}

/// Looks at the chain once and makes the moves that are due, many with one transaction. What somebody
/// else does meanwhile makes a move be passed over, and the next round looks again.
pub async fn round<T>(
    claims: &Claims,
    terms: &GameTerms,
    dispute: &Dispute,
    truth: &Arc<Mutex<T>>,
) -> Result<Round<T::Error>, PlayError>
where
    T: Truth<Error: Send> + Send + 'static,
{
    let acts = plan(claims, dispute, truth).await?;
    let mut round = Round { acts, played: Vec::new(), missed: 0, unfunded: None };
    let mut failures = 0;
    for group in calls::group(&round.acts.moves, terms) {
        match round.make(claims, group).await {
            // One move that the parent has trouble with does not hold up the others.
            Err(error) if failures < FAILURES_MAX && !matches!(error, ParentError::Fatal(_)) => {
                failures += 1;
                round.missed += 1;
                tracing::warn!(%error, "dispute: a move was not made");
            }
            made => made?,
        }
    }
    Ok(round)
}

impl<E> Round<E> {
    async fn make(&mut self, claims: &Claims, mut group: Group) -> Result<(), ParentError> {
        if group.calls.len() > 1 {
            // What would be passed over costs gas, too.
            let made = claims.reader.would_be_made(&group.calls).await;
            let before = group.calls.len();
            let mut made = made.unwrap_or_else(|_| vec![true; before]).into_iter();
            group.calls.retain(|_| made.next() == Some(true));
            self.missed += (before - group.calls.len()) as u64;
        }
        if group.calls.is_empty() {
            return Ok(());
        }
        let sent = claims.play(group.call(), group.bond).await;
        if group.calls.len() == 1 || sent.is_ok() {
            return self.note(&group, sent);
        }
        // Something about them together is wrong.
        for call in group.calls {
            let alone = Group { calls: vec![call], bond: group.bond };
            let sent = claims.play(alone.call(), alone.bond).await;
            self.note(&alone, sent)?;
        }
        Ok(())
    }

    fn note(&mut self, group: &Group, sent: Result<Sent, ParentError>) -> Result<(), ParentError> {
        let names = calls::names(&group.call());
        let moves = names.join(", ");
        match sent {
            Ok(sent) => {
                let (gas, reverted) = (sent.gas_used, sent.reverted.as_deref().unwrap_or_default());
                tracing::info!(%moves, hash = %sent.hash, gas, reverted, "dispute");
                self.played.push(Played { names, sent });
            }
            // Somebody was faster, or a rival has come: the next round will see.
            Err(ParentError::Reverted(reason)) => {
                self.missed += group.calls.len() as u64;
                tracing::info!(%moves, %reason, "dispute: a move was not made");
            }
            // Others may cost less.
            Err(error @ ParentError::Unfunded { .. }) => {
                self.missed += group.calls.len() as u64;
                tracing::warn!(%moves, %error, "dispute: a move was not made");
                self.unfunded = Some(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What is to be done, by the parent's newest block.
pub async fn plan<T>(
    claims: &Claims,
    dispute: &Dispute,
    truth: &Arc<Mutex<T>>,
) -> Result<Acts<T::Error>, PlayError>
where
    T: Truth<Error: Send> + Send + 'static,
{
    let at = BlockId::from(claims.reader.parent.heads().await?.latest.hash);
    let mut known = HashMap::new();
    loop {
        let (dispute, truth, states) = (*dispute, truth.clone(), known.clone());
        let walk = move || walk(&dispute, &states, &mut *truth.lock());
        let walked = tokio::task::spawn_blocking(walk).await;
        match walked.map_err(|error| PlayError::Internal(error.to_string()))? {
            Walk::Act(acts) => return Ok(acts),
            Walk::Ask(edges) => {
                let asked: Vec<bindings::Edge> = edges.iter().map(calls::to_sol).collect();
                let states = claims.reader.look(&asked, at).await?;
                let mine = claims.sender.address();
                let states = states.into_iter().map(|state| EdgeState {
                    exists: state.exists,
                    rivalled: state.rivalled,
                    bisected: state.bisected,
                    proven: state.proven,
                    confirmed: state.confirmed,
                    mine: state.bondedBy == mine,
                    unrivalled_s: state.unrivalledSeconds,
                    credited_s: state.creditedSeconds,
                });
                known.extend(edges.iter().map(Edge::id).zip(states));
            }
        }
    }
}
