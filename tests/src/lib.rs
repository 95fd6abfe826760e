//! Hold the RPC server against others' conformance data; the tests are in `tests/tests`.
