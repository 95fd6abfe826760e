//! Against anvil: the real binary that `cargo xtask setup` installs.

mod anvil;
mod follow;
mod inbox;
mod sender;
