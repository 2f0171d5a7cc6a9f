"""`sweep`: one source at many bit widths and network sizes, measured, tabulated and drawn."""
