--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: btree_gin; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

--
-- Name: EXTENSION btree_gin; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gin IS 'support for indexing common datatypes in GIN';

--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

--
-- Name: activities_are_append_only(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.activities_are_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if tg_op = 'UPDATE'
     and (new.id, new.organization_id, new.type, new.user_id, new.occurred_at)
         is not distinct from (old.id, old.organization_id, old.type, old.user_id, old.occurred_at)
     and (new.data = old.data or new.data = '{}')
     and (new.lead_id is null or new.lead_id = old.lead_id)
     and (new.campaign_id is null or new.campaign_id = old.campaign_id)
     and (new.execution_id is null or new.execution_id = old.execution_id)
     and (new.account_id is null or new.account_id = old.account_id) then
    return new;
  end if;
  raise exception 'activities are append-only' using errcode = 'insufficient_privilege';
end $$;

--
-- Name: audit_chain_heads_only_advance(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_chain_heads_only_advance() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if tg_op = 'UPDATE' and new.organization_id = old.organization_id and new.seq > old.seq then
    return new;
  end if;
  raise exception 'the head of an audit log only advances' using errcode = 'insufficient_privilege';
end $$;

--
-- Name: audit_logs_are_append_only(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_logs_are_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if tg_op = 'UPDATE' and old.seq is null and new.seq is not null
     and (new.id, new.organization_id, new.occurred_at, new.actor_type, new.actor_id, new.action, new.entity_type, new.entity_id,
          new.before, new.after, new.ip_address, new.user_agent, new.request_id, new.impersonator)
         is not distinct from
         (old.id, old.organization_id, old.occurred_at, old.actor_type, old.actor_id, old.action, old.entity_type, old.entity_id,
          old.before, old.after, old.ip_address, old.user_agent, old.request_id, old.impersonator) then
    return new;
  end if;
  raise exception 'audit logs are append-only' using errcode = 'insufficient_privilege';
end $$;

--
-- Name: clay_deliveries_of_joined_leads(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.clay_deliveries_of_joined_leads() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into clay_deliveries (organization_id, destination_id, lead_id, queued_at)
  select d.organization_id, d.id, added.lead_id, added.added_at
  from added
  join clay_destinations d on d.organization_id = added.organization_id and d.lead_list_id = added.lead_list_id
  on conflict do nothing;
  return null;
end $$;

--
-- Name: clay_deliveries_of_new_leads(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.clay_deliveries_of_new_leads() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into clay_deliveries (organization_id, destination_id, lead_id, queued_at)
  select d.organization_id, d.id, added.id, added.created_at
  from added
  join clay_destinations d on d.organization_id = added.organization_id and d.lead_list_id = added.lead_list_id
  on conflict do nothing;
  return null;
end $$;

--
-- Name: leads_are_enrolled(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.leads_are_enrolled() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform from leads l where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.enrolled
    order by l.id for no key update;
  update leads l set enrolled = true
  where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.enrolled;
  return null;
end $$;

--
-- Name: leads_are_on_more_lists(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.leads_are_on_more_lists() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform from leads l where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.on_more_lists
    order by l.id for no key update;
  update leads l set on_more_lists = true
  where (l.organization_id, l.id) in (select organization_id, lead_id from added) and not l.on_more_lists;
  return null;
end $$;

--
-- Name: note_campaign_progress(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_campaign_progress() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'INSERT' then
        insert into campaign_progress_changes (organization_id, campaign_id, status, executions, sent)
        select organization_id, campaign_id, status, count(*), sum(sent_count) from new_rows group by organization_id, campaign_id, status;
    elsif tg_op = 'DELETE' then
        insert into campaign_progress_changes (organization_id, campaign_id, status, executions, sent)
        select organization_id, campaign_id, status, -count(*), -sum(sent_count) from old_rows group by organization_id, campaign_id, status;
    else
        insert into campaign_progress_changes (organization_id, campaign_id, status, executions, sent)
        select organization_id, campaign_id, status, sum(executions), sum(sent)
        from (select organization_id, campaign_id, status, -1 as executions, -sent_count as sent from old_rows
              union all
              select organization_id, campaign_id, status, 1, sent_count from new_rows) moved
        group by organization_id, campaign_id, status having sum(executions) <> 0 or sum(sent) <> 0;
    end if;
    return null;
end
$$;

--
-- Name: rejection_marks(uuid, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.rejection_marks(organization uuid, cells text[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select coalesce(array_agg(distinct hashtextextended(organization::text || mark, 0)), '{}')
  from unnest(cells) as cell (text),
       lateral (values
         (case when text like '%@%' then '@' || lower(btrim(text, E' \t\r\n<>"')) end),
         ('/' || nullif(split_part(split_part(split_part(lower(text), '/in/', 2), '/', 1), '?', 1), ''))) as marked (mark)
  where mark is not null
$$;

--
-- Name: suppressed_hashes(uuid, bytea[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.suppressed_hashes(organization uuid, hashes bytea[]) RETURNS SETOF bytea
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('suppressions.' || organization::text, 0));
  return query select s.value_hash from suppressions s where s.organization_id = organization and s.value_hash = any (hashes);
end $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: account_usage; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account_usage (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    action text NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    used integer NOT NULL,
    CONSTRAINT account_usage_action_check CHECK (((length(action) >= 1) AND (length(action) <= 50))),
    CONSTRAINT account_usage_hour_check CHECK (((hour >= 0) AND (hour <= 23))),
    CONSTRAINT account_usage_used_check CHECK ((used >= 0))
);

--
-- Name: account_watches; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account_watches (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    seen_until timestamp with time zone,
    checked_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    read_at timestamp with time zone,
    claimed_until timestamp with time zone,
    pass_began timestamp with time zone,
    pass_read text[] DEFAULT '{}'::text[] NOT NULL,
    gap_closes_at timestamp with time zone,
    gave_up text,
    CONSTRAINT account_watches_failures_check CHECK ((failures >= 0)),
    CONSTRAINT account_watches_kind_check CHECK ((kind = ANY (ARRAY['status'::text, 'relations'::text, 'messages'::text, 'history'::text])))
);

--
-- Name: activities; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.activities (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    type text NOT NULL,
    lead_id uuid,
    campaign_id uuid,
    execution_id uuid,
    account_id uuid,
    user_id uuid,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    xact xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT activities_data_check CHECK ((jsonb_typeof(data) = 'object'::text)),
    CONSTRAINT activities_type_check CHECK (((length(type) >= 1) AND (length(type) <= 100)))
);

--
-- Name: api_key_secrets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_key_secrets (
    organization_id uuid NOT NULL,
    api_key_id uuid NOT NULL,
    hash bytea NOT NULL,
    last_four text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_key_secrets_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT api_key_secrets_last_four_check CHECK ((length(last_four) = 4))
);

--
-- Name: api_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT api_keys_scopes_check CHECK (((cardinality(scopes) >= 1) AND (cardinality(scopes) <= 50))),
    CONSTRAINT api_keys_version_check CHECK ((version > 0))
);

--
-- Name: audit_chain_heads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_chain_heads (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_chain_heads_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT audit_chain_heads_seq_check CHECK ((seq > 0))
);

--
-- Name: audit_logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_logs (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    actor_type text NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    entity_type text NOT NULL,
    entity_id uuid,
    before jsonb,
    after jsonb,
    ip_address text,
    user_agent text,
    request_id text,
    seq bigint,
    previous_hash bytea,
    hash bytea,
    impersonator text,
    CONSTRAINT audit_logs_action_check CHECK (((length(action) >= 1) AND (length(action) <= 100))),
    CONSTRAINT audit_logs_actor_type_check CHECK ((actor_type = ANY (ARRAY['user'::text, 'api_key'::text, 'system'::text]))),
    CONSTRAINT audit_logs_check CHECK ((num_nonnulls(seq, previous_hash, hash) = ANY (ARRAY[0, 3]))),
    CONSTRAINT audit_logs_check1 CHECK (((actor_type = 'system'::text) OR (actor_id IS NOT NULL))),
    CONSTRAINT audit_logs_entity_type_check CHECK (((length(entity_type) >= 1) AND (length(entity_type) <= 100))),
    CONSTRAINT audit_logs_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT audit_logs_ip_address_check CHECK ((length(ip_address) <= 45)),
    CONSTRAINT audit_logs_previous_hash_check CHECK ((length(previous_hash) = 32)),
    CONSTRAINT audit_logs_request_id_check CHECK ((length(request_id) <= 128)),
    CONSTRAINT audit_logs_seq_check CHECK ((seq > 0)),
    CONSTRAINT audit_logs_user_agent_check CHECK ((length(user_agent) <= 500))
);

--
-- Name: campaign_accounts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.campaign_accounts (
    organization_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    account_id uuid NOT NULL,
    "position" integer NOT NULL,
    CONSTRAINT campaign_accounts_position_check CHECK (("position" >= 0))
);

--
-- Name: campaign_executions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.campaign_executions (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    account_id uuid,
    status text NOT NULL,
    status_reason text,
    node_id text,
    next_run_at timestamp with time zone,
    sent_count integer DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    action text,
    linkedin_account_id uuid,
    email_account_id uuid,
    awaiting text,
    hold text,
    moves jsonb DEFAULT '[]'::jsonb NOT NULL,
    begun_at timestamp with time zone,
    ready_at timestamp with time zone,
    CONSTRAINT campaign_executions_action_check CHECK (((length(action) >= 1) AND (length(action) <= 50))),
    CONSTRAINT campaign_executions_awaiting_check CHECK ((awaiting = 'acceptance'::text)),
    CONSTRAINT campaign_executions_ended CHECK (((status = ANY (ARRAY['pending'::text, 'waiting'::text, 'running'::text])) OR (next_run_at IS NULL))),
    CONSTRAINT campaign_executions_held CHECK (((hold IS NULL) OR (status = 'waiting'::text))),
    CONSTRAINT campaign_executions_hold_check CHECK (((length(hold) >= 1) AND (length(hold) <= 100))),
    CONSTRAINT campaign_executions_moves_check CHECK ((jsonb_typeof(moves) = 'array'::text)),
    CONSTRAINT campaign_executions_node_id_check CHECK (((length(node_id) >= 1) AND (length(node_id) <= 64))),
    CONSTRAINT campaign_executions_sent_count_check CHECK ((sent_count >= 0)),
    CONSTRAINT campaign_executions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'waiting'::text, 'running'::text, 'completed'::text, 'replied'::text, 'unsubscribed'::text, 'bounced'::text, 'failed'::text, 'stopped'::text, 'skipped'::text]))),
    CONSTRAINT campaign_executions_status_reason_check CHECK ((length(status_reason) <= 1000)),
    CONSTRAINT campaign_executions_version_check CHECK ((version > 0)),
    CONSTRAINT campaign_executions_waiting CHECK (((status <> 'waiting'::text) OR ((node_id IS NOT NULL) AND ((next_run_at IS NULL) = (hold IS NOT NULL)))))
);

--
-- Name: campaign_lead_lists; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.campaign_lead_lists (
    organization_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    lead_list_id uuid NOT NULL,
    "position" integer NOT NULL,
    CONSTRAINT campaign_lead_lists_position_check CHECK (("position" >= 0))
);

--
-- Name: campaign_progress; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.campaign_progress (
    organization_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    status text NOT NULL,
    executions bigint NOT NULL,
    sent bigint NOT NULL
);

--
-- Name: campaign_progress_changes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.campaign_progress_changes (
    organization_id uuid NOT NULL,
    id bigint NOT NULL,
    campaign_id uuid NOT NULL,
    status text NOT NULL,
    executions bigint NOT NULL,
    sent bigint NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='10000');

--
-- Name: campaign_progress_changes_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.campaign_progress_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.campaign_progress_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: campaign_revisions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.campaign_revisions (
    organization_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    number integer NOT NULL,
    workflow jsonb NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT campaign_revisions_number_check CHECK ((number > 0)),
    CONSTRAINT campaign_revisions_workflow_check CHECK ((jsonb_typeof(workflow) = 'object'::text))
);

--
-- Name: campaigns; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.campaigns (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    workflow jsonb,
    schedule jsonb,
    stop_on text[] NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    revision integer,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    enrol_began timestamp with time zone,
    enrol_after uuid,
    enrolled_until timestamp with time zone,
    next_begin_at timestamp with time zone,
    replanning uuid,
    replan_hours boolean DEFAULT false NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_because text,
    judged_from timestamp with time zone,
    begin_after uuid,
    CONSTRAINT campaigns_complete CHECK (((status = 'draft'::text) OR (num_nonnulls(workflow, schedule) = 2))),
    CONSTRAINT campaigns_ended CHECK (((status = ANY (ARRAY['completed'::text, 'stopped'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT campaigns_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT campaigns_pinned CHECK (((started_at IS NULL) OR (revision IS NOT NULL))),
    CONSTRAINT campaigns_schedule_check CHECK ((jsonb_typeof(schedule) = 'object'::text)),
    CONSTRAINT campaigns_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT campaigns_started CHECK (((status = ANY (ARRAY['draft'::text, 'scheduled'::text])) = (started_at IS NULL))),
    CONSTRAINT campaigns_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'scheduled'::text, 'running'::text, 'paused'::text, 'completed'::text, 'stopped'::text]))),
    CONSTRAINT campaigns_stop_on_check CHECK ((stop_on <@ ARRAY['reply'::text, 'unsubscribe'::text, 'bounce'::text])),
    CONSTRAINT campaigns_version_check CHECK ((version > 0)),
    CONSTRAINT campaigns_workflow_check CHECK ((jsonb_typeof(workflow) = 'object'::text))
);

--
-- Name: clay_deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clay_deliveries (
    organization_id uuid NOT NULL,
    destination_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    reason text,
    queued_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT clay_deliveries_check CHECK (((state = 'pending'::text) = (settled_at IS NULL))),
    CONSTRAINT clay_deliveries_reason_check CHECK ((length(reason) <= 1000)),
    CONSTRAINT clay_deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sent'::text, 'rejected'::text])))
);

--
-- Name: clay_destinations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clay_destinations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    lead_list_id uuid NOT NULL,
    url text NOT NULL,
    url_hash bytea NOT NULL,
    auth_token bytea,
    auth_token_key bytea,
    auth_token_key_id text,
    status text NOT NULL,
    status_reason text,
    failures integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    last_sent_at timestamp with time zone,
    lease uuid,
    leased_until timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT clay_destinations_check CHECK ((num_nonnulls(auth_token, auth_token_key, auth_token_key_id) = ANY (ARRAY[0, 3]))),
    CONSTRAINT clay_destinations_check1 CHECK (((lease IS NULL) = (leased_until IS NULL))),
    CONSTRAINT clay_destinations_failures_check CHECK ((failures >= 0)),
    CONSTRAINT clay_destinations_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'full'::text, 'disabled'::text]))),
    CONSTRAINT clay_destinations_status_reason_check CHECK ((length(status_reason) <= 1000)),
    CONSTRAINT clay_destinations_url_check CHECK (((length(url) >= 1) AND (length(url) <= 2048))),
    CONSTRAINT clay_destinations_version_check CHECK ((version > 0))
);

--
-- Name: clay_paces; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clay_paces (
    organization_id uuid NOT NULL,
    paced_until timestamp with time zone NOT NULL
);

--
-- Name: clay_webhooks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clay_webhooks (
    organization_id uuid NOT NULL,
    url_hash bytea NOT NULL,
    sent_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT clay_webhooks_sent_count_check CHECK ((sent_count >= 0)),
    CONSTRAINT clay_webhooks_url_hash_check CHECK ((length(url_hash) = 32))
);

--
-- Name: connect_links; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.connect_links (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL,
    purpose text NOT NULL,
    account_id uuid,
    state_hash bytea NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    reason text,
    reported_account text,
    due_at timestamp with time zone,
    tries integer DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT connect_links_failed CHECK (((state = 'failed'::text) = (reason IS NOT NULL))),
    CONSTRAINT connect_links_provider_check CHECK ((provider = ANY (ARRAY['linkedin'::text, 'mailbox'::text]))),
    CONSTRAINT connect_links_purpose_check CHECK ((purpose = ANY (ARRAY['connect'::text, 'reconnect'::text]))),
    CONSTRAINT connect_links_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 100))),
    CONSTRAINT connect_links_reported CHECK (((state = 'reported'::text) = (due_at IS NOT NULL))),
    CONSTRAINT connect_links_reported_account_check CHECK (((length(reported_account) >= 1) AND (length(reported_account) <= 200))),
    CONSTRAINT connect_links_settled CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text])) = (settled_at IS NOT NULL))),
    CONSTRAINT connect_links_state_check CHECK ((state = ANY (ARRAY['open'::text, 'reported'::text, 'done'::text, 'failed'::text]))),
    CONSTRAINT connect_links_state_hash_check CHECK ((octet_length(state_hash) = 32)),
    CONSTRAINT connect_links_tries_check CHECK ((tries >= 0))
);

