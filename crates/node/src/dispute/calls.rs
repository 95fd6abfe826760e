//! A party's moves as calls of the fault proof, and in words.

use alloy::{primitives::U256, sol_types::SolInterface};
use altana_contracts::bindings::{
    self,
    FaultProof::{self, FaultProofCalls},
};
use altana_dispute::{Credit, Edge, Move};
use altana_parent::GameTerms;

/// Gas that moves which are made together may take: well below what one transaction may (EIP-7825).
const TOGETHER_MAX: u64 = 10_000_000;
/// Edges that one call credits.
const CREDITS_MAX: usize = 256;

/// Moves that are made with one transaction.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) calls: Vec<FaultProofCalls>,
    /// Wei that the moves bring.
    pub(super) bond: U256,
}

impl Group {
    /// The call that makes them.
    pub(super) fn call(&self) -> FaultProofCalls {
        match self.calls.as_slice() {
            [call] => call.clone(),
            calls => {
                let moves = calls.iter().map(|call| call.abi_encode().into()).collect();
                FaultProofCalls::multi(FaultProof::multiCall { moves })
            }
        }
    }
}

/// Moves in as few transactions as may be, in their order.
pub(super) fn group(moves: &[Move], terms: &GameTerms) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // Gas that the last group has room for.
    let mut room = 0;
    for step in moves.iter().flat_map(cut) {
        let (call, gas) = (of(&step), together(&step));
        match (groups.last_mut(), gas) {
            (Some(last), Some(gas)) if gas <= room => {
                last.calls.push(call);
                room -= gas;
            }
            _ => {
                groups.push(Group { calls: vec![call], bond: bond(&step, terms) });
                room = gas.map_or(0, |gas| TOGETHER_MAX - gas);
            }
        }
    }
    groups
}

/// A move, or several in its place: credits may be many.
fn cut(step: &Move) -> Vec<Move> {
    match step {
        Move::Credit(list) => {
            list.chunks(CREDITS_MAX).map(|list| Move::Credit(list.to_vec())).collect()
        }
        step => vec![step.clone()],
    }
}

/// A bound on the gas that a move takes together with others, rounded up (contracts/snapshots). None
/// if it has to be made alone: it brings a bond, or may ask a precompile anything.
fn together(step: &Move) -> Option<u64> {
    match step {
        Move::Descend(_) | Move::Prove { .. } => None,
        Move::Credit(list) => Some(25_000 * (1 + list.len() as u64)),
        Move::Bisect { .. }
        | Move::ProveRepeat { .. }
        | Move::ConfirmEdge(_)
        | Move::SettleEdge(_) => Some(150_000),
    }
}

/// The call that makes a move.
fn of(step: &Move) -> FaultProofCalls {
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
fn bond(step: &Move, terms: &GameTerms) -> U256 {
    match step {
        Move::Descend(opening) => terms.level_bonds[usize::from(opening.edge.level).min(1)],
        _ => U256::ZERO,
    }
}

/// What a call of the game does, for people: a line for each move.
pub fn names(call: &FaultProofCalls) -> Vec<String> {
    match call {
        FaultProofCalls::multi(call) => {
            let moves = call.moves.iter().filter_map(|call| FaultProofCalls::abi_decode(call).ok());
            moves.map(|call| name(&call)).collect()
        }
        call => vec![name(call)],
    }
}

fn name(call: &FaultProofCalls) -> String {
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
