//! One file per subcommand.

pub mod bridge;
pub mod deploy;
pub mod dev;
pub mod dispute;
pub mod init;
pub mod node;
pub mod rebuild;
pub mod rescue;

use anyhow::Result;
use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};

/// Returns when somebody asks the process to stop: Ctrl-C, or SIGTERM as supervisors send it.
async fn interrupted() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = ctrl_c() => Ok(pressed?),
        _ = terminate.recv() => Ok(()),
    }
}
