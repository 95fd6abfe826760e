//! A proof of another inner verifier: one that evaluates other constraints than the aggregation's.
//!
//! The circuit takes these constraints from its own trace and exposes their commitment. Here two
//! operands of an addition are swapped, which changes the commitment and no value: the STARK
//! verifies, and only the comparison with the right commitment refuses it. With constraints left
//! out instead, such a proof could be of anything.

use std::{path::Path, sync::Arc};

use altana_proof::Job;
use altana_prover_root::{Child, ProveError, Refused, RootProver, verify};
use eyre::{Result, ensure, eyre};
use openvm_stark_backend::air_builders::symbolic::SymbolicExpressionNode as Node;
use serde_json::{Value, json};

use crate::{
    Options, keys, meter,
    prove::{Prover, recursive},
};

pub(crate) fn run(options: &Options, folder: &Path) -> Result<Value> {
    let prover = Prover::new(options)?;
    let job = Job::at(folder)?;
    let inner = prover.inner(&job)?;
    let statement = prover.statement(&job)?;
    let root = prover.root()?;
    let other = RootProver::with_key(swapped(keys::child(&prover.sdk))?, root.key().clone());
    let (right, wrong) = (root.dag_commit(), other.dag_commit());
    ensure!(right != wrong, "the commitment does not tell them apart");
    let aggregation = prover.sdk.agg_prover();
    let proof = meter::step("a proof of another inner verifier", || {
        other.prove(inner, |proof| {
            aggregation
                .wrap_proof(proof, &mut recursive())
                .map_err(|error| ProveError::Backend(error.to_string()))
        })
    })?;
    let check = |dag| verify(&root.vk(), &root.key().heights, dag, &statement, &proof);
    ensure!(check(&wrong) == Ok(()), "the STARK should verify: {:?}", check(&wrong));
    ensure!(check(&right) == Err(Refused::Dag), "accepted: {:?}", check(&right));
    Ok(json!({
        "stark_verifies": true,
        "refused": Refused::Dag.to_string(),
        "steps": meter::take(),
    }))
}

/// With the operands of an addition swapped.
fn swapped(child: Child) -> Result<Child> {
    let mut vk = child.vk.as_ref().clone();
    let mut nodes =
        vk.inner.per_air.iter_mut().flat_map(|air| &mut air.symbolic_constraints.constraints.nodes);
    let operands = nodes.find_map(|node| match node {
        Node::Add { left_idx, right_idx, .. } if left_idx != right_idx => {
            Some((left_idx, right_idx))
        }
        _ => None,
    });
    let (left, right) = operands.ok_or_else(|| eyre!("no addition"))?;
    std::mem::swap(left, right);
    Ok(Child { vk: Arc::new(vk), ..child })
}
