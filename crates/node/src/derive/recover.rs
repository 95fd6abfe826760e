//! Recover senders on other cores while blocks execute on this one.

use super::Plan;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fewer transactions are not worth the threads.
const TRANSACTIONS_MIN: usize = 64;

/// Runs `work` while threads recover the senders of `plans` in order; all end together. Where
/// `work` is faster, it recovers for itself.
pub(super) fn recover_ahead<R>(plans: &[Plan], work: impl FnOnce() -> R) -> R {
    let count: usize = plans.iter().map(|plan| plan.block.transactions.len()).sum();
    if count < TRANSACTIONS_MIN {
        return work();
    }
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                    plan.recover();
                }
            });
        }
        let result = work();
        // After a failure nobody needs the rest.
        next.store(plans.len(), Ordering::Relaxed);
        result
    })
}
