//! Keyset pages, written once.

/// A page of what `head` selects, in the order of `created_at` and `id`. Both directions, the cursor and the order come from the same
/// columns; `$alias` stands before them, such as `"m."`. The statement's own arguments begin at `$4`. `total` is asked only if wanted.
///
/// Literals joined with `+` reach `query_as!` through here, so each statement is checked at compile time.
macro_rules! page {
    (
        $repository:expr,
        $page:expr,
        $model:ty,
        $alias:literal,
        [$($head:tt)+],
        [$($argument:expr),+ $(,)?],
        total: $total:expr $(,)?
    ) => {{
        use $crate::models::page::{Direction, Page, Position};
        let from = $page.start();
        let rows = match $page.direction {
            Direction::Descending => {
                sqlx::query_as!(
                    $model,
                    $($head)+ + " and (" + $alias + "created_at, " + $alias + "id) < ($1, $2) \
                     order by " + $alias + "created_at desc, " + $alias + "id desc limit $3",
                    from.at,
                    from.id,
                    $page.fetch(),
                    $($argument),+
                )
                .fetch_all(&mut *$repository.conn)
                .await?
            }
            Direction::Ascending => {
                sqlx::query_as!(
                    $model,
                    $($head)+ + " and (" + $alias + "created_at, " + $alias + "id) > ($1, $2) \
                     order by " + $alias + "created_at, " + $alias + "id limit $3",
                    from.at,
                    from.id,
                    $page.fetch(),
                    $($argument),+
                )
                .fetch_all(&mut *$repository.conn)
                .await?
            }
        };
        let total = if $page.include_total { Some($total.await?) } else { None };
        Ok(Page::cut(rows, $page, total, |row| Position { at: row.created_at, id: row.id.0 }))
    }};
}
pub(in crate::repositories) use page;
