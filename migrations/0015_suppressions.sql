-- Whom nobody may write to: e-mail addresses, domains with all that is below them, LinkedIn profiles.
--
-- A row is found by its hash alone: HMAC-SHA-256 over organization, kind and value in its normal form, under a key derived from the one
-- that key_id names (services::suppressions::keys). So it is found just as well when the person was erased and the value is gone.
create table suppressions (
  id               uuid not null,
  organization_id  uuid not null references organizations,
  kind             text not null check (kind in ('email', 'domain', 'linkedin_url')),
  value            text check (length(value) between 1 and 500),
  value_hash       bytea not null check (length(value_hash) = 32),
  key_id           text not null check (length(key_id) between 1 and 64),
  reason           text check (length(reason) between 1 and 500),
  source           text not null check (source in ('manual', 'import', 'api', 'unsubscribe', 'bounce', 'complaint', 'erasure')),
  created_by       uuid references users,
  created_at       timestamptz not null,
  erased_at        timestamptz,
  primary key (organization_id, id),
  constraint suppressions_erased check ((value is null) = (erased_at is not null))
);
-- The kind is in the hash already.
create unique index suppressions_hash on suppressions (organization_id, value_hash);
create index suppressions_keyset on suppressions (organization_id, created_at desc, id desc);

alter table suppressions enable row level security;

-- Those of the hashes that are suppressed. Whoever writes leads asks this in the transaction that writes them, and thereby holds off
-- whoever changes the organization's suppressions until that transaction ends, so that neither misses the other. It is a function because
-- the look must follow the lock: in one plain statement both would see what was committed before the lock was waited for.
create function suppressed_hashes(organization uuid, hashes bytea[]) returns setof bytea language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('suppressions.' || organization::text, 0));
  return query select s.value_hash from suppressions s where s.organization_id = organization and s.value_hash = any (hashes);
end $$;
revoke execute on function suppressed_hashes from public;

-- Erasing a person empties what their activities say; everything else of an activity stays as it was.
create or replace function activities_are_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
     and (new.id, new.organization_id, new.type, new.user_id, new.occurred_at)
         is not distinct from (old.id, old.organization_id, old.type, old.user_id, old.occurred_at)
     and (new.data = old.data or new.data = '{}')
     and (new.lead_id is null or new.lead_id = old.lead_id)
     and (new.campaign_id is null or new.campaign_id = old.campaign_id)
     and (new.execution_id is null or new.execution_id = old.execution_id)
     and (new.account_id is null or new.account_id = old.account_id) then
    return new;
  end if;
  raise exception 'activities are append-only' using errcode = 'insufficient_privilege';
end $$;
