//! stdout is the result, stderr is everything else: words, bars and logs, which take turns.

use anyhow::Result;
use indicatif::{MultiProgress, ProgressBar, ProgressFinish, ProgressStyle};
use serde::Serialize;
use std::{
    io::{self, IsTerminal, Write},
    sync::LazyLock,
    time::Duration,
};

/// What is drawn on stderr. Nothing, if that is no terminal.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
/// How often a bar moves by itself.
const TICK: Duration = Duration::from_millis(120);

/// Prints the result: one JSON line with `--json`, else the words.
pub fn result(json: bool, value: &impl Serialize, words: impl FnOnce() -> String) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(value)?);
    } else {
        println!("{}", words());
    }
    Ok(())
}

/// Says something to a person.
pub fn note(words: &str) {
    BARS.suspend(|| eprintln!("{words}"));
}

/// Work of unknown length. Silent with `--json`, and where no person looks.
pub fn spinner(json: bool, words: &str) -> ProgressBar {
    let bar = draw(json, ProgressBar::new_spinner(), "{spinner} {msg} ({elapsed})");
    bar.set_message(words.to_owned());
    bar
}

/// Work of known length. Silent with `--json`, and where no person looks.
pub fn bar(json: bool, length: u64) -> ProgressBar {
    draw(json, ProgressBar::new(length), "{bar:30} {percent}% {msg} ({elapsed})")
}

fn draw(json: bool, bar: ProgressBar, template: &str) -> ProgressBar {
    if json || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).expect("a constant template");
    let bar = BARS.add(bar.with_style(style).with_finish(ProgressFinish::AndClear));
    bar.enable_steady_tick(TICK);
    bar
}

/// Where logs go: stderr, between the bars.
#[derive(Clone, Copy, Debug)]
pub struct Logs;

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
