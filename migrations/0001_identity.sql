-- Organizations, users and members: a projection of what Clerk owns, plus our own settings.
--
-- source_version and source_told_at order what Clerk tells us: when the entity last changed, and when that was told, in milliseconds since
-- 1970 (models::clerk_sync). A deleted row stays as a tombstone that holds identifiers and times only, so that an event that arrives late
-- cannot bring it back.

create extension if not exists pg_trgm;
create extension if not exists btree_gin;

create table organizations (
  id                     uuid primary key,
  clerk_organization_id  text not null unique check (length(clerk_organization_id) between 1 and 255),
  name                   text not null check (length(name) <= 255),
  slug                   text check (length(slug) <= 255),
  image_url              text check (length(image_url) <= 2048),
  plan                   text not null default 'free' check (plan in ('free', 'pro', 'enterprise')),
  settings               jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  version                bigint not null default 1 check (version > 0),
  source_version         bigint not null default 0,
  source_told_at         bigint not null default 0,
  deleted_at             timestamptz,
  created_at             timestamptz not null,
  updated_at             timestamptz not null
);

create table users (
  id              uuid primary key,
  clerk_user_id   text not null unique check (length(clerk_user_id) between 1 and 255),
  email           text check (length(email) <= 320),
  first_name      text check (length(first_name) <= 255),
  last_name       text check (length(last_name) <= 255),
  image_url       text check (length(image_url) <= 2048),
  banned          boolean not null default false,
  preferences     jsonb not null default '{}' check (jsonb_typeof(preferences) = 'object'),
  version         bigint not null default 1 check (version > 0),
  source_version  bigint not null default 0,
  source_told_at  bigint not null default 0,
  deleted_at      timestamptz,
  created_at      timestamptz not null,
  updated_at      timestamptz not null
);

create table organization_members (
  id                   uuid not null,
  organization_id      uuid not null references organizations,
  user_id              uuid not null references users,
  -- Null until Clerk's own event arrives: a member provisioned from a token has no membership id yet.
  clerk_membership_id  text unique check (length(clerk_membership_id) between 1 and 255),
  -- As Clerk names it, such as 'org:admin'; every other role is an ordinary member to us. A membership that has ended has none.
  clerk_role           text check (length(clerk_role) between 1 and 255),
  version              bigint not null default 1 check (version > 0),
  source_version       bigint not null default 0,
  source_told_at       bigint not null default 0,
  -- When Clerk made the membership: of several of one person, only the latest made can be alive.
  source_created_at    bigint not null default 0,
  deleted_at           timestamptz,
  created_at           timestamptz not null,
  updated_at           timestamptz not null,
  primary key (organization_id, id),
  check ((clerk_role is null) = (deleted_at is not null)),
  check (clerk_membership_id is not null or deleted_at is null)
);
-- One live membership for each person in an organization; also the look-up that proves membership.
create unique index organization_members_live on organization_members (organization_id, user_id) where deleted_at is null;
create index organization_members_user on organization_members (user_id);
create index organization_members_keyset on organization_members (organization_id, created_at desc, id desc) where deleted_at is null;

-- Every webhook delivery we have acted on, inserted in the transaction of its effect.
create table inbound_events (
  source       text not null check (source in ('clerk', 'unipile')),
  external_id  text not null check (length(external_id) between 1 and 255),
  type         text not null check (length(type) <= 255),
  outcome      text not null check (outcome in ('applied', 'stale', 'ignored')),
  received_at  timestamptz not null,
  primary key (source, external_id)
);
create index inbound_events_received on inbound_events (received_at);

-- Supabase publishes every table of schema public over its own REST API to the roles anon and authenticated. Row-level security with
-- no policy denies them all rows; the tables' owner, which we connect as, is not affected.
alter table organizations enable row level security;
alter table users enable row level security;
alter table organization_members enable row level security;
alter table inbound_events enable row level security;
-- The migrator's own table; missing where the files are applied by hand.
alter table if exists _sqlx_migrations enable row level security;
