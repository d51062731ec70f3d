"""Charts as SVG for paper: black on white, told apart by line and hatching rather than by colour."""
