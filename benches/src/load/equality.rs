//! That the servers do the same work: the same SQL, the same JSON.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::native;
use super::route::Route;
use super::server_thread::ServerThread;
use super::site::Site;
use crate::connection::{Connection, request};

/// Compares every answer that a run will ask for.
///
/// # Errors
///
/// When the servers differ: then a ratio of theirs means nothing.
pub(super) async fn check(route: Route, site: &Site) -> Result<()> {
    let [native, hosts @ ..] = site.servers() else {
        bail!("there is no server")
    };
    for host in hosts {
        let answers = answers(route, host).await?;
        // Before the native server is asked, which may send what Postgres refuses.
        if let Some(sql) = sql(route) {
            check_sql(sql, site).await?;
        }
        let expected = self::answers(route, native).await?;
        for ((target, expected), answer) in route.targets().iter().zip(&expected).zip(&answers) {
            if expected != answer {
                bail!(
                    "{target}: native answers {expected}, {} answers {answer}",
                    host.name()
                );
            }
        }
    }
    Ok(())
}

async fn answers(route: Route, server: &ServerThread) -> Result<Vec<Value>> {
    let mut connection = Connection::open(server.address()).await?;
    let mut answers = Vec::new();
    for target in route.targets() {
        let body = connection.ask(&request(&target)).await;
        let body = body.with_context(|| format!("{}, {target}", server.name()))?;
        answers.push(serde_json::from_slice(&body).with_context(|| format!("{target}: not JSON"))?);
    }
    Ok(answers)
}

/// What the native server sends for a route.
fn sql(route: Route) -> Option<&'static str> {
    match route {
        Route::Hello => None,
        Route::PrimaryKey => Some(native::GET_SQL),
        Route::List => Some(native::LIST_SQL),
    }
}

/// Looks for the statement among those that the hosts sent last on each of
/// their connections.
async fn check_sql(sql: &str, site: &Site) -> Result<()> {
    const LAST: &str = "SELECT query FROM pg_stat_activity WHERE application_name = 'plinth'";
    let rows = site.postgres().await?.query(LAST, &[]).await?;
    let sent: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if sent.iter().all(|sent| sent != sql) {
        bail!(
            "the native server sends\n  {sql}\nbut the plugin one of\n  {}\nso they can't be compared: \
             bring benches/src/load/native/books.rs up to date",
            sent.join("\n  ")
        );
    }
    Ok(())
}
