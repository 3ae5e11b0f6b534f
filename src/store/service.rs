//! Whose journals these are. A SQLite file is in one repository's git directory; a PostgreSQL database may
//! be shared by any number of services.

use sqlx::{Any, Row, Transaction};

use super::dialect::Dialect;
use super::{Store, failure};
use crate::workflow::journal::JournalError;

/// The number of what was written before the store knew services.
pub const UNOWNED: i64 = 0;

/// The number of the only service in a SQLite file.
const ONLY: i64 = 1;

/// Who a clone says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// As configured; the address names a service that has none.
    pub name: Option<String>,
    /// The remote's normalised address, see [`crate::git::address`].
    pub address: String,
}

impl Claim {
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.address)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("service `{name}` is the repository `{}`, and this one is `{ours}`", theirs.join("`, `"))]
    Taken { name: String, theirs: Vec<String>, ours: String },
    #[error("the store has {} from before it knew services, and nothing says whose", journals(*count))]
    Unowned { count: i64 },
    #[error("no journal without a service is called `{0}`")]
    NotUnowned(String),
}

/// What an adoption gave to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    pub service: String,
    pub journals: u64,
    /// The number of journals still without a service.
    pub left: i64,
}

fn journals(count: i64) -> String {
    if count == 1 { "1 journal".to_owned() } else { format!("{count} journals") }
}

/// Whether several services may share `location`; then each has to identify itself.
pub fn is_shared(location: &str) -> bool {
    location != "sqlite"
}

impl Store {
    /// Returns the number of the service that `claim` tells of, and registers a new one.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<i64, OpenError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(ONLY);
        }
        let mut tx = self.begin().await?;
        let mut service = known(claim, &mut tx).await?;
        if service.is_none() {
            // If two register at the same time, the second one sees the first.
            lock(self.dialect, &mut tx).await?;
            service = known(claim, &mut tx).await?;
        }
        let service = match service {
            Some(service) => service,
            None => match unowned(&mut tx).await? {
                0 => register(claim, &mut tx).await?,
                count => return Err(OpenError::Unowned { count }),
            },
        };
        tx.commit().await.map_err(|error| failure("written", &error))?;
        Ok(service)
    }

    /// Gives journals that have no service to the one that `claim` tells of: those in `ids`, or all
    /// for `None`. The claim's address becomes one of that service's addresses.
    ///
    /// Fails with [`OpenError::NotUnowned`], and changes nothing, if one of `ids` does not exist or has a
    /// service.
    pub async fn adopt(
        location: &str,
        directory: &std::path::Path,
        claim: &Claim,
        ids: Option<&[String]>,
    ) -> Result<Adopted, OpenError> {
        let store = Store::connected(location, directory).await?;
        if store.dialect == Dialect::Sqlite {
            return Ok(Adopted { service: claim.name().to_owned(), journals: 0, left: 0 });
        }
        let mut tx = store.begin().await?;
        lock(store.dialect, &mut tx).await?;
        let service = match known(claim, &mut tx).await {
            Ok(Some(service)) => service,
            Ok(None) => register(claim, &mut tx).await?,
            // An adoption states that both addresses are of one repository.
            Err(OpenError::Taken { .. }) => also_at(claim, &mut tx).await?,
            Err(error) => return Err(error),
        };
        let mut journals = 0;
        for key in keys(ids, &mut tx).await? {
            for table in ["event", "release", "incident"] {
                let column = if table == "incident" { "key" } else { "incident" };
                let query = format!("update {table} set service = $1 where service = 0 and {column} = $2");
                let moved = sqlx::query(sqlx::AssertSqlSafe(query)).bind(service).bind(&key).execute(&mut *tx).await;
                moved.map_err(|error| failure("written", &error))?;
            }
            journals += 1;
        }
        carry_over(service, &mut tx).await?;
        let left = unowned(&mut tx).await?;
        tx.commit().await.map_err(|error| failure("written", &error))?;
        Ok(Adopted { service: claim.name().to_owned(), journals, left })
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>, JournalError> {
        self.pool.begin().await.map_err(|error| failure("opened", &error))
    }
}

async fn lock(dialect: Dialect, tx: &mut Transaction<'_, Any>) -> Result<(), JournalError> {
    let locked = sqlx::query(dialect.lock_schema()).execute(&mut **tx).await;
    locked.map(drop).map_err(|error| failure("opened", &error))
}

