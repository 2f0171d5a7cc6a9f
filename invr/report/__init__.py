"""The page of a benchmark: its curves, tables, pictures and sounds in one file that needs no network."""
