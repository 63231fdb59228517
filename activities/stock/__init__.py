"""Stock as it changes: the ledger, counts, purchases, and who waits for goods."""
