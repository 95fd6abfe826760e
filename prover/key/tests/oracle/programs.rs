//! A compiled program computes what the library computes of the expression graph.
