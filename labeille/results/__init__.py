"""Records and the run directory. The only part that writes under results/."""