--
-- Name: connected_accounts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.connected_accounts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    provider text NOT NULL,
    channel text NOT NULL,
    display_name text NOT NULL,
    email text,
    avatar_url text,
    status text NOT NULL,
    status_reason text,
    limits jsonb NOT NULL,
    sending_window jsonb,
    credentials bytea,
    credentials_key bytea,
    credentials_key_id text,
    version bigint DEFAULT 1 NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    spacing_seconds integer NOT NULL,
    last_act_at timestamp with time zone,
    rests_until timestamp with time zone,
    ramp_up jsonb DEFAULT '{}'::jsonb NOT NULL,
    mailbox jsonb,
    judged_from timestamp with time zone,
    unipile jsonb,
    rest_reason text,
    links_due_at timestamp with time zone,
    links_failing_since timestamp with time zone,
    CONSTRAINT connected_accounts_avatar_url_check CHECK ((length(avatar_url) <= 2048)),
    CONSTRAINT connected_accounts_channel_check CHECK ((channel = ANY (ARRAY['linkedin'::text, 'email'::text]))),
    CONSTRAINT connected_accounts_check CHECK ((num_nonnulls(credentials, credentials_key, credentials_key_id) = ANY (ARRAY[0, 3]))),
    CONSTRAINT connected_accounts_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 255))),
    CONSTRAINT connected_accounts_email_check CHECK ((length(email) <= 320)),
    CONSTRAINT connected_accounts_limits_check CHECK ((jsonb_typeof(limits) = 'object'::text)),
    CONSTRAINT connected_accounts_mailbox_check CHECK ((jsonb_typeof(mailbox) = 'object'::text)),
    CONSTRAINT connected_accounts_provider_check CHECK ((provider = ANY (ARRAY['sandbox'::text, 'linkedin'::text, 'gmail'::text, 'outlook'::text, 'mailbox'::text]))),
    CONSTRAINT connected_accounts_ramp_up_check CHECK ((jsonb_typeof(ramp_up) = 'object'::text)),
    CONSTRAINT connected_accounts_rest_reason_check CHECK (((length(rest_reason) >= 1) AND (length(rest_reason) <= 100))),
    CONSTRAINT connected_accounts_sending_window_check CHECK ((jsonb_typeof(sending_window) = 'object'::text)),
    CONSTRAINT connected_accounts_spacing_seconds_check CHECK (((spacing_seconds >= 0) AND (spacing_seconds <= 86400))),
    CONSTRAINT connected_accounts_status_check CHECK ((status = ANY (ARRAY['connecting'::text, 'connected'::text, 'paused'::text, 'needs_reconnect'::text, 'error'::text, 'disconnected'::text]))),
    CONSTRAINT connected_accounts_status_reason_check CHECK ((length(status_reason) <= 1000)),
    CONSTRAINT connected_accounts_unipile_check CHECK ((jsonb_typeof(unipile) = 'object'::text)),
    CONSTRAINT connected_accounts_version_check CHECK ((version > 0))
);

--
-- Name: conversations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conversations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    channel text NOT NULL,
    account_id uuid,
    subject text,
    preview text NOT NULL,
    last_message_at timestamp with time zone NOT NULL,
    last_direction text NOT NULL,
    unread_count integer DEFAULT 0 NOT NULL,
    asks_to_stop boolean DEFAULT false NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    label text,
    assignee_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT conversations_channel_check CHECK ((channel = ANY (ARRAY['linkedin'::text, 'email'::text]))),
    CONSTRAINT conversations_label_check CHECK (((length(label) >= 1) AND (length(label) <= 50))),
    CONSTRAINT conversations_last_direction_check CHECK ((last_direction = ANY (ARRAY['inbound'::text, 'outbound'::text]))),
    CONSTRAINT conversations_preview_check CHECK ((length(preview) <= 200)),
    CONSTRAINT conversations_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text]))),
    CONSTRAINT conversations_subject_check CHECK ((length(subject) <= 1000)),
    CONSTRAINT conversations_unread_count_check CHECK ((unread_count >= 0)),
    CONSTRAINT conversations_version_check CHECK ((version > 0))
);

--
-- Name: counts_of_the_gone; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.counts_of_the_gone (
    organization_id uuid NOT NULL,
    id bigint NOT NULL,
    campaign_id uuid NOT NULL,
    kind text NOT NULL,
    account_id uuid,
    recipient_domain text,
    company_domain text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT counts_of_the_gone_company_domain_check CHECK (((length(company_domain) >= 1) AND (length(company_domain) <= 255))),
    CONSTRAINT counts_of_the_gone_kind_check CHECK ((kind = ANY (ARRAY['message'::text, 'beginning'::text]))),
    CONSTRAINT counts_of_the_gone_recipient_domain_check CHECK (((length(recipient_domain) >= 1) AND (length(recipient_domain) <= 255)))
);

--
-- Name: counts_of_the_gone_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.counts_of_the_gone ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.counts_of_the_gone_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: execution_steps; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.execution_steps (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    account_id uuid,
    node_id text NOT NULL,
    action text NOT NULL,
    attempt integer NOT NULL,
    state text NOT NULL,
    token uuid NOT NULL,
    deadline timestamp with time zone NOT NULL,
    content jsonb,
    variant smallint,
    charged_day date NOT NULL,
    charged_hour smallint NOT NULL,
    provider_id text,
    reason text,
    sending_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    capped boolean DEFAULT false NOT NULL,
    recipient_domain text,
    company_domain text,
    charged boolean DEFAULT true NOT NULL,
    unclear boolean DEFAULT false NOT NULL,
    CONSTRAINT execution_steps_action_check CHECK (((length(action) >= 1) AND (length(action) <= 50))),
    CONSTRAINT execution_steps_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT execution_steps_charged_hour_check CHECK (((charged_hour >= 0) AND (charged_hour <= 23))),
    CONSTRAINT execution_steps_content_check CHECK ((jsonb_typeof(content) = 'object'::text)),
    CONSTRAINT execution_steps_node_id_check CHECK (((length(node_id) >= 1) AND (length(node_id) <= 64))),
    CONSTRAINT execution_steps_provider_id_check CHECK ((length(provider_id) <= 1000)),
    CONSTRAINT execution_steps_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 100))),
    CONSTRAINT execution_steps_settled CHECK (((state = 'sending'::text) = (settled_at IS NULL))),
    CONSTRAINT execution_steps_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'sent'::text, 'not_sent'::text, 'failed'::text, 'needs_review'::text, 'skipped'::text])))
);

--
-- Name: guard_marks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.guard_marks (
    organization_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    account_id uuid NOT NULL,
    marked_at timestamp with time zone NOT NULL
);

--
-- Name: idempotency_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency_keys (
    organization_id uuid NOT NULL,
    key text NOT NULL,
    route text NOT NULL,
    fingerprint bytea NOT NULL,
    token uuid NOT NULL,
    state text NOT NULL,
    locked_until timestamp with time zone NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    body_hash bytea,
    CONSTRAINT idempotency_keys_check CHECK (((state = 'completed'::text) = ((status IS NOT NULL) AND (headers IS NOT NULL) AND (body IS NOT NULL)))),
    CONSTRAINT idempotency_keys_fingerprint_check CHECK ((length(fingerprint) = 32)),
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255))),
    CONSTRAINT idempotency_keys_route_check CHECK ((length(route) <= 512)),
    CONSTRAINT idempotency_keys_state_check CHECK ((state = ANY (ARRAY['in_flight'::text, 'committed'::text, 'completed'::text]))),
    CONSTRAINT idempotency_keys_status_check CHECK (((status >= 200) AND (status <= 599)))
);

--
-- Name: import_other_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.import_other_keys (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    key bytea NOT NULL,
    lead_id uuid NOT NULL,
    CONSTRAINT import_other_keys_key_check CHECK ((length(key) = 16))
);

--
-- Name: import_pieces; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.import_pieces (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    number integer NOT NULL,
    rows integer NOT NULL,
    records bytea,
    outcomes text,
    lead_ids uuid[],
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT import_pieces_check CHECK ((length(outcomes) = rows)),
    CONSTRAINT import_pieces_number_check CHECK ((number >= 0)),
    CONSTRAINT import_pieces_rows_check CHECK ((rows > 0)),
    CONSTRAINT import_pieces_settled CHECK ((((records IS NULL) = (outcomes IS NOT NULL)) AND ((outcomes IS NULL) = (lead_ids IS NULL))))
);
ALTER TABLE ONLY public.import_pieces ALTER COLUMN records SET STORAGE EXTERNAL;

--
-- Name: import_rejections; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.import_rejections (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    row_number bigint NOT NULL,
    line bigint NOT NULL,
    cells text[] NOT NULL,
    faults jsonb NOT NULL,
    CONSTRAINT import_rejections_faults_check CHECK ((jsonb_typeof(faults) = 'array'::text)),
    CONSTRAINT import_rejections_line_check CHECK ((line > 0)),
    CONSTRAINT import_rejections_row_number_check CHECK ((row_number > 0))
);

