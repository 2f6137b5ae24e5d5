"""Run a process, bounded in time, output and descendants. The only part that starts processes."""
