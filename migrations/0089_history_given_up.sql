-- Why what was written before an account was connected is read back no more, if it was given up.
alter table account_watches add column gave_up text;
alter table account_watches add constraint account_watches_gave_up check (length(gave_up) between 1 and 500) not valid;
