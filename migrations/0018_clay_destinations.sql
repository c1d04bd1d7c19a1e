-- Where a list's leads are pushed to: webhooks of tables in Clay.
--
-- Clay takes 50,000 records per webhook for life, whatever becomes of the table's rows and of our destinations. So what was sent is
-- counted for the webhook, and the count outlasts the destinations that sent there.
create table clay_webhooks (
  organization_id  uuid not null references organizations,
  -- SHA-256 of the address.
  url_hash         bytea not null check (length(url_hash) = 32),
  sent_count       int not null default 0 check (sent_count >= 0),
  primary key (organization_id, url_hash)
);

-- Clay takes ten records a second in a workspace, whatever the webhook. An address does not tell its workspace, so that all of an
-- organization's share one pace.
create table clay_paces (
  organization_id  uuid primary key references organizations,
  -- Until when what was sent uses the pace up: the theoretical arrival time of the cell-rate algorithm.
  paced_until      timestamptz not null
);

create table clay_destinations (
  id                 uuid not null,
  organization_id    uuid not null references organizations,
  lead_list_id       uuid not null,
  url                text not null check (length(url) between 1 and 2048),
  url_hash           bytea not null,
  -- An envelope, as in connected_accounts.
  auth_token         bytea,
  auth_token_key     bytea,
  auth_token_key_id  text,
  status             text not null check (status in ('active', 'paused', 'full', 'disabled')),
  status_reason      text check (length(status_reason) <= 1000),
  -- Attempts that failed since the last success.
  failures           int not null default 0 check (failures >= 0),
  next_attempt_at    timestamptz not null,
  last_sent_at       timestamptz,
  -- Who pushes, and until when nobody else does.
  lease              uuid,
  leased_until       timestamptz,
  version            bigint not null default 1 check (version > 0),
  created_by         uuid references users,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  primary key (organization_id, id),
  foreign key (organization_id, lead_list_id) references lead_lists on delete cascade,
  foreign key (organization_id, url_hash) references clay_webhooks,
  check (num_nonnulls(auth_token, auth_token_key, auth_token_key_id) in (0, 3)),
  check ((lease is null) = (leased_until is null))
);
create unique index clay_destinations_url on clay_destinations (organization_id, lead_list_id, url_hash);
create index clay_destinations_keyset on clay_destinations (organization_id, lead_list_id, created_at desc, id desc);
create index clay_destinations_webhook on clay_destinations (organization_id, url_hash);
-- Serves the worker, which looks through all organizations.
create index clay_destinations_due on clay_destinations (next_attempt_at) where status = 'active';

-- Each lead once for each destination, from when it is put on the list. That a row is there is what keeps a lead from being sent again.
create table clay_deliveries (
  organization_id  uuid not null,
  destination_id   uuid not null,
  lead_id          uuid not null,
  state            text not null default 'pending' check (state in ('pending', 'sent', 'rejected')),
  reason           text check (length(reason) <= 1000),
  queued_at        timestamptz not null,
  settled_at       timestamptz,
  primary key (organization_id, destination_id, lead_id),
  foreign key (organization_id, destination_id) references clay_destinations on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade,
  check ((state = 'pending') = (settled_at is null))
);
-- The position of a push is the first of a destination's pending rows; also counts each state.
create index clay_deliveries_position on clay_deliveries (organization_id, destination_id, state, queued_at, lead_id);
create index clay_deliveries_lead on clay_deliveries (organization_id, lead_id);

-- Queues leads in the transaction that puts them on a list, whichever statement of ours does so. A position in the list itself would
-- not do: neither times nor numbers are committed in their own order, so that a slow transaction's leads would lie behind it, unsent.
-- The list that a lead came in by is in the lead's own row, and only ever set when that is written; further ones are in lead_list_members.
create function clay_deliveries_of_new_leads() returns trigger language plpgsql as $$
begin
  insert into clay_deliveries (organization_id, destination_id, lead_id, queued_at)
  select d.organization_id, d.id, added.id, added.created_at
  from added
  join clay_destinations d on d.organization_id = added.organization_id and d.lead_list_id = added.lead_list_id
  on conflict do nothing;
  return null;
end $$;

create function clay_deliveries_of_joined_leads() returns trigger language plpgsql as $$
begin
  insert into clay_deliveries (organization_id, destination_id, lead_id, queued_at)
  select d.organization_id, d.id, added.lead_id, added.added_at
  from added
  join clay_destinations d on d.organization_id = added.organization_id and d.lead_list_id = added.lead_list_id
  on conflict do nothing;
  return null;
end $$;

create trigger leads_to_clay after insert on leads
  referencing new table as added for each statement execute function clay_deliveries_of_new_leads();
create trigger lead_list_members_to_clay after insert on lead_list_members
  referencing new table as added for each statement execute function clay_deliveries_of_joined_leads();

alter table clay_webhooks enable row level security;
alter table clay_paces enable row level security;
alter table clay_destinations enable row level security;
alter table clay_deliveries enable row level security;
