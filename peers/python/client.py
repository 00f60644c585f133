"""Carries out one job of the benchmark with PyPI's `mcp` and prints one line of JSON.

usage: python client.py JOB
"""

import asyncio
import json
import os
import re
import resource
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from mcp import Client

WARM_UP = 0.2

job = json.loads(sys.argv[1])


def connection():
    return Client(job["url"], mode="auto" if job["modern"] else "legacy")


async def call(client):
    await client.call_tool(job["tool"], {"message": "hello"})


async def once(client):
    await (client.list_tools() if job["work"] == "list" else call(client))


async def repeat(client, seconds):
    end = time.perf_counter() + seconds
    times = []

    async def worker():
        while (start := time.perf_counter()) < end:
            await once(client)
            times.append(time.perf_counter() - start)

    await asyncio.gather(*(worker() for _ in range(job["in_flight"])))
    return times


async def connect_for(seconds):
    end = time.perf_counter() + seconds
    times = []
    while (start := time.perf_counter()) < end:
        async with connection() as client:
            await call(client)
        times.append(time.perf_counter() - start)
    return times


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_kib():
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])


async def measured(work):
    used, start = cpu(), time.perf_counter()
    times = sorted(await work)
    took, used = time.perf_counter() - start, cpu() - used

    def at(share):
        return times[int((len(times) - 1) * share)] * 1e6

    return {
        "per_second": len(times) / took,
        "p50_us": at(0.5),
        "p99_us": at(0.99),
        "cpu_us": used * 1e6 / len(times),
        "session_kib": 0.0,
    }


async def idle():
    async with AsyncExitStack() as held:
        await call(await held.enter_async_context(connection()))
        before = resident_kib()
        for _ in range(job["sessions"]):
            await call(await held.enter_async_context(connection()))
        await asyncio.sleep(0.2)
        kib = (resident_kib() - before) / job["sessions"]
        report = {"per_second": 0.0, "p50_us": 0.0, "p99_us": 0.0, "cpu_us": 0.0, "session_kib": kib}
        print(json.dumps(report), flush=True)
        # Closing a thousand sessions takes long and is no part of what is measured.
        os._exit(0)


async def main():
    if job["work"] == "idle":
        return await idle()
    if job["work"] == "connect":
        await connect_for(job["seconds"] * WARM_UP)
        return await measured(connect_for(job["seconds"]))
    async with connection() as client:
        await repeat(client, job["seconds"] * WARM_UP)
        return await measured(repeat(client, job["seconds"]))


print(json.dumps(asyncio.run(main())))
