-- A mailbox is reached by its own servers, or through Unipile: then Unipile holds how it is opened.
alter table connected_accounts
  drop constraint connected_accounts_mailbox,
  add constraint connected_accounts_mailbox
    check ((provider in ('gmail', 'outlook', 'mailbox')) = (mailbox is not null or unipile is not null and channel = 'email')) not valid;
-- Links are few, and are forgotten: to look at all of them takes no time.
alter table connect_links
  drop constraint connect_links_provider_check,
  add constraint connect_links_provider_check check (provider in ('linkedin', 'mailbox'));
