//! What was final must stay: nobody can take back what users were told.

use super::Tip;
use altana_parent::{ParentError, ParentReader};

/// Asks whether the parent still has the block of the newest final batch. [`ParentError::Fatal`] if
/// it has another: the chain up to there is void, and only the operator can say whom to believe.
pub(crate) async fn check_finality(
    parent: &impl ParentReader,
    tip: &Tip,
) -> Result<(), ParentError> {
    if tip.index == 0 || tip.parent_hash.is_zero() {
        return Ok(());
    }
    match parent.block(tip.parent_block).await? {
        Some(now) if now.hash != tip.parent_hash => Err(ParentError::Fatal(format!(
            "it took back block {} ({}), which was final and held batch {}: check that its RPC \
             serves the right chain; if the parent did break its finality, move the node's folder \
             away and start again, and the chain is derived anew",
            tip.parent_block, tip.parent_hash, tip.index
        ))),
        // It has it, or has not come so far yet.
        _ => Ok(()),
    }
}
