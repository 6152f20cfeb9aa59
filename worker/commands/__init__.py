"""What the commands of `ponte` do: run everything, run one process, sync inline, report."""
