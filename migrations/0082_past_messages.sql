-- past: it was written before its account was connected here, and was read back. It is shown, and nothing follows from it.
alter table messages add column past boolean not null default false;
