//! `altana demo`: stories told end to end against a fresh devnet.

mod censored;
mod fraud;
mod rollup;
mod setting;
mod story;
mod theft;
mod thief;

use crate::cli::{self, Scenario};
use anyhow::Result;
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
    }
}
