"""Everything that leaves the process: one module or folder per vendor, each the body of a port."""
