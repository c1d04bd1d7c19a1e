//! The rows of a file, in pieces: waiting, and settled.

use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt as _};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use super::ImportRepository;
use crate::{
    errors::{AppError, Result},
    models::{ImportId, LeadId, Rejection, imports::CellFault},
};

/// What became of a piece's rows.
#[derive(Debug, Default)]
pub struct SettledPiece {
    /// A letter for each row (`models::imports::outcome_letter`).
    pub outcomes: String,
    /// The rows' leads.
    pub lead_ids: Vec<Option<LeadId>>,
    /// The rows that cannot be used.
    pub rejections: Vec<Rejection>,
}

impl ImportRepository<'_> {
    /// Keeps a piece of a file that is on its way. Nobody waits for the disk here: the import itself is written afterwards, and with it
    /// everything before it comes to be on disk. What a crash in between has lost, [`Self::kept_pieces`] tells.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_piece(
        &mut self,
        id: ImportId,
        number: i32,
        (rows, records): (i32, &[u8]),
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"with unhurried as materialized (select set_config('synchronous_commit', 'off', true))
               insert into import_pieces (organization_id, import_id, number, rows, records, created_at)
               select $1, $2, $3, $4, $5, $6 from unhurried"#,
            self.scope.id(),
            id.0,
            number,
            rows,
            records,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// How many pieces of a file there are, and how many rows are in them.
    ///
    /// # Errors
    /// The database's.
    pub async fn kept_pieces(&mut self, id: ImportId) -> Result<(i64, i64)> {
        let kept = sqlx::query!(
            r#"select count(*) as "pieces!", coalesce(sum(rows), 0) as "rows!" from import_pieces
               where organization_id = $1 and import_id = $2"#,
            self.scope.id(),
            id.0,
        )
        .fetch_one(&mut *self.conn)
        .await?;
        Ok((kept.pieces, kept.rows))
    }

    /// The rows of a piece that waits, as they were kept.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting_piece(&mut self, id: ImportId, number: i32) -> Result<Vec<u8>> {
        let records = sqlx::query_scalar!(
            r#"select records as "records!" from import_pieces
               where organization_id = $1 and import_id = $2 and number = $3 and records is not null"#,
            self.scope.id(),
            id.0,
            number,
        );
        records
            .fetch_optional(&mut *self.conn)
            .await?
            .ok_or_else(|| AppError::internal("a piece of an import is missing, or was settled already"))
    }

    /// Writes what became of a piece's rows, and forgets the rows.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle_piece(&mut self, id: ImportId, number: i32, settled: &SettledPiece) -> Result<()> {
        let leads: Vec<_> = settled.lead_ids.iter().map(|id| id.map(|id| id.0)).collect();
        sqlx::query!(
            r#"update import_pieces set records = null, outcomes = $4, lead_ids = $5
               where organization_id = $1 and import_id = $2 and number = $3"#,
            self.scope.id(),
            id.0,
            number,
            settled.outcomes,
            &leads as &[Option<Uuid>],
        )
        .execute(&mut *self.conn)
        .await?;
        self.keep_rejections(id, &settled.rejections).await
    }

    async fn keep_rejections(&mut self, id: ImportId, rejections: &[Rejection]) -> Result<()> {
        if rejections.is_empty() {
            return Ok(());
        }
        let row = |rejection: &Rejection| {
            let Rejection { row_number, line, cells, faults } = rejection;
            json!({ "row_number": row_number, "line": line, "cells": cells, "faults": faults.0 })
        };
        sqlx::query!(
            r#"insert into import_rejections (organization_id, import_id, row_number, line, cells, faults)
               select $1, $2, row.row_number, row.line, row.cells, row.faults
               from jsonb_to_recordset($3::jsonb) as row (row_number bigint, line bigint, cells text[], faults jsonb)"#,
            self.scope.id(),
            id.0,
            rejections.iter().map(row).collect::<Value>(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Forgets the rows that could not be used in which a cell is this address or this profile, whatever the form that the profile is written in.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_rejections_of(&mut self, email: Option<&str>, linkedin_url: Option<&str>) -> Result<()> {
        let profile = linkedin_url.and_then(|url| url.rsplit_once("/in/")).map(|(_, name)| name.trim_end_matches('/'));
        sqlx::query!(
            r#"delete from import_rejections where organization_id = $1
               and rejection_marks(organization_id, cells) && rejection_marks($1, array[$2, '/in/' || $3])
               and exists (select from unnest(cells) as cell (text)
                           where lower(btrim(text, E' \t\r\n<>"')) = $2
                              or split_part(split_part(split_part(lower(text), '/in/', 2), '/', 1), '?', 1) = $3)"#,
            self.scope.id(),
            email.map(str::to_lowercase),
            profile.map(str::to_lowercase),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The leads that rows of the import were about so far, some of them perhaps several times.
    ///
    /// # Errors
    /// The database's.
    pub async fn leads_so_far(&mut self, id: ImportId, capacity: usize) -> Result<Vec<LeadId>> {
        let mut leads = Vec::with_capacity(capacity);
        let mut pieces = sqlx::query_scalar!(
            r#"select lead_ids as "lead_ids!: Vec<Option<LeadId>>" from import_pieces
               where organization_id = $1 and import_id = $2 and lead_ids is not null"#,
            self.scope.id(),
            id.0,
        )
        .fetch(&mut *self.conn);
        while let Some(ids) = pieces.try_next().await? {
            leads.extend(ids.into_iter().flatten());
        }
        Ok(leads)
    }

    /// The rows that could not be used, in the file's order.
    pub fn rejections(&mut self, id: ImportId) -> impl Stream<Item = Result<Rejection>> + Send + '_ {
        sqlx::query_as!(
            Rejection,
            r#"select row_number, line, cells, faults as "faults: Json<Vec<CellFault>>" from import_rejections
               where organization_id = $1 and import_id = $2 order by row_number"#,
            self.scope.id(),
            id.0,
        )
        .fetch(&mut *self.conn)
        .map_err(Into::into)
    }

    /// Forgets the pieces of a file that is not to be imported after all.
    ///
    /// # Errors
    /// The database's.
    pub async fn drop_pieces(&mut self, id: ImportId) -> Result<()> {
        sqlx::query!("delete from import_pieces where organization_id = $1 and import_id = $2", self.scope.id(), id.0)
            .execute(&mut *self.conn)
            .await?;
        Ok(())
    }
}
