//! Do the project's chores: install what tests need, generate what is committed, test, lint; never ships.

mod zk;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const USAGE: &str = "\
cargo xtask <task>

  setup               install what the tests need: npm packages (pinned), the riscv target, QEMU (Debian)
  test [FILTER]       setup, then every test: Rust, Solidity, the no_std build, generated files
  lint                formatting, clippy, rustdoc; warnings are errors
  contracts [--check] compile contracts/ and write contracts/artifacts (or prove that it is fresh)
  guest [--check]     build the fault proof's program and write crates/program, build the validity
                      proof's and write prover/guest.elf (or prove that they are fresh); build the
                      protocol crate for riscv64imac-unknown-none-elf (no_std)
  soak fuzz [--seconds N]
                      feed every fuzz target with random bytes for N seconds (60), and count
  soak zk             test and lint prover/, and prove a batch: half an hour on two cores, 9 GB
  docs                write docs/cli.md from the command line's own help (a test proves it fresh)
";

/// What went wrong, in words for a person.
type Task = Result<(), String>;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let rest: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    let done = match args.first().map(String::as_str) {
        Some("setup") => setup(),
        Some("test") => test(&rest),
        Some("lint") => lint(),
        Some("contracts") => contracts(rest.contains(&"--check")),
        Some("guest") => guest(rest.contains(&"--check")),
        Some("docs") => docs(),
        Some("soak") => soak(&rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root").to_path_buf()
}

/// Runs a program in the root and fails with its command line when it does.
fn run(program: &str, args: &[&str]) -> Task {
    run_in(&root(), program, args, &[])
}

fn run_in(folder: &Path, program: &str, args: &[&str], vars: &[(&str, &str)]) -> Task {
    eprintln!("$ {program} {}", args.join(" "));
    let status = Command::new(program)
        .args(args)
        .envs(vars.iter().copied())
        .current_dir(folder)
        .status()
        .map_err(|e| format!("cannot start `{program}`: {e}; is it installed?"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{program} {}` failed ({status})", args.join(" ")))
}

/// Installs what the tests need. Does nothing that was already done.
fn setup() -> Task {
    let lock = fs::read(root().join("package-lock.json"))
        .map_err(|e| format!("cannot read package-lock.json: {e}"))?;
    let stamp = root().join("node_modules/.altana-lock");
    if fs::read(&stamp).ok().as_deref() != Some(&lock) {
        // Not `npm ci`: it wants every platform's optional packages in the lock file, and one
        // machine cannot see them all. Versions are pinned all the same.
        run("npm", &["install", "--no-save", "--no-fund", "--no-audit"])?;
        fs::write(&stamp, lock).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    }
    if !target_installed() {
        run("rustup", &["target", "add", GUEST_TARGET])?;
        run("rustup", &["component", "add", "rust-src"])?;
    }
    qemu()
}

/// QEMU's user mode, which the fault proof's machine is compared with.
fn qemu() -> Task {
    debian("qemu-riscv64", "qemu-user")
}

/// Installs a program, if it is missing.
fn debian(program: &str, package: &str) -> Task {
    if Command::new(program).arg("--version").output().is_ok() {
        return Ok(());
    }
    let install = run("apt-get", &["update", "--quiet"])
        .and_then(|()| run("apt-get", &["install", "--yes", "--quiet", package]));
    install.map_err(|why| format!("{why}; install {program} (Debian: {package}) as root"))
}

const GUEST_TARGET: &str = "riscv64imac-unknown-none-elf";

fn target_installed() -> bool {
    Command::new("rustc")
        .args(["--print", "target-libdir", "--target", GUEST_TARGET])
        .current_dir(root())
        .output()
        .is_ok_and(|out| Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir())
}

fn test(filter: &[&str]) -> Task {
    setup()?;
    let mut cargo = vec!["test", "--release", "--workspace", "--locked"];
    cargo.extend(filter);
    if !filter.is_empty() {
        return run("cargo", &cargo);
    }
    contracts(true)?;
    forge_test()?;
    guest(true)?;
    run("cargo", &cargo)
}

/// Gas snapshots are compared, too: a change shows in the diff of `contracts/snapshots`.
fn forge_test() -> Task {
    let forge = native("forge")?;
    let check = [("FORGE_SNAPSHOT_CHECK", "true")];
    // Its configuration names the compiler relative to its own folder.
    run_in(&root().join("contracts"), &forge.to_string_lossy(), &["test"], &check)
}

/// A Foundry tool itself: npm's wrapper in `.bin` exits with 0 even when the tool fails.
fn native(tool: &str) -> Result<PathBuf, String> {
    let scope = root().join("node_modules/@foundry-rs");
    let prefix = format!("{tool}-");
    let packages = fs::read_dir(&scope).map_err(|e| format!("{}: {e}", scope.display()))?;
    packages
        .flatten()
        .filter(|package| package.file_name().to_string_lossy().starts_with(&prefix))
        .map(|package| package.path().join("bin").join(tool))
        .find(|path| path.exists())
        .ok_or_else(|| format!("npm has no {tool} for this machine"))
}

fn lint() -> Task {
    run("cargo", &["fmt", "--all", "--check"])?;
    run(
        "cargo",
        &[
            "clippy",
            "--release",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    let docs = ["doc", "--release", "--workspace", "--no-deps", "--locked"];
    run_in(&root(), "cargo", &docs, &[("RUSTDOCFLAGS", "-D warnings")])
}

fn contracts(check: bool) -> Task {
    setup()?;
    let mut args = vec!["contracts/artifacts.mjs"];
    if check {
        args.push("--check");
    }
    run("node", &args)
}

/// The machine has no compressed and no atomic instructions (docs/machine.md §2), so core and alloc
/// are built too. Nothing here names a folder: the program is the same bytes wherever it is built.
const GUEST_FLAGS: &str =
    "-C target-feature=-c,-zca,-a -C passes=lower-atomic -Zlocation-detail=none";

fn guest(check: bool) -> Task {
    setup()?;
    no_std()?;
    let elf = program()?;
    let hash =
        altana_riscv::Machine::load(&elf).map_err(|e| format!("the program: {e}"))?.state_hash();
    let folder = root().join("crates/program");
    for (name, bytes) in [("program.elf", elf), ("program.hash", format!("{hash}\n").into())] {
        let path = folder.join(name);
        if check && fs::read(&path).ok().as_ref() != Some(&bytes) {
            return Err(format!("crates/program/{name} is stale: run `cargo xtask guest`"));
        }
        fs::write(&path, bytes).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    println!("program hash {hash}");
    zk::guest(check)
}

/// Builds the fault proof's program; its executable.
fn program() -> Result<Vec<u8>, String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let target = root().join(target);
    let folder = target.to_string_lossy();
    let build = ["build", "--locked", "--package", "altana-guest", "--profile", "guest"];
    let place = ["--target", GUEST_TARGET, "--target-dir", &folder, "-Zbuild-std=core,alloc"];
    let vars = [("RUSTC_BOOTSTRAP", "1"), ("RUSTFLAGS", GUEST_FLAGS)];
    run_in(&root(), "cargo", &[&build[..], &place].concat(), &vars)?;
    let path = target.join(GUEST_TARGET).join("guest/altana-guest");
    fs::read(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

fn no_std() -> Task {
    run(
        "cargo",
        &[
            "build",
            "--release",
            "--locked",
            "--package",
            "altana-protocol",
            "--no-default-features",
            "--target",
            GUEST_TARGET,
        ],
    )
}

const FUZZ_TARGETS: [&str; 2] = ["payload", "stf"];
/// Coverage for libFuzzer, as cargo-fuzz asks for it, on any toolchain. No sanitizer: none of the
/// code under test is unsafe.
const FUZZ_FLAGS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

fn soak(rest: &[&str]) -> Task {
    let seconds = match rest {
        ["fuzz"] => "60",
        ["fuzz", "--seconds", seconds] if seconds.parse::<u32>().is_ok() => seconds,
        ["zk"] => return zk::soak(),
        _ => return Err("soak fuzz [--seconds N], or soak zk".into()),
    };
    let host = host()?;
    // With a target named, build scripts and macros get no coverage.
    let build = ["build", "--release", "--locked", "--target", &host];
    let folder = root().join("fuzz");
    run_in(&folder, "cargo", &build, &[("RUSTFLAGS", FUZZ_FLAGS)])?;
    for target in FUZZ_TARGETS {
        let program = folder.join("target").join(&host).join("release").join(target);
        println!("{target}: {} executions", fuzz(&folder, &program, target, seconds)?);
    }
    Ok(())
}

/// Runs one target; how often it was executed. What it finds new is kept in `fuzz/corpus`, what
/// fails in `fuzz/artifacts`.
fn fuzz(folder: &Path, program: &Path, target: &str, seconds: &str) -> Result<u64, String> {
    let corpus = format!("corpus/{target}");
    let artifacts = format!("artifacts/{target}/");
    for path in [&corpus, &artifacts] {
        fs::create_dir_all(folder.join(path)).map_err(|e| format!("{path}: {e}"))?;
    }
    let out = Command::new(program)
        .args([corpus, format!("seeds/{target}")])
        .args([format!("-max_total_time={seconds}"), format!("-artifact_prefix={artifacts}")])
        .args(["-max_len=16384", "-print_final_stats=1"])
        .current_dir(folder)
        .output()
        .map_err(|e| format!("cannot start {}: {e}", program.display()))?;
    let log = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        return Err(format!("{log}\nfuzz target `{target}` failed ({})", out.status));
    }
    log.lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
        .ok_or_else(|| format!("{log}\nfuzz target `{target}` did not say what it did"))
}

/// The machine's target triple.
fn host() -> Result<String, String> {
    let out = Command::new("rustc")
        .arg("-vV")
        .current_dir(root())
        .output()
        .map_err(|e| format!("cannot start rustc: {e}"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc names no host".into())
}

/// `docs/cli.md` is what the binary says of itself.
fn docs() -> Task {
    let out = Command::new("cargo")
        .args(["run", "--release", "--locked", "--quiet", "--", "help-markdown"])
        .current_dir(root())
        .output()
        .map_err(|e| format!("cannot start cargo: {e}"))?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned());
    }
    let path = root().join("docs/cli.md");
    fs::write(&path, out.stdout).map_err(|e| format!("cannot write docs/cli.md: {e}"))
}
