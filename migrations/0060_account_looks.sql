-- What is looked at is one worker's at a time, and a look that would take too long goes on where it stopped.
-- claimed_until: nobody else looks before that; put off while somebody does.
-- pass_began: when what is being read began to be, over several looks; pass_read: the chats that were read since.
alter table account_watches
  add column claimed_until timestamptz,
  add column pass_began timestamptz,
  add column pass_read text[] not null default '{}';
