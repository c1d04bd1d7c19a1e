-- no-transaction
-- What waits for a person, in an organization and in all: few rows among many.
create index concurrently execution_steps_review on execution_steps (organization_id, execution_id) where state = 'needs_review'
