-- no-transaction
-- A mailbox that is connected twice, directly or through Unipile, would be sent from twice as much as it bears, and its answers counted twice.
create unique index concurrently connected_accounts_address_once on connected_accounts (organization_id, lower(email))
  where mailbox is not null or unipile is not null and channel = 'email';
