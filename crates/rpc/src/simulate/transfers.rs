//! Logs for transfers of ether.

use alloy_primitives::{Address, B256, Log, U256, address, b256};
use revm::{
    Inspector,
    context_interface::ContextTr,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter, InterpreterResult,
    },
};

/// Emits the logs of transfers (as in execution-apis).
const EMITTER: Address = address!("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
/// `Transfer(address,address,uint256)`.
const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// Collects a call's logs, and makes one for each transfer of ether that was not reverted.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    enabled: bool,
    /// Logs of each open frame; those of the whole call at the bottom.
    frames: Vec<Vec<(usize, Log)>>,
    /// Index in the block of the next log. Logs that are reverted later keep theirs.
    next_index: usize,
}

impl Transfers {
    pub(super) fn new(enabled: bool, next_index: usize) -> Self {
        Self { enabled, frames: vec![Vec::new()], next_index }
    }

    /// All logs in order, each with its index in the block; and the index after them.
    pub(super) fn finish(mut self) -> (Vec<(usize, Log)>, usize) {
        (self.frames.drain(..).next().unwrap_or_default(), self.next_index)
    }

    fn enter(&mut self, from: Address, to: Address, value: U256) {
        self.frames.push(Vec::new());
        self.transfer(from, to, value);
    }

    fn exit(&mut self, result: &InterpreterResult) {
        let logs = self.frames.pop().unwrap_or_default();
        if result.result.is_ok()
            && let Some(parent) = self.frames.last_mut()
        {
            parent.extend(logs);
        }
    }

    fn push(&mut self, log: Log) {
        if let Some(frame) = self.frames.last_mut() {
            frame.push((self.next_index, log));
            self.next_index += 1;
        }
    }

    fn transfer(&mut self, from: Address, to: Address, value: U256) {
        if self.enabled && !value.is_zero() {
            let topics = vec![TRANSFER, from.into_word(), to.into_word()];
            let data = value.to_be_bytes::<32>().into();
            self.push(Log::new_unchecked(EMITTER, topics, data));
        }
    }
}

impl<CTX: ContextTr> Inspector<CTX> for Transfers {
    fn log(&mut self, _: &mut CTX, log: Log) {
        self.push(log);
    }

    fn log_full(&mut self, _: &mut Interpreter, _: &mut CTX, log: Log) {
        self.push(log);
    }

    fn call(&mut self, _: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let value = inputs.transfer_value().unwrap_or_default();
        self.enter(inputs.transfer_from(), inputs.transfer_to(), value);
        None
    }

    fn call_end(&mut self, _: &mut CTX, _: &CallInputs, outcome: &mut CallOutcome) {
        self.exit(&outcome.result);
    }

    fn create(&mut self, context: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        use revm::context_interface::JournalTr;
        let caller = inputs.caller();
        let nonce = context.journal_mut().load_account(caller);
        let created = nonce.map(|account| inputs.created_address(account.data.info.nonce));
        self.enter(caller, created.unwrap_or_default(), inputs.value());
        None
    }

    fn create_end(&mut self, _: &mut CTX, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.exit(&outcome.result);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.transfer(contract, target, value);
    }
}
