//! What the bridge is doing, for somebody who waits.

use crate::Chain;
use alloy::primitives::{Address, B256};
use std::{fmt, sync::Arc};

/// Something that takes a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The bridge may not move the token yet: it is given leave, for this amount or this token only.
    Approving {
        /// The token.
        token: Address,
        /// The bridge.
        spender: Address,
    },
    /// A transaction waits for a block.
    Mining {
        /// Which chain.
        chain: Chain,
        /// What it is for.
        what: &'static str,
        /// Its hash.
        hash: B256,
    },
    /// A deposit is on its way to the rollup.
    Arriving {
        /// Its hash there.
        hash: B256,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approving { token, spender } => {
                write!(f, "approving the bridge {spender} to move {token}")
            }
            Self::Mining { chain, what, hash } => {
                write!(f, "{what} is sent: waiting for the {chain} to include {hash}")
            }
            Self::Arriving { hash } => write!(f, "waiting for {hash} on the rollup"),
        }
    }
}

type Listener = Arc<dyn Fn(&Step) + Send + Sync>;

/// Who is told.
#[derive(Clone, Default)]
pub(crate) struct Watch(Option<Listener>);

impl Watch {
    pub(crate) fn new(listener: impl Fn(&Step) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(crate) fn tell(&self, step: Step) {
        if let Some(listener) = &self.0 {
            listener(&step);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
