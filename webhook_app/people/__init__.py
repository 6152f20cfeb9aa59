"""People and firms, deals and sales, as pages show them: found, put side by side, told in the order of time."""
