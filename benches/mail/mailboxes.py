#!/usr/bin/env python3
"""Mailboxes to measure with: python3 benches/mail/mailboxes.py FOLDER COUNT [MESSAGES]

Starts Dovecot and Exim in FOLDER (which is emptied first) with COUNT mailboxes, box0001@sender.example and so on, each with the password clento, behind
TLS at 127.0.0.1: IMAP at port 20993, SMTP at 20465. The first of them holds MESSAGES mails of today. Runs until Ctrl-C; FOLDER/cert.pem is what
MAIL_EXTRA_CA_FILE has to name. Run by root, the servers run as nobody.
"""
import os, pathlib, pwd, shutil, signal, subprocess, sys, time

folder, count = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
messages = int(sys.argv[3]) if len(sys.argv) > 3 else 0
templates = pathlib.Path(__file__).resolve().parents[2] / "tests/support/mail_server"
who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
group = subprocess.check_output(["id", "-gn", who.pw_name], text=True).strip()

shutil.rmtree(folder, ignore_errors=True)
for name in ("run", "state", "spool", "mail"):
    (folder / name).mkdir(parents=True)
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
     "-addext", "basicConstraints=critical,CA:FALSE",
     "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
places = {
    "DIR": folder, "USER": who.pw_name, "GROUP": group, "UID": who.pw_uid, "GID": who.pw_gid, "ADDRESS": "127.0.0.1", "SMTP": 20587, "SMTPS": 20465,
    "IMAP": 20143, "IMAPS": 20993, "TOKENS": "127.0.0.1:9", "TOKEN_HOST": "127.0.0.1", "TOKEN_PORT": 9}
for name in ("dovecot.conf", "oauth2.conf", "exim.conf", "check-password"):
    text = (templates / name).read_text()
    for place, value in places.items():
        text = text.replace(f"@{place}@", str(value))
    if name == "dovecot.conf":
        # A few processes keep the encrypted connections of all, and each mailbox that is open takes one of its own.
        text += "default_client_limit = 20000\nservice imap-login {\n  service_count = 0\n  process_min_avail = 2\n}\n"
        text += "service imap {\n  process_limit = 20000\n}\n"
    (folder / name).write_text(text)
(folder / "check-password").chmod(0o755)
for name in ("deferred", "denied", "bouncing"):
    (folder / name).touch()
addresses = [f"box{number:04}@sender.example" for number in range(1, count + 1)] + ["sink@lead.example"]
(folder / "secrets").write_text("".join(f"{address}: clento\n" for address in addresses))
(folder / "recipients").write_text("".join(f"{address}\n" for address in addresses))
if messages:
    inbox = folder / "mail" / addresses[0]
    for name in ("cur", "new", "tmp"):
        (inbox / name).mkdir(parents=True)
    now = int(time.time())
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(now - 3600))
    for number in range(messages):
        text = (f"From: Person {number} <person{number}@elsewhere.example>\r\nTo: {addresses[0]}\r\nSubject: About {number}\r\nDate: {day}\r\n"
                f"Message-ID: <bench-{number}@elsewhere.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
                + "A line of words that fills the page and says nothing.\r\n" * 40)
        (inbox / "cur" / f"{now - 3600}.M{number}.bench:2,S").write_text(text)
if os.getuid() == 0:
    subprocess.run(["chown", "-R", f"{who.pw_name}:{group}", folder], check=True)

def as_user():
    if os.getuid() == 0:
        os.setgroups([]); os.setgid(who.pw_gid); os.setuid(who.pw_uid)

path = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
servers = [subprocess.Popen(command, cwd="/", env=path, preexec_fn=as_user) for command in (
    ["dovecot", "-F", "-c", folder / "dovecot.conf"], ["exim4", "-C", folder / "exim.conf", "-bdf", "-q1s"])]
print(f"{count} mailboxes; MAIL_EXTRA_CA_FILE={folder}/cert.pem", flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
try:
    signal.pause()
except KeyboardInterrupt:
    pass
finally:
    for server in servers:
        server.terminate()
