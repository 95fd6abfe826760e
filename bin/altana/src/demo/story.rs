//! A story: steps that each keep a promise, told on stderr, with one JSON result on stdout.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Instant;

/// A story being told.
#[derive(Debug, Serialize)]
pub struct Story {
    scenario: &'static str,
    ok: bool,
    steps: Vec<Step>,
}

/// One step, as the result shows it.
#[derive(Debug, Serialize)]
struct Step {
    name: String,
    ok: bool,
    /// Gas of the step's transactions, on both chains together.
    gas: u64,
    /// What the step published on the parent; a blob counts whole, however full it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    latency_ms: u64,
    /// What else the step measured: hashes, addresses, counts.
    #[serde(flatten)]
    figures: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What a step measured, by name. Every step has `gas`, 0 if it says nothing; `bytes` are those
/// that it published.
pub type Figures = Vec<(&'static str, Value)>;

impl Story {
    /// Begins a story.
    pub fn new(scenario: &'static str) -> Self {
        Self { scenario, ok: true, steps: Vec::new() }
    }

    /// Tells one step. A failure ends the story: the caller returns [`Story::end`].
    pub async fn step<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Result<(T, Figures)>>,
    ) -> Result<T> {
        eprintln!("▸ {name}");
        let begin = Instant::now();
        let outcome = work.await;
        let latency_ms = begin.elapsed().as_millis() as u64;
        let mut step = Step {
            name: name.to_owned(),
            ok: outcome.is_ok(),
            gas: 0,
            bytes: None,
            latency_ms,
            figures: Map::new(),
            error: None,
        };
        let value = match outcome {
            Ok((value, figures)) => {
                step.take(figures);
                Ok(value)
            }
            Err(error) => {
                step.error = Some(format!("{error:#}"));
                self.ok = false;
                Err(error).with_context(|| format!("the step \"{name}\" broke its promise"))
            }
        };
        eprintln!("  {}", step.line());
        self.steps.push(step);
        value
    }

    /// Ends the story: prints the result, and is an error if a promise was broken.
    pub fn end(mut self, json: bool, told: Result<()>) -> Result<()> {
        self.ok &= told.is_ok();
        let verdict = if self.ok { "every promise was kept" } else { "a promise was BROKEN" };
        crate::output::result(json, &self, || format!("{}: {verdict}", self.scenario))?;
        told
    }
}

impl Step {
    fn take(&mut self, figures: Figures) {
        for (name, value) in figures {
            match name {
                "gas" => self.gas = value.as_u64().unwrap_or_default(),
                "bytes" => self.bytes = value.as_u64(),
                _ => drop(self.figures.insert(name.to_owned(), value)),
            }
        }
    }

    fn line(&self) -> String {
        let mark = if self.ok { "ok" } else { "FAILED" };
        let mut line = format!("{mark} in {} ms", self.latency_ms);
        if self.gas > 0 {
            line += &format!(", gas {}", self.gas);
        }
        if let Some(bytes) = self.bytes {
            line += &format!(", {bytes} bytes");
        }
        // A list is for programs.
        for (key, value) in self.figures.iter().filter(|(_, value)| !value.is_array()) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            line += &format!(", {} {value}", key.replace('_', " "));
        }
        if let Some(error) = &self.error {
            line += &format!(": {error}");
        }
        line
    }
}