--
-- Name: imports; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.imports (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    lead_list_id uuid,
    status text NOT NULL,
    file_name text,
    file_bytes bigint NOT NULL,
    columns text[] NOT NULL,
    mapping jsonb NOT NULL,
    on_duplicate text NOT NULL,
    rows_total bigint NOT NULL,
    pieces integer NOT NULL,
    pieces_done integer DEFAULT 0 NOT NULL,
    created bigint DEFAULT 0 NOT NULL,
    updated bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    duplicate_in_file bigint DEFAULT 0 NOT NULL,
    suppressed bigint DEFAULT 0 NOT NULL,
    rejected bigint DEFAULT 0 NOT NULL,
    failure text,
    cancel_requested boolean DEFAULT false NOT NULL,
    undo_requested_at timestamp with time zone,
    pieces_undone integer DEFAULT 0 NOT NULL,
    leads_removed bigint DEFAULT 0 NOT NULL,
    leads_kept bigint DEFAULT 0 NOT NULL,
    actor_type text NOT NULL,
    actor_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT imports_actor_type_check CHECK ((actor_type = ANY (ARRAY['user'::text, 'api_key'::text]))),
    CONSTRAINT imports_add_up CHECK (((((((created + updated) + unchanged) + duplicate_in_file) + suppressed) + rejected) <= rows_total)),
    CONSTRAINT imports_check CHECK (((pieces_done >= 0) AND (pieces_done <= pieces))),
    CONSTRAINT imports_check1 CHECK (((pieces_undone >= 0) AND (pieces_undone <= pieces))),
    CONSTRAINT imports_complete CHECK (((status <> 'completed'::text) OR ((((((created + updated) + unchanged) + duplicate_in_file) + suppressed) + rejected) = rows_total))),
    CONSTRAINT imports_created_check CHECK ((created >= 0)),
    CONSTRAINT imports_duplicate_in_file_check CHECK ((duplicate_in_file >= 0)),
    CONSTRAINT imports_failure_check CHECK (((length(failure) >= 1) AND (length(failure) <= 100))),
    CONSTRAINT imports_file_bytes_check CHECK ((file_bytes > 0)),
    CONSTRAINT imports_file_name_check CHECK (((length(file_name) >= 1) AND (length(file_name) <= 255))),
    CONSTRAINT imports_leads_kept_check CHECK ((leads_kept >= 0)),
    CONSTRAINT imports_leads_removed_check CHECK ((leads_removed >= 0)),
    CONSTRAINT imports_mapping_check CHECK ((jsonb_typeof(mapping) = 'array'::text)),
    CONSTRAINT imports_on_duplicate_check CHECK ((on_duplicate = ANY (ARRAY['skip'::text, 'update_empty'::text, 'overwrite'::text]))),
    CONSTRAINT imports_pieces_check CHECK ((pieces > 0)),
    CONSTRAINT imports_rejected_check CHECK ((rejected >= 0)),
    CONSTRAINT imports_rows_total_check CHECK ((rows_total > 0)),
    CONSTRAINT imports_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'undone'::text]))),
    CONSTRAINT imports_suppressed_check CHECK ((suppressed >= 0)),
    CONSTRAINT imports_unchanged_check CHECK ((unchanged >= 0)),
    CONSTRAINT imports_updated_check CHECK ((updated >= 0))
);

--
-- Name: inbound_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.inbound_events (
    source text NOT NULL,
    external_id text NOT NULL,
    type text NOT NULL,
    outcome text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT inbound_events_external_id_check CHECK (((length(external_id) >= 1) AND (length(external_id) <= 255))),
    CONSTRAINT inbound_events_outcome_check CHECK ((outcome = ANY (ARRAY['applied'::text, 'stale'::text, 'ignored'::text]))),
    CONSTRAINT inbound_events_source_check CHECK ((source = ANY (ARRAY['clerk'::text, 'unipile'::text]))),
    CONSTRAINT inbound_events_type_check CHECK ((length(type) <= 255))
);

--
-- Name: kept_mails; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kept_mails (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    key text NOT NULL,
    lead_id uuid NOT NULL,
    folder text NOT NULL,
    uid_validity bigint NOT NULL,
    uid bigint NOT NULL,
    raw bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    next_at timestamp with time zone NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    CONSTRAINT kept_mails_failures_check CHECK ((failures >= 0)),
    CONSTRAINT kept_mails_folder_check CHECK (((length(folder) >= 1) AND (length(folder) <= 1000))),
    CONSTRAINT kept_mails_key_check CHECK (((length(key) >= 1) AND (length(key) <= 400))),
    CONSTRAINT kept_mails_raw_check CHECK ((length(raw) <= 1048576))
);

--
-- Name: lead_list_members; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.lead_list_members (
    organization_id uuid NOT NULL,
    lead_list_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    lead_created_at timestamp with time zone NOT NULL,
    added_at timestamp with time zone NOT NULL
);

--
-- Name: leads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.leads (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    first_name text,
    last_name text,
    full_name text,
    email text,
    phone text,
    title text,
    company text,
    company_domain text,
    industry text,
    location text,
    country text,
    linkedin_url text,
    timezone text,
    external_id text,
    status text DEFAULT 'new'::text NOT NULL,
    source text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    search_text text GENERATED ALWAYS AS (lower(((((((COALESCE(full_name, ((COALESCE(first_name, ''::text) || ' '::text) || COALESCE(last_name, ''::text))) || ' '::text) || COALESCE(company, ''::text)) || ' '::text) || COALESCE(email, ''::text)) || ' '::text) || COALESCE(title, ''::text)))) STORED NOT NULL,
    lead_list_id uuid,
    on_more_lists boolean DEFAULT false NOT NULL,
    enrolled boolean DEFAULT false NOT NULL,
    CONSTRAINT leads_company_check CHECK (((length(company) >= 1) AND (length(company) <= 300))),
    CONSTRAINT leads_company_domain_check CHECK (((length(company_domain) >= 1) AND (length(company_domain) <= 253))),
    CONSTRAINT leads_country_check CHECK (((length(country) >= 1) AND (length(country) <= 100))),
    CONSTRAINT leads_custom_fields_check CHECK ((jsonb_typeof(custom_fields) = 'object'::text)),
    CONSTRAINT leads_email_check CHECK (((length(email) >= 3) AND (length(email) <= 254))),
    CONSTRAINT leads_external_id_check CHECK (((length(external_id) >= 1) AND (length(external_id) <= 200))),
    CONSTRAINT leads_first_name_check CHECK (((length(first_name) >= 1) AND (length(first_name) <= 200))),
    CONSTRAINT leads_full_name_check CHECK (((length(full_name) >= 1) AND (length(full_name) <= 400))),
    CONSTRAINT leads_identified CHECK ((num_nonnulls(email, linkedin_url, external_id) > 0)),
    CONSTRAINT leads_industry_check CHECK (((length(industry) >= 1) AND (length(industry) <= 200))),
    CONSTRAINT leads_last_name_check CHECK (((length(last_name) >= 1) AND (length(last_name) <= 200))),
    CONSTRAINT leads_linkedin_url_check CHECK (((length(linkedin_url) >= 1) AND (length(linkedin_url) <= 500))),
    CONSTRAINT leads_location_check CHECK (((length(location) >= 1) AND (length(location) <= 300))),
    CONSTRAINT leads_phone_check CHECK (((length(phone) >= 1) AND (length(phone) <= 50))),
    CONSTRAINT leads_source_check CHECK ((source = ANY (ARRAY['csv_import'::text, 'clay'::text, 'api'::text, 'manual'::text]))),
    CONSTRAINT leads_status_check CHECK ((status = ANY (ARRAY['new'::text, 'contacted'::text, 'connected'::text, 'replied'::text, 'bounced'::text, 'unsubscribed'::text, 'do_not_contact'::text, 'qualified'::text, 'unqualified'::text]))),
    CONSTRAINT leads_tags_check CHECK ((cardinality(tags) <= 50)),
    CONSTRAINT leads_timezone_check CHECK (((length(timezone) >= 1) AND (length(timezone) <= 100))),
    CONSTRAINT leads_title_check CHECK (((length(title) >= 1) AND (length(title) <= 300))),
    CONSTRAINT leads_version_check CHECK ((version > 0))
);

--
-- Name: lead_list_entries; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.lead_list_entries WITH (security_invoker='true') AS
 SELECT leads.organization_id,
    leads.lead_list_id,
    leads.id AS lead_id,
    leads.created_at AS lead_created_at,
    leads.created_at AS added_at
   FROM public.leads
  WHERE (leads.lead_list_id IS NOT NULL)
UNION ALL
 SELECT lead_list_members.organization_id,
    lead_list_members.lead_list_id,
    lead_list_members.lead_id,
    lead_list_members.lead_created_at,
    lead_list_members.added_at
   FROM public.lead_list_members;

--
-- Name: lead_lists; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.lead_lists (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    source text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT lead_lists_description_check CHECK ((length(description) <= 2000)),
    CONSTRAINT lead_lists_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT lead_lists_source_check CHECK ((source = ANY (ARRAY['csv_import'::text, 'clay'::text, 'api'::text, 'manual'::text]))),
    CONSTRAINT lead_lists_status_check CHECK ((status = ANY (ARRAY['active'::text, 'archived'::text]))),
    CONSTRAINT lead_lists_tags_check CHECK ((cardinality(tags) <= 50)),
    CONSTRAINT lead_lists_version_check CHECK ((version > 0))
);

--
-- Name: link_domains; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.link_domains (
    organization_id uuid NOT NULL,
    name text NOT NULL,
    proved_at timestamp with time zone NOT NULL,
    CONSTRAINT link_domains_name_check CHECK (((length(name) >= 1) AND (length(name) <= 260)))
);

--
-- Name: linkedin_acts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.linkedin_acts (
    organization_id uuid NOT NULL,
    step_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    account_id uuid NOT NULL,
    node_id text NOT NULL,
    action text NOT NULL,
    person text NOT NULL,
    target text NOT NULL,
    chat_id text,
    noted boolean DEFAULT false NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    unipile_account text,
    CONSTRAINT linkedin_acts_action_check CHECK (((length(action) >= 1) AND (length(action) <= 50))),
    CONSTRAINT linkedin_acts_chat_id_check CHECK (((length(chat_id) >= 1) AND (length(chat_id) <= 500))),
    CONSTRAINT linkedin_acts_node_id_check CHECK (((length(node_id) >= 1) AND (length(node_id) <= 64))),
    CONSTRAINT linkedin_acts_person_check CHECK (((length(person) >= 1) AND (length(person) <= 200))),
    CONSTRAINT linkedin_acts_target_check CHECK (((length(target) >= 1) AND (length(target) <= 500))),
    CONSTRAINT linkedin_acts_unipile_account_check CHECK (((length(unipile_account) >= 1) AND (length(unipile_account) <= 500)))
);

--
-- Name: linkedin_people; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.linkedin_people (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    linkedin_url text NOT NULL,
    tier text NOT NULL,
    provider_id text NOT NULL,
    public_identifier text,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT linkedin_people_linkedin_url_check CHECK (((length(linkedin_url) >= 1) AND (length(linkedin_url) <= 500))),
    CONSTRAINT linkedin_people_provider_id_check CHECK (((length(provider_id) >= 1) AND (length(provider_id) <= 200))),
    CONSTRAINT linkedin_people_public_identifier_check CHECK (((length(public_identifier) >= 1) AND (length(public_identifier) <= 500))),
    CONSTRAINT linkedin_people_tier_check CHECK (((length(tier) >= 1) AND (length(tier) <= 50)))
);

--
-- Name: mail_reads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mail_reads (
    organization_id uuid NOT NULL,
    step_id uuid NOT NULL,
    link smallint NOT NULL,
    campaign_id uuid NOT NULL,
    url text,
    people integer DEFAULT 0 NOT NULL,
    people_at timestamp with time zone,
    machines integer DEFAULT 0 NOT NULL,
    machine_at timestamp with time zone,
    fresh_at timestamp with time zone,
    CONSTRAINT mail_reads_link_check CHECK (((link >= 0) AND (link <= 200))),
    CONSTRAINT mail_reads_machines_check CHECK ((machines >= 0)),
    CONSTRAINT mail_reads_people_check CHECK ((people >= 0)),
    CONSTRAINT mail_reads_url CHECK (((link > 0) = (url IS NOT NULL))),
    CONSTRAINT mail_reads_url_check CHECK (((length(url) >= 1) AND (length(url) <= 2000)))
);

--
-- Name: mailbox_folders; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mailbox_folders (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    server text NOT NULL,
    uid_validity bigint NOT NULL,
    last_uid bigint NOT NULL,
    stuck_uid bigint,
    stuck_times integer DEFAULT 0 NOT NULL,
    CONSTRAINT mailbox_folders_last_uid_check CHECK ((last_uid >= 0)),
    CONSTRAINT mailbox_folders_name_check CHECK (((length(name) >= 1) AND (length(name) <= 1000))),
    CONSTRAINT mailbox_folders_server_check CHECK ((length(server) <= 1000)),
    CONSTRAINT mailbox_folders_stuck_times_check CHECK ((stuck_times >= 0))
);

