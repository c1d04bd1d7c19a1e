#!/usr/bin/env python3
"""Connects mailboxes of mailboxes.py: python3 benches/mail/connect.py URL TOKEN FIRST LAST"""
import json, sys, time, urllib.error, urllib.request

url, token, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for number in range(first, last + 1):
    server = {"host": "127.0.0.1", "security": "tls"}
    body = {"provider": "mailbox", "email": f"box{number:04}@sender.example", "display_name": f"Box {number}", "password": "clento",
            "smtp": {**server, "port": 20465}, "imap": {**server, "port": 20993}}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for _ in range(20):
        try:
            urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/connected-accounts", json.dumps(body).encode(), headers)).read()
            break
        except urllib.error.HTTPError as error:
            if error.code != 429:
                sys.exit(f"{number}: {error.code} {error.read().decode()}")
            time.sleep(float(error.headers.get("Retry-After") or 1))
print(f"connected {first} to {last}")
