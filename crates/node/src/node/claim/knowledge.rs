//! What this node can say about the claims on one parent claim.

use crate::{
    claims::Expected,
    dispute::{Means, NodeTruth, Span},
    engine::Engine,
    node::{NodeError, Shared, claim::Evidence},
};
use altana_dispute::{Dispute, Edge, Heights, Stage};
use altana_parent::Claim;
use std::{collections::BTreeMap, sync::Arc};
use tokio::runtime::Handle;

/// The right claim on a parent claim, and the means to defend it.
#[derive(Debug)]
pub struct Knowledge {
    /// The batches that it covers.
    pub span: Span,
    /// What it says.
    pub expected: Expected,
    /// All below it.
    pub truth: NodeTruth,
}

/// What right claims say, as far as that was asked. The batches are looked up each time: a
/// reorganisation of the parent may have put others in their places.
#[derive(Debug)]
pub(super) struct Expectations {
    /// Whether claims are tied to their histories.
    has_game: bool,
    known: BTreeMap<(u64, u64), (Span, Expected)>,
}

impl Expectations {
    pub(super) const fn new(has_game: bool) -> Self {
        Self { has_game, known: BTreeMap::new() }
    }

    /// What the claim on `parent` has to say up to a batch, if that is derived. May wait.
    pub(super) fn expect(
        &mut self,
        shared: &Shared,
        parent: &Claim,
        last_batch: u64,
    ) -> Result<Option<Expected>, NodeError> {
        let key = (parent.index, last_batch);
        let Some(span) = span(shared, parent, last_batch)? else { return Ok(None) };
        if let Some((known, expected)) = self.known.get(&key)
            && *known == span
        {
            return Ok(Some(expected.clone()));
        }
        let mut expected = expected(shared, &span)?;
        if let Some(expected) = &mut expected
            && !self.has_game
        {
            expected.data.clear();
        }
        if let Some(expected) = &expected {
            self.known.insert(key, (span, expected.clone()));
        }
        Ok(expected)
    }

    /// Forgets claims on what is older than this one.
    pub(super) fn forget_before(&mut self, claim: u64) {
        self.known.retain(|(parent, _), _| *parent >= claim);
    }
}

/// The batches after `parent` up to `last_batch`, if they are known. Waits for the engine.
pub(super) fn span(
    shared: &Shared,
    parent: &Claim,
    last_batch: u64,
) -> Result<Option<Span>, NodeError> {
    span_in(&shared.engine.lock(), parent, last_batch)
}

/// The batches after `parent` up to `last_batch`, if they are known.
pub(super) fn span_in(
    engine: &Engine,
    parent: &Claim,
    last_batch: u64,
) -> Result<Option<Span>, NodeError> {
    let book = engine.derivation().book();
    Span::read(parent, last_batch, |index| book.read(index)).map_err(NodeError::Disputes)
}

/// What the claim about these batches says, if their blocks are derived.
fn expected(shared: &Shared, span: &Span) -> Result<Option<Expected>, NodeError> {
    let Some(history) = span.history(&shared.ledger)? else { return Ok(None) };
    Ok(span.expected(&shared.ledger, &history)?)
}

/// Everything about the claim on `parent` up to `last_batch`. The batches' evidence is read when the
/// truth is asked for what lies below a block, on `handle`'s runtime; that must happen on a thread
/// that may wait.
pub(in crate::node) fn knowledge(
    shared: &Shared,
    handle: Handle,
    evidence: Evidence,
    parent: &Claim,
    last_batch: u64,
) -> Result<Option<Knowledge>, NodeError> {
    let Some(span) = span(shared, parent, last_batch)? else { return Ok(None) };
    let Some(history) = span.history(&shared.ledger)? else { return Ok(None) };
    let Some(expected) = span.expected(&shared.ledger, &history)? else { return Ok(None) };
    let stop = shared.stop.subscribe();
    let means = Means {
        read_batch: Box::new(move |index, end| evidence.read(&handle, index, end)),
        memory: shared.memory.clone(),
        is_stopped: Arc::new(move || *stop.borrow()),
    };
    let (ledger, spec) = (shared.ledger.clone(), shared.chain.spec.clone());
    let truth = NodeTruth::new(ledger, spec, span.clone(), history, means);
    Ok(Some(Knowledge { span, expected, truth }))
}

/// The dispute of the claim on `parent` whose history has this root.
pub fn dispute(
    parent: &Claim,
    span: &Span,
    root: alloy_primitives::B256,
    window_s: u64,
) -> Dispute {
    let heights = Heights::REAL;
    Dispute {
        heights,
        window_s,
        root: Edge::of_claim(parent.index, &heights, root),
        behind: span.ends.len() as u64 * heights.blocks_per_batch(),
        stage: Stage::Open,
    }
}
