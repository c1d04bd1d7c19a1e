//! Receiving a file: its rows are kept as they come, and become an import when the last one is here and all are found good.

use bytes::Bytes;
use futures::Stream;
use tokio::task::JoinHandle;

use super::{
    ImportService,
    file::{self, FileFacts, FileRows, ImportFile, Reading},
    pace::paced,
};
use crate::{
    errors::{AppError, Result},
    jobs::WorkOnImport,
    models::{
        AuditEntry, Import, ImportId, LeadListId, OnDuplicate, Scope,
        imports::{ChosenMapping, Mapping, NewImport},
    },
    repositories::{BaseRepository as _, Need, OrgMember},
    services::Context,
    utils::sheet::{Header, Record, pack},
};

/// How a file is to be imported.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// How it is to be read.
    pub reading: Reading,
    /// What the caller says that columns mean.
    pub mapping: ChosenMapping,
    /// What to do with people who are leads already.
    pub on_duplicate: OnDuplicate,
}

impl ImportService {
    /// Receives a file and starts its import. Nothing of a file that is not good is kept.
    ///
    /// # Errors
    /// Whatever is wrong with the file or the mapping; `too_many_uploads`; `upload_too_slow`.
    pub async fn import(
        &self,
        member: &OrgMember,
        list: LeadListId,
        file: ImportFile<impl Stream<Item = Result<Bytes>> + Unpin + Send>,
        options: &ImportOptions,
    ) -> Result<Import> {
        let _turn = self.turn(member)?;
        self.context.db.read(member).await?.lead_lists().get(list).await?;
        let mut keeper = Keeper::new(self.context.clone(), member);
        let facts =
            file::read(paced(file.bytes, self.context.clock.clone()), &options.reading, self.limits, &mut keeper)
                .await?;
        keeper.settle().await?;
        self.ask_again(member).await?;
        let mapping = mapping(&facts, options)?;
        self.write(member, list, (file.name, facts, mapping), (options.on_duplicate, &mut keeper)).await
    }

    /// A file may have been on its way for long: whoever may not import any more when it has come has sent it in vain.
    async fn ask_again(&self, member: &OrgMember) -> Result<()> {
        let Context { db, clock, .. } = &self.context;
        if db.still_admits(member, Need::Scope(Scope::LeadsWrite), clock.now()).await? {
            return Ok(());
        }
        Err(AppError::forbidden("admission_ended", "You may not import into this organization any more."))
    }

    async fn write(
        &self,
        member: &OrgMember,
        list: LeadListId,
        (name, facts, mapping): (Option<String>, FileFacts, Mapping),
        (on_duplicate, keeper): (OnDuplicate, &mut Keeper),
    ) -> Result<Import> {
        let now = self.context.clock.now();
        let import = Import::queued(NewImport {
            id: keeper.id,
            organization_id: member.organization_id(),
            lead_list_id: list,
            file_name: name,
            file_bytes: i64::try_from(facts.bytes).map_err(AppError::internal)?,
            columns: facts.header.columns,
            mapping,
            on_duplicate,
            rows_total: i64::try_from(facts.rows).map_err(AppError::internal)?,
            pieces: keeper.pieces,
            actor: member.acts_as(),
            at: now,
        });
        let mut tx = self.context.db.begin(member, now).await?;
        if tx.imports().kept_pieces(import.id).await? != (i64::from(import.pieces), import.rows_total) {
            return Err(lost_on_the_way());
        }
        tx.imports().insert(&import).await?;
        let facts = serde_json::json!({
            "lead_list_id": list, "file_name": import.file_name, "file_bytes": import.file_bytes, "rows_total": import.rows_total,
            "on_duplicate": on_duplicate, "mapping": import.mapping.0,
        });
        tx.audit(AuditEntry::new("import.created", "import", import.id.0).change(None, facts));
        tx.enqueue(&WorkOnImport { organization_id: import.organization_id, import_id: import.id }).await?;
        // Whoever hangs up now, or loses the connection, does not know whether there is an import: if there is none, housekeeping finds its rows.
        keeper.keep = true;
        tx.commit().await?;
        Ok(import)
    }
}

/// Rows are not awaited on the disk one piece after the other, so a database that crashes may have lost some that it said it had.
fn lost_on_the_way() -> AppError {
    let detail =
        "The database was restarted while the file was read, and rows were lost. Nothing was imported: send it again.";
    AppError::unavailable("upload_interrupted", detail)
}

/// What the columns mean, of a file that has columns and rows.
pub(super) fn mapping(facts: &FileFacts, options: &ImportOptions) -> Result<Mapping> {
    if let Some(fault) = facts.header.fault() {
        return Err(AppError::invalid(vec![fault.into()]));
    }
    if facts.rows == 0 {
        return Err(AppError::fault("/file", "file_has_no_rows", "The file has a header, but no rows below it."));
    }
    Mapping::settle(&facts.header.columns, &options.mapping).map_err(AppError::invalid)
}

/// Keeps the pieces of a file, and lets go of them unless told otherwise.
struct Keeper {
    context: Context,
    member: OrgMember,
    id: ImportId,
    pieces: i32,
    /// The last piece, which is being written while the file is read on.
    writing: Option<JoinHandle<Result<()>>>,
    keep: bool,
}

impl Keeper {
    fn new(context: Context, member: &OrgMember) -> Self {
        let id = ImportId::new(context.clock.now());
        Self { context, member: member.clone(), id, pieces: 0, writing: None, keep: false }
    }

    /// Waits until all that was taken is written.
    async fn settle(&mut self) -> Result<()> {
        match &mut self.writing {
            Some(writing) => {
                let written = writing.await.map_err(AppError::internal);
                self.writing = None;
                written?
            }
            None => Ok(()),
        }
    }
}

impl FileRows for Keeper {
    async fn take(&mut self, _: &Header, rows: &[Record]) -> Result<()> {
        let count = i32::try_from(rows.len()).map_err(AppError::internal)?;
        let (context, member, id, number) = (self.context.clone(), self.member.clone(), self.id, self.pieces);
        let packed = pack(rows);
        self.settle().await?;
        self.pieces += 1;
        self.writing = Some(tokio::spawn(async move {
            let mut conn = context.db.read(&member).await?;
            conn.imports().keep_piece(id, number, (count, &packed), context.clock.now()).await?;
            conn.give_back();
            Ok(())
        }));
        Ok(())
    }
}

/// The file was no good, or its sender hung up.
impl Drop for Keeper {
    fn drop(&mut self) {
        if self.keep || self.pieces == 0 {
            return;
        }
        let (context, member, id) = (self.context.clone(), self.member.clone(), self.id);
        let writing = self.writing.take();
        tokio::spawn(async move {
            if let Some(writing) = writing {
                drop(writing.await);
            }
            let dropped = async { context.db.read(&member).await?.imports().drop_pieces(id).await };
            if let Err(error) = dropped.await {
                // Housekeeping finds them.
                tracing::warn!(
                    code = error.code(),
                    cause = error.causes(),
                    "rows of a refused file could not be dropped at once"
                );
            }
        });
    }
}