--
-- Name: mailbox_watches; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mailbox_watches (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    reads_from timestamp with time zone NOT NULL,
    worker uuid,
    next_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    failure text,
    CONSTRAINT mailbox_watches_failure_check CHECK ((length(failure) <= 1000)),
    CONSTRAINT mailbox_watches_failures_check CHECK ((failures >= 0))
);

--
-- Name: messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.messages (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    direction text NOT NULL,
    channel text NOT NULL,
    account_id uuid,
    campaign_id uuid,
    execution_id uuid,
    step_id uuid,
    user_id uuid,
    provider_key text NOT NULL,
    message_id text,
    answers text[] DEFAULT '{}'::text[] NOT NULL,
    sender text,
    subject text,
    text text NOT NULL,
    had_html boolean DEFAULT false NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    verdict text,
    asks_to_stop boolean DEFAULT false NOT NULL,
    away_until date,
    state text,
    reason text,
    token uuid,
    deadline timestamp with time zone,
    sent_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    copied_at timestamp with time zone,
    past boolean DEFAULT false NOT NULL,
    person text,
    look jsonb,
    charged_day date,
    charged_hour smallint,
    given_back boolean DEFAULT false NOT NULL,
    CONSTRAINT messages_answers_check CHECK ((cardinality(answers) <= 50)),
    CONSTRAINT messages_attachments_check CHECK ((jsonb_typeof(attachments) = 'array'::text)),
    CONSTRAINT messages_channel_check CHECK ((channel = ANY (ARRAY['linkedin'::text, 'email'::text]))),
    CONSTRAINT messages_direction CHECK ((((direction = 'inbound'::text) = (verdict IS NOT NULL)) AND ((direction = 'outbound'::text) = (state IS NOT NULL)))),
    CONSTRAINT messages_direction_check CHECK ((direction = ANY (ARRAY['inbound'::text, 'outbound'::text]))),
    CONSTRAINT messages_look_check CHECK ((jsonb_typeof(look) = 'object'::text)),
    CONSTRAINT messages_message_id_check CHECK (((length(message_id) >= 1) AND (length(message_id) <= 998))),
    CONSTRAINT messages_person_check CHECK (((length(person) >= 1) AND (length(person) <= 500))),
    CONSTRAINT messages_provider_key_check CHECK (((length(provider_key) >= 1) AND (length(provider_key) <= 500))),
    CONSTRAINT messages_reason_check CHECK ((length(reason) <= 100)),
    CONSTRAINT messages_sender_check CHECK ((length(sender) <= 600)),
    CONSTRAINT messages_sending CHECK (((NOT (state IS DISTINCT FROM 'sending'::text)) = (deadline IS NOT NULL))),
    CONSTRAINT messages_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'sent'::text, 'failed'::text]))),
    CONSTRAINT messages_subject_check CHECK ((length(subject) <= 1000)),
    CONSTRAINT messages_text_check CHECK ((length(text) <= 100000)),
    CONSTRAINT messages_verdict_check CHECK ((verdict = ANY (ARRAY['reply'::text, 'auto_reply'::text])))
);

--
-- Name: organization_members; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.organization_members (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    clerk_membership_id text,
    clerk_role text,
    version bigint DEFAULT 1 NOT NULL,
    source_version bigint DEFAULT 0 NOT NULL,
    source_told_at bigint DEFAULT 0 NOT NULL,
    source_created_at bigint DEFAULT 0 NOT NULL,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT organization_members_check CHECK (((clerk_role IS NULL) = (deleted_at IS NOT NULL))),
    CONSTRAINT organization_members_check1 CHECK (((clerk_membership_id IS NOT NULL) OR (deleted_at IS NULL))),
    CONSTRAINT organization_members_clerk_membership_id_check CHECK (((length(clerk_membership_id) >= 1) AND (length(clerk_membership_id) <= 255))),
    CONSTRAINT organization_members_clerk_role_check CHECK (((length(clerk_role) >= 1) AND (length(clerk_role) <= 255))),
    CONSTRAINT organization_members_version_check CHECK ((version > 0))
);

--
-- Name: organizations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.organizations (
    id uuid NOT NULL,
    clerk_organization_id text NOT NULL,
    name text NOT NULL,
    slug text,
    image_url text,
    plan text DEFAULT 'free'::text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    source_version bigint DEFAULT 0 NOT NULL,
    source_told_at bigint DEFAULT 0 NOT NULL,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    members_compared_at timestamp with time zone,
    CONSTRAINT organizations_clerk_organization_id_check CHECK (((length(clerk_organization_id) >= 1) AND (length(clerk_organization_id) <= 255))),
    CONSTRAINT organizations_image_url_check CHECK ((length(image_url) <= 2048)),
    CONSTRAINT organizations_name_check CHECK ((length(name) <= 255)),
    CONSTRAINT organizations_plan_check CHECK ((plan = ANY (ARRAY['free'::text, 'pro'::text, 'enterprise'::text]))),
    CONSTRAINT organizations_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT organizations_slug_check CHECK ((length(slug) <= 255)),
    CONSTRAINT organizations_version_check CHECK ((version > 0))
);

--
-- Name: returned_room; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.returned_room (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL
);

--
-- Name: sandbox_acts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sandbox_acts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    natural_key text NOT NULL,
    action text NOT NULL,
    content jsonb,
    taken_at timestamp with time zone NOT NULL,
    CONSTRAINT sandbox_acts_natural_key_check CHECK (((length(natural_key) >= 1) AND (length(natural_key) <= 200)))
);

--
-- Name: sandbox_happenings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sandbox_happenings (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    kind text NOT NULL,
    text text,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT sandbox_happenings_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 50)))
);

--
-- Name: sent_mails; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sent_mails (
    organization_id uuid NOT NULL,
    message_id text NOT NULL,
    step_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    account_id uuid NOT NULL,
    node_id text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    refs text[] DEFAULT '{}'::text[] NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    copied_at timestamp with time zone,
    tracks_opens boolean DEFAULT false NOT NULL,
    tracks_clicks boolean DEFAULT false NOT NULL,
    link_domain text,
    look jsonb,
    CONSTRAINT sent_mails_look_check CHECK ((jsonb_typeof(look) = 'object'::text)),
    CONSTRAINT sent_mails_message_id_check CHECK (((length(message_id) >= 3) AND (length(message_id) <= 255))),
    CONSTRAINT sent_mails_node_id_check CHECK (((length(node_id) >= 1) AND (length(node_id) <= 64))),
    CONSTRAINT sent_mails_recipient_check CHECK (((length(recipient) >= 3) AND (length(recipient) <= 320))),
    CONSTRAINT sent_mails_subject_check CHECK ((length(subject) <= 1000))
);

--
-- Name: soft_bounces; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.soft_bounces (
    organization_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    key text NOT NULL,
    status text,
    bounced_at timestamp with time zone NOT NULL,
    CONSTRAINT soft_bounces_key_check CHECK (((length(key) >= 1) AND (length(key) <= 998))),
    CONSTRAINT soft_bounces_status_check CHECK ((length(status) <= 20))
);

--
-- Name: suppressions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.suppressions (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    value text,
    value_hash bytea NOT NULL,
    key_id text NOT NULL,
    reason text,
    source text NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT suppressions_erased CHECK (((value IS NULL) = (erased_at IS NOT NULL))),
    CONSTRAINT suppressions_key_id_check CHECK (((length(key_id) >= 1) AND (length(key_id) <= 64))),
    CONSTRAINT suppressions_kind_check CHECK ((kind = ANY (ARRAY['email'::text, 'domain'::text, 'linkedin_url'::text]))),
    CONSTRAINT suppressions_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500))),
    CONSTRAINT suppressions_source_check CHECK ((source = ANY (ARRAY['manual'::text, 'import'::text, 'api'::text, 'unsubscribe'::text, 'bounce'::text, 'complaint'::text, 'erasure'::text]))),
    CONSTRAINT suppressions_value_check CHECK (((length(value) >= 1) AND (length(value) <= 500))),
    CONSTRAINT suppressions_value_hash_check CHECK ((length(value_hash) = 32))
);

--
-- Name: taken_in; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.taken_in (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    CONSTRAINT taken_in_key_check CHECK (((length(key) >= 1) AND (length(key) <= 500))),
    CONSTRAINT taken_in_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 50)))
);

--
-- Name: unipile_departures; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unipile_departures (
    organization_id uuid NOT NULL,
    unipile_account text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT unipile_departures_tries_check CHECK ((tries >= 0)),
    CONSTRAINT unipile_departures_unipile_account_check CHECK (((length(unipile_account) >= 1) AND (length(unipile_account) <= 200)))
);

--
-- Name: unipile_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unipile_events (
    key text NOT NULL,
    kind text NOT NULL,
    unipile_account text NOT NULL,
    about jsonb NOT NULL,
    arrivals bigint DEFAULT 1 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    outcome text,
    received_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    CONSTRAINT unipile_events_about_check CHECK ((jsonb_typeof(about) = 'object'::text)),
    CONSTRAINT unipile_events_arrivals_check CHECK ((arrivals > 0)),
    CONSTRAINT unipile_events_key_check CHECK (((length(key) >= 1) AND (length(key) <= 900))),
    CONSTRAINT unipile_events_kind_check CHECK ((kind = ANY (ARRAY['new_relation'::text, 'message'::text]))),
    CONSTRAINT unipile_events_outcome_check CHECK (((length(outcome) >= 1) AND (length(outcome) <= 50))),
    CONSTRAINT unipile_events_tries_check CHECK ((tries >= 0)),
    CONSTRAINT unipile_events_unipile_account_check CHECK (((length(unipile_account) >= 1) AND (length(unipile_account) <= 200)))
);

--
-- Name: unipile_webhooks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unipile_webhooks (
    source text NOT NULL,
    webhook_id text,
    request_url text NOT NULL,
    secret_hash bytea NOT NULL,
    due_at timestamp with time zone NOT NULL,
    made_at timestamp with time zone,
    CONSTRAINT unipile_webhooks_request_url_check CHECK ((length(request_url) <= 2000)),
    CONSTRAINT unipile_webhooks_secret_hash_check CHECK ((octet_length(secret_hash) = 32)),
    CONSTRAINT unipile_webhooks_source_check CHECK (((length(source) >= 1) AND (length(source) <= 50))),
    CONSTRAINT unipile_webhooks_webhook_id_check CHECK (((length(webhook_id) >= 1) AND (length(webhook_id) <= 200)))
);

--
-- Name: unreadable_mails; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unreadable_mails (
    organization_id uuid NOT NULL,
    account_id uuid NOT NULL,
    folder text NOT NULL,
    uid_validity bigint NOT NULL,
    uid bigint NOT NULL,
    reason text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT unreadable_mails_folder_check CHECK (((length(folder) >= 1) AND (length(folder) <= 1000))),
    CONSTRAINT unreadable_mails_reason_check CHECK ((length(reason) <= 1000))
);

--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id uuid NOT NULL,
    clerk_user_id text NOT NULL,
    email text,
    first_name text,
    last_name text,
    image_url text,
    banned boolean DEFAULT false NOT NULL,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    source_version bigint DEFAULT 0 NOT NULL,
    source_told_at bigint DEFAULT 0 NOT NULL,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT users_clerk_user_id_check CHECK (((length(clerk_user_id) >= 1) AND (length(clerk_user_id) <= 255))),
    CONSTRAINT users_email_check CHECK ((length(email) <= 320)),
    CONSTRAINT users_first_name_check CHECK ((length(first_name) <= 255)),
    CONSTRAINT users_image_url_check CHECK ((length(image_url) <= 2048)),
    CONSTRAINT users_last_name_check CHECK ((length(last_name) <= 255)),
    CONSTRAINT users_preferences_check CHECK ((jsonb_typeof(preferences) = 'object'::text)),
    CONSTRAINT users_version_check CHECK ((version > 0))
);

--
-- Name: webhook_secrets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_secrets (
    organization_id uuid NOT NULL,
    secret bytea NOT NULL,
    secret_key bytea NOT NULL,
    secret_key_id text NOT NULL,
    earlier bytea,
    earlier_key bytea,
    earlier_key_id text,
    earlier_until timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_secrets_earlier CHECK ((num_nonnulls(earlier, earlier_key, earlier_key_id, earlier_until) = ANY (ARRAY[0, 4]))),
    CONSTRAINT webhook_secrets_version_check CHECK ((version > 0))
);

--
-- Name: account_usage account_usage_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account_usage
    ADD CONSTRAINT account_usage_pkey PRIMARY KEY (organization_id, account_id, action, day, hour);

--
-- Name: account_watches account_watches_gave_up; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.account_watches
    ADD CONSTRAINT account_watches_gave_up CHECK (((length(gave_up) >= 1) AND (length(gave_up) <= 500))) NOT VALID;

