-- Domains of mailboxes' own, that the links in their mails lead through. What is known of one stands in connected_accounts.mailbox.

-- When it is to be looked whether a mailbox's domain leads to us.
alter table connected_accounts add column links_due_at timestamptz;
create index connected_accounts_links_due on connected_accounts (links_due_at) where links_due_at is not null;

-- Through which of them a mail's links lead, so that its copy in Sent is the same; none is this server's own address.
alter table sent_mails add column link_domain text;
alter table sent_mails add constraint sent_mails_link_domain check (length(link_domain) between 1 and 260) not valid;
