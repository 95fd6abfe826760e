//! Starts the built binary and the tools that `cargo xtask setup` installs.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod load;

use serde_json::Value;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio},
};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("bin/altana/..").to_owned()
}

/// A Foundry tool from npm: the program itself, because the wrapper in `.bin` neither passes on its
/// exit code nor ends it when it is killed.
pub fn tool(name: &str) -> PathBuf {
    let scope = root().join("node_modules/@foundry-rs");
    let prefix = format!("{name}-");
    std::fs::read_dir(&scope)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|package| package.file_name().to_string_lossy().starts_with(&prefix))
        .map(|package| package.path().join("bin").join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is missing: run `cargo xtask setup`"))
}

/// `altana` with these arguments.
pub fn altana(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_altana"));
    command.args(args).env_remove("ALTANA_KEY").env_remove("ALTANA_PARENT");
    command
}

/// Runs a command to its end; panics with its output if it fails.
pub fn succeed(mut command: Command) -> String {
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{command:?} failed:\n{}", both(&output));
    String::from_utf8(output.stdout).expect("stdout is text")
}

fn both(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A process that ends with the test.
pub struct Running {
    child: Child,
    _stdin: Option<ChildStdin>,
}

impl Running {
    /// Starts a command and waits for its first line.
    pub fn start(mut command: Command) -> (Self, String) {
        command.stdout(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().expect("altana starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped"))
            .read_line(&mut line)
            .expect("altana prints where it is");
        (Self { child, _stdin: None }, line)
    }

    /// Kills the process at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.wait();
    }

    /// Waits until the process has ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("the process can be waited for")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A devnet of `altana dev` on free ports.
pub struct Dev {
    /// The process.
    pub process: Running,
    /// What `altana dev --json` printed.
    pub info: Value,
}

/// A devnet on free ports that says where it is.
const DEV: [&str; 6] = ["dev", "--json", "--port", "0", "--parent-port", "0"];

impl Dev {
    /// Starts a devnet with further arguments and waits until it answers.
    pub fn start(args: &[&str]) -> Self {
        let mut command = altana(&DEV);
        command.args(args);
        Self::spawn(command)
    }

    /// [`Dev::start`] in a folder, and with no other program to be found.
    pub fn start_in(folder: &Path, args: &[&str]) -> Self {
        let mut command = altana(&DEV);
        command.args(args).current_dir(folder).env("PATH", folder).env_remove("ALTANA_PROVER");
        Self::spawn(command)
    }

    /// [`Dev::start`] of a process whose files cannot grow beyond some blocks (of 512 or 1024 bytes,
    /// as the shell has it): writes fail then, as on a full disk. It logs into a file.
    pub fn start_limited(args: &[&str], blocks: u32, log: File) -> Self {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_altana")]).args(DEV).args(args);
        command.stderr(log);
        Self::spawn(command)
    }

    /// Starts a devnet without waiting for it.
    pub fn launch(args: &[&str]) -> Running {
        let mut command = altana(&DEV);
        command.args(args).stdout(Stdio::null()).stdin(Stdio::null());
        Running { child: command.spawn().expect("altana starts"), _stdin: None }
    }

    fn spawn(command: Command) -> Self {
        let (process, line) = Running::start(command);
        let info = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Self { process, info }
    }

    /// A string inside the devnet's description.
    pub fn get(&self, pointer: &str) -> &str {
        self.info.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}"))
    }
}

/// An anvil on a free port.
pub struct Anvil {
    _process: Running,
    /// Its JSON-RPC.
    pub url: String,
}

impl Anvil {
    /// Starts anvil and waits until it listens.
    pub fn start(args: &[&str]) -> Self {
        let mut command = Command::new(tool("anvil"));
        command.args(["--port", "0"]).args(args).stdout(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().expect("anvil starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let url = loop {
            let line = lines.next().expect("anvil says where it listens").expect("text");
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{}", address.trim());
            }
        };
        // Somebody must go on reading, or anvil blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { _process: Running { child, _stdin: None }, url }
    }
}
