-- Who a lead's profile is on LinkedIn, as one account of a certain tier sees it: what invitations and messages name is LinkedIn's own id of the
-- person, which stays when the person changes the profile's address. To ask for it costs a look at the profile, of which LinkedIn bears so many.
-- public_identifier: the last part of the profile's address as LinkedIn last said it.
create table linkedin_people (
  organization_id    uuid not null,
  account_id         uuid not null,
  linkedin_url       text not null check (length(linkedin_url) between 1 and 500),
  tier               text not null check (length(tier) between 1 and 50),
  provider_id        text not null check (length(provider_id) between 1 and 200),
  public_identifier  text check (length(public_identifier) between 1 and 500),
  seen_at            timestamptz not null,
  primary key (organization_id, account_id, linkedin_url),
  foreign key (organization_id, account_id) references connected_accounts on delete cascade
);
-- Whoever is heard of by LinkedIn's own id is found so.
create index linkedin_people_provider on linkedin_people (organization_id, account_id, provider_id);

alter table linkedin_people enable row level security;