--
-- Name: account_watches account_watches_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account_watches
    ADD CONSTRAINT account_watches_pkey PRIMARY KEY (organization_id, account_id, kind);

--
-- Name: activities activities_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_pkey PRIMARY KEY (organization_id, id);

--
-- Name: api_key_secrets api_key_secrets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key_secrets
    ADD CONSTRAINT api_key_secrets_pkey PRIMARY KEY (organization_id, api_key_id, hash);

--
-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (organization_id, id);

--
-- Name: audit_chain_heads audit_chain_heads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_chain_heads
    ADD CONSTRAINT audit_chain_heads_pkey PRIMARY KEY (organization_id);

--
-- Name: audit_logs audit_logs_impersonator_length; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.audit_logs
    ADD CONSTRAINT audit_logs_impersonator_length CHECK (((length(impersonator) >= 1) AND (length(impersonator) <= 128))) NOT VALID;

--
-- Name: audit_logs audit_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (organization_id, id);

--
-- Name: campaign_accounts campaign_accounts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_accounts
    ADD CONSTRAINT campaign_accounts_pkey PRIMARY KEY (organization_id, campaign_id, account_id);

--
-- Name: campaign_executions campaign_executions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_executions
    ADD CONSTRAINT campaign_executions_pkey PRIMARY KEY (organization_id, id);

--
-- Name: campaign_lead_lists campaign_lead_lists_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_lead_lists
    ADD CONSTRAINT campaign_lead_lists_pkey PRIMARY KEY (organization_id, campaign_id, lead_list_id);

--
-- Name: campaign_progress_changes campaign_progress_changes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_progress_changes
    ADD CONSTRAINT campaign_progress_changes_pkey PRIMARY KEY (organization_id, id);

--
-- Name: campaign_progress campaign_progress_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_progress
    ADD CONSTRAINT campaign_progress_pkey PRIMARY KEY (organization_id, campaign_id, status);

--
-- Name: campaign_revisions campaign_revisions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_revisions
    ADD CONSTRAINT campaign_revisions_pkey PRIMARY KEY (organization_id, campaign_id, number);

--
-- Name: campaigns campaigns_paused_because; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.campaigns
    ADD CONSTRAINT campaigns_paused_because CHECK (((length(paused_because) >= 1) AND (length(paused_because) <= 1000))) NOT VALID;

--
-- Name: campaigns campaigns_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_pkey PRIMARY KEY (organization_id, id);

--
-- Name: clay_deliveries clay_deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_deliveries
    ADD CONSTRAINT clay_deliveries_pkey PRIMARY KEY (organization_id, destination_id, lead_id);

--
-- Name: clay_destinations clay_destinations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_destinations
    ADD CONSTRAINT clay_destinations_pkey PRIMARY KEY (organization_id, id);

--
-- Name: clay_paces clay_paces_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_paces
    ADD CONSTRAINT clay_paces_pkey PRIMARY KEY (organization_id);

--
-- Name: clay_webhooks clay_webhooks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_webhooks
    ADD CONSTRAINT clay_webhooks_pkey PRIMARY KEY (organization_id, url_hash);

--
-- Name: connect_links connect_links_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connect_links
    ADD CONSTRAINT connect_links_pkey PRIMARY KEY (organization_id, id);

--
-- Name: connected_accounts connected_accounts_mailbox; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.connected_accounts
    ADD CONSTRAINT connected_accounts_mailbox CHECK (((provider = ANY (ARRAY['gmail'::text, 'outlook'::text, 'mailbox'::text])) = ((mailbox IS NOT NULL) OR ((unipile IS NOT NULL) AND (channel = 'email'::text))))) NOT VALID;

--
-- Name: connected_accounts connected_accounts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connected_accounts
    ADD CONSTRAINT connected_accounts_pkey PRIMARY KEY (organization_id, id);

--
-- Name: connected_accounts connected_accounts_unipile; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.connected_accounts
    ADD CONSTRAINT connected_accounts_unipile CHECK (((unipile IS NULL) OR ((length((unipile ->> 'account_id'::text)) >= 1) AND (length((unipile ->> 'account_id'::text)) <= 200)))) NOT VALID;

--
-- Name: conversations conversations_organization_id_lead_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_organization_id_lead_id_key UNIQUE (organization_id, lead_id);

--
-- Name: conversations conversations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (organization_id, id);

--
-- Name: counts_of_the_gone counts_of_the_gone_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.counts_of_the_gone
    ADD CONSTRAINT counts_of_the_gone_pkey PRIMARY KEY (organization_id, id);

--
-- Name: execution_steps execution_steps_account_or_webhook; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.execution_steps
    ADD CONSTRAINT execution_steps_account_or_webhook CHECK (((account_id IS NOT NULL) OR (action = 'webhook'::text) OR (state <> 'sending'::text))) NOT VALID;

--
-- Name: execution_steps execution_steps_organization_id_execution_id_node_id_attemp_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_steps
    ADD CONSTRAINT execution_steps_organization_id_execution_id_node_id_attemp_key UNIQUE (organization_id, execution_id, node_id, attempt);

--
-- Name: execution_steps execution_steps_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_steps
    ADD CONSTRAINT execution_steps_pkey PRIMARY KEY (organization_id, id);

--
-- Name: guard_marks guard_marks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guard_marks
    ADD CONSTRAINT guard_marks_pkey PRIMARY KEY (organization_id, campaign_id, account_id);

--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, route, key);

--
-- Name: import_other_keys import_other_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_other_keys
    ADD CONSTRAINT import_other_keys_pkey PRIMARY KEY (organization_id, import_id, key);

--
-- Name: import_pieces import_pieces_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_pieces
    ADD CONSTRAINT import_pieces_pkey PRIMARY KEY (organization_id, import_id, number);

--
-- Name: import_rejections import_rejections_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_rejections
    ADD CONSTRAINT import_rejections_pkey PRIMARY KEY (organization_id, import_id, row_number);

--
-- Name: imports imports_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (organization_id, id);

--
-- Name: inbound_events inbound_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbound_events
    ADD CONSTRAINT inbound_events_pkey PRIMARY KEY (source, external_id);

--
-- Name: kept_mails kept_mails_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kept_mails
    ADD CONSTRAINT kept_mails_pkey PRIMARY KEY (organization_id, account_id, key);

--
-- Name: lead_list_members lead_list_members_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lead_list_members
    ADD CONSTRAINT lead_list_members_pkey PRIMARY KEY (organization_id, lead_list_id, lead_created_at, lead_id);

--
-- Name: lead_lists lead_lists_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lead_lists
    ADD CONSTRAINT lead_lists_pkey PRIMARY KEY (organization_id, id);

--
-- Name: leads leads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.leads
    ADD CONSTRAINT leads_pkey PRIMARY KEY (organization_id, id);

--
-- Name: link_domains link_domains_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.link_domains
    ADD CONSTRAINT link_domains_name_key UNIQUE (name);

--
-- Name: link_domains link_domains_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.link_domains
    ADD CONSTRAINT link_domains_pkey PRIMARY KEY (organization_id, name);

--
-- Name: linkedin_acts linkedin_acts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.linkedin_acts
    ADD CONSTRAINT linkedin_acts_pkey PRIMARY KEY (organization_id, step_id);

--
-- Name: linkedin_people linkedin_people_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.linkedin_people
    ADD CONSTRAINT linkedin_people_pkey PRIMARY KEY (organization_id, account_id, linkedin_url);

--
-- Name: mail_reads mail_reads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mail_reads
    ADD CONSTRAINT mail_reads_pkey PRIMARY KEY (organization_id, step_id, link);

--
-- Name: mailbox_folders mailbox_folders_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mailbox_folders
    ADD CONSTRAINT mailbox_folders_pkey PRIMARY KEY (organization_id, account_id, name);

--
-- Name: mailbox_watches mailbox_watches_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mailbox_watches
    ADD CONSTRAINT mailbox_watches_pkey PRIMARY KEY (organization_id, account_id);

--
-- Name: messages messages_charged_check; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.messages
    ADD CONSTRAINT messages_charged_check CHECK ((((charged_day IS NULL) = (charged_hour IS NULL)) AND ((charged_hour >= 0) AND (charged_hour <= 23)))) NOT VALID;

--
-- Name: messages messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (organization_id, id);

--
-- Name: organization_members organization_members_clerk_membership_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organization_members
    ADD CONSTRAINT organization_members_clerk_membership_id_key UNIQUE (clerk_membership_id);

--
-- Name: organization_members organization_members_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organization_members
    ADD CONSTRAINT organization_members_pkey PRIMARY KEY (organization_id, id);

--
-- Name: organizations organizations_clerk_organization_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_clerk_organization_id_key UNIQUE (clerk_organization_id);

--
-- Name: organizations organizations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

--
-- Name: returned_room returned_room_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.returned_room
    ADD CONSTRAINT returned_room_pkey PRIMARY KEY (organization_id, account_id);

--
-- Name: sandbox_acts sandbox_acts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_acts
    ADD CONSTRAINT sandbox_acts_pkey PRIMARY KEY (organization_id, id);

--
-- Name: sandbox_happenings sandbox_happenings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_happenings
    ADD CONSTRAINT sandbox_happenings_pkey PRIMARY KEY (organization_id, id);

--
-- Name: sent_mails sent_mails_link_domain; Type: CHECK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.sent_mails
    ADD CONSTRAINT sent_mails_link_domain CHECK (((length(link_domain) >= 1) AND (length(link_domain) <= 260))) NOT VALID;

--
-- Name: sent_mails sent_mails_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sent_mails
    ADD CONSTRAINT sent_mails_pkey PRIMARY KEY (organization_id, message_id);

--
-- Name: soft_bounces soft_bounces_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.soft_bounces
    ADD CONSTRAINT soft_bounces_pkey PRIMARY KEY (organization_id, lead_id, key);

--
-- Name: suppressions suppressions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.suppressions
    ADD CONSTRAINT suppressions_pkey PRIMARY KEY (organization_id, id);

--
-- Name: taken_in taken_in_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taken_in
    ADD CONSTRAINT taken_in_pkey PRIMARY KEY (organization_id, account_id, key);

--
-- Name: unipile_departures unipile_departures_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unipile_departures
    ADD CONSTRAINT unipile_departures_pkey PRIMARY KEY (organization_id, unipile_account);

--
-- Name: unipile_events unipile_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unipile_events
    ADD CONSTRAINT unipile_events_pkey PRIMARY KEY (key);

--
-- Name: unipile_webhooks unipile_webhooks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unipile_webhooks
    ADD CONSTRAINT unipile_webhooks_pkey PRIMARY KEY (source);

--
-- Name: unreadable_mails unreadable_mails_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unreadable_mails
    ADD CONSTRAINT unreadable_mails_pkey PRIMARY KEY (organization_id, account_id, folder, uid_validity, uid);

--
-- Name: users users_clerk_user_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_clerk_user_id_key UNIQUE (clerk_user_id);

--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

--
-- Name: webhook_secrets webhook_secrets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_pkey PRIMARY KEY (organization_id);

--
-- Name: account_watches_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX account_watches_due ON public.account_watches USING btree (due_at);

--
-- Name: activities_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_account ON public.activities USING btree (organization_id, account_id, occurred_at DESC, id DESC) WHERE (account_id IS NOT NULL);

--
-- Name: activities_campaign; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_campaign ON public.activities USING btree (organization_id, campaign_id, occurred_at DESC, id DESC);

--
-- Name: activities_execution; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_execution ON public.activities USING btree (organization_id, execution_id) WHERE (execution_id IS NOT NULL);

--
-- Name: activities_harm; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_harm ON public.activities USING btree (organization_id, campaign_id, occurred_at) WHERE (type = ANY (ARRAY['email_bounced'::text, 'lead_complained'::text]));

--
-- Name: activities_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_keyset ON public.activities USING btree (organization_id, occurred_at DESC, id DESC);

--
-- Name: activities_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_lead ON public.activities USING btree (organization_id, lead_id, occurred_at DESC, id DESC);

--
-- Name: activities_order; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_order ON public.activities USING btree (organization_id, campaign_id, xact, id) WHERE (campaign_id IS NOT NULL);

--
-- Name: activities_outcomes; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activities_outcomes ON public.activities USING btree (organization_id, campaign_id) WHERE (type = ANY (ARRAY['lead_replied'::text, 'email_bounced'::text, 'lead_unsubscribed'::text]));

--
-- Name: api_key_secrets_current; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX api_key_secrets_current ON public.api_key_secrets USING btree (organization_id, api_key_id) WHERE (expires_at IS NULL);

--
-- Name: api_key_secrets_hash; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX api_key_secrets_hash ON public.api_key_secrets USING btree (hash);

--
-- Name: api_keys_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX api_keys_keyset ON public.api_keys USING btree (organization_id, created_at DESC, id DESC);

--
-- Name: audit_logs_chain; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX audit_logs_chain ON public.audit_logs USING btree (organization_id, seq) WHERE (seq IS NOT NULL);

