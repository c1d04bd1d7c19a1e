-- What has come in at an account and was taken in: the same mail, read again under another number or by another worker, does nothing twice.
-- Written in the transaction of what follows from it.
create table taken_in (
  organization_id  uuid not null,
  account_id       uuid not null,
  key              text not null check (length(key) between 1 and 500),
  kind             text not null check (length(kind) between 1 and 50),
  taken_at         timestamptz not null,
  primary key (organization_id, account_id, key),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);
create index taken_in_taken on taken_in (taken_at);

-- Mails that came back though the address may be right, each counted once: some in a row mean that it is not.
create table soft_bounces (
  organization_id  uuid not null,
  lead_id          uuid not null,
  key              text not null check (length(key) between 1 and 998),
  status           text check (length(status) <= 20),
  bounced_at       timestamptz not null,
  primary key (organization_id, lead_id, key),
  foreign key (organization_id, lead_id) references leads on delete cascade
);

alter table taken_in enable row level security;
alter table soft_bounces enable row level security;
