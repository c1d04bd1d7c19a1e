-- What was written before an account was connected is read back once, as one more thing that is looked at; the row goes when all is read.
-- pass_read holds the chats that were read, and how far connections were.
alter table account_watches
  drop constraint account_watches_kind_check,
  add constraint account_watches_kind_check check (kind in ('status', 'relations', 'messages', 'history')) not valid;
