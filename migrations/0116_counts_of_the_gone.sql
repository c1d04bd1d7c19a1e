-- What campaigns sent and began on the last days for leads that are deleted: a limit of a day is not used anew because its leads are gone. Nobody is
-- named here, and nothing is kept for longer than the limits look back.
create table counts_of_the_gone (
  organization_id uuid not null references organizations on delete cascade,
  id bigint generated always as identity,
  campaign_id uuid not null,
  kind text not null check (kind in ('message', 'beginning')),
  account_id uuid,
  recipient_domain text check (length(recipient_domain) between 1 and 255),
  company_domain text check (length(company_domain) between 1 and 255),
  at timestamptz not null,
  primary key (organization_id, id),
  foreign key (organization_id, campaign_id) references campaigns (organization_id, id) on delete cascade,
  foreign key (organization_id, account_id) references connected_accounts (organization_id, id) on delete set null (account_id)
);
create index counts_of_the_gone_campaign on counts_of_the_gone (organization_id, campaign_id, kind, at);
create index counts_of_the_gone_oldest on counts_of_the_gone (at);
alter table counts_of_the_gone enable row level security;
