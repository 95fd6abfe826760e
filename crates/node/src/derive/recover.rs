//! Recover senders on all cores while blocks execute on this one.

use super::Plan;
use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, Scope},
};

/// Fewer transactions are not worth the thread.
const TRANSACTIONS_MIN: usize = 64;

/// Recovers plans in order, once it is told to begin.
pub(super) struct Recovery<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    plans: &'env [Plan],
    stop: &'env AtomicBool,
    begun: Cell<bool>,
}

impl Recovery<'_, '_> {
    /// Begins with the plan at `index`, unless it has begun. Blocks that are there already need no
    /// senders.
    pub(super) fn begin_at(&self, index: usize) {
        let plans = &self.plans[index..];
        let count: usize = plans.iter().map(|plan| plan.block.transactions.len()).sum();
        if count < TRANSACTIONS_MIN || self.begun.replace(true) {
            return;
        }
        let stop = self.stop;
        self.scope.spawn(move || {
            plans.iter().take_while(|_| !stop.load(Ordering::Relaxed)).for_each(Plan::recover);
        });
    }
}

/// Runs `work` beside a recovery of `plans`; both end together. Where `work` is faster, it recovers
/// for itself.
pub(super) fn recover_ahead<R>(plans: &[Plan], work: impl FnOnce(&Recovery<'_, '_>) -> R) -> R {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let result = work(&Recovery { scope, plans, stop: &stop, begun: Cell::new(false) });
        // After a failure nobody needs the rest.
        stop.store(true, Ordering::Relaxed);
        result
    })
}
