-- Whom a message that somebody wrote by hand goes to, by LinkedIn's own id: committed before its first byte leaves, so that it is looked up there,
-- whatever becomes of the lead's address and the account's tier.
alter table messages
  add column person text,
  add constraint messages_person_check check (length(person) between 1 and 500) not valid;
