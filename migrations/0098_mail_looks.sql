-- Under which names and with which signature a mail went out, until its copy is in the Sent folder: the copy is what was sent, whatever the account
-- is called by then.
alter table sent_mails add column look jsonb check (jsonb_typeof(look) = 'object');
