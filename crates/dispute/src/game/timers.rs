//! How long edges have stood (docs/dispute.md §6).

use super::{Game, Judge, Record, Refusal, Time};
use crate::{Edge, EdgeState};
use alloy_primitives::{Address, B256};

/// Brings one timer up to date, from those right below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The edge whose timer rises.
    pub edge: Edge,
    /// The node of its left half; or of a root edge that refines it.
    pub left: B256,
    /// The node of its right half; or 0.
    pub right: B256,
}

impl<J: Judge> Game<J> {
    /// Brings timers up to date, in this order. A contested claim wins here.
    pub fn credit(&mut self, credits: &[Credit], now: Time) -> Result<(), Refusal> {
        let mut done = Vec::with_capacity(credits.len());
        for credit in credits {
            let id = credit.edge.id();
            match self.below(credit, now) {
                Ok(below_s) => {
                    let record = self.record_mut(&id);
                    done.push((id, record.below_s));
                    record.below_s = record.below_s.max(below_s);
                }
                Err(refusal) => {
                    done.into_iter().rev().for_each(|(id, s)| self.record_mut(&id).below_s = s);
                    return Err(refusal);
                }
            }
        }
        for (id, _) in done {
            let record = &self.edges[&id];
            if let Some(claim) = record.claim
                && self.stored(record, now) >= self.rules.window_s
            {
                self.win(claim);
            }
        }
        Ok(())
    }

    /// What an edge has from below, in seconds.
    fn below(&self, credit: &Credit, now: Time) -> Result<u64, Refusal> {
        let Credit { edge, left, right } = credit;
        let record = self.record(edge)?;
        if edge.height > 0 {
            let halves = edge.children(*left, *right).ok_or(Refusal::NotChildren)?;
            if record.halves.is_none() {
                return Err(Refusal::NothingBelow);
            }
            let [left, right] = halves.map(|half| self.stored(&self.edges[&half.id()], now));
            Ok(left.min(right))
        } else {
            if edge.level == 2 || !right.is_zero() {
                return Err(Refusal::NothingBelow);
            }
            let refinement = edge.refinement(&self.rules.heights, *left);
            let found = self.edges.get(&refinement.id());
            let refines = found.filter(|below| below.refines == Some(edge.id()));
            Ok(self.stored(refines.ok_or(Refusal::NothingBelow)?, now))
        }
    }

    /// The lower bound of a timer that the contract knows without looking below.
    fn stored(&self, record: &Record, now: Time) -> u64 {
        if record.proven {
            return u64::MAX;
        }
        self.unrivalled(record, now).saturating_add(record.below_s)
    }

    /// Seconds until the edge's first rival, or until now.
    fn unrivalled(&self, record: &Record, now: Time) -> u64 {
        let place = self.place(record);
        let first = place.first == record.edge.id();
        if first { place.rivalled_at.unwrap_or(now) - record.created_at } else { 0 }
    }

    /// An edge's timer as it is, whatever was credited. The contract can't know it; tests can.
    pub fn timer(&self, edge: &Edge, now: Time) -> Result<u64, Refusal> {
        Ok(self.live(self.record(edge)?, now))
    }

    fn live(&self, record: &Record, now: Time) -> u64 {
        if record.proven {
            return u64::MAX;
        }
        let at = |id: &B256| self.live(&self.edges[id], now);
        let below = match &record.halves {
            Some([left, right]) => at(left).min(at(right)),
            None => {
                let refinements = self.refinements.get(&record.edge.id());
                refinements.into_iter().flatten().map(at).max().unwrap_or(0)
            }
        };
        self.unrivalled(record, now).saturating_add(below)
    }

    /// What the contract says of an edge to `party`.
    pub fn look(&self, id: B256, party: Address, now: Time) -> EdgeState {
        let Some(record) = self.edges.get(&id) else { return EdgeState::default() };
        let place = self.place(record);
        EdgeState {
            exists: true,
            rivalled: place.rivalled_at.is_some(),
            bisected: record.halves.is_some(),
            proven: record.proven,
            confirmed: place.winner == Some(id),
            mine: record.bond.is_some() && record.by == party,
            unrivalled_s: self.unrivalled(record, now),
            credited_s: self.stored(record, now),
        }
    }

    /// Declares a root edge of level 1 or 2 the winner of its place.
    pub fn confirm_edge(&mut self, edge: &Edge, now: Time) -> Result<(), Refusal> {
        let record = self.record(edge)?;
        if record.refines.is_none() {
            return Err(Refusal::NotARefinement);
        }
        if self.place(record).winner.is_some() {
            return Err(Refusal::Decided);
        }
        let time = self.stored(record, now);
        if time < self.rules.window_s {
            return Err(Refusal::TooEarly(time));
        }
        let place = record.place;
        self.places.get_mut(&place).expect("the edge is there").winner = Some(edge.id());
        Ok(())
    }
}
