//! Against anvil: the real binary that `cargo xtask setup` installs.

mod anvil;
mod connect;
mod inbox;
mod sender;
