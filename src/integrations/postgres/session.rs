//! What is asked of the running server over a connection of the superuser.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{SUPERUSER, error::EmbeddedError};

/// SQLSTATE: the server is starting or shutting down.
const CANNOT_CONNECT_NOW: &str = "57P03";
/// SQLSTATE: the password is wrong.
const INVALID_PASSWORD: &str = "28P01";
/// SQLSTATE: the database was created by somebody else in the meantime; which of the two depends on how close the race was.
const ALREADY_THERE: [&str; 2] = ["42P04", "23505"];

/// Whether the server on `port` takes sessions; fails if it does not take this password.
pub(super) async fn answers(port: u16, password: &SecretString, password_file: &Path) -> Result<bool, EmbeddedError> {
    match connect(port, password).await {
        Ok(connection) => {
            // Its answer is known; how the farewell goes does not matter.
            let _ = connection.close().await;
            Ok(true)
        }
        Err(sqlx::Error::Io(_)) => Ok(false),
        Err(sqlx::Error::Database(error)) => match error.code().as_deref() {
            Some(CANNOT_CONNECT_NOW) => Ok(false),
            Some(INVALID_PASSWORD) => Err(EmbeddedError::Password { path: password_file.to_owned() }),
            // For instance: too many connections. It is up.
            _ => Ok(true),
        },
        Err(source) => Err(EmbeddedError::Sql { action: "open a session", source }),
    }
}

/// Creates database `name` unless it exists, whoever else may be doing the same.
pub(super) async fn ensure_database(port: u16, password: &SecretString, name: &str) -> Result<(), EmbeddedError> {
    let refused = |source| EmbeddedError::Sql { action: "create a database", source };
    let mut connection = connect(port, password).await.map_err(refused)?;
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .map_err(refused)?;
    if !exists {
        let statement = format!("create database \"{}\"", name.replace('"', "\"\""));
        let created = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await;
        if let Err(error) = created
            && !error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| ALREADY_THERE.contains(&&*code))
        {
            return Err(refused(error));
        }
    }
    connection.close().await.map_err(refused)
}

async fn connect(port: u16, password: &SecretString) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(SUPERUSER)
        .password(password.expose_secret())
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
        .connect()
        .await
}
