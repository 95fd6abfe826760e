//! An inspector within limits.

use alloy_primitives::{Address, Log, U256};
use revm::{
    Inspector,
    context_interface::{ContextError, ContextTr},
    interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter},
};

use crate::{RpcError, api::Deadline};

/// Steps between two looks at the clock.
const CLOCK_INTERVAL: usize = 4_096;
/// What a recorded step takes besides stack and memory, about.
const STEP_BYTES: usize = 128;

/// What executions may still do. Calls that are not traced are bounded by their gas and the clock.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Steps left.
    pub(crate) steps: usize,
    /// Bytes that may be recorded.
    pub(crate) bytes: usize,
    pub(crate) deadline: Deadline,
}

/// What the inspector records of each step.
#[derive(Clone, Copy, Default)]
pub(crate) struct Records {
    pub(crate) steps: bool,
    pub(crate) stack: bool,
    pub(crate) memory: bool,
}

/// Stops an execution that takes too many steps, is too much to record, or takes too long.
pub(crate) struct Bounded<I> {
    inner: I,
    records: Records,
    budget: Budget,
    exceeded: Option<RpcError>,
}

impl<I> Bounded<I> {
    pub(crate) fn new(inner: I, records: Records, budget: Budget) -> Self {
        Self { inner, records, budget, exceeded: None }
    }

    /// The inner inspector and what is left, unless a limit was met.
    pub(crate) fn finish(self) -> Result<(I, Budget), RpcError> {
        match self.exceeded {
            Some(error) => Err(error),
            None => Ok((self.inner, self.budget)),
        }
    }

    /// Counts a step, at which stack and memory have these sizes.
    fn count(&mut self, stack: usize, memory: usize) {
        match self.budget.steps.checked_sub(1) {
            Some(left) => self.budget.steps = left,
            None => return self.exceed(RpcError::Limit("trace has too many steps".into())),
        }
        if self.records.steps {
            self.record(STEP_BYTES);
        }
        if self.records.stack {
            self.record(stack.saturating_mul(32));
        }
        if self.records.memory {
            self.record(memory);
        }
        if self.budget.steps.is_multiple_of(CLOCK_INTERVAL)
            && let Err(error) = self.budget.deadline.check()
        {
            self.exceed(error);
        }
    }

    fn record(&mut self, bytes: usize) {
        match self.budget.bytes.checked_sub(bytes) {
            Some(left) => self.budget.bytes = left,
            None => self.exceed(RpcError::Limit("trace is too large".into())),
        }
    }

    fn exceed(&mut self, error: RpcError) {
        self.exceeded.get_or_insert(error);
    }
}

impl<CTX: ContextTr, I: Inspector<CTX>> Inspector<CTX> for Bounded<I> {
    fn initialize_interp(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        self.inner.initialize_interp(interpreter, context);
    }

    fn step(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        self.count(interpreter.stack.len(), interpreter.memory.len());
        if let Some(error) = &self.exceeded {
            *context.error() = Err(ContextError::Custom(error.to_string()));
            interpreter.halt_fatal();
            return;
        }
        self.inner.step(interpreter, context);
    }

    fn step_end(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        if self.exceeded.is_none() {
            self.inner.step_end(interpreter, context);
        }
    }

    fn log(&mut self, context: &mut CTX, log: Log) {
        self.inner.log(context, log);
    }

    fn log_full(&mut self, interpreter: &mut Interpreter, context: &mut CTX, log: Log) {
        self.inner.log_full(interpreter, context, log);
    }

    fn call(&mut self, context: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.record(inputs.input.len());
        self.inner.call(context, inputs)
    }

    fn call_end(&mut self, context: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.record(outcome.output().len());
        self.inner.call_end(context, inputs, outcome);
    }

    fn create(&mut self, context: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.record(inputs.init_code().len());
        self.inner.create(context, inputs)
    }

    fn create_end(
        &mut self,
        context: &mut CTX,
        inputs: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        self.record(outcome.output().len());
        self.inner.create_end(context, inputs, outcome);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        // The context parameter of the trait is not named by this method's arguments.
        <I as Inspector<CTX>>::selfdestruct(&mut self.inner, contract, target, value);
    }
}
