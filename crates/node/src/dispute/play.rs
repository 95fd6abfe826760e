//! Play one claim's dispute: look at the chain, walk, make the moves.

use alloy::{
    eips::BlockId,
    primitives::{B256, U256},
};
use altana_contracts::bindings::{
    self,
    FaultProof::{self, FaultProofCalls},
};
use altana_dispute::{Acts, Credit, Dispute, Edge, EdgeState, Move, Truth, Walk, walk};
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
        let name = name(step);
        match send(claims, terms, step).await {
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
                let asked: Vec<bindings::Edge> = edges.iter().map(to_sol).collect();
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

async fn send(claims: &Claims, terms: &GameTerms, step: &Move) -> Result<Sent, ParentError> {
    let none = U256::ZERO;
    match step {
        Move::Bisect { edge, left, right } => {
            let call = FaultProof::bisectCall { edge: to_sol(edge), left: *left, right: *right };
            claims.play(&call, none).await
        }
        Move::Descend(opening) => {
            let call = FaultProof::descendCall {
                edge: to_sol(&opening.edge),
                before: opening.before.clone(),
                spine: opening.spine.clone(),
                endState: opening.end_state.clone().into(),
            };
            let bond = terms.level_bonds[usize::from(opening.edge.level).min(1)];
            claims.play(&call, bond).await
        }
        Move::Prove { edge, before, witness } => {
            let (before, witness) = (before.clone(), witness.clone().into());
            let call = FaultProof::proveCall { edge: to_sol(edge), before, witness };
            claims.play(&call, none).await
        }
        Move::ProveRepeat { edge, before } => {
            let call = FaultProof::proveRepeatCall { edge: to_sol(edge), before: before.clone() };
            claims.play(&call, none).await
        }
        Move::Credit(list) => {
            let list = list.iter().map(credit).collect();
            claims.play(&FaultProof::creditCall { list }, none).await
        }
        Move::ConfirmEdge(edge) => {
            claims.play(&FaultProof::confirmEdgeCall { edge: to_sol(edge) }, none).await
        }
        Move::SettleEdge(edge) => {
            claims.play(&FaultProof::settleEdgeCall { edge: to_sol(edge) }, none).await
        }
    }
}

fn at(edge: &Edge) -> String {
    let level = ["block", "stride", "instruction"][usize::from(edge.level).min(2)];
    let first = edge.index << edge.height;
    match edge.height {
        0 => format!("{level} {first}"),
        height => format!("{level}s {first}..{}", first + (1 << height)),
    }
}

/// What a move is, for people.
pub fn name(step: &Move) -> String {
    match step {
        Move::Bisect { edge, .. } => format!("bisect {}", at(edge)),
        Move::Descend(opening) => format!("descend into {}", at(&opening.edge)),
        Move::Prove { edge, .. } => format!("prove {}", at(edge)),
        Move::ProveRepeat { edge, .. } => format!("prove that {} repeats", at(edge)),
        Move::Credit(list) => format!("credit {} edges", list.len()),
        Move::ConfirmEdge(edge) => format!("confirm {}", at(edge)),
        Move::SettleEdge(edge) => format!("settle {}", at(edge)),
    }
}

/// What a call of the game is, for people.
pub fn name_of_call(call: &FaultProofCalls) -> String {
    use FaultProofCalls as Call;
    let named = |word: &str, edge: &bindings::Edge| format!("{word} {}", at(&from_sol(edge)));
    match call {
        Call::bisect(call) => named("bisect", &call.edge),
        Call::descend(call) => named("descend into", &call.edge),
        Call::prove(call) => named("prove", &call.edge),
        Call::proveRepeat(call) => named("prove a repetition:", &call.edge),
        Call::credit(call) => format!("credit {} edges", call.list.len()),
        Call::confirmEdge(call) => named("confirm", &call.edge),
        Call::settleEdge(call) => named("settle", &call.edge),
        Call::confirm(call) => format!("confirm claim {}", call.claimIndex),
        Call::settle(call) => format!("settle claim {}", call.claimIndex),
        Call::withdraw(_) => "withdraw what is booked".into(),
        _ => "look".into(),
    }
}

fn from_sol(edge: &bindings::Edge) -> Edge {
    Edge {
        origin: edge.origin,
        level: edge.level,
        height: edge.height,
        index: edge.index,
        prefix: edge.prefix,
        node: edge.node,
    }
}

/// An edge as the contract takes it.
pub fn to_sol(edge: &Edge) -> bindings::Edge {
    bindings::Edge {
        origin: edge.origin,
        level: edge.level,
        height: edge.height,
        index: edge.index,
        prefix: edge.prefix,
        node: edge.node,
    }
}

fn credit(credit: &Credit) -> bindings::Credit {
    let (left, right): (B256, B256) = (credit.left, credit.right);
    bindings::Credit { edge: to_sol(&credit.edge), left, right }
}
