//! Whose money is where (docs/dispute.md §7).

use super::{Game, Judge, Refusal, Status, Time, claims::Standing};
use crate::Edge;
use alloy_primitives::Address;
use std::collections::HashMap;

/// Wei that went in, and what became of it. What is neither booked, paid out nor burnt is in bonds.
#[derive(Clone, Debug, Default)]
pub(super) struct Funds {
    deposited: u128,
    burnt: u128,
    paid: u128,
    booked: HashMap<Address, u128>,
}

impl Funds {
    pub(super) fn deposit(&mut self, value: u128) {
        self.deposited += value;
    }

    fn book(&mut self, to: Address, value: u128) {
        *self.booked.entry(to).or_default() += value;
    }

    /// Half to the winner, half to nobody.
    fn forfeit(&mut self, bond: u128, to: Address) {
        self.book(to, bond / 2);
        self.burnt += bond - bond / 2;
    }
}

impl<J: Judge> Game<J> {
    /// What a claim of `claimant` on `parent` has to bring, in wei: nothing if the bond of the
    /// parent claim moves on to it.
    pub fn bond(&self, parent: u64, claimant: Address, now: Time) -> Result<u128, Refusal> {
        let claim = self.claim(parent)?;
        let moves = claim.creator == claimant
            && claim.bond.is_some()
            && self.status(parent, now)? == Status::Pending;
        Ok(if moves { 0 } else { self.rules.claim_bond })
    }

    /// Books the bond of a decided claim.
    pub fn settle(&mut self, index: u64, now: Time) -> Result<(), Refusal> {
        let bond = self.claim(index)?.bond.ok_or(Refusal::NoBond)?;
        match self.standing(index, now)? {
            Standing::Open => return Err(Refusal::NotDecided),
            Standing::Won => self.funds.book(self.claim(index)?.creator, bond),
            Standing::LostTo(winner) => self.funds.forfeit(bond, self.claim(winner)?.creator),
        }
        self.claims[index as usize].bond = None;
        Ok(())
    }

    /// Books the bond of a root edge whose place is decided.
    pub fn settle_edge(&mut self, edge: &Edge) -> Result<(), Refusal> {
        let record = self.record(edge)?;
        if record.refines.is_none() {
            return Err(Refusal::NotARefinement);
        }
        let winner = self.place(record).winner.ok_or(Refusal::NotDecided)?;
        let to = self.edges[&winner].by;
        let bond = self.record_mut(&edge.id()).bond.take().ok_or(Refusal::NoBond)?;
        if winner == edge.id() {
            self.funds.book(to, bond);
        } else {
            self.funds.forfeit(bond, to);
        }
        Ok(())
    }

    /// What is booked for `to`, in wei.
    pub fn booked(&self, to: Address) -> u128 {
        self.funds.booked.get(&to).copied().unwrap_or(0)
    }

    /// Pays out what is booked for `to`, in wei.
    pub fn withdraw(&mut self, to: Address) -> u128 {
        let value = self.funds.booked.remove(&to).unwrap_or(0);
        self.funds.paid += value;
        value
    }

    /// Whether every wei that went in is in a bond, booked, paid out or burnt.
    pub fn is_conserved(&self) -> bool {
        let claims = self.claims.iter().filter_map(|claim| claim.bond);
        let edges = self.edges.values().filter_map(|edge| edge.bond);
        let funds = &self.funds;
        let booked: u128 = funds.booked.values().sum();
        funds.deposited == claims.chain(edges).sum::<u128>() + booked + funds.paid + funds.burnt
    }
}
