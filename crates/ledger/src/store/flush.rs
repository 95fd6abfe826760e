//! The thread that writes batches to the database.

use super::{Batch, Store};
use crate::Error;
use std::{
    sync::{
        Arc, Weak,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

/// Ends its thread when it is dropped, after the batches that were sent.
#[derive(Debug)]
pub(super) struct Flusher {
    sender: Option<SyncSender<Arc<Batch>>>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    pub(super) fn start(store: &Arc<Store>) -> Result<Self, Error> {
        // At most one batch is frozen at a time.
        let (sender, receiver) = sync_channel(1);
        let store = Arc::downgrade(store);
        let thread = thread::Builder::new()
            .name("ledger-flush".into())
            .spawn(move || run(&store, &receiver))
            .map_err(|error| Error::Fatal(format!("no thread for the database: {error}")))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub(super) fn send(&self, batch: Arc<Batch>) {
        if let Some(sender) = &self.sender {
            // The thread ends only after this half is gone.
            let _ = sender.send(batch);
        }
    }
}

fn run(store: &Weak<Store>, batches: &Receiver<Arc<Batch>>) {
    while let Ok(batch) = batches.recv() {
        let Some(store) = store.upgrade() else { return };
        store.write(&batch);
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
