#!/usr/bin/env python3
"""Sends Unipile's webhooks at a steady pace, whatever the server does, and tells how long each took from when it was due.

    webhooks.py URL SECRET PID [RATE_PER_MINUTE] [SECONDS]

A third each: messages, connections and what is told again. PID is the server's: its CPU time is told too."""
import asyncio, json, os, random, sys, time, urllib.parse

url, secret, pid = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2], sys.argv[3]
rate, seconds = int(sys.argv[4]) if len(sys.argv) > 4 else 10_000, int(sys.argv[5]) if len(sys.argv) > 5 else 60
LINES = 32


def cpu():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def body(n):
    account = f"acc{random.randint(1, 200)}"
    if n % 3 == 0:
        return {"event": "new_relation", "account_id": account, "user_provider_id": f"ACo_stranger{n}", "user_public_identifier": f"stranger{n}"}
    again = n - n % 3 + 1
    random.seed(again)
    account = f"acc{random.randint(1, 200)}"
    return {"event": "message_received", "account_id": account, "chat_id": f"{account}_{again}", "message_id": f"m{again}", "message": "Hi" * 100}


async def line(queue, took, statuses):
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    while (due := await queue.get()) is not None:
        due, text = due
        writer.write((f"POST {url.path} HTTP/1.1\r\nhost: x\r\nunipile-auth: {secret}\r\ncontent-length: {len(text)}\r\n\r\n").encode() + text)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(it for it in head.lower().split(b"\r\n") if it.startswith(b"content-length")).split(b":")[1])
        await reader.readexactly(length)
        took.append(time.monotonic() - due)
        statuses[head[9:12]] = statuses.get(head[9:12], 0) + 1
    writer.close()


async def main():
    queue, took, statuses = asyncio.Queue(), [], {}
    lines = [asyncio.create_task(line(queue, took, statuses)) for _ in range(LINES)]
    total, began, before = rate * seconds // 60, time.monotonic(), cpu()
    for n in range(total):
        due = began + n * 60 / rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        await queue.put((due, json.dumps(body(n)).encode()))
    for _ in lines:
        await queue.put(None)
    await asyncio.gather(*lines)
    spent, passed = cpu() - before, time.monotonic() - began
    took.sort()
    at = lambda share: f"{1000 * took[int(len(took) * share) - 1]:.1f}"
    print(f"{len(took)} in {passed:.1f} s, statuses {statuses}; ms: p50 {at(.5)}, p95 {at(.95)}, p99 {at(.99)}, most {at(1)}; "
          f"server's CPU {1e6 * spent / len(took):.0f} us each, {100 * spent / passed:.1f} % of a core")

asyncio.run(main())
