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

/// Stops an execution that takes too many steps or too long.
pub(crate) struct Bounded<I> {
    pub(crate) inner: I,
    pub(crate) steps_left: usize,
    deadline: Deadline,
    exceeded: Option<RpcError>,
}

impl<I> Bounded<I> {
    pub(crate) fn new(inner: I, steps_left: usize, deadline: Deadline) -> Self {
        Self { inner, steps_left, deadline, exceeded: None }
    }

    /// The inner inspector, unless a limit was met.
    pub(crate) fn finish(self) -> Result<(I, usize), RpcError> {
        match self.exceeded {
            Some(error) => Err(error),
            None => Ok((self.inner, self.steps_left)),
        }
    }

    fn count(&mut self) -> Result<(), RpcError> {
        self.steps_left = self
            .steps_left
            .checked_sub(1)
            .ok_or_else(|| RpcError::Limit("trace has too many steps".into()))?;
        if self.steps_left.is_multiple_of(CLOCK_INTERVAL) {
            self.deadline.check()?;
        }
        Ok(())
    }
}

impl<CTX: ContextTr, I: Inspector<CTX>> Inspector<CTX> for Bounded<I> {
    fn initialize_interp(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        self.inner.initialize_interp(interpreter, context);
    }

    fn step(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        if let Err(error) = self.count() {
            *context.error() = Err(ContextError::Custom(error.to_string()));
            self.exceeded = Some(error);
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
        self.inner.call(context, inputs)
    }

    fn call_end(&mut self, context: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.inner.call_end(context, inputs, outcome);
    }

    fn create(&mut self, context: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.inner.create(context, inputs)
    }

    fn create_end(
        &mut self,
        context: &mut CTX,
        inputs: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        self.inner.create_end(context, inputs, outcome);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        // The context parameter of the trait is not named by this method's arguments.
        <I as Inspector<CTX>>::selfdestruct(&mut self.inner, contract, target, value);
    }
}
