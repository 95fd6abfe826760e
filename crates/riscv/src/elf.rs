//! Reads executables: 64-bit little-endian ELF for RISC-V, of which only PT_LOAD segments count.

/// Most program headers in an executable.
const HEADERS_MAX: u16 = 64;
/// Length of the ELF header, in bytes.
const FILE_HEADER_BYTES: usize = 64;
/// Length of a program header, in bytes.
const HEADER_BYTES: usize = 56;

/// `e_ident`: 64-bit, little-endian, version 1.
const IDENT: [u8; 7] = [0x7f, b'E', b'L', b'F', 2, 1, 1];
/// `e_type` of an executable at fixed addresses.
const ET_EXEC: u16 = 2;
/// `e_machine` of RISC-V.
const EM_RISCV: u16 = 243;
/// `p_type` of a segment to load.
const PT_LOAD: u32 = 1;

/// Why a file is not a program for this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// The file ends before this part of it.
    #[error("the file ends before its {0}")]
    Truncated(&'static str),
    /// A field of the file's header has a value that the machine cannot run; the text says what it
    /// must be.
    #[error("{field} must be {expected}")]
    Header {
        /// The field's name in the ELF specification.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A segment cannot be loaded.
    #[error("segment {index} {problem}")]
    Segment {
        /// Which program header, from 0.
        index: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

/// What is loaded before the first step.
pub(crate) struct Program<'a> {
    pub(crate) entry: u64,
    pub(crate) segments: Vec<Segment<'a>>,
}

/// Bytes to load at an address; they end within the 2^32 bytes of memory.
pub(crate) struct Segment<'a> {
    pub(crate) address: u32,
    pub(crate) bytes: &'a [u8],
    /// First address behind it, zeros that the file leaves out included.
    end: u64,
}

/// Finds the segments and the entry point of an executable.
pub(crate) fn parse(file: &[u8]) -> Result<Program<'_>, ElfError> {
    let header = file.get(..FILE_HEADER_BYTES).ok_or(ElfError::Truncated("header"))?;
    check(header.starts_with(&IDENT), "e_ident", "64-bit little-endian ELF")?;
    check(number(header, 16, 2) == ET_EXEC.into(), "e_type", "ET_EXEC, a static executable")?;
    check(number(header, 18, 2) == EM_RISCV.into(), "e_machine", "RISC-V")?;
    check(number(header, 54, 2) == HEADER_BYTES as u64, "e_phentsize", "56")?;
    let count = number(header, 56, 2);
    check(count <= HEADERS_MAX.into(), "e_phnum", "at most 64")?;
    let entry = number(header, 24, 8);
    let fetchable = entry < 1 << 32 && entry.is_multiple_of(4);
    check(fetchable, "e_entry", "a multiple of 4 below 2^32")?;

    let start = number(header, 32, 8);
    let headers = slice(file, start, count * HEADER_BYTES as u64);
    let headers = headers.ok_or(ElfError::Truncated("program headers"))?;
    let mut segments: Vec<Segment<'_>> = Vec::new();
    for (index, header) in headers.as_chunks::<HEADER_BYTES>().0.iter().enumerate() {
        let failed = |problem| ElfError::Segment { index, problem };
        if let Some(segment) = segment(file, header).map_err(failed)? {
            let apart = |other: &Segment<'_>| {
                segment.end <= other.address.into() || other.end <= segment.address.into()
            };
            if !segments.iter().all(apart) {
                return Err(failed("overlaps another"));
            }
            segments.push(segment);
        }
    }
    Ok(Program { entry, segments })
}

/// The segment of a program header; `None` if it has nothing to load.
fn segment<'a>(
    file: &'a [u8],
    header: &[u8; HEADER_BYTES],
) -> Result<Option<Segment<'a>>, &'static str> {
    let (offset, address) = (number(header, 8, 8), number(header, 16, 8));
    let (file_bytes, memory_bytes) = (number(header, 32, 8), number(header, 40, 8));
    if number(header, 0, 4) != PT_LOAD.into() || memory_bytes == 0 {
        return Ok(None);
    }
    if file_bytes > memory_bytes {
        return Err("has more bytes in the file than in memory");
    }
    let bytes = slice(file, offset, file_bytes).ok_or("ends behind the file's end")?;
    let end = address.checked_add(memory_bytes).filter(|end| *end <= 1 << 32);
    let (Some(end), Ok(address)) = (end, u32::try_from(address)) else {
        return Err("does not lie below 2^32");
    };
    Ok(Some(Segment { address, bytes, end }))
}

const fn check(ok: bool, field: &'static str, expected: &'static str) -> Result<(), ElfError> {
    if ok { Ok(()) } else { Err(ElfError::Header { field, expected }) }
}

/// `length` bytes of the file.
fn slice(file: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let end = usize::try_from(start.checked_add(length)?).ok()?;
    file.get(usize::try_from(start).ok()?..end)
}

/// The little-endian number of `length` bytes at a place within the header.
fn number(header: &[u8], at: usize, length: usize) -> u64 {
    header[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
