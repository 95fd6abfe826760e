//! Figures of the last layer's key.

use eyre::Result;
use openvm_stark_backend::{
    air_builders::symbolic::SymbolicExpressionNode as Node, soundness::SoundnessCalculator,
};
use serde_json::{Value, json};

use crate::{meter, prove::Prover};

pub(crate) fn run(prover: &Prover<'_>) -> Result<Value> {
    let root = prover.root()?;
    let vk = root.vk();
    let params = &vk.inner.params;
    let heights = &root.key().heights;
    let mut airs = vec![];
    let (mut rows, mut interactions, mut n_max) = (0u64, 0u64, 0usize);
    for (id, (air, height)) in vk.inner.per_air.iter().zip(heights).enumerate() {
        let dag = &air.symbolic_constraints.constraints;
        let count = |what: fn(&Node<_>) -> bool| dag.nodes.iter().filter(|n| what(n)).count();
        let constant = |index: usize| matches!(dag.nodes[index], Node::Constant(_));
        let constant_products = dag
            .nodes
            .iter()
            .filter(|node| match node {
                Node::Mul { left_idx, right_idx, .. } => {
                    constant(*left_idx) || constant(*right_idx)
                }
                _ => false,
            })
            .count();
        let messages: Vec<usize> = air
            .symbolic_constraints
            .interactions
            .iter()
            .map(|interaction| interaction.message.len())
            .collect();
        let width = air.params.width.common_main;
        let log = height.trailing_zeros() as usize;
        let lifted = 1u64 << log.max(params.l_skip);
        rows += lifted * width as u64;
        interactions += lifted * messages.len() as u64;
        n_max = n_max.max(log.saturating_sub(params.l_skip));
        airs.push(json!({
            "air": id,
            "name": root.key().pk.per_air[id].air_name.rsplit("::").next(),
            "log_height": log,
            "width": width,
            "rotation": air.params.need_rot,
            "public_values": air.params.num_public_values,
            "required": air.is_required,
            "nodes": dag.nodes.len(),
            "mul": count(|n| matches!(n, Node::Mul { .. })),
            "mul_by_constant": constant_products,
            "add": count(|n| matches!(n, Node::Add { .. })),
            "sub": count(|n| matches!(n, Node::Sub { .. })),
            "neg": count(|n| matches!(n, Node::Neg { .. })),
            "constraints": dag.constraint_idx.len(),
            "interactions": messages.len(),
            "message_elements": messages.iter().sum::<usize>(),
            "longest_message": messages.iter().max(),
            "degree": air.max_constraint_degree,
        }));
    }
    let total = |name: &str| airs.iter().filter_map(|air| air[name].as_u64()).sum::<u64>();
    let stacked = 1u64 << params.log_stacked_height();
    let logup = 64 - interactions.leading_zeros() as usize;
    Ok(json!({
        "queries": params.whir.rounds.iter().map(|round| round.num_queries).collect::<Vec<_>>(),
        "log_heights": heights.iter().map(|h| h.trailing_zeros()).collect::<Vec<_>>(),
        "n_max": n_max,
        "gkr_rounds": logup,
        "n_logup": logup - params.l_skip,
        "interaction_rows": interactions,
        "stacked_cells": rows,
        "stacked_columns": rows.div_ceil(stacked),
        "airs_with_rotation": airs.iter().filter(|air| air["rotation"] == true).count(),
        "widths": total("width"),
        "rotated_widths": airs.iter().filter(|air| air["rotation"] == true)
            .filter_map(|air| air["width"].as_u64()).sum::<u64>(),
        "totals": (["nodes", "mul", "mul_by_constant", "add", "sub", "neg", "constraints",
            "interactions", "message_elements"]).map(|name| (name, total(name)))
            .into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "height_constraints": vk.inner.trace_height_constraints.len(),
        "vk_bytes": bitcode::serialize(&vk)?.len(),
        "pk_bytes": bitcode::serialize(root.key())?.len(),
        "pre_hash": hex::encode(vk.pre_hash),
        "airs": airs,
        "soundness": format!("{:?}", SoundnessCalculator::calculate_from_vk(&vk)),
        "steps": meter::take(),
    }))
}
