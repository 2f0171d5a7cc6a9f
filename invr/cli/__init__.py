"""The command line: one file for each command, one base of errors, published exit codes."""
