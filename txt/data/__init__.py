"""Any text file → a prepared folder of token ids."""
