"""What Ponte costs and how fast it is, beside what a user would pick instead (docs/benchmarks.md).

__main__   `make bench`: plays parts, prints what came out, writes the report
figures    a measured number, what it should be, ratios and medians
ground     PostgreSQL and Redis as `make run` starts them, a fresh database for each measurement
leads      the leads of a large account, rendered
vendor     a Kommo that costs next to nothing itself, in a process of its own
measure    time, CPU and memory of a child process
report     figures as tables, in a terminal and between the marks of docs/benchmarks.md
load       part "load"; every part is a module with `play(ground, quick) -> Iterator[Figure]`
rivals/    scripts that run in environments of their own and use nothing of ours
"""
