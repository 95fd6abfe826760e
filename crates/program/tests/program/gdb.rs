//! QEMU's user mode with its stub for debuggers, and as much of GDB's remote serial protocol as
//! moves a program from one place to the next.

use std::{
    env, fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The program of Debian's package qemu-user.
const QEMU: &str = "qemu-riscv64";

/// The committed program.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/program.elf");

/// What QEMU takes for anything before we give it up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Most bytes that QEMU's stub gives at once.
const READ_BYTES_MAX: usize = 2048;

/// System call of Linux, and what it is asked for: fixed, private, of zeros, not reserved; to read
/// and write.
const MMAP: u64 = 222;
const MAP_FLAGS: u64 = 0x10 | 0x02 | 0x20 | 0x4000;
const MAP_ACCESS: u64 = 1 | 2;

/// `x0` to `x31`, then `pc`.
pub(crate) type Registers = [u64; 33];
/// Where `pc` is among them.
pub(crate) const PC: usize = 32;

/// The program in QEMU, stopped.
pub(crate) struct Qemu {
    child: Child,
    socket: PathBuf,
    stream: BufReader<UnixStream>,
    /// Reads which instructions are executed.
    path: Option<JoinHandle<Vec<u32>>>,
}

impl Qemu {
    /// Loads the program. With `path`, [`Qemu::path`] says which instructions it executed.
    pub(crate) fn start(path: bool) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let socket = env::temp_dir().join(format!("altana-qemu-{}-{number}", process::id()));
        let mut command = Command::new(QEMU);
        command.stdin(Stdio::null());
        if path {
            // One instruction to a block, by the older and the newer name; each is logged.
            command.env("QEMU_SINGLESTEP", "1").env("QEMU_ONE_INSN_PER_TB", "1");
            command.args(["-d", "exec,nochain"]).stderr(Stdio::piped());
        }
        let child = command.arg("-g").arg(&socket).arg(PROGRAM).spawn();
        let mut child = child.unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("{QEMU} is not installed: run `cargo xtask setup`"),
            _ => panic!("{QEMU}: {error}"),
        });
        let path = child.stderr.take().map(|log| thread::spawn(move || executed(log)));
        let stream = connect(&mut child, &socket);
        Self { child, socket, stream: BufReader::new(stream), path }
    }

    /// Ends the program; gives the addresses of the instructions that it executed.
    pub(crate) fn path(mut self) -> Vec<u32> {
        self.child.kill().unwrap();
        self.path.take().expect("it was started so").join().unwrap()
    }

    pub(crate) fn registers(&mut self) -> Registers {
        let mut registers = [0; PC + 1];
        for (register, bytes) in registers.iter_mut().zip(self.bytes("g").as_chunks().0) {
            *register = u64::from_le_bytes(*bytes);
        }
        registers
    }

    pub(crate) fn set_registers(&mut self, registers: &Registers) {
        let bytes = registers.map(u64::to_le_bytes);
        self.order(&format!("G{}", hex(bytes.as_flattened())));
    }

    pub(crate) fn read(&mut self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let part = READ_BYTES_MAX.min(length - bytes.len());
            let address = address + bytes.len() as u64;
            bytes.extend(self.bytes(&format!("m{address:x},{part:x}")));
        }
        bytes
    }

    pub(crate) fn stop_at(&mut self, address: u64) {
        self.order(&format!("Z0,{address:x},4"));
    }

    /// Goes on to the next stop.
    pub(crate) fn go_on(&mut self) {
        let why = self.ask("c");
        // SIGTRAP.
        assert!(why.starts_with("T05") || why.starts_with("S05"), "the program stops by {why}");
    }

    /// Has Linux map memory, by a call at this address.
    pub(crate) fn map(&mut self, call: u64, from: u64, to: u64) {
        let before = self.registers();
        let mut registers = before;
        registers[10..16].copy_from_slice(&[from, to - from, MAP_ACCESS, MAP_FLAGS, u64::MAX, 0]);
        registers[17] = MMAP;
        registers[PC] = call;
        self.set_registers(&registers);
        self.stop_at(call + 4);
        self.go_on();
        self.order(&format!("z0,{:x},4", call + 4));
        registers[PC] += 4;
        assert_eq!(self.registers(), registers, "mmap gives the address that it was given");
        self.set_registers(&before);
    }

    fn order(&mut self, packet: &str) {
        assert_eq!(self.ask(packet), "OK", "{packet}");
    }

    fn bytes(&mut self, packet: &str) -> Vec<u8> {
        let text = self.ask(packet);
        let digits = text.as_bytes().as_chunks::<2>().0.iter();
        let bytes: Option<_> = digits
            .map(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok())
            .collect();
        bytes.unwrap_or_else(|| panic!("{packet}: {text}"))
    }

    /// Sends a packet, and gives the answer's.
    fn ask(&mut self, packet: &str) -> String {
        let sum = checksum(packet.as_bytes());
        write!(self.stream.get_mut(), "${packet}#{sum:02x}").unwrap();
        let mut frame = Vec::new();
        self.stream.read_until(b'#', &mut frame).unwrap();
        let answer = frame.strip_prefix(b"+$").and_then(|frame| frame.strip_suffix(b"#"));
        let answer = answer.unwrap_or_else(|| panic!("{packet}: {}", frame.escape_ascii()));
        let mut sum = [0; 2];
        self.stream.read_exact(&mut sum).unwrap();
        assert_eq!(sum, format!("{:02x}", checksum(answer)).as_bytes(), "{packet}");
        self.stream.get_mut().write_all(b"+").unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.socket);
    }
}

/// Connects as soon as QEMU listens.
fn connect(child: &mut Child, socket: &PathBuf) -> UnixStream {
    let start = Instant::now();
    loop {
        if let Ok(stream) = UnixStream::connect(socket) {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            return stream;
        }
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none() && start.elapsed() < PATIENCE, "{QEMU} does not listen: {ended:?}");
        thread::yield_now();
    }
}

/// The addresses in QEMU's log: `Trace 0: 0x7f… [00000000/000000000001b560/…/…]`.
fn executed(log: impl Read) -> Vec<u32> {
    let lines = BufReader::with_capacity(1 << 20, log).lines();
    lines.filter_map(|line| address(&line.unwrap())).collect()
}

fn address(line: &str) -> Option<u32> {
    let fields = line.strip_prefix("Trace ")?.split_once('[')?.1;
    u32::from_str_radix(fields.split('/').nth(1)?, 16).ok()
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn hex(bytes: &[u8]) -> String {
    alloy_primitives::hex::encode(bytes)
}