/// The service of this claim, if there is one. A service found by its address gets the configured name.
async fn known(claim: &Claim, tx: &mut Transaction<'_, Any>) -> Result<Option<i64>, OpenError> {
    let read = |error: sqlx::Error| failure("read", &error);
    let query = "select service.id, service.name, address.address
                 from service left join address on address.service = service.id
                 where service.name = $1 or service.id in (select service from address where address = $2)";
    let rows = sqlx::query(query).bind(claim.name()).bind(&claim.address).fetch_all(&mut **tx).await.map_err(read)?;
    let rows: Vec<(i64, String, String)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get::<Option<String>, _>(2).unwrap_or_default())).collect();
    let ours = rows.iter().find(|(_, _, address)| *address == claim.address).map(|(id, ..)| *id);
    let named = rows.iter().find(|(_, name, _)| name == claim.name()).map(|(id, ..)| *id);
    match (named, ours) {
        (Some(named), ours) if ours != Some(named) => {
            let theirs = rows.into_iter().filter(|(id, ..)| *id == named).map(|(_, _, address)| address).collect();
            Err(OpenError::Taken { name: claim.name().to_owned(), theirs, ours: claim.address.clone() })
        }
        (None, Some(ours)) if claim.name.is_some() => {
            let query = sqlx::query("update service set name = $2 where id = $1").bind(ours).bind(claim.name());
            query.execute(&mut **tx).await.map_err(|error| failure("written", &error))?;
            Ok(Some(ours))
        }
        (_, ours) => Ok(ours),
    }
}

async fn register(claim: &Claim, tx: &mut Transaction<'_, Any>) -> Result<i64, JournalError> {
    let query = "insert into service (id, name) select coalesce(max(id), 0) + 1, $1 from service returning id";
    let row = sqlx::query(query).bind(claim.name()).fetch_one(&mut **tx).await;
    let service: i64 = row.map_err(|error| failure("written", &error))?.get(0);
    found_at(service, claim, tx).await?;
    Ok(service)
}

/// The service of the claim's name, which has the claim's address too from now on.
async fn also_at(claim: &Claim, tx: &mut Transaction<'_, Any>) -> Result<i64, JournalError> {
    let row = sqlx::query("select id from service where name = $1").bind(claim.name()).fetch_one(&mut **tx).await;
    let service: i64 = row.map_err(|error| failure("read", &error))?.get(0);
    found_at(service, claim, tx).await?;
    Ok(service)
}

async fn found_at(service: i64, claim: &Claim, tx: &mut Transaction<'_, Any>) -> Result<(), JournalError> {
    let query = "insert into address (address, service) values ($1, $2)
                 on conflict (address) do update set service = excluded.service";
    let written = sqlx::query(query).bind(&claim.address).bind(service).execute(&mut **tx).await;
    written.map(drop).map_err(|error| failure("written", &error))
}

/// The number of journals without a service.
async fn unowned(tx: &mut Transaction<'_, Any>) -> Result<i64, JournalError> {
    let query = "select count(distinct incident) from event where service = 0";
    let row = sqlx::query(query).fetch_one(&mut **tx).await.map_err(|error| failure("read", &error))?;
    Ok(row.get(0))
}

/// The keys of the journals without a service: those in `ids`, or all.
async fn keys(ids: Option<&[String]>, tx: &mut Transaction<'_, Any>) -> Result<Vec<String>, OpenError> {
    let read = |error: sqlx::Error| failure("read", &error);
    let Some(ids) = ids else {
        let query = "select distinct incident from event where service = 0 order by incident";
        let rows = sqlx::query(query).fetch_all(&mut **tx).await.map_err(read)?;
        return Ok(rows.iter().map(|row| row.get(0)).collect());
    };
    let mut keys = Vec::new();
    for id in ids {
        let query = "select key from incident where service = 0 and (id = $1 or key = $1)
                     union select incident from event where service = 0 and incident = $1";
        let row = sqlx::query(query).bind(id).fetch_optional(&mut **tx).await.map_err(read)?;
        keys.push(row.map(|row| row.get(0)).ok_or_else(|| OpenError::NotUnowned(id.clone()))?);
    }
    Ok(keys)
}

/// Copies the numbers that were given, so that none is given again, and what watches and leases knew.
/// Rows without a service stay for the next adoption.
async fn carry_over(service: i64, tx: &mut Transaction<'_, Any>) -> Result<(), JournalError> {
    for query in [
        "insert into counter (service, day, number) select $1, day, number from counter where service = 0
         on conflict (service, day) do update
         set number = case when excluded.number > counter.number then excluded.number else counter.number end",
        "insert into watch (service, name, state, at) select $1, name, state, at from watch where service = 0
         on conflict (service, name) do nothing",
        "insert into lease (service, name, holder, token, expires)
         select $1, name, holder, token, expires from lease where service = 0
         on conflict (service, name) do nothing",
    ] {
        let copied = sqlx::query(query).bind(service).execute(&mut **tx).await;
        copied.map_err(|error| failure("written", &error))?;
    }
    Ok(())
}
