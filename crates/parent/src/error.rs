//! Errors say what the caller must do.

/// Why the parent did not answer, or what it answered is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParentError {
    /// Down, slow, behind, or saying what does not fit together: ask again later, perhaps another
    /// RPC. Nothing was changed.
    #[error("parent chain: {0}; it will be asked again")]
    Temporary(String),
    /// The chain changed while it was read: begin again with
    /// [`ParentReader::heads`](crate::ParentReader::heads).
    #[error("parent chain was reorganised: {0}")]
    Reset(String),
    /// Asking again cannot help: stop and tell the operator.
    #[error("parent chain: {0}")]
    Fatal(String),
}

impl ParentError {
    pub(crate) fn temporary(reason: impl std::fmt::Display) -> Self {
        Self::Temporary(reason.to_string())
    }
}
