-- Rows of a file may name somebody by an address or a profile that no lead has: a row that is skipped, or that repeats somebody. A later row that
-- has only that address is about them all the same, however far behind. It is kept as a hash, until the import ends: of its id, the kind and
-- the value (services::imports::earlier).
create table import_other_keys (
  organization_id  uuid not null,
  import_id        uuid not null,
  key              bytea not null check (length(key) = 16),
  lead_id          uuid not null,
  primary key (organization_id, import_id, key),
  foreign key (organization_id, import_id) references imports on delete cascade
);

alter table import_other_keys enable row level security;
