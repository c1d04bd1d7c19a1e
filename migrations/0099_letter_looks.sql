-- The same of what is written by hand.
alter table messages add column look jsonb check (jsonb_typeof(look) = 'object');
