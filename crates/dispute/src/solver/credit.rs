//! Timers as they are, and the shortest way to have the contract know them.

use super::tree::Node;
use crate::Credit;
use alloy_primitives::B256;
use std::collections::HashMap;

/// Timers of one walk, with those that its own credits will have raised.
#[derive(Default)]
pub(super) struct Timers {
    raised: HashMap<B256, u64>,
}

impl Timers {
    /// A node's timer, in seconds, whatever is stored.
    pub(super) fn live(&self, node: &Node) -> u64 {
        let below = supporting(node).map(|below| self.live(below)).min().unwrap_or(0);
        node.state.credited_s.max(node.state.unrivalled_s.saturating_add(below))
    }

    /// The credits after which a node's timer is known to be `least_s`, which it must be; from the
    /// bottom up, and none for an edge whose timer is known to be enough.
    pub(super) fn raise(&mut self, node: &Node, least_s: u64) -> Vec<Credit> {
        let mut credits = Vec::new();
        self.raise_into(node, least_s, &mut credits);
        credits
    }

    fn raise_into(&mut self, node: &Node, least_s: u64, credits: &mut Vec<Credit>) {
        if self.stored(node) >= least_s {
            return;
        }
        let own = node.state.unrivalled_s;
        for below in supporting(node) {
            self.raise_into(below, least_s - own, credits);
        }
        let known = supporting(node).map(|below| self.stored(below)).min().unwrap_or(0);
        self.raised.insert(node.edge.id(), own.saturating_add(known));
        let node_of = |at: usize| node.below.get(at).map_or(B256::ZERO, |below| below.edge.node);
        credits.push(Credit { edge: node.edge, left: node_of(0), right: node_of(1) });
    }

    /// What the contract knows of a timer without looking below.
    fn stored(&self, node: &Node) -> u64 {
        let raised = self.raised.get(&node.edge.id()).copied().unwrap_or(0);
        raised.max(node.state.credited_s).max(node.state.unrivalled_s)
    }
}

/// What is below a node and counts for its timer.
fn supporting(node: &Node) -> impl Iterator<Item = &Node> {
    node.below.iter().filter(|below| below.supports)
}
