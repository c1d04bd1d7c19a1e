-- no-transaction
-- Imports that somebody is to work on: housekeeping looks whether anybody does.
create index concurrently imports_under_way on imports (updated_at)
    where status in ('queued', 'running') or (undo_requested_at is not null and status <> 'undone');
