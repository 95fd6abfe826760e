//! One file per subcommand.

pub mod bridge;
pub mod deploy;
pub mod dev;
pub mod init;
pub mod node;
pub mod rebuild;
