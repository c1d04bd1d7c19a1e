//! What must hold for every table that a migration makes.

use crate::support::{TestApp, postgres::TestDatabase};

async fn offenders(query: &'static str) -> Vec<String> {
    let app = TestApp::start().await;
    sqlx::query_scalar(query).fetch_all(&app.pool).await.unwrap()
}

/// Supabase publishes tables of `public` without row-level security to whoever has the anonymous key.
#[tokio::test]
async fn every_table_has_row_level_security() {
    let open = offenders(
        "select relname::text from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity and relname <> '_sqlx_migrations'",
    );
    assert_eq!(open.await, Vec::<String>::new());
}

/// A policy would open a table to somebody: none is needed, since the tables' owner, which we connect as, is exempt.
#[tokio::test]
async fn no_policy_opens_a_table() {
    assert_eq!(offenders("select tablename || '.' || policyname from pg_policies").await, Vec::<String>::new());
}

#[tokio::test]
async fn every_tenant_table_has_a_key_that_begins_with_the_organization() {
    let unkeyed = offenders(
        "select c.relname::text
         from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not (a.attnotnull and exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indpred is null
                                              and i.indkey[0] = a.attnum))",
    );
    assert_eq!(unkeyed.await, Vec::<String>::new());
}

/// A reference from one tenant table to another carries the organization on both sides, so that no row can point across.
#[tokio::test]
async fn no_reference_between_tenant_tables_can_cross_organizations() {
    let crossing = offenders(
        "with tenant as (
           select attrelid as table_id, attnum from pg_attribute a join pg_class c on c.oid = a.attrelid
           where a.attname = 'organization_id' and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p'))
         select f.conrelid::regclass::text || '.' || f.conname
         from pg_constraint f join tenant here on here.table_id = f.conrelid join tenant there on there.table_id = f.confrelid
         where f.contype = 'f'
           and not exists (select from unnest(f.conkey, f.confkey) as pair (ours, theirs)
                           where pair.ours = here.attnum and pair.theirs = there.attnum)",
    );
    assert_eq!(crossing.await, Vec::<String>::new());
}

/// A column named as the key of another tenant table must be tied to it; what is not is listed here with its reason.
#[tokio::test]
async fn ids_of_tenant_rows_are_tied_to_them() {
    let loose = offenders(
        "select c.relname || '.' || a.attname
         from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
           and a.atttypid = 'uuid'::regtype and a.attname like '%\\_id'
           and not exists (select from pg_constraint f where f.conrelid = c.oid and f.contype = 'f' and a.attnum = any(f.conkey))
         order by 1",
    );
    // An audit log outlives what it tells of, and an actor may be a key. The pieces of a file come before its import, and what an import
    // remembers of its rows may name a lead that is gone. Changes of a campaign's progress lock no row of others, and are dropped if that is gone. A step's campaign and lead are those of its execution, to which it is tied.
    let expected = [
        "audit_logs.actor_id",
        "audit_logs.entity_id",
        "campaign_progress_changes.campaign_id",
        "campaign_progress_changes.organization_id",
        "execution_steps.campaign_id",
        "execution_steps.lead_id",
        "import_other_keys.lead_id",
        "import_pieces.import_id",
        "imports.actor_id",
    ];
    assert_eq!(loose.await, expected);
}

/// Building an index beside the service waits for every transaction that was there before it, and nobody waits behind it.
#[tokio::test]
async fn an_index_that_is_built_concurrently_is_not_given_up_after_ten_seconds() {
    let app = TestApp::start().await;
    sqlx::raw_sql(
        "drop index sent_mails_tracked;
         delete from _sqlx_migrations where version = 85;
         create table waits (most text);
         create function note_wait() returns event_trigger language plpgsql as
           $$ begin insert into waits values (current_setting('lock_timeout')); end $$;
         create event trigger note_wait on ddl_command_start when tag in ('CREATE INDEX') execute function note_wait()",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    app.database.open().migrate().await.unwrap();
    let waits: Vec<String> = sqlx::query_scalar("select most from waits").fetch_all(&app.pool).await.unwrap();
    assert_eq!(waits, ["1h"]);
    let built = "select count(*) from pg_index where indexrelid = 'sent_mails_tracked'::regclass and indisvalid";
    assert_eq!(sqlx::query_scalar::<_, i64>(built).fetch_one(&app.pool).await.unwrap(), 1);
}

#[tokio::test]
async fn two_who_migrate_at_once_both_come_to_the_end() {
    let database = TestDatabase::bare().await;
    let (one, other) = (database.open(), database.open());
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    first.expect("one comes to the end");
    second.expect("and so does the other");
    let stand = one.migrations().await.unwrap();
    assert_eq!(stand.applied, stand.known);
}

#[tokio::test]
async fn an_index_whose_migration_was_broken_off_is_built_anew() {
    let database = TestDatabase::create().await;
    // As a kill leaves it that comes after the index was built, or dropped, and before the note of it.
    let lost = "delete from _sqlx_migrations where version in (78, 100)";
    assert_eq!(sqlx::query(lost).execute(&database.pool).await.unwrap().rows_affected(), 2);
    let db = database.open();
    db.migrate().await.expect("it is not in its own way");
    let stand = db.migrations().await.unwrap();
    assert_eq!(stand.applied, stand.known);
    let valid = "select indisvalid from pg_index where indexrelid = 'imports_under_way'::regclass";
    assert!(sqlx::query_scalar::<_, bool>(valid).fetch_one(&database.pool).await.unwrap());
}
