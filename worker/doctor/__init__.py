"""What is wrong, or will be, and what to do: small checks, each on its own."""
