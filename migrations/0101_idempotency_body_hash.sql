-- Of a file that was sent under a key, what it held (SHA-256): it is known only when the file has come to its end.
alter table idempotency_keys add column body_hash bytea;
