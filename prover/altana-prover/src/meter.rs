//! Time and memory: what a step may take, and what it took.

use std::{fs, io::Write, sync::Mutex, time::Instant};

use eyre::{Result, ensure};
use serde_json::{Value, json};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{Layer, layer::Context, prelude::*, registry::LookupSpan};

/// Spans of the library that are worth a line.
const SHOWN: [&str; 7] = [
    "app_prove",
    "single_leaf_agg",
    "single_internal_agg",
    "agg_layer",
    "execute_metered",
    "prove_segment",
    "trace_gen",
];

static FIGURES: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// Shows the library's progress.
pub(crate) fn start() {
    tracing_subscriber::registry().with(Progress).init();
}

/// All steps since the last call.
pub(crate) fn take() -> Vec<Value> {
    std::mem::take(&mut *FIGURES.lock().expect("no panic holds it"))
}

/// Runs a step, and says how long it took and how much memory the process had at most meanwhile.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> T) -> T {
    eprintln!("{name} …");
    // Resets the peak.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let result = work();
    let hundredths = |seconds: f64| (seconds * 100.0).round() / 100.0;
    let seconds = hundredths(start.elapsed().as_secs_f64());
    let cpu = hundredths(cpu_seconds() - cpu);
    let peak_mib = kib("/proc/self/status", "VmHWM:") / 1024;
    eprintln!("{name}: {seconds:.2} s, {cpu:.2} s of all cores, at most {peak_mib} MiB");
    let figure =
        json!({ "step": name, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak_mib });
    FIGURES.lock().expect("no panic holds it").push(figure);
    result
}

/// Says how much memory a step needs, and how much there is. With far too little it does not begin,
/// unless forced: the system would kill it, or something else.
pub(crate) fn budget(name: &str, needed_mib: u64, force: bool) -> Result<()> {
    let free = kib("/proc/meminfo", "MemAvailable:") / 1024;
    eprintln!("{name} needs about {needed_mib} MiB of memory; {free} MiB are free");
    let enough = force || free >= needed_mib * 3 / 4;
    ensure!(
        enough,
        "{name} needs about {needed_mib} MiB of memory, and only {free} MiB are free (--force)"
    );
    Ok(())
}

fn kib(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What all threads have used. On a machine that does other things too, this is the figure that
/// can be compared.
fn cpu_seconds() -> f64 {
    /// Linux tells it in these.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may hold anything; user and system time are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

struct Progress;

struct Begun {
    at: Instant,
    what: String,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Progress {
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let name = attributes.metadata().name();
        let Some(span) = context.span(id) else { return };
        if SHOWN.contains(&name) || std::env::var_os("ALTANA_PROVER_SPANS").is_some() {
            let mut what = Words(name.into());
            attributes.record(&mut what);
            span.extensions_mut().insert(Begun { at: Instant::now(), what: what.0 });
        }
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(begun) = span.extensions().get::<Begun>() {
            let seconds = begun.at.elapsed().as_secs_f64();
            let _ = writeln!(std::io::stderr(), "  {} {seconds:.2} s", begun.what);
        }
    }
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {value:?}"));
    }
}
