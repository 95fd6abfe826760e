//! `altana demo`: stories told end to end against a fresh devnet.

mod censored;
mod fraud;
mod proving;
mod rollup;
mod setting;
mod story;
mod theft;
mod thief;
mod zk;

use crate::{
    cli::{self, Scenario},
    prover,
};
use anyhow::Result;
use proving::Proving;
pub use proving::committed_proof;
use story::Story;

/// Tells a story.
pub async fn run(args: cli::Demo, json: bool) -> Result<()> {
    let parent = args.parent.as_deref();
    match args.scenario {
        Scenario::Rollup => {
            let mut story = Story::new("rollup");
            let told = rollup::tell(&mut story, parent).await;
            story.end(json, told)
        }
        Scenario::Censored => {
            let mut story = Story::new("censored");
            let told = censored::tell(&mut story, parent).await;
            story.end(json, told)
        }
        Scenario::Fraud => {
            let mut story = Story::new("fraud");
            let told = fraud::tell(&mut story, parent).await;
            story.end(json, told)
        }
        Scenario::Zk => {
            let proving = match args.prove {
                false => Proving::Beforehand,
                true => Proving::Afresh {
                    prover: prover::find_or_fail(args.prover.as_deref())?,
                    save: args.save,
                },
            };
            let mut story = Story::new("zk");
            let told = zk::tell(&mut story, parent, &proving).await;
            story.end(json, told)
        }
    }
}
