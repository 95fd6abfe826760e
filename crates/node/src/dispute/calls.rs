//! A party's moves as calls of the fault proof, and in words.

use alloy::primitives::U256;
use altana_contracts::bindings::{
    self,
    FaultProof::{self, FaultProofCalls},
};
use altana_dispute::{Credit, Edge, Move};
use altana_parent::GameTerms;

/// The call that makes a move.
pub(super) fn of(step: &Move) -> FaultProofCalls {
    use FaultProofCalls as Call;
    match step {
        Move::Bisect { edge, left, right } => {
            let (edge, left, right) = (to_sol(edge), *left, *right);
            Call::bisect(FaultProof::bisectCall { edge, left, right })
        }
        Move::Descend(opening) => Call::descend(FaultProof::descendCall {
            edge: to_sol(&opening.edge),
            before: opening.before.clone(),
            spine: opening.spine.clone(),
            endState: opening.end_state.clone().into(),
        }),
        Move::Prove { edge, before, witness } => {
            let (edge, before, witness) = (to_sol(edge), before.clone(), witness.clone().into());
            Call::prove(FaultProof::proveCall { edge, before, witness })
        }
        Move::ProveRepeat { edge, before } => {
            let (edge, before) = (to_sol(edge), before.clone());
            Call::proveRepeat(FaultProof::proveRepeatCall { edge, before })
        }
        Move::Credit(list) => {
            Call::credit(FaultProof::creditCall { list: list.iter().map(credit).collect() })
        }
        Move::ConfirmEdge(edge) => {
            Call::confirmEdge(FaultProof::confirmEdgeCall { edge: to_sol(edge) })
        }
        Move::SettleEdge(edge) => {
            Call::settleEdge(FaultProof::settleEdgeCall { edge: to_sol(edge) })
        }
    }
}

/// Wei that a move brings.
pub(super) fn bond(step: &Move, terms: &GameTerms) -> U256 {
    match step {
        Move::Descend(opening) => terms.level_bonds[usize::from(opening.edge.level).min(1)],
        _ => U256::ZERO,
    }
}

/// What a call of the game does, for people.
pub fn name(call: &FaultProofCalls) -> String {
    use FaultProofCalls as Call;
    match call {
        Call::bisect(call) => format!("bisect {}", at(&call.edge)),
        Call::descend(call) => format!("descend into {}", at(&call.edge)),
        Call::prove(call) => format!("prove {}", at(&call.edge)),
        Call::proveRepeat(call) => format!("prove that {} repeats", at(&call.edge)),
        Call::credit(call) => format!("credit {} edges", call.list.len()),
        Call::confirmEdge(call) => format!("confirm {}", at(&call.edge)),
        Call::settleEdge(call) => format!("settle {}", at(&call.edge)),
        Call::confirm(call) => format!("confirm claim {}", call.claimIndex),
        Call::settle(call) => format!("settle claim {}", call.claimIndex),
        Call::withdraw(_) => "withdraw what is booked".into(),
        _ => "look".into(),
    }
}

/// The steps that an edge is about.
fn at(edge: &bindings::Edge) -> String {
    let level = ["block", "stride", "instruction"][usize::from(edge.level).min(2)];
    // Calls of others may say anything.
    let length = 1u64.checked_shl(edge.height.into()).unwrap_or_default();
    let first = edge.index.saturating_mul(length);
    match length {
        1 => format!("{level} {first}"),
        _ => format!("{level}s {first}..{}", first.saturating_add(length)),
    }
}

/// An edge as the contract takes it.
pub(super) fn to_sol(edge: &Edge) -> bindings::Edge {
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
    bindings::Credit { edge: to_sol(&credit.edge), left: credit.left, right: credit.right }
}
