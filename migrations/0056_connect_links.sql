-- Links by which somebody connects an account at Unipile, or connects it again. Unipile tells us of the end by an unsigned request to an
-- address that only this link has: of the secret in it we keep a hash. What is reported is looked up at Unipile before anything is made of it.
-- account_id: the account to be connected again, or that was connected.
-- reported_account: what Unipile calls the account that somebody reports.
create table connect_links (
  id                uuid not null,
  organization_id   uuid not null references organizations,
  user_id           uuid not null references users,
  provider          text not null check (provider in ('linkedin')),
  purpose           text not null check (purpose in ('connect', 'reconnect')),
  account_id        uuid,
  state_hash        bytea not null check (octet_length(state_hash) = 32),
  state             text not null default 'open' check (state in ('open', 'reported', 'done', 'failed')),
  reason            text check (length(reason) between 1 and 100),
  reported_account  text check (length(reported_account) between 1 and 200),
  due_at            timestamptz,
  tries             integer not null default 0 check (tries >= 0),
  expires_at        timestamptz not null,
  created_at        timestamptz not null,
  settled_at        timestamptz,
  primary key (organization_id, id),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade,
  constraint connect_links_reported check ((state = 'reported') = (due_at is not null)),
  constraint connect_links_settled check ((state in ('done', 'failed')) = (settled_at is not null)),
  constraint connect_links_failed check ((state = 'failed') = (reason is not null))
);
create unique index connect_links_state on connect_links (state_hash);
create index connect_links_account on connect_links (organization_id, account_id) where account_id is not null;
-- For the workers, over all organizations.
create index connect_links_due on connect_links (due_at) where due_at is not null;
create index connect_links_expired on connect_links (expires_at);

alter table connect_links enable row level security;
