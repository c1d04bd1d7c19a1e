-- In which order activities become visible, for those who follow them as they come: ids and times are drawn before the commit, and what was
-- begun earlier may be committed later. What comes from a transaction below every one that is still under way is all there.
-- (The default is evaluated once for the rows that are there, so that none is rewritten.)
alter table activities add column xact xid8 not null default pg_current_xact_id();
