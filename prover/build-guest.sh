#!/bin/bash
# Builds the guest with the pinned toolchain, by plain cargo.
set -euo pipefail
cd "$(dirname "$0")/guest"
flags=(-C passes=lower-atomic -C link-arg=-Ttext=0x00200800 -C link-arg=--fatal-warnings
    -C panic=abort --cfg 'getrandom_backend="custom"' -Zlocation-detail=none)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; echo "${flags[*]}") RUSTC_BOOTSTRAP=1 \
    RUSTC_WRAPPER=$(realpath rustc.sh) \
    cargo build --release --locked --target riscv32im-risc0-zkvm-elf \
    --target-dir "${CARGO_TARGET_DIR:-target}" -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem "$@"