--
-- Name: audit_logs_entity; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_logs_entity ON public.audit_logs USING btree (organization_id, entity_id, id DESC);

--
-- Name: audit_logs_unsealed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_logs_unsealed ON public.audit_logs USING btree (organization_id, id) WHERE (seq IS NULL);

--
-- Name: campaign_accounts_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_accounts_account ON public.campaign_accounts USING btree (organization_id, account_id);

--
-- Name: campaign_executions_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_account ON public.campaign_executions USING btree (organization_id, account_id) WHERE (account_id IS NOT NULL);

--
-- Name: campaign_executions_begun; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_begun ON public.campaign_executions USING btree (organization_id, campaign_id, begun_at) WHERE (begun_at IS NOT NULL);

--
-- Name: campaign_executions_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_due ON public.campaign_executions USING btree (organization_id, campaign_id, next_run_at, id) WHERE (status = 'waiting'::text);

--
-- Name: campaign_executions_email; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_email ON public.campaign_executions USING btree (organization_id, email_account_id) WHERE (email_account_id IS NOT NULL);

--
-- Name: campaign_executions_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_keyset ON public.campaign_executions USING btree (organization_id, campaign_id, created_at DESC, id DESC);

--
-- Name: campaign_executions_linkedin; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_linkedin ON public.campaign_executions USING btree (organization_id, linkedin_account_id) WHERE (linkedin_account_id IS NOT NULL);

--
-- Name: campaign_executions_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX campaign_executions_once ON public.campaign_executions USING btree (organization_id, lead_id, campaign_id);

--
-- Name: campaign_executions_pending; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_pending ON public.campaign_executions USING btree (organization_id, campaign_id, lead_id) WHERE (status = 'pending'::text);

--
-- Name: campaign_executions_progress; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_progress ON public.campaign_executions USING btree (organization_id, campaign_id, status, created_at DESC, id DESC) INCLUDE (next_run_at, sent_count);

--
-- Name: campaign_executions_reserved; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_executions_reserved ON public.campaign_executions USING btree (organization_id, account_id, next_run_at) INCLUDE (action) WHERE ((account_id IS NOT NULL) AND (status = 'waiting'::text));

--
-- Name: campaign_lead_lists_list; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_lead_lists_list ON public.campaign_lead_lists USING btree (organization_id, lead_list_id);

--
-- Name: campaign_progress_changes_campaign; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaign_progress_changes_campaign ON public.campaign_progress_changes USING btree (organization_id, campaign_id) INCLUDE (status, executions, sent);

--
-- Name: campaigns_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaigns_keyset ON public.campaigns USING btree (organization_id, created_at DESC, id DESC);

--
-- Name: campaigns_replanning; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaigns_replanning ON public.campaigns USING btree (organization_id, id) WHERE (replanning IS NOT NULL);

--
-- Name: campaigns_running; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaigns_running ON public.campaigns USING btree (organization_id, id) WHERE (status = 'running'::text);

--
-- Name: campaigns_stopped; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaigns_stopped ON public.campaigns USING btree (ended_at) WHERE (status = 'stopped'::text);

--
-- Name: campaigns_to_begin; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX campaigns_to_begin ON public.campaigns USING btree (next_begin_at) WHERE ((status = ANY (ARRAY['scheduled'::text, 'running'::text])) AND (next_begin_at IS NOT NULL));

--
-- Name: clay_deliveries_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clay_deliveries_lead ON public.clay_deliveries USING btree (organization_id, lead_id);

--
-- Name: clay_deliveries_position; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clay_deliveries_position ON public.clay_deliveries USING btree (organization_id, destination_id, state, queued_at, lead_id);

--
-- Name: clay_destinations_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clay_destinations_due ON public.clay_destinations USING btree (next_attempt_at) WHERE (status = 'active'::text);

--
-- Name: clay_destinations_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clay_destinations_keyset ON public.clay_destinations USING btree (organization_id, lead_list_id, created_at DESC, id DESC);

--
-- Name: clay_destinations_url; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX clay_destinations_url ON public.clay_destinations USING btree (organization_id, lead_list_id, url_hash);

--
-- Name: clay_destinations_webhook; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clay_destinations_webhook ON public.clay_destinations USING btree (organization_id, url_hash);

--
-- Name: connect_links_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX connect_links_account ON public.connect_links USING btree (organization_id, account_id) WHERE (account_id IS NOT NULL);

--
-- Name: connect_links_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX connect_links_due ON public.connect_links USING btree (due_at) WHERE (due_at IS NOT NULL);

--
-- Name: connect_links_expired; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX connect_links_expired ON public.connect_links USING btree (expires_at);

--
-- Name: connect_links_state; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX connect_links_state ON public.connect_links USING btree (state_hash);

--
-- Name: connected_accounts_address_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX connected_accounts_address_once ON public.connected_accounts USING btree (organization_id, lower(email)) WHERE ((mailbox IS NOT NULL) OR ((unipile IS NOT NULL) AND (channel = 'email'::text)));

--
-- Name: connected_accounts_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX connected_accounts_keyset ON public.connected_accounts USING btree (organization_id, created_at DESC, id DESC);

--
-- Name: connected_accounts_links_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX connected_accounts_links_due ON public.connected_accounts USING btree (links_due_at) WHERE (links_due_at IS NOT NULL);

--
-- Name: connected_accounts_mailbox_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX connected_accounts_mailbox_once ON public.connected_accounts USING btree (organization_id, lower(email)) WHERE (mailbox IS NOT NULL);

--
-- Name: connected_accounts_unipile_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX connected_accounts_unipile_once ON public.connected_accounts USING btree (((unipile ->> 'account_id'::text))) WHERE (unipile IS NOT NULL);

--
-- Name: conversations_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversations_account ON public.conversations USING btree (organization_id, account_id) WHERE (account_id IS NOT NULL);

--
-- Name: conversations_assignee; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversations_assignee ON public.conversations USING btree (organization_id, assignee_id, last_message_at DESC, id DESC) WHERE (assignee_id IS NOT NULL);

--
-- Name: conversations_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversations_keyset ON public.conversations USING btree (organization_id, last_message_at DESC, id DESC);

--
-- Name: conversations_label; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversations_label ON public.conversations USING btree (organization_id, label, last_message_at DESC, id DESC) WHERE (label IS NOT NULL);

--
-- Name: conversations_unread; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversations_unread ON public.conversations USING btree (organization_id, last_message_at DESC, id DESC) WHERE (unread_count > 0);

--
-- Name: counts_of_the_gone_campaign; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX counts_of_the_gone_campaign ON public.counts_of_the_gone USING btree (organization_id, campaign_id, kind, at);

--
-- Name: counts_of_the_gone_oldest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX counts_of_the_gone_oldest ON public.counts_of_the_gone USING btree (at);

--
-- Name: execution_steps_account_sending; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_account_sending ON public.execution_steps USING btree (organization_id, account_id, sending_at);

--
-- Name: execution_steps_campaign; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_campaign ON public.execution_steps USING btree (organization_id, campaign_id, node_id, state, variant);

--
-- Name: execution_steps_capped_by_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_capped_by_account ON public.execution_steps USING btree (organization_id, sending_at) INCLUDE (account_id, campaign_id, recipient_domain, company_domain, state) WHERE capped;

--
-- Name: execution_steps_in_flight; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_in_flight ON public.execution_steps USING btree (organization_id, campaign_id) WHERE (state = 'sending'::text);

--
-- Name: execution_steps_in_vain; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_in_vain ON public.execution_steps USING btree (organization_id, account_id, charged_day) WHERE ((state = 'skipped'::text) OR ((state = 'not_sent'::text) AND (reason = ANY (ARRAY['lead_unanswered'::text, 'not_found_at_provider'::text]))));

--
-- Name: execution_steps_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_lead ON public.execution_steps USING btree (organization_id, lead_id);

--
-- Name: execution_steps_mails; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_mails ON public.execution_steps USING btree (organization_id, campaign_id, sending_at) WHERE (action = 'send_email'::text);

--
-- Name: execution_steps_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX execution_steps_once ON public.execution_steps USING btree (organization_id, execution_id, node_id) WHERE (state = ANY (ARRAY['sending'::text, 'sent'::text, 'needs_review'::text]));

--
-- Name: execution_steps_review; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_review ON public.execution_steps USING btree (organization_id, execution_id) WHERE (state = 'needs_review'::text);

--
-- Name: execution_steps_unsettled; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_steps_unsettled ON public.execution_steps USING btree (deadline) WHERE (state = 'sending'::text);

--
-- Name: guard_marks_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX guard_marks_account ON public.guard_marks USING btree (organization_id, account_id);

--
-- Name: guard_marks_oldest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX guard_marks_oldest ON public.guard_marks USING btree (marked_at);

--
-- Name: idempotency_keys_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_keys_expiry ON public.idempotency_keys USING btree (expires_at);

--
-- Name: import_pieces_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX import_pieces_waiting ON public.import_pieces USING btree (created_at) WHERE (records IS NOT NULL);

--
-- Name: import_rejections_marks; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX import_rejections_marks ON public.import_rejections USING gin (public.rejection_marks(organization_id, cells)) WITH (fastupdate=off);

--
-- Name: imports_age; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX imports_age ON public.imports USING btree (created_at);

--
-- Name: imports_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX imports_keyset ON public.imports USING btree (organization_id, created_at DESC, id DESC);

--
-- Name: imports_list; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX imports_list ON public.imports USING btree (organization_id, lead_list_id) WHERE (lead_list_id IS NOT NULL);

--
-- Name: imports_under_way; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX imports_under_way ON public.imports USING btree (updated_at) WHERE ((status = ANY (ARRAY['queued'::text, 'running'::text])) OR ((undo_requested_at IS NOT NULL) AND (status <> 'undone'::text)));

--
-- Name: inbound_events_received; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX inbound_events_received ON public.inbound_events USING btree (received_at);

--
-- Name: kept_mails_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX kept_mails_due ON public.kept_mails USING btree (next_at);

--
-- Name: kept_mails_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX kept_mails_lead ON public.kept_mails USING btree (organization_id, lead_id);

--
-- Name: lead_list_members_added; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lead_list_members_added ON public.lead_list_members USING btree (organization_id, lead_list_id, added_at);

--
-- Name: lead_list_members_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX lead_list_members_lead ON public.lead_list_members USING btree (organization_id, lead_id, lead_list_id);

--
-- Name: lead_lists_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lead_lists_keyset ON public.lead_lists USING btree (organization_id, created_at DESC, id DESC);

--
-- Name: leads_email; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX leads_email ON public.leads USING btree (organization_id, email) WHERE (email IS NOT NULL);

--
-- Name: leads_external_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX leads_external_id ON public.leads USING btree (organization_id, external_id) WHERE (external_id IS NOT NULL);

--
-- Name: leads_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX leads_keyset ON public.leads USING btree (organization_id, created_at DESC, id DESC);

--
-- Name: leads_linkedin_url; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX leads_linkedin_url ON public.leads USING btree (organization_id, linkedin_url) WHERE (linkedin_url IS NOT NULL);

--
-- Name: leads_list; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX leads_list ON public.leads USING btree (organization_id, lead_list_id, created_at DESC, id DESC) WHERE (lead_list_id IS NOT NULL);

--
-- Name: leads_search; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX leads_search ON public.leads USING gin (organization_id, search_text public.gin_trgm_ops, tags);

--
-- Name: linkedin_acts_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX linkedin_acts_account ON public.linkedin_acts USING btree (organization_id, account_id, person, action, begun_at);

--
-- Name: linkedin_acts_execution; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX linkedin_acts_execution ON public.linkedin_acts USING btree (organization_id, execution_id, node_id, begun_at);

--
-- Name: linkedin_acts_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX linkedin_acts_lead ON public.linkedin_acts USING btree (organization_id, lead_id);

--
-- Name: linkedin_acts_noted; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX linkedin_acts_noted ON public.linkedin_acts USING btree (organization_id, account_id, begun_at) WHERE noted;

--
-- Name: linkedin_acts_post_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX linkedin_acts_post_once ON public.linkedin_acts USING btree (organization_id, account_id, action, target) WHERE (action = ANY (ARRAY['like_post'::text, 'comment_post'::text]));

--
-- Name: linkedin_people_provider; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX linkedin_people_provider ON public.linkedin_people USING btree (organization_id, account_id, provider_id);

--
-- Name: mail_reads_campaign; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mail_reads_campaign ON public.mail_reads USING btree (organization_id, campaign_id);

--
-- Name: mail_reads_fresh; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mail_reads_fresh ON public.mail_reads USING btree (fresh_at) WHERE (fresh_at IS NOT NULL);

--
-- Name: mailbox_watches_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mailbox_watches_due ON public.mailbox_watches USING btree (next_at);

--
-- Name: mailbox_watches_worker; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mailbox_watches_worker ON public.mailbox_watches USING btree (worker) WHERE (worker IS NOT NULL);

