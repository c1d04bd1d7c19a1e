-- When a copy of what was written by hand was put into the mailbox's Sent folder by us, as sent_mails has it of campaigns' mails.
alter table messages add column copied_at timestamptz;
