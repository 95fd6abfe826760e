//! Writes executables.

/// Length of the file's header and of a program header.
const HEADER: u64 = 64;
const PROGRAM_HEADER: u64 = 56;

/// An executable with these segments: address, bytes, length in memory.
pub(crate) fn executable(entry: u64, segments: &[(u64, &[u8], u64)]) -> Vec<u8> {
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    put(&mut file, &[(2, 2), (243, 2), (1, 4), (entry, 8), (HEADER, 8), (0, 8), (0, 4)]);
    put(&mut file, &[(HEADER, 2), (PROGRAM_HEADER, 2), (segments.len() as u64, 2)]);
    put(&mut file, &[(64, 2), (0, 2), (0, 2)]);
    // The loader of Linux wants offsets and addresses to agree within a page.
    let mut offset = 4096;
    for (address, bytes, memory) in segments {
        offset = offset / 4096 * 4096 + address % 4096;
        let length = bytes.len() as u64;
        put(&mut file, &[(1, 4), (7, 4), (offset, 8), (*address, 8), (*address, 8)]);
        put(&mut file, &[(length, 8), (*memory, 8), (4096, 8)]);
        offset += length + 4096;
    }
    let mut offset = 4096;
    for (address, bytes, _) in segments {
        offset = offset / 4096 * 4096 + address % 4096;
        file.resize(offset as usize, 0);
        file.extend_from_slice(bytes);
        offset += bytes.len() as u64 + 4096;
    }
    file
}

/// Appends little-endian numbers of so many bytes.
fn put(file: &mut Vec<u8>, numbers: &[(u64, usize)]) {
    for (number, bytes) in numbers {
        file.extend_from_slice(&number.to_le_bytes()[..*bytes]);
    }
}
