//! The game over claims: its parts against naive ones, its rules, and thousands of seeded games.

mod edges;
mod histories;
mod liars;
mod machine;
mod rules;
mod scene;
mod scenes;
mod sim;
mod vectors;
