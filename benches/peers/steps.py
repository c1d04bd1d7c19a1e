#!/usr/bin/env python3
"""steps.py URL [ROUNDS]: what the statements of 10,000 campaign steps cost PostgreSQL, in SQL alone.

URL is of a database on this machine that ours.sql has filled. The statements are those of the program (.sqlx), each prepared, in the program's
order and transactions: claim, sandbox, settlement. Printed is the CPU time of the one backend (/proc/PID/schedstat), in microseconds a step,
the least of all rounds: other work on the machine makes it more, never less. Needs psql and asyncpg."""
import asyncio, collections, datetime, json, os, pathlib, subprocess, sys, uuid
import asyncpg

HERE = pathlib.Path(__file__).resolve().parent
STEPS, BATCH = 10_000, 500
QUERIES = [json.loads(file.read_text())["query"] for file in (HERE / "../../.sqlx").glob("*.json")]


def query(*parts, without=()):
    found = [it for it in QUERIES if all(part in it for part in parts) and not any(part in it for part in without)]
    assert len(found) == 1, (parts, len(found))
    return found[0]


STATEMENTS = {
    "due": query("from campaign_executions where organization_id = $1 and campaign_id = $2 and status = 'waiting' and next_run_at <= $3"),
    "leads held": query("for share of l skip locked"),
    "tried": query('max(attempt) as "attempts!"'),
    "begin": query("with begun as (", "insert into execution_steps"),
    "charge": query("insert into account_usage as present"),
    "act": query("update connected_accounts set last_act_at = $3"),
    "take": query("with acts as (", "insert into sandbox_acts"),
    "ways": query("from campaign_executions where organization_id = $1 and id = any($2) order by id for update", without=("select id, ready_at",)),
    "leads": query("from leads l where l.organization_id = $1 and l.id = any($2)", "l.first_name", without=("for share", "for update", "order by")),
    "settle": query("update execution_steps s set state = e.state"),
    "stand": query("update campaign_executions e", "s.ready_at"),
    "record": query("insert into activities (id"),
}


def ids(now, count):
    """As the program makes them: by time."""
    milliseconds = int(now.timestamp() * 1000)
    return [uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | int.from_bytes(os.urandom(7), "big")) for _ in range(count)]


async def one(url):
    reset = ["psql", "-Xq", "-v", f"steps={STEPS}", "-f", HERE / "ours_e1_reset.sql", url]
    subprocess.run(reset, check=True, stdout=subprocess.DEVNULL)
    conn = await asyncpg.connect(url, statement_cache_size=0)
    pid = await conn.fetchval("select pg_backend_pid()")
    prepared = {name: await conn.prepare(statement) for name, statement in STATEMENTS.items()}
    spent = collections.Counter()

    def cpu():
        return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e3

    async def run(name, *values):
        before = cpu()
        rows = await (prepared[name].fetch(*values) if name in prepared else conn.execute(name))
        spent[name] += cpu() - before
        return rows

    now = await conn.fetchval("select now()")
    due = "select distinct organization_id, campaign_id from campaign_executions where status = 'waiting' and next_run_at <= now() order by 1, 2"
    for org, campaign in await conn.fetch(due):
        while await batch(run, now, org, campaign):
            pass
    await conn.close()
    return spent


async def batch(run, now, org, campaign):
    await run("begin transaction")
    due = await run("due", org, campaign, now, BATCH)
    count = len(due)
    if not count:
        await run("commit")
        return 0
    ways, leads, accounts = ([row[name] for row in due] for name in ("id", "lead_id", "linkedin_account_id"))
    steps, acts, token, none = ids(now, count), ids(now, count), uuid.uuid4(), [None] * count
    await run("leads held", org, leads)
    await run("tried", org, ways)
    await run("begin", org, steps, [campaign] * count, ways, leads, accounts, [row["node_id"] for row in due], ["profile_visit"] * count, [1] * count,
              [token] * count, [now + datetime.timedelta(seconds=60)] * count, none, none, [now.date()] * count, [now.hour] * count, [now] * count, now)
    charged = collections.Counter(accounts)
    await run("charge", org, json.dumps([{"account_id": str(account), "action": "profile_visit", "day": str(now.date()), "hour": now.hour, "used": used}
                                         for account, used in charged.items()]))
    await run("act", org, list(charged), now)
    await run("commit")
    await run("take", org, token, acts, steps, [f"{way}/step" for way in ways], now, [], [], [], [])
    await run("begin transaction")
    await run("ways", org, ways)
    await run("leads", org, leads)
    await run("settle", org, [token, token], steps, now, ["sent"] * count, [str(act) for act in acts], none)
    tomorrow = now + datetime.timedelta(days=1)
    await run("stand", org, now, ways, ["waiting"] * count, none, ["next"] * count, ["profile_visit"] * count,
              [tomorrow + datetime.timedelta(seconds=n) for n in range(count)], accounts, accounts, none, none, none, ["[]"] * count, [1] * count,
              [tomorrow] * count)
    told = [json.dumps({"node_id": "step", "step_id": str(step), "attempt": 1, "variant": None}) for step in steps]
    await run("record", org, ids(now, count), ["profile_visited"] * count, leads, [campaign] * count, ways, accounts, none, told, [now] * count)
    await run("commit")
    return count


async def main(url, rounds="3"):
    all_rounds = [await one(url) for _ in range(int(rounds))]
    for name in all_rounds[0]:
        print(f"{name:18} {min(spent[name] for spent in all_rounds) / STEPS:6.1f}")
    print(f"{'altogether':18} {min(sum(spent.values()) for spent in all_rounds) / STEPS:6.1f}")


asyncio.run(main(*sys.argv[1:]))
