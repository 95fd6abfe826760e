//! Count what a node does, and tell it in Prometheus' text format.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

/// One number.
#[derive(Debug, Default)]
pub struct Value(AtomicU64);

impl Value {
    /// Replaces the number.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds to the number.
    pub fn add(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $kind:ident $name:ident,)+) => {
        /// Everything that a node counts. Names are the fields' behind `altana_`.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[doc = $help])+ pub $name: Value,)+
        }

        impl Metrics {
            /// Prometheus' text format, version 0.0.4.
            pub fn render(&self) -> String {
                let mut out = String::new();
                $(
                    let name = stringify!($name);
                    let help = concat!($($help),+).trim();
                    // Writing to a string cannot fail.
                    let _ = writeln!(out, "# HELP altana_{name} {help}");
                    let _ = writeln!(out, "# TYPE altana_{name} {}", stringify!($kind));
                    let _ = writeln!(out, "altana_{name} {}", self.$name.get());
                )+
                out
            }
        }
    };
}

metrics! {
    /// Number of the newest block.
    gauge head_block,
    /// Number of the newest block derived from the parent.
    gauge safe_block,
    /// Number of the newest block in a final parent block.
    gauge finalized_block,
    /// Number of the parent's newest block.
    gauge parent_block,
    /// Number of the parent block up to which was read.
    gauge parent_read_block,
    /// Failed attempts to read the parent.
    counter parent_errors_total,
    /// Reorganisations of the parent that undid something read.
    counter parent_reorganisations_total,
    /// Times that blocks left the chain.
    counter displacements_total,
    /// Batches taken in from the parent.
    counter batches_derived_total,
    /// Blocks found as the batch says.
    counter blocks_confirmed_total,
    /// Blocks executed from batches.
    counter blocks_executed_total,
    /// Blocks sealed by the sequencer.
    counter blocks_sealed_total,
    /// Signed transactions and deposits in sealed blocks.
    counter transactions_sealed_total,
    /// Gas used by sealed blocks.
    counter gas_sealed_total,
    /// Pre-confirmation slices published.
    counter slices_total,
    /// Executable transactions in the pool.
    gauge pool_pending,
    /// Transactions in the pool behind a gap of nonces.
    gauge pool_queued,
    /// Blocks that are not on the parent.
    gauge unpublished_blocks,
    /// Bytes of signed transactions in them.
    gauge unpublished_bytes,
    /// Whether publication is so far behind that no transactions are taken.
    gauge stalled,
    /// Batches committed.
    counter batches_committed_total,
    /// Commits that were reverted because another came first, or were given up.
    counter batches_failed_total,
    /// Bytes of committed payloads.
    counter payload_bytes_total,
    /// Bytes of the transactions in them.
    counter payload_transaction_bytes_total,
    /// Blobs committed.
    counter blobs_total,
    /// Gwei paid to the parent for batches.
    counter batch_fee_gwei_total,
    /// Claims made.
    counter claims_total,
    /// Batch of the newest true claim.
    gauge claimed_batch,
    /// Wrong claims that stand on the parent.
    gauge false_claims,
    /// Batch of the newest final claim.
    gauge final_claim_batch,
    /// 1 while the claims' account has too little ether for a bond or for gas.
    gauge claims_unfunded,
    /// Moves made against wrong claims.
    counter dispute_moves_total,
    /// Claims that were given to the prover.
    counter proof_jobs_total,
    /// Claims whose proofs the parent took from this node.
    counter claims_proved_total,
    /// Batches whose evidence is kept for disputes.
    gauge evidence_kept,
    /// Derived batches, not decided yet, whose evidence is still to be fetched.
    gauge evidence_missing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_told_in_prometheus_format() {
        let metrics = Metrics::default();
        metrics.head_block.set(7);
        metrics.blobs_total.add(2);
        let text = metrics.render();
        assert!(text.contains("# TYPE altana_head_block gauge\naltana_head_block 7\n"));
        assert!(text.contains("# TYPE altana_blobs_total counter\naltana_blobs_total 2\n"));
    }
}
