-- Accounts that are connected through Unipile.
-- unipile: by what Unipile knows the account, the version of its wire that we speak with it, and who its owner is there. A document of
-- models::connected_accounts. No secrets: Unipile holds those.
alter table connected_accounts
  add column unipile jsonb check (jsonb_typeof(unipile) = 'object'),
  add constraint connected_accounts_unipile check (unipile is null or length(unipile->>'account_id') between 1 and 200) not valid;
-- One key of ours sees the accounts of all tenants. That each belongs to one of them only is said here, over all organizations.
create unique index connected_accounts_unipile_once on connected_accounts ((unipile->>'account_id')) where unipile is not null;

-- What is looked at again and again of such an account: how it is (`status`), who has become a connection (`relations`), what was written
-- (`messages`). due_at: when it is looked at next; a webhook that hints at something makes it now. seen_until: what is older was seen.
create table account_watches (
  organization_id  uuid not null,
  account_id       uuid not null,
  kind             text not null check (kind in ('status', 'relations', 'messages')),
  due_at           timestamptz not null,
  seen_until       timestamptz,
  checked_at       timestamptz,
  failures         integer not null default 0 check (failures >= 0),
  primary key (organization_id, account_id, kind),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);
-- For the workers, over all organizations.
create index account_watches_due on account_watches (due_at);

alter table account_watches enable row level security;
