"""What reports show of a run, whatever its kind: numbers, findings, packages, times; no markup."""
