//! A compiled program computes what the library computes of the expression graph.

use altana_keccak_stark::{EF, F, encode};
use altana_stark::{Ext, Program, Slots, Values};
use altana_stark_key::{Shape, compile};
use openvm_stark_backend::{
    air_builders::symbolic::{
        SymbolicConstraintsDag, SymbolicExpressionDag, SymbolicExpressionNode as Node,
        symbolic_expression::SymbolicEvaluator,
        symbolic_variable::{Entry, SymbolicVariable},
    },
    interaction::Interaction,
    p3_field::{BasedVectorSpace, PrimeCharacteristicRing, PrimeField32},
};
use proptest::prelude::*;

const SHAPE: Shape = Shape { publics: 3, columns: 4, rotations: true };

fn ours(value: EF) -> Ext {
    let bytes = encode(<EF as BasedVectorSpace<F>>::as_basis_coefficients_slice(&value));
    Ext::from_bytes(&bytes.try_into().unwrap()).unwrap()
}

/// The values at a random point.
#[derive(Clone, Debug)]
struct Point {
    selectors: [EF; 3],
    publics: Vec<F>,
    openings: Vec<EF>,
}

impl SymbolicEvaluator<F, EF> for Point {
    fn eval_const(&self, constant: F) -> EF {
        constant.into()
    }

    fn eval_var(&self, variable: SymbolicVariable<F>) -> EF {
        match variable.entry {
            Entry::Public => self.publics[variable.index].into(),
            Entry::Main { part_index: 0, offset } => self.openings[2 * variable.index + offset],
            _ => unreachable!(),
        }
    }

    fn eval_is_first_row(&self) -> EF {
        self.selectors[0]
    }

    fn eval_is_last_row(&self) -> EF {
        self.selectors[1]
    }

    fn eval_is_transition(&self) -> EF {
        self.selectors[2]
    }
}

fn element() -> impl Strategy<Value = F> {
    prop_oneof![
        (0..F::ORDER_U32).prop_map(F::from_u32),
        prop::sample::select(vec![F::ZERO, F::ONE, F::TWO, F::NEG_ONE]),
    ]
}

fn ext() -> impl Strategy<Value = EF> {
    prop::array::uniform4(element()).prop_map(|c| EF::from_basis_coefficients_fn(|k| c[k]))
}

fn point() -> impl Strategy<Value = Point> {
    let publics = prop::collection::vec(element(), SHAPE.publics);
    let openings = prop::collection::vec(ext(), 2 * SHAPE.columns);
    (prop::array::uniform3(ext()), publics, openings)
        .prop_map(|(selectors, publics, openings)| Point { selectors, publics, openings })
}

/// A node, with operands as random numbers to be reduced to earlier nodes.
fn node() -> impl Strategy<Value = (u8, F, u32, u32)> {
    // Sums are more likely than products: they make bounds grow.
    (0u8..14, element(), any::<u32>(), any::<u32>())
}

fn graph(nodes: &[(u8, F, u32, u32)], roots: &[u32]) -> SymbolicConstraintsDag<F> {
    let leaf = |kind: u8, constant: F, index: u32| {
        let main = |offset| Entry::Main { part_index: 0, offset };
        let column = index as usize % SHAPE.columns;
        match kind % 6 {
            0 => Node::Variable(SymbolicVariable::new(main(0), column)),
            1 => Node::Variable(SymbolicVariable::new(main(1), column)),
            2 => {
                Node::Variable(SymbolicVariable::new(Entry::Public, index as usize % SHAPE.publics))
            }
            3 => {
                [Node::IsFirstRow, Node::IsLastRow, Node::IsTransition][index as usize % 3].clone()
            }
            _ => Node::Constant(constant),
        }
    };
    let mut made: Vec<Node<F>> = vec![];
    for &(kind, constant, a, b) in nodes {
        // Recent nodes are more likely, so that graphs are deep.
        let earlier = |n: u32| {
            let back = if n.is_multiple_of(2) { n as usize / 2 % 4 } else { n as usize / 2 };
            made.len() - 1 - back % made.len()
        };
        let degree_multiple = 0;
        let new = match kind {
            _ if made.is_empty() => leaf(kind, constant, a),
            0..=3 => leaf(kind, constant, a),
            4 => leaf(4, constant, a),
            5..=7 => Node::Add { left_idx: earlier(a), right_idx: earlier(b), degree_multiple },
            8..=10 => Node::Sub { left_idx: earlier(a), right_idx: earlier(b), degree_multiple },
            11 => Node::Neg { idx: earlier(a), degree_multiple },
            _ => Node::Mul { left_idx: earlier(a), right_idx: earlier(b), degree_multiple },
        };
        made.push(new);
    }
    let at = |n: u32| n as usize % made.len();
    let mut constraint_idx: Vec<usize> = roots.iter().map(|&root| at(root)).collect();
    constraint_idx.sort();
    constraint_idx.dedup();
    let message = |pair: &[u32]| Interaction {
        message: pair.iter().map(|&root| at(root / 3)).collect(),
        count: at(pair[0] / 7),
        bus_index: pair[0] as u16,
        count_weight: 0,
    };
    let interactions = roots.chunks(3).map(message).collect();
    SymbolicConstraintsDag {
        constraints: SymbolicExpressionDag { nodes: made, constraint_idx },
        interactions,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_program_computes_what_the_graph_says(
        nodes in prop::collection::vec(node(), 1..300),
        roots in prop::collection::vec(any::<u32>(), 1..12),
        point in point(),
    ) {
        let dag = graph(&nodes, &roots);
        let expected = point.eval_nodes(&dag.constraints.nodes);
        let compiled = compile(&dag, SHAPE).unwrap();
        let slots = Slots { publics: SHAPE.publics, openings: 2 * SHAPE.columns, all: compiled.statistics.slots };
        let (constraints, interactions) = (dag.constraints.constraint_idx.len(), dag.interactions.len());
        // This checks the bounds, too.
        let program = Program::new(&compiled.bytes, 0, slots, constraints, interactions).unwrap();
        let openings: Vec<Ext> = point.openings.iter().map(|&value| ours(value)).collect();
        let publics: Vec<_> = point.publics.iter().map(|&value| ours(value.into()).0[0]).collect();
        let values = Values { selectors: point.selectors.map(ours), publics: &publics, openings: &openings };
        let area = program.run(&values);
        for (&slot, &node) in program.constraints.iter().rev().zip(&dag.constraints.constraint_idx) {
            prop_assert_eq!(area[slot], ours(expected[node]));
        }
        for (interaction, expect) in program.interactions.iter().zip(&dag.interactions) {
            prop_assert_eq!(area[interaction.count], ours(expected[expect.count]));
            prop_assert_eq!(interaction.bus.canonical(), u32::from(expect.bus_index) + 1);
            let message: Vec<Ext> = interaction.message.iter().rev().map(|&slot| area[slot]).collect();
            let expect: Vec<Ext> = expect.message.iter().map(|&node| ours(expected[node])).collect();
            prop_assert_eq!(message, expect);
        }
    }
}
