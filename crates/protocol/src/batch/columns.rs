//! Columns of numbers and bytes, and the DEFLATE stream that holds them.
//!
//! A column of numbers is one byte `w` (0 to 16), then `w` planes: the lowest bytes of all
//! numbers, then the second lowest, and so on. Small numbers with a few large ones compress to
//! little more than their entropy that way. How many numbers a column has is known from the
//! columns before it.

use alloc::{
    collections::btree_map::{BTreeMap, Entry},
    vec,
    vec::Vec,
};
use miniz_oxide::{
    DataFormat,
    deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress},
    inflate::decompress_to_vec_with_limit,
};

use super::{COLUMNS_BYTES_MAX, DecodeError};

/// Columns shorter than this share a DEFLATE block with their neighbour: a block of their own
/// would cost more than it gains.
const OWN_BLOCK_BYTES: usize = 192;
/// miniz_oxide's slowest and best.
const LEVEL: u8 = 10;

/// Writes columns.
#[derive(Default)]
pub(super) struct Writer {
    columns: Vec<Vec<u8>>,
}

impl Writer {
    /// A column of bytes.
    pub(super) fn bytes(&mut self, column: Vec<u8>) {
        self.columns.push(column);
    }

    /// A column of numbers.
    pub(super) fn numbers(&mut self, numbers: &[u128]) {
        let all = numbers.iter().fold(0, |all, number| all | number);
        let width = (128 - all.leading_zeros() as usize).div_ceil(8);
        self.bytes(vec![width as u8]);
        for plane in 0..width {
            self.bytes(numbers.iter().map(|number| (number >> (8 * plane)) as u8).collect());
        }
    }

    /// A column of numbers that repeat: references into the distinct values so far (0 for a new
    /// one), then the new ones.
    pub(super) fn dictionary(&mut self, numbers: &[u128]) {
        let mut index = BTreeMap::new();
        let mut distinct = Vec::new();
        let mut refs = Vec::with_capacity(numbers.len());
        for &number in numbers {
            refs.push(match index.entry(number) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    distinct.push(number);
                    entry.insert(distinct.len() as u128);
                    0
                }
            });
        }
        self.numbers(&refs);
        self.numbers(&distinct);
    }

    /// The DEFLATE stream of all columns. A flush after a long column gives the next one
    /// Huffman tables of its own.
    pub(super) fn deflate(self) -> Vec<u8> {
        let mut compressor = CompressorOxide::default();
        compressor.set_format_and_level(DataFormat::Raw, LEVEL);
        let mut out = Vec::new();
        let mut pending = Vec::new();
        for column in self.columns {
            if column.len() < OWN_BLOCK_BYTES {
                pending.extend_from_slice(&column);
                continue;
            }
            if pending.len() >= OWN_BLOCK_BYTES {
                feed(&mut compressor, &pending, TDEFLFlush::Sync, &mut out);
                pending.clear();
            }
            pending.extend_from_slice(&column);
            feed(&mut compressor, &pending, TDEFLFlush::Sync, &mut out);
            pending.clear();
        }
        feed(&mut compressor, &pending, TDEFLFlush::Finish, &mut out);
        out
    }
}

fn feed(compressor: &mut CompressorOxide, mut input: &[u8], flush: TDEFLFlush, out: &mut Vec<u8>) {
    let mut buffer = vec![0u8; 1 << 16];
    loop {
        let (status, read, written) = compress(compressor, input, &mut buffer, flush);
        out.extend_from_slice(&buffer[..written]);
        input = &input[read..];
        if status != TDEFLStatus::Okay || (input.is_empty() && written < buffer.len()) {
            return;
        }
    }
}

/// Inflates what [`Writer::deflate`] gives. Anything else is either refused or inflates to
/// at most [`COLUMNS_BYTES_MAX`].
pub(super) fn inflate(stream: &[u8]) -> Result<Vec<u8>, DecodeError> {
    decompress_to_vec_with_limit(stream, COLUMNS_BYTES_MAX).map_err(|_| DecodeError::Deflate)
}

/// Reads columns. Never takes more memory than a fixed multiple of what it reads and of the
/// counts that the caller has bounded.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What no column has taken yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes the next bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Takes a column of `count` numbers.
    pub(super) fn numbers(&mut self, count: usize) -> Result<Vec<u128>, DecodeError> {
        let width = usize::from(self.bytes(1)?[0]);
        if width > 16 {
            return Err(DecodeError::Number);
        }
        let planes = self.bytes(width.checked_mul(count).ok_or(DecodeError::Truncated)?)?;
        let mut numbers = vec![0u128; count];
        if count == 0 {
            return Ok(numbers);
        }
        for (plane, bytes) in planes.chunks_exact(count).enumerate() {
            for (number, byte) in numbers.iter_mut().zip(bytes) {
                *number |= u128::from(*byte) << (8 * plane);
            }
        }
        Ok(numbers)
    }

    /// [`Reader::numbers`] that fit 64 bits.
    pub(super) fn numbers64(&mut self, count: usize) -> Result<Vec<u64>, DecodeError> {
        let numbers = self.numbers(count)?;
        numbers.into_iter().map(|n| n.try_into().map_err(|_| DecodeError::Number)).collect()
    }

    /// [`Reader::numbers`] that count something: each at most `max`, and so their sum.
    pub(super) fn counts(
        &mut self,
        count: usize,
        max: usize,
    ) -> Result<(Vec<usize>, usize), DecodeError> {
        let mut sum = 0usize;
        let mut counts = Vec::with_capacity(count);
        for number in self.numbers(count)? {
            let number = usize::try_from(number).map_err(|_| DecodeError::TooMany)?;
            sum = sum.checked_add(number).filter(|sum| *sum <= max).ok_or(DecodeError::TooMany)?;
            counts.push(number);
        }
        Ok((counts, sum))
    }

    /// Takes a column that [`Writer::dictionary`] wrote.
    pub(super) fn dictionary(&mut self, count: usize) -> Result<Vec<u128>, DecodeError> {
        let refs = self.numbers(count)?;
        let new = refs.iter().filter(|reference| **reference == 0).count();
        let distinct = self.numbers(new)?;
        let mut seen = 0;
        refs.into_iter()
            .map(|reference| {
                let index = if reference == 0 {
                    seen += 1;
                    seen
                } else {
                    usize::try_from(reference).unwrap_or(usize::MAX)
                };
                distinct[..seen].get(index - 1).copied().ok_or(DecodeError::Reference)
            })
            .collect()
    }
}
