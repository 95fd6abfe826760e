//! Play one claim's dispute: look at the chain, walk, make the moves.

use super::calls;
use alloy::eips::BlockId;
use altana_contracts::bindings;
use altana_dispute::{Acts, Dispute, Edge, EdgeState, Truth, Walk, walk};
use altana_parent::{Claims, GameTerms, ParentError, Sent};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// Why a dispute does not go on.
#[derive(Debug, thiserror::Error)]
pub enum PlayError<E> {
    /// The parent.
    #[error(transparent)]
    Parent(#[from] ParentError),
    /// The truth cannot be told.
    #[error("{0}")]
    Truth(E),
    /// A thread was lost.
    #[error("internal error: {0}")]
    Internal(String),
}

/// A move that was sent.
#[derive(Clone, Debug)]
pub struct Played {
    /// What it was, in words.
    pub name: String,
    /// How its transaction ended.
    pub sent: Sent,
}

/// What one round came to.
#[derive(Clone, Debug)]
pub struct Round {
    /// How the claim stands.
    pub acts: Acts,
    /// The moves that were sent, in order.
    pub played: Vec<Played>,
    /// Moves that were not sent: somebody was faster, or they could not be paid for.
    pub missed: u64,
    /// What the account lacks.
    pub unfunded: Option<ParentError>,
}

/// Looks at the chain once and makes the moves that are due. They are sent one after the other; what
/// somebody else does meanwhile makes a move revert, and the next round looks again.
pub async fn round<T>(
    claims: &Claims,
    terms: &GameTerms,
    dispute: &Dispute,
    truth: &Arc<Mutex<T>>,
) -> Result<Round, PlayError<T::Error>>
where
    T: Truth<Error: Send> + Send + 'static,
{
    let acts = plan(claims, dispute, truth).await?;
    let (mut played, mut missed, mut unfunded) = (Vec::new(), 0, None);
    for step in &acts.moves {
        let call = calls::of(step);
        let name = calls::name(&call);
        match claims.play(call, calls::bond(step, terms)).await {
            Ok(sent) => {
                let (gas, reverted) = (sent.gas_used, sent.reverted.as_deref().unwrap_or_default());
                tracing::info!(%name, hash = %sent.hash, gas, reverted, "dispute");
                played.push(Played { name, sent });
            }
            // Somebody was faster, or a rival has come: the next round will see.
            Err(ParentError::Reverted(reason)) => {
                missed += 1;
                tracing::info!(%name, %reason, "dispute: a move was not made");
            }
            // Others may cost less.
            Err(error @ ParentError::Unfunded { .. }) => {
                missed += 1;
                tracing::warn!(%name, %error, "dispute: a move was not made");
                unfunded = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Round { acts, played, missed, unfunded })
}

/// What is to be done, by the parent's newest block.
pub async fn plan<T>(
    claims: &Claims,
    dispute: &Dispute,
    truth: &Arc<Mutex<T>>,
) -> Result<Acts, PlayError<T::Error>>
where
    T: Truth<Error: Send> + Send + 'static,
{
    let at = BlockId::from(claims.reader.parent.heads().await?.latest.hash);
    let mut known = HashMap::new();
    loop {
        let (dispute, truth, states) = (*dispute, truth.clone(), known.clone());
        let walk = move || walk(&dispute, &states, &mut *truth.lock());
        let walked = tokio::task::spawn_blocking(walk).await;
        let walked = walked.map_err(|error| PlayError::Internal(error.to_string()))?;
        match walked.map_err(PlayError::Truth)? {
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
