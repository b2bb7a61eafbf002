"""Reading rows: database access, packing, encoding, sampling, memory, threads, interrupts."""
