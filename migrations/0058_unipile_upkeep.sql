-- The webhooks that this server has had made at Unipile, one for each source. secret_hash: of the secret that it was told to send.
create table unipile_webhooks (
  source       text not null check (length(source) between 1 and 50),
  webhook_id   text check (length(webhook_id) between 1 and 200),
  request_url  text not null check (length(request_url) <= 2000),
  secret_hash  bytea not null check (octet_length(secret_hash) = 32),
  due_at       timestamptz not null,
  made_at      timestamptz,
  primary key (source)
);

-- Accounts that are gone here and are to be deleted at Unipile: written with the deletion of the account, so that no seat is paid for longer.
create table unipile_departures (
  organization_id  uuid not null references organizations,
  unipile_account  text not null check (length(unipile_account) between 1 and 200),
  tries            integer not null default 0 check (tries >= 0),
  due_at           timestamptz not null,
  primary key (organization_id, unipile_account)
);
create index unipile_departures_due on unipile_departures (due_at);

alter table unipile_webhooks enable row level security;
alter table unipile_departures enable row level security;
