-- no-transaction
-- Which rows that could not be used name a person who is erased. Without a list of what is new: whoever looks would have to read it.
create index concurrently import_rejections_marks on import_rejections using gin (rejection_marks(organization_id, cells)) with (fastupdate = off);
