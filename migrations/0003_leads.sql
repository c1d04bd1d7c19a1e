-- Lead lists, leads, and which lead is on which list.
create table lead_lists (
  id               uuid not null,
  organization_id  uuid not null references organizations,
  name             text not null check (length(name) between 1 and 200),
  description      text check (length(description) <= 2000),
  source           text not null check (source in ('csv_import', 'clay', 'api', 'manual')),
  status           text not null default 'active' check (status in ('active', 'archived')),
  tags             text[] not null default '{}' check (cardinality(tags) <= 50),
  version          bigint not null default 1 check (version > 0),
  created_by       uuid references users,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (organization_id, id)
);
create index lead_lists_keyset on lead_lists (organization_id, created_at desc, id desc);

-- A lead is a person in an organization: one row for one e-mail address, one LinkedIn profile, one id of the caller's. Addresses and
-- profiles are stored in their normal form only (utils::email, utils::linkedin), so that plain equality tells people apart.
create table leads (
  id               uuid not null,
  organization_id  uuid not null references organizations,
  first_name       text check (length(first_name) between 1 and 200),
  last_name        text check (length(last_name) between 1 and 200),
  full_name        text check (length(full_name) between 1 and 400),
  email            text check (length(email) between 3 and 254),
  phone            text check (length(phone) between 1 and 50),
  title            text check (length(title) between 1 and 300),
  company          text check (length(company) between 1 and 300),
  company_domain   text check (length(company_domain) between 1 and 253),
  industry         text check (length(industry) between 1 and 200),
  location         text check (length(location) between 1 and 300),
  country          text check (length(country) between 1 and 100),
  linkedin_url     text check (length(linkedin_url) between 1 and 500),
  timezone         text check (length(timezone) between 1 and 100),
  external_id      text check (length(external_id) between 1 and 200),
  status           text not null default 'new' check (status in ('new', 'contacted', 'connected', 'replied', 'bounced', 'unsubscribed',
                                                                 'do_not_contact', 'qualified', 'unqualified')),
  source           text not null check (source in ('csv_import', 'clay', 'api', 'manual')),
  tags             text[] not null default '{}' check (cardinality(tags) <= 50),
  custom_fields    jsonb not null default '{}' check (jsonb_typeof(custom_fields) = 'object'),
  version          bigint not null default 1 check (version > 0),
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  search_text      text not null generated always as (lower(
                     coalesce(full_name, coalesce(first_name, '') || ' ' || coalesce(last_name, '')) || ' ' || coalesce(company, '')
                     || ' ' || coalesce(email, '') || ' ' || coalesce(title, ''))) stored,
  primary key (organization_id, id),
  constraint leads_identified check (num_nonnulls(email, linkedin_url, external_id) > 0)
);
create unique index leads_email on leads (organization_id, email) where email is not null;
create unique index leads_linkedin_url on leads (organization_id, linkedin_url) where linkedin_url is not null;
create unique index leads_external_id on leads (organization_id, external_id) where external_id is not null;
create index leads_keyset on leads (organization_id, created_at desc, id desc);
create index leads_search on leads using gin (organization_id, search_text gin_trgm_ops, tags);

-- lead_created_at repeats leads.created_at, which never changes, so that a list is read in order from this index alone.
create table lead_list_members (
  organization_id  uuid not null,
  lead_list_id     uuid not null,
  lead_id          uuid not null,
  lead_created_at  timestamptz not null,
  added_at         timestamptz not null,
  primary key (organization_id, lead_list_id, lead_created_at, lead_id),
  foreign key (organization_id, lead_list_id) references lead_lists on delete cascade,
  foreign key (organization_id, lead_id) references leads on delete cascade
);
create unique index lead_list_members_lead on lead_list_members (organization_id, lead_id, lead_list_id);

alter table lead_lists enable row level security;
alter table leads enable row level security;
alter table lead_list_members enable row level security;