--
-- Name: messages_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_account ON public.messages USING btree (organization_id, account_id, conversation_id) WHERE (account_id IS NOT NULL);

--
-- Name: messages_by_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_by_id ON public.messages USING btree (organization_id, message_id) WHERE (message_id IS NOT NULL);

--
-- Name: messages_campaign; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_campaign ON public.messages USING btree (organization_id, campaign_id, conversation_id) WHERE (campaign_id IS NOT NULL);

--
-- Name: messages_conversation; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_conversation ON public.messages USING btree (organization_id, conversation_id, sent_at, id);

--
-- Name: messages_execution; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_execution ON public.messages USING btree (organization_id, execution_id) WHERE (execution_id IS NOT NULL);

--
-- Name: messages_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_lead ON public.messages USING btree (organization_id, lead_id);

--
-- Name: messages_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX messages_once ON public.messages USING btree (organization_id, account_id, provider_key);

--
-- Name: messages_search; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_search ON public.messages USING gin (organization_id, lower("left"(((COALESCE(subject, ''::text) || ' '::text) || text), 5000)) public.gin_trgm_ops);

--
-- Name: messages_step; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_step ON public.messages USING btree (organization_id, step_id) WHERE (step_id IS NOT NULL);

--
-- Name: messages_to_copy; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_to_copy ON public.messages USING btree (sent_at) WHERE ((copied_at IS NULL) AND (state = 'sent'::text) AND (message_id IS NOT NULL));

--
-- Name: messages_unsettled; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_unsettled ON public.messages USING btree (deadline) WHERE (state = 'sending'::text);

--
-- Name: organization_members_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX organization_members_keyset ON public.organization_members USING btree (organization_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);

--
-- Name: organization_members_live; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX organization_members_live ON public.organization_members USING btree (organization_id, user_id) WHERE (deleted_at IS NULL);

--
-- Name: organization_members_user; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX organization_members_user ON public.organization_members USING btree (user_id);

--
-- Name: organizations_to_compare; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX organizations_to_compare ON public.organizations USING btree (members_compared_at NULLS FIRST) WHERE (deleted_at IS NULL);

--
-- Name: sandbox_acts_key; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_acts_key ON public.sandbox_acts USING btree (organization_id, account_id, natural_key);

--
-- Name: sandbox_acts_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_acts_lead ON public.sandbox_acts USING btree (organization_id, lead_id);

--
-- Name: sandbox_happenings_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_happenings_account ON public.sandbox_happenings USING btree (organization_id, account_id);

--
-- Name: sandbox_happenings_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_happenings_due ON public.sandbox_happenings USING btree (due_at);

--
-- Name: sandbox_happenings_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_happenings_lead ON public.sandbox_happenings USING btree (organization_id, lead_id);

--
-- Name: sandbox_happenings_next; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_happenings_next ON public.sandbox_happenings USING btree (organization_id, due_at, id);

--
-- Name: sent_mails_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sent_mails_account ON public.sent_mails USING btree (organization_id, account_id);

--
-- Name: sent_mails_campaign; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sent_mails_campaign ON public.sent_mails USING btree (organization_id, campaign_id);

--
-- Name: sent_mails_execution; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sent_mails_execution ON public.sent_mails USING btree (organization_id, execution_id, begun_at);

--
-- Name: sent_mails_lead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sent_mails_lead ON public.sent_mails USING btree (organization_id, lead_id, begun_at);

--
-- Name: sent_mails_step; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sent_mails_step ON public.sent_mails USING btree (organization_id, step_id);

--
-- Name: sent_mails_to_copy; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sent_mails_to_copy ON public.sent_mails USING btree (begun_at) WHERE (copied_at IS NULL);

--
-- Name: sent_mails_tracked; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sent_mails_tracked ON public.sent_mails USING btree (organization_id, campaign_id) INCLUDE (step_id, tracks_opens, tracks_clicks) WHERE (tracks_opens OR tracks_clicks);

--
-- Name: suppressions_hash; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX suppressions_hash ON public.suppressions USING btree (organization_id, value_hash);

--
-- Name: suppressions_keyset; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX suppressions_keyset ON public.suppressions USING btree (organization_id, created_at DESC, id DESC);

--
-- Name: taken_in_taken; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX taken_in_taken ON public.taken_in USING btree (taken_at);

--
-- Name: unipile_departures_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unipile_departures_due ON public.unipile_departures USING btree (due_at);

--
-- Name: unipile_events_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unipile_events_due ON public.unipile_events USING btree (due_at) WHERE (due_at IS NOT NULL);

--
-- Name: unipile_events_received; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unipile_events_received ON public.unipile_events USING btree (received_at);

--
-- Name: activities activities_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER activities_append_only BEFORE DELETE OR UPDATE ON public.activities FOR EACH ROW EXECUTE FUNCTION public.activities_are_append_only();

--
-- Name: activities activities_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER activities_no_truncate BEFORE TRUNCATE ON public.activities FOR EACH STATEMENT EXECUTE FUNCTION public.activities_are_append_only();

--
-- Name: audit_chain_heads audit_chain_heads_advance; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_chain_heads_advance BEFORE DELETE OR UPDATE ON public.audit_chain_heads FOR EACH ROW EXECUTE FUNCTION public.audit_chain_heads_only_advance();

--
-- Name: audit_chain_heads audit_chain_heads_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_chain_heads_no_truncate BEFORE TRUNCATE ON public.audit_chain_heads FOR EACH STATEMENT EXECUTE FUNCTION public.audit_chain_heads_only_advance();

--
-- Name: audit_logs audit_logs_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR UPDATE ON public.audit_logs FOR EACH ROW EXECUTE FUNCTION public.audit_logs_are_append_only();

--
-- Name: audit_logs audit_logs_no_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION public.audit_logs_are_append_only();

--
-- Name: campaign_executions campaign_executions_mark; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER campaign_executions_mark AFTER INSERT ON public.campaign_executions REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.leads_are_enrolled();

--
-- Name: campaign_executions campaign_progress_deleted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER campaign_progress_deleted AFTER DELETE ON public.campaign_executions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_campaign_progress();

--
-- Name: campaign_executions campaign_progress_inserted; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER campaign_progress_inserted AFTER INSERT ON public.campaign_executions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_campaign_progress();

--
-- Name: campaign_executions campaign_progress_updated; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER campaign_progress_updated AFTER UPDATE ON public.campaign_executions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_campaign_progress();

--
-- Name: lead_list_members lead_list_members_mark; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER lead_list_members_mark AFTER INSERT ON public.lead_list_members REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.leads_are_on_more_lists();

--
-- Name: lead_list_members lead_list_members_to_clay; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER lead_list_members_to_clay AFTER INSERT ON public.lead_list_members REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.clay_deliveries_of_joined_leads();

--
-- Name: leads leads_to_clay; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER leads_to_clay AFTER INSERT ON public.leads REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.clay_deliveries_of_new_leads();

--
-- Name: account_usage account_usage_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account_usage
    ADD CONSTRAINT account_usage_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: account_watches account_watches_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account_watches
    ADD CONSTRAINT account_watches_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: activities activities_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE SET NULL (account_id);

--
-- Name: activities activities_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE SET NULL (campaign_id);

--
-- Name: activities activities_organization_id_execution_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_organization_id_execution_id_fkey FOREIGN KEY (organization_id, execution_id) REFERENCES public.campaign_executions(organization_id, id) ON DELETE SET NULL (execution_id);

--
-- Name: activities activities_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: activities activities_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE SET NULL (lead_id);

--
-- Name: activities activities_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

--
-- Name: api_key_secrets api_key_secrets_organization_id_api_key_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key_secrets
    ADD CONSTRAINT api_key_secrets_organization_id_api_key_id_fkey FOREIGN KEY (organization_id, api_key_id) REFERENCES public.api_keys(organization_id, id) ON DELETE CASCADE;

--
-- Name: api_keys api_keys_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

--
-- Name: api_keys api_keys_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: audit_chain_heads audit_chain_heads_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_chain_heads
    ADD CONSTRAINT audit_chain_heads_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: audit_logs audit_logs_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: campaign_accounts campaign_accounts_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_accounts
    ADD CONSTRAINT campaign_accounts_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id);

--
-- Name: campaign_accounts campaign_accounts_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_accounts
    ADD CONSTRAINT campaign_accounts_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: campaign_executions campaign_executions_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_executions
    ADD CONSTRAINT campaign_executions_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id);

--
-- Name: campaign_executions campaign_executions_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_executions
    ADD CONSTRAINT campaign_executions_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: campaign_executions campaign_executions_organization_id_email_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_executions
    ADD CONSTRAINT campaign_executions_organization_id_email_account_id_fkey FOREIGN KEY (organization_id, email_account_id) REFERENCES public.connected_accounts(organization_id, id);

--
-- Name: campaign_executions campaign_executions_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_executions
    ADD CONSTRAINT campaign_executions_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: campaign_executions campaign_executions_organization_id_linkedin_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_executions
    ADD CONSTRAINT campaign_executions_organization_id_linkedin_account_id_fkey FOREIGN KEY (organization_id, linkedin_account_id) REFERENCES public.connected_accounts(organization_id, id);

--
-- Name: campaign_lead_lists campaign_lead_lists_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_lead_lists
    ADD CONSTRAINT campaign_lead_lists_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: campaign_lead_lists campaign_lead_lists_organization_id_lead_list_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_lead_lists
    ADD CONSTRAINT campaign_lead_lists_organization_id_lead_list_id_fkey FOREIGN KEY (organization_id, lead_list_id) REFERENCES public.lead_lists(organization_id, id);

--
-- Name: campaign_progress campaign_progress_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_progress
    ADD CONSTRAINT campaign_progress_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: campaign_revisions campaign_revisions_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_revisions
    ADD CONSTRAINT campaign_revisions_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

--
-- Name: campaign_revisions campaign_revisions_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaign_revisions
    ADD CONSTRAINT campaign_revisions_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: campaigns campaigns_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

--
-- Name: campaigns campaigns_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: campaigns campaigns_organization_id_id_revision_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_organization_id_id_revision_fkey FOREIGN KEY (organization_id, id, revision) REFERENCES public.campaign_revisions(organization_id, campaign_id, number);

--
-- Name: clay_deliveries clay_deliveries_organization_id_destination_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_deliveries
    ADD CONSTRAINT clay_deliveries_organization_id_destination_id_fkey FOREIGN KEY (organization_id, destination_id) REFERENCES public.clay_destinations(organization_id, id) ON DELETE CASCADE;

--
-- Name: clay_deliveries clay_deliveries_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_deliveries
    ADD CONSTRAINT clay_deliveries_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: clay_destinations clay_destinations_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_destinations
    ADD CONSTRAINT clay_destinations_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

--
-- Name: clay_destinations clay_destinations_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_destinations
    ADD CONSTRAINT clay_destinations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: clay_destinations clay_destinations_organization_id_lead_list_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_destinations
    ADD CONSTRAINT clay_destinations_organization_id_lead_list_id_fkey FOREIGN KEY (organization_id, lead_list_id) REFERENCES public.lead_lists(organization_id, id) ON DELETE CASCADE;

--
-- Name: clay_destinations clay_destinations_organization_id_url_hash_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_destinations
    ADD CONSTRAINT clay_destinations_organization_id_url_hash_fkey FOREIGN KEY (organization_id, url_hash) REFERENCES public.clay_webhooks(organization_id, url_hash);

--
-- Name: clay_paces clay_paces_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_paces
    ADD CONSTRAINT clay_paces_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: clay_webhooks clay_webhooks_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clay_webhooks
    ADD CONSTRAINT clay_webhooks_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: connect_links connect_links_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connect_links
    ADD CONSTRAINT connect_links_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: connect_links connect_links_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connect_links
    ADD CONSTRAINT connect_links_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: connect_links connect_links_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connect_links
    ADD CONSTRAINT connect_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

--
-- Name: connected_accounts connected_accounts_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connected_accounts
    ADD CONSTRAINT connected_accounts_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

--
-- Name: connected_accounts connected_accounts_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connected_accounts
    ADD CONSTRAINT connected_accounts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: conversations conversations_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE SET NULL (account_id);

--
-- Name: conversations conversations_organization_id_assignee_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_organization_id_assignee_id_fkey FOREIGN KEY (organization_id, assignee_id) REFERENCES public.organization_members(organization_id, id);

--
-- Name: conversations conversations_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: counts_of_the_gone counts_of_the_gone_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.counts_of_the_gone
    ADD CONSTRAINT counts_of_the_gone_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE SET NULL (account_id);

--
-- Name: counts_of_the_gone counts_of_the_gone_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.counts_of_the_gone
    ADD CONSTRAINT counts_of_the_gone_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: counts_of_the_gone counts_of_the_gone_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.counts_of_the_gone
    ADD CONSTRAINT counts_of_the_gone_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

--
-- Name: execution_steps execution_steps_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_steps
    ADD CONSTRAINT execution_steps_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id);

