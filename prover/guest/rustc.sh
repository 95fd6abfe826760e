#!/bin/bash
# rustc for the guest. Cargo has the names of symbols, and so their order, depend on where a crate
# outside the workspace lies; here they depend on its name, and the program is the same everywhere.
for arg; do
    [[ $arg == metadata=* && ${CARGO_PKG_NAME:-} == altana-* ]] && arg=metadata=$CARGO_PKG_NAME
    set -- "$@" "$arg"
    shift
done
exec "$@"
