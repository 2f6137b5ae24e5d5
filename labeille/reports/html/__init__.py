"""Reports as one HTML file that opens offline, and needs neither JavaScript nor another file."""
