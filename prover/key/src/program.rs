//! From an AIR's expression graph to a program.

use std::collections::HashMap;

use altana_keccak_stark::F;
use altana_stark::{BOUND_MAX, LAZY_MAX, LEFT_MAX, Op, P};
use openvm_stark_backend::{
    air_builders::symbolic::{
        SymbolicConstraintsDag, SymbolicExpressionNode as Node,
        symbolic_variable::{Entry, SymbolicVariable},
    },
    p3_field::{PrimeCharacteristicRing, PrimeField32},
};

use crate::{
    CompileError,
    circuit::word,
    schedule::{Place, Plan, schedule},
};

const ZERO: usize = 0;
const ONE: usize = 1;
const IS_FIRST: usize = 2;
const IS_LAST: usize = 3;
const IS_TRANSITION: usize = 4;
/// Slots before the public values.
pub(crate) const FIXED_SLOTS: usize = 5;

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    /// A slot whose index is known.
    Slot(usize),
    /// A constant of the program.
    Constant(usize),
    /// The result of an operation.
    Result(usize),
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) op: Op,
    pub(crate) a: Value,
    pub(crate) b: Value,
}

/// What an AIR's program has of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Operations, by [`Op`] in its order.
    pub operations: [usize; 6],
    /// Multiplications by one that only tighten a bound (they are among the operations).
    pub tightened: usize,
    /// Runs of equal operations.
    pub runs: usize,
    /// Slots of the value area.
    pub slots: usize,
    /// Constraints.
    pub constraints: usize,
    /// Interactions.
    pub interactions: usize,
    /// Elements of all messages.
    pub message_elements: usize,
}

/// A compiled program.
pub struct Compiled {
    /// The bytes of `docs/stark.md`, 3.
    pub bytes: Vec<u8>,
    /// What it has of each kind.
    pub statistics: Statistics,
}

/// What the compiler needs of an AIR.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Number of public values.
    pub publics: usize,
    /// Number of columns.
    pub columns: usize,
    /// Whether rotations are opened.
    pub rotations: bool,
}

struct Compiler<'a> {
    nodes: &'a [Node<F>],
    shape: Shape,
    values: Vec<Option<Value>>,
    steps: Vec<Step>,
    bounds: Vec<u64>,
    constants: Vec<F>,
    constant_ids: HashMap<F, usize>,
    tight: HashMap<Value, Value>,
}

/// Compiles an AIR without preprocessed and cached columns.
pub fn compile(dag: &SymbolicConstraintsDag<F>, shape: Shape) -> Result<Compiled, CompileError> {
    let mut compiler = Compiler {
        nodes: &dag.constraints.nodes,
        shape,
        values: vec![None; dag.constraints.nodes.len()],
        steps: vec![],
        bounds: vec![],
        constants: vec![],
        constant_ids: HashMap::new(),
        tight: HashMap::new(),
    };
    let messages = dag.interactions.iter().flat_map(|i| i.message.iter().chain([&i.count]));
    let roots: Vec<usize> =
        dag.constraints.constraint_idx.iter().chain(messages).copied().collect();
    for node in compiler.needed(&roots) {
        let value = compiler.node(node)?;
        compiler.values[node] = Some(value);
    }
    let mut root = |node: usize| compiler.root(node);
    let constraints: Vec<Value> = dag.constraints.constraint_idx.iter().map(|&i| root(i)).collect();
    let interactions: Vec<(Value, Vec<Value>)> = dag
        .interactions
        .iter()
        .map(|i| (root(i.count), i.message.iter().map(|&i| root(i)).collect()))
        .collect();

    let first = FIXED_SLOTS + shape.publics + shape.columns * if shape.rotations { 2 } else { 1 };
    let live = constraints
        .iter()
        .chain(interactions.iter().flat_map(|(count, message)| message.iter().chain([count])));
    let plan = schedule(
        &compiler.steps,
        live.copied(),
        Place { constants: first, temporaries: first + compiler.constants.len() },
    )?;

    let mut statistics = Statistics {
        tightened: compiler.tight.len(),
        runs: plan.runs.len(),
        slots: plan.slots,
        constraints: constraints.len(),
        interactions: interactions.len(),
        message_elements: interactions.iter().map(|(_, message)| message.len()).sum(),
        ..Statistics::default()
    };
    compiler.steps.iter().for_each(|step| statistics.operations[step.op as usize - 1] += 1);
    let buses: Vec<u32> = dag.interactions.iter().map(|i| u32::from(i.bus_index) + 1).collect();
    let bytes = encode(&compiler.constants, &plan, &constraints, &interactions, &buses)?;
    Ok(Compiled { bytes, statistics })
}

