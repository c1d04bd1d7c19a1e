-- Whose the domains are that links in mails lead through: of whichever organization has proved one first, as long as it goes on proving it and for
-- a time after that. Nobody else's links are followed there.
create table link_domains (
  organization_id uuid not null references organizations,
  name            text not null check (length(name) between 1 and 260),
  -- When it was seen last that the organization's mailbox leads through it.
  proved_at       timestamptz not null,
  primary key (organization_id, name),
  unique (name)
);
alter table link_domains enable row level security;

insert into link_domains (organization_id, name, proved_at)
select distinct on (name) organization_id, name, now()
from (select organization_id, mailbox->'tracking_domain'->>'name' as name, created_at
      from connected_accounts where mailbox->'tracking_domain'->>'status' = 'proved') proved
order by name, created_at;
