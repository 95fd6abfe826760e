//! One measured figure, as `altana bench --json` prints it.

use serde::Serialize;

/// A figure, beside the peer or bound that was measured in the same run.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// The peer or bound measured in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<&'static str>,
    /// The peer's value, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_value: Option<f64>,
    /// `value / peer_value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// What we want: of the ratio where there is a peer, else of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<f64>,
    /// Whether the goal is met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
}

impl Figure {
    /// A figure alone.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        let name = name.into();
        Self { name, value, unit, peer: None, peer_value: None, ratio: None, goal: None, met: None }
    }

    /// Beside a peer.
    pub fn against(mut self, peer: &'static str, value: f64) -> Self {
        self.peer = Some(peer);
        self.peer_value = Some(value);
        self.ratio = Some(self.value / value);
        self
    }

    /// Larger is better: the goal is a floor.
    pub fn at_least(mut self, goal: f64) -> Self {
        self.goal = Some(goal);
        self.met = Some(self.ratio.unwrap_or(self.value) >= goal);
        self
    }

    /// Smaller is better: the goal is a ceiling.
    pub fn at_most(mut self, goal: f64) -> Self {
        self.goal = Some(goal);
        self.met = Some(self.ratio.unwrap_or(self.value) <= goal);
        self
    }

    /// A line for people.
    pub fn line(&self) -> String {
        let mut line = format!("{:<44} {:>12} {}", self.name, short(self.value), self.unit);
        if let (Some(peer), Some(value), Some(ratio)) = (self.peer, self.peer_value, self.ratio) {
            line += &format!("   {ratio:.2}x of {peer} ({})", short(value));
        }
        if let (Some(goal), Some(met)) = (self.goal, self.met) {
            line += &format!("   goal {}: {}", short(goal), if met { "met" } else { "MISSED" });
        }
        line
    }
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