impl Compiler<'_> {
    /// The nodes that the roots need, in order. A negation that its sum absorbs is not among them.
    fn needed(&self, roots: &[usize]) -> Vec<usize> {
        let mut needed = vec![false; self.nodes.len()];
        roots.iter().for_each(|&root| needed[root] = true);
        for node in (0..self.nodes.len()).rev() {
            if needed[node] {
                self.mark(node, &mut needed);
            }
        }
        (0..self.nodes.len()).filter(|&node| needed[node]).collect()
    }

    fn mark(&self, node: usize, needed: &mut [bool]) {
        match self.nodes[node] {
            Node::Add { left_idx, right_idx, .. } => {
                needed[self.negated(left_idx).unwrap_or(left_idx)] = true;
                needed[right_idx] = true;
            }
            Node::Sub { left_idx, right_idx, .. } | Node::Mul { left_idx, right_idx, .. } => {
                needed[left_idx] = true;
                needed[right_idx] = true;
            }
            Node::Neg { idx, .. } => needed[idx] = true,
            _ => {}
        }
    }

    fn negated(&self, node: usize) -> Option<usize> {
        match self.nodes[node] {
            Node::Neg { idx, .. } => Some(idx),
            _ => None,
        }
    }

    fn node(&mut self, node: usize) -> Result<Value, CompileError> {
        let value = |compiler: &Self, node: usize| {
            compiler.values[node].expect("nodes are in topological order")
        };
        Ok(match self.nodes[node] {
            Node::Variable(variable) => self.variable(variable)?,
            Node::IsFirstRow => Value::Slot(IS_FIRST),
            Node::IsLastRow => Value::Slot(IS_LAST),
            Node::IsTransition => Value::Slot(IS_TRANSITION),
            Node::Constant(constant) => self.constant(constant),
            Node::Add { left_idx, right_idx, .. } => match self.negated(left_idx) {
                Some(negated) => self.sub(value(self, right_idx), value(self, negated)),
                None => self.add(value(self, left_idx), value(self, right_idx)),
            },
            Node::Sub { left_idx, right_idx, .. } => {
                self.sub(value(self, left_idx), value(self, right_idx))
            }
            Node::Neg { idx, .. } => self.sub(Value::Slot(ZERO), value(self, idx)),
            Node::Mul { left_idx, right_idx, .. } => {
                self.mul(value(self, left_idx), value(self, right_idx))
            }
        })
    }

    fn variable(&self, variable: SymbolicVariable<F>) -> Result<Value, CompileError> {
        let Shape { publics, columns, rotations } = self.shape;
        let openings = FIXED_SLOTS + publics;
        let slot = match variable.entry {
            Entry::Public if variable.index < publics => FIXED_SLOTS + variable.index,
            Entry::Main { part_index: 0, offset: 0 } if variable.index < columns => {
                openings + variable.index * if rotations { 2 } else { 1 }
            }
            Entry::Main { part_index: 0, offset: 1 } if variable.index < columns && rotations => {
                openings + 2 * variable.index + 1
            }
            _ => return Err(CompileError::Variable),
        };
        Ok(Value::Slot(slot))
    }

    fn constant(&mut self, constant: F) -> Value {
        if constant == F::ZERO {
            return Value::Slot(ZERO);
        }
        if constant == F::ONE {
            return Value::Slot(ONE);
        }
        let next = self.constants.len();
        let id = *self.constant_ids.entry(constant).or_insert(next);
        if id == next {
            self.constants.push(constant);
        }
        Value::Constant(id)
    }

    fn is_base(&self, value: Value) -> bool {
        match value {
            Value::Slot(slot) => {
                slot <= ONE || (FIXED_SLOTS..FIXED_SLOTS + self.shape.publics).contains(&slot)
            }
            Value::Constant(_) => true,
            Value::Result(_) => false,
        }
    }

    fn is_minus_one(&self, value: Value) -> bool {
        matches!(value, Value::Constant(id) if self.constants[id] == F::NEG_ONE)
    }

    fn bound(&self, value: Value) -> u64 {
        match value {
            Value::Slot(ZERO) => 0,
            Value::Slot(_) | Value::Constant(_) => u64::from(P),
            Value::Result(step) => self.bounds[step],
        }
    }

    fn emit(&mut self, op: Op, a: Value, b: Value) -> Value {
        let bound = op
            .bound(self.bound(a), self.bound(b))
            .expect("operands were tightened as the operation demands");
        self.steps.push(Step { op, a, b });
        self.bounds.push(bound);
        Value::Result(self.steps.len() - 1)
    }

    /// The same value as a product, whose bound is small.
    fn tighten(&mut self, value: Value) -> Value {
        if let Some(&tight) = self.tight.get(&value) {
            return tight;
        }
        let tight = self.emit(Op::Mul, Value::Slot(ONE), value);
        self.tight.insert(value, tight);
        tight
    }

    fn add(&mut self, a: Value, b: Value) -> Value {
        let (mut small, mut large) = if self.bound(a) <= self.bound(b) { (a, b) } else { (b, a) };
        if self.bound(small) + self.bound(large) > LAZY_MAX {
            large = self.tighten(large);
        }
        if self.bound(small) + self.bound(large) > LAZY_MAX {
            small = self.tighten(small);
        }
        self.emit(Op::Add, small, large)
    }

    fn sub(&mut self, a: Value, b: Value) -> Value {
        let (a_bound, b_bound) = (self.bound(a), self.bound(b));
        let fits =
            |op: Op, most: u64| op.bound(a_bound, b_bound).is_some_and(|bound| bound <= most);
        // A difference by 64p is of use as a right operand only.
        for (op, most) in [(Op::Sub, LAZY_MAX), (Op::Sub8, LAZY_MAX), (Op::Sub64, BOUND_MAX)] {
            if fits(op, most) {
                return self.emit(op, a, b);
            }
        }
        let b = self.tighten(b);
        let a = if self.bound(a) + 2 * u64::from(P) > LAZY_MAX { self.tighten(a) } else { a };
        self.emit(Op::Sub, a, b)
    }

    fn mul(&mut self, a: Value, b: Value) -> Value {
        let (base, other) = if self.is_base(a) { (a, b) } else { (b, a) };
        if self.is_minus_one(base) {
            return self.sub(Value::Slot(ZERO), other);
        }
        if self.is_base(base) {
            return if self.bound(other) <= 4 * u64::from(P) {
                self.emit(Op::MulBase, other, base)
            } else {
                self.emit(Op::Mul, base, other)
            };
        }
        let (small, large) = if self.bound(a) <= self.bound(b) { (a, b) } else { (b, a) };
        let left = if self.bound(small) > LEFT_MAX { self.tighten(small) } else { small };
        self.emit(Op::Mul, left, large)
    }

    /// The value of a constraint, a count or a message's element.
    fn root(&mut self, node: usize) -> Value {
        let value = self.values[node].expect("roots are needed");
        if self.bound(value) > LAZY_MAX { self.tighten(value) } else { value }
    }
}

