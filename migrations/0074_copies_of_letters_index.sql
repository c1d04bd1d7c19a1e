-- no-transaction
create index concurrently messages_to_copy on messages (sent_at) where copied_at is null and state = 'sent' and message_id is not null;
