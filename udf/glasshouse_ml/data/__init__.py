"""Reading rows: database access, packing, columns and samples, encoding, memory, interrupts."""