fn encode(
    constants: &[F],
    plan: &Plan,
    constraints: &[Value],
    interactions: &[(Value, Vec<Value>)],
    buses: &[u32],
) -> Result<Vec<u8>, CompileError> {
    let size =
        |n: usize| u16::try_from(n).map_err(|_| CompileError::TooLarge).map(u16::to_be_bytes);
    let offset = |value: Value| size(32 * plan.slot(value));
    let mut bytes = vec![];
    bytes.extend(size(constants.len())?);
    constants.iter().for_each(|&constant| bytes.extend(word(constant)));
    bytes.extend(size(plan.runs.len())?);
    for (op, triples) in &plan.runs {
        bytes.push(*op as u8);
        bytes.extend(size(triples.len())?);
        for slot in triples.iter().flatten() {
            bytes.extend(size(32 * slot)?);
        }
    }
    for &constraint in constraints.iter().rev() {
        bytes.extend(offset(constraint)?);
    }
    for ((count, message), &bus) in interactions.iter().zip(buses) {
        bytes.extend(offset(*count)?);
        bytes.extend(word(F::from_u32(bus)));
        bytes.push(u8::try_from(message.len()).map_err(|_| CompileError::TooLarge)?);
        for &element in message.iter().rev() {
            bytes.extend(offset(element)?);
        }
    }
    debug_assert!(constants.iter().all(|constant| constant.as_canonical_u32() > 1));
    Ok(bytes)
}
