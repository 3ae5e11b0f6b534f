//! Lines that events only name: see [`crate::domain::quote`].

use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::{Store, failure, get};
use crate::domain::quote::{self, Lines};
use crate::workflow::journal::JournalError;

impl Store {
    /// Writes the lines of an event, in its transaction.
    pub(super) async fn keep_lines(&self, lines: &Lines, tx: &mut Transaction<'_, Any>) -> Result<(), sqlx::Error> {
        for (digest, content) in lines {
            sqlx::query("insert into kept_line (service, digest, content) values ($1, $2, $3) on conflict do nothing")
                .bind(self.service)
                .bind(digest)
                .bind(content)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    /// The lines that the texts in `column` of these rows name; those that are not here are left out.
    pub(super) async fn kept_lines(&self, rows: &[AnyRow], column: usize) -> Result<Lines, JournalError> {
        let mut lines = Lines::new();
        for row in rows {
            let text: String = get(row, column)?;
            if !quote::has_quotes(&text) {
                continue;
            }
            for digest in quote::named(&text) {
                let query = "select content from kept_line where service = $1 and digest = $2";
                let row = sqlx::query(query).bind(self.service).bind(&digest).fetch_optional(&self.pool).await;
                if let Some(row) = row.map_err(|error| failure("read", &error))? {
                    lines.insert(digest, get(&row, 0)?);
                }
            }
        }
        Ok(lines)
    }
}

/// The text of an event with its lines, where it has some, and those lines.
pub(super) fn put_back(text: &str, kept: &Lines) -> (Option<String>, Lines) {
    if !quote::has_quotes(text) {
        return (None, Lines::new());
    }
    let named = quote::named(text).into_iter();
    let lines =
        named.filter_map(|digest| kept.get_key_value(&digest)).map(|(digest, line)| (digest.clone(), line.clone()));
    (Some(quote::attach(text, kept)), lines.collect())
}