--
-- Name: execution_steps execution_steps_organization_id_execution_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_steps
    ADD CONSTRAINT execution_steps_organization_id_execution_id_fkey FOREIGN KEY (organization_id, execution_id) REFERENCES public.campaign_executions(organization_id, id) ON DELETE CASCADE;

--
-- Name: guard_marks guard_marks_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guard_marks
    ADD CONSTRAINT guard_marks_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: guard_marks guard_marks_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guard_marks
    ADD CONSTRAINT guard_marks_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: idempotency_keys idempotency_keys_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: import_other_keys import_other_keys_organization_id_import_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_other_keys
    ADD CONSTRAINT import_other_keys_organization_id_import_id_fkey FOREIGN KEY (organization_id, import_id) REFERENCES public.imports(organization_id, id) ON DELETE CASCADE;

--
-- Name: import_pieces import_pieces_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_pieces
    ADD CONSTRAINT import_pieces_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: import_rejections import_rejections_organization_id_import_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_rejections
    ADD CONSTRAINT import_rejections_organization_id_import_id_fkey FOREIGN KEY (organization_id, import_id) REFERENCES public.imports(organization_id, id) ON DELETE CASCADE;

--
-- Name: imports imports_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: imports imports_organization_id_lead_list_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_organization_id_lead_list_id_fkey FOREIGN KEY (organization_id, lead_list_id) REFERENCES public.lead_lists(organization_id, id) ON DELETE SET NULL (lead_list_id);

--
-- Name: kept_mails kept_mails_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kept_mails
    ADD CONSTRAINT kept_mails_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: kept_mails kept_mails_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kept_mails
    ADD CONSTRAINT kept_mails_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: lead_list_members lead_list_members_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lead_list_members
    ADD CONSTRAINT lead_list_members_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: lead_list_members lead_list_members_organization_id_lead_list_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lead_list_members
    ADD CONSTRAINT lead_list_members_organization_id_lead_list_id_fkey FOREIGN KEY (organization_id, lead_list_id) REFERENCES public.lead_lists(organization_id, id) ON DELETE CASCADE;

--
-- Name: lead_lists lead_lists_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lead_lists
    ADD CONSTRAINT lead_lists_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

--
-- Name: lead_lists lead_lists_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lead_lists
    ADD CONSTRAINT lead_lists_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: leads leads_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.leads
    ADD CONSTRAINT leads_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: leads leads_organization_id_lead_list_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.leads
    ADD CONSTRAINT leads_organization_id_lead_list_id_fkey FOREIGN KEY (organization_id, lead_list_id) REFERENCES public.lead_lists(organization_id, id) ON DELETE SET NULL (lead_list_id);

--
-- Name: link_domains link_domains_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.link_domains
    ADD CONSTRAINT link_domains_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: linkedin_acts linkedin_acts_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.linkedin_acts
    ADD CONSTRAINT linkedin_acts_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: linkedin_acts linkedin_acts_organization_id_execution_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.linkedin_acts
    ADD CONSTRAINT linkedin_acts_organization_id_execution_id_fkey FOREIGN KEY (organization_id, execution_id) REFERENCES public.campaign_executions(organization_id, id) ON DELETE CASCADE;

--
-- Name: linkedin_acts linkedin_acts_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.linkedin_acts
    ADD CONSTRAINT linkedin_acts_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: linkedin_acts linkedin_acts_organization_id_step_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.linkedin_acts
    ADD CONSTRAINT linkedin_acts_organization_id_step_id_fkey FOREIGN KEY (organization_id, step_id) REFERENCES public.execution_steps(organization_id, id) ON DELETE CASCADE;

--
-- Name: linkedin_people linkedin_people_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.linkedin_people
    ADD CONSTRAINT linkedin_people_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: mail_reads mail_reads_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mail_reads
    ADD CONSTRAINT mail_reads_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: mail_reads mail_reads_organization_id_step_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mail_reads
    ADD CONSTRAINT mail_reads_organization_id_step_id_fkey FOREIGN KEY (organization_id, step_id) REFERENCES public.execution_steps(organization_id, id) ON DELETE CASCADE;

--
-- Name: mailbox_folders mailbox_folders_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mailbox_folders
    ADD CONSTRAINT mailbox_folders_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: mailbox_watches mailbox_watches_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mailbox_watches
    ADD CONSTRAINT mailbox_watches_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: messages messages_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE SET NULL (account_id);

--
-- Name: messages messages_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE SET NULL (campaign_id);

--
-- Name: messages messages_organization_id_conversation_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_organization_id_conversation_id_fkey FOREIGN KEY (organization_id, conversation_id) REFERENCES public.conversations(organization_id, id) ON DELETE CASCADE;

--
-- Name: messages messages_organization_id_execution_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_organization_id_execution_id_fkey FOREIGN KEY (organization_id, execution_id) REFERENCES public.campaign_executions(organization_id, id) ON DELETE SET NULL (execution_id);

--
-- Name: messages messages_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: messages messages_organization_id_step_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_organization_id_step_id_fkey FOREIGN KEY (organization_id, step_id) REFERENCES public.execution_steps(organization_id, id) ON DELETE SET NULL (step_id);

--
-- Name: messages messages_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

--
-- Name: organization_members organization_members_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organization_members
    ADD CONSTRAINT organization_members_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: organization_members organization_members_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organization_members
    ADD CONSTRAINT organization_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

--
-- Name: returned_room returned_room_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.returned_room
    ADD CONSTRAINT returned_room_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: sandbox_acts sandbox_acts_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_acts
    ADD CONSTRAINT sandbox_acts_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: sandbox_acts sandbox_acts_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_acts
    ADD CONSTRAINT sandbox_acts_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: sandbox_happenings sandbox_happenings_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_happenings
    ADD CONSTRAINT sandbox_happenings_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: sandbox_happenings sandbox_happenings_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_happenings
    ADD CONSTRAINT sandbox_happenings_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: sent_mails sent_mails_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sent_mails
    ADD CONSTRAINT sent_mails_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id);

--
-- Name: sent_mails sent_mails_organization_id_campaign_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sent_mails
    ADD CONSTRAINT sent_mails_organization_id_campaign_id_fkey FOREIGN KEY (organization_id, campaign_id) REFERENCES public.campaigns(organization_id, id) ON DELETE CASCADE;

--
-- Name: sent_mails sent_mails_organization_id_execution_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sent_mails
    ADD CONSTRAINT sent_mails_organization_id_execution_id_fkey FOREIGN KEY (organization_id, execution_id) REFERENCES public.campaign_executions(organization_id, id) ON DELETE CASCADE;

--
-- Name: sent_mails sent_mails_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sent_mails
    ADD CONSTRAINT sent_mails_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: sent_mails sent_mails_organization_id_step_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sent_mails
    ADD CONSTRAINT sent_mails_organization_id_step_id_fkey FOREIGN KEY (organization_id, step_id) REFERENCES public.execution_steps(organization_id, id) ON DELETE CASCADE;

--
-- Name: soft_bounces soft_bounces_organization_id_lead_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.soft_bounces
    ADD CONSTRAINT soft_bounces_organization_id_lead_id_fkey FOREIGN KEY (organization_id, lead_id) REFERENCES public.leads(organization_id, id) ON DELETE CASCADE;

--
-- Name: suppressions suppressions_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.suppressions
    ADD CONSTRAINT suppressions_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

--
-- Name: suppressions suppressions_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.suppressions
    ADD CONSTRAINT suppressions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: taken_in taken_in_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taken_in
    ADD CONSTRAINT taken_in_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: unipile_departures unipile_departures_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unipile_departures
    ADD CONSTRAINT unipile_departures_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: unreadable_mails unreadable_mails_organization_id_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unreadable_mails
    ADD CONSTRAINT unreadable_mails_organization_id_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES public.connected_accounts(organization_id, id) ON DELETE CASCADE;

--
-- Name: webhook_secrets webhook_secrets_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

--
-- Name: account_usage; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.account_usage ENABLE ROW LEVEL SECURITY;

--
-- Name: account_watches; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.account_watches ENABLE ROW LEVEL SECURITY;

--
-- Name: activities; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.activities ENABLE ROW LEVEL SECURITY;

--
-- Name: api_key_secrets; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.api_key_secrets ENABLE ROW LEVEL SECURITY;

--
-- Name: api_keys; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_chain_heads; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.audit_chain_heads ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_logs; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.audit_logs ENABLE ROW LEVEL SECURITY;

--
-- Name: campaign_accounts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.campaign_accounts ENABLE ROW LEVEL SECURITY;

--
-- Name: campaign_executions; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.campaign_executions ENABLE ROW LEVEL SECURITY;

--
-- Name: campaign_lead_lists; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.campaign_lead_lists ENABLE ROW LEVEL SECURITY;

--
-- Name: campaign_progress; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.campaign_progress ENABLE ROW LEVEL SECURITY;

--
-- Name: campaign_progress_changes; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.campaign_progress_changes ENABLE ROW LEVEL SECURITY;

--
-- Name: campaign_revisions; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.campaign_revisions ENABLE ROW LEVEL SECURITY;

--
-- Name: campaigns; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.campaigns ENABLE ROW LEVEL SECURITY;

--
-- Name: clay_deliveries; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.clay_deliveries ENABLE ROW LEVEL SECURITY;

--
-- Name: clay_destinations; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.clay_destinations ENABLE ROW LEVEL SECURITY;

--
-- Name: clay_paces; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.clay_paces ENABLE ROW LEVEL SECURITY;

--
-- Name: clay_webhooks; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.clay_webhooks ENABLE ROW LEVEL SECURITY;

--
-- Name: connect_links; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.connect_links ENABLE ROW LEVEL SECURITY;

--
-- Name: connected_accounts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.connected_accounts ENABLE ROW LEVEL SECURITY;

--
-- Name: conversations; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;

--
-- Name: counts_of_the_gone; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.counts_of_the_gone ENABLE ROW LEVEL SECURITY;

--
-- Name: execution_steps; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.execution_steps ENABLE ROW LEVEL SECURITY;

--
-- Name: guard_marks; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.guard_marks ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: import_other_keys; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.import_other_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: import_pieces; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.import_pieces ENABLE ROW LEVEL SECURITY;

--
-- Name: import_rejections; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.import_rejections ENABLE ROW LEVEL SECURITY;

--
-- Name: imports; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.imports ENABLE ROW LEVEL SECURITY;

--
-- Name: inbound_events; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.inbound_events ENABLE ROW LEVEL SECURITY;

--
-- Name: kept_mails; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.kept_mails ENABLE ROW LEVEL SECURITY;

--
-- Name: lead_list_members; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.lead_list_members ENABLE ROW LEVEL SECURITY;

--
-- Name: lead_lists; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.lead_lists ENABLE ROW LEVEL SECURITY;

--
-- Name: leads; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.leads ENABLE ROW LEVEL SECURITY;

--
-- Name: link_domains; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.link_domains ENABLE ROW LEVEL SECURITY;

--
-- Name: linkedin_acts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.linkedin_acts ENABLE ROW LEVEL SECURITY;

--
-- Name: linkedin_people; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.linkedin_people ENABLE ROW LEVEL SECURITY;

--
-- Name: mail_reads; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.mail_reads ENABLE ROW LEVEL SECURITY;

--
-- Name: mailbox_folders; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.mailbox_folders ENABLE ROW LEVEL SECURITY;

--
-- Name: mailbox_watches; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.mailbox_watches ENABLE ROW LEVEL SECURITY;

--
-- Name: messages; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

--
-- Name: organization_members; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.organization_members ENABLE ROW LEVEL SECURITY;

--
-- Name: organizations; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;

--
-- Name: returned_room; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.returned_room ENABLE ROW LEVEL SECURITY;

--
-- Name: sandbox_acts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.sandbox_acts ENABLE ROW LEVEL SECURITY;

--
-- Name: sandbox_happenings; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.sandbox_happenings ENABLE ROW LEVEL SECURITY;

--
-- Name: sent_mails; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.sent_mails ENABLE ROW LEVEL SECURITY;

--
-- Name: soft_bounces; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.soft_bounces ENABLE ROW LEVEL SECURITY;

--
-- Name: suppressions; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.suppressions ENABLE ROW LEVEL SECURITY;

--
-- Name: taken_in; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.taken_in ENABLE ROW LEVEL SECURITY;

--
-- Name: unipile_departures; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.unipile_departures ENABLE ROW LEVEL SECURITY;

--
-- Name: unipile_events; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.unipile_events ENABLE ROW LEVEL SECURITY;

--
-- Name: unipile_webhooks; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.unipile_webhooks ENABLE ROW LEVEL SECURITY;

--
-- Name: unreadable_mails; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.unreadable_mails ENABLE ROW LEVEL SECURITY;

--
-- Name: users; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

--
-- Name: webhook_secrets; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.webhook_secrets ENABLE ROW LEVEL SECURITY;

--
-- PostgreSQL database dump complete
--

