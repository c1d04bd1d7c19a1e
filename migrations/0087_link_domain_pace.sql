-- Since when a mailbox's domain has failed its checks, by which it is looked at more and more seldom; none from when somebody asks for a look.
alter table connected_accounts add column links_failing_since timestamptz;
