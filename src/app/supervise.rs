//! What a supervisor does that hotfix starts for a command that changes production.

use std::io;
use std::path::Path;

use crate::process::supervised::{self, Order};
use crate::store::Store;

/// Runs the command whose state is in `directory` to its end, and records that in the store that hotfix names
/// on standard input.
pub async fn supervise(directory: &Path) -> io::Result<()> {
    let order = Order::read()?;
    let store = Store::at(&order.address).await.map_err(io::Error::other)?;
    let ended = supervised::supervise(directory, &store, &order).await;
    store.close().await;
    ended
}
