-- read_at: all that had been written to the account by then was taken in, by the database's clock. A campaign approaches nobody from an
-- account that was not read lately.
alter table account_watches add column read_at timestamptz;
update account_watches set read_at = seen_until where kind = 'messages';
