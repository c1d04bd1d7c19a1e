-- Imports of leads from files. A file is kept as pieces, each a transaction of its own when it is worked on, so that whatever stops the
-- work stops it between two pieces; and a piece forgets its rows when they are settled, for they are people's data.
create table imports (
  id                 uuid not null,
  organization_id    uuid not null references organizations,
  lead_list_id       uuid,
  status             text not null check (status in ('queued', 'running', 'completed', 'failed', 'cancelled', 'undone')),
  file_name          text check (length(file_name) between 1 and 255),
  file_bytes         bigint not null check (file_bytes > 0),
  columns            text[] not null,
  mapping            jsonb not null check (jsonb_typeof(mapping) = 'array'),
  on_duplicate       text not null check (on_duplicate in ('skip', 'update_empty', 'overwrite')),
  rows_total         bigint not null check (rows_total > 0),
  pieces             integer not null check (pieces > 0),
  pieces_done        integer not null default 0 check (pieces_done between 0 and pieces),
  created            bigint not null default 0 check (created >= 0),
  updated            bigint not null default 0 check (updated >= 0),
  unchanged          bigint not null default 0 check (unchanged >= 0),
  duplicate_in_file  bigint not null default 0 check (duplicate_in_file >= 0),
  suppressed         bigint not null default 0 check (suppressed >= 0),
  rejected           bigint not null default 0 check (rejected >= 0),
  failure            text check (length(failure) between 1 and 100),
  cancel_requested   boolean not null default false,
  undo_requested_at  timestamptz,
  pieces_undone      integer not null default 0 check (pieces_undone between 0 and pieces),
  leads_removed      bigint not null default 0 check (leads_removed >= 0),
  leads_kept         bigint not null default 0 check (leads_kept >= 0),
  actor_type         text not null check (actor_type in ('user', 'api_key')),
  actor_id           uuid not null,
  created_at         timestamptz not null,
  started_at         timestamptz,
  finished_at        timestamptz,
  updated_at         timestamptz not null,
  primary key (organization_id, id),
  foreign key (organization_id, lead_list_id) references lead_lists on delete set null (lead_list_id),
  constraint imports_add_up check (created + updated + unchanged + duplicate_in_file + suppressed + rejected <= rows_total),
  constraint imports_complete check (
    status <> 'completed' or created + updated + unchanged + duplicate_in_file + suppressed + rejected = rows_total)
);
create index imports_keyset on imports (organization_id, created_at desc, id desc);
create index imports_list on imports (organization_id, lead_list_id) where lead_list_id is not null;
-- For housekeeping, over all organizations.
create index imports_age on imports (created_at);

-- Rows of a file as utils::sheet::pack writes them, until they are settled; then what became of each, in their order: a letter, and the
-- leads of those that have one. The pieces come before their import, which is written when the whole file is here and found good; those
-- of a file that never came to its end are orphans, and housekeeping clears them away.
create table import_pieces (
  organization_id  uuid not null references organizations,
  import_id        uuid not null,
  number           integer not null check (number >= 0),
  rows             integer not null check (rows > 0),
  records          bytea,
  outcomes         text check (length(outcomes) = rows),
  lead_ids         uuid[],
  created_at       timestamptz not null,
  primary key (organization_id, import_id, number),
  constraint import_pieces_settled check ((records is null) = (outcomes is not null) and (outcomes is null) = (lead_ids is null))
);
create index import_pieces_waiting on import_pieces (created_at) where records is not null;
-- Read once and thrown away: not worth the time to compress.
alter table import_pieces alter column records set storage external;

-- Rows that cannot be used, to be mended and imported again.
create table import_rejections (
  organization_id  uuid not null,
  import_id        uuid not null,
  row_number       bigint not null check (row_number > 0),
  line             bigint not null check (line > 0),
  cells            text[] not null,
  faults           jsonb not null check (jsonb_typeof(faults) = 'array'),
  primary key (organization_id, import_id, row_number),
  foreign key (organization_id, import_id) references imports on delete cascade
);

alter table imports enable row level security;
alter table import_pieces enable row level security;
alter table import_rejections enable row level security;
