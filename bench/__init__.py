"""What Ponte costs and how fast it is, beside what a user would pick instead (docs/benchmarks.md).

__main__   `make bench`: plays parts, prints what came out, writes the report
figures    a measured number, what it should be, ratios and medians
ground     PostgreSQL and Redis as `make run` starts them, a fresh database for each measurement
leads      the leads of a large account, rendered
vendor     a Kommo that costs next to nothing itself, in a process of its own
measure    time, CPU and memory of a child process
report     figures as tables, in a terminal and between the marks of docs/benchmarks.md
living     leads that change one by one, rendered when they are asked for
deployed   `ponte web`, `worker` and `beat` as real processes
post       deliveries at a fixed rate, sent by a process of its own (sender)
load       part "load"; every part is a module with `play(ground, quick) -> Iterator[Figure]`
quota      part "quota": how much of the vendor's limit is used; waits: how long webhooks wait for their share
webhooks   part "webhooks": what `ponte web` takes, beside an app that does an LPUSH (lpush)
latency    part "latency": from a webhook to its row
rivals/    scripts that run in environments of their own and use nothing of ours
"""
