//! Searching requests and certificates: filters, order, pages.

use clap::{Args, ValueEnum};
use frontends::client::with_query;
use frontends::model::{List, Request};

use super::Context;
use crate::Error;

/// Rows asked for at a time when all are wanted.
const PAGE: u32 = 500;

/// Options of `list`.
#[derive(Clone, Debug, Args)]
pub struct Listing {
    /// A condition, such as disposition=pending, NotAfter<2027-01-01 or CommonName~=example (may be repeated; all must hold)
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// The order
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    order: Order,
    /// The most rows
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Start after this place: the `next` of the page before
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Newest request first.
    Newest,
    /// Oldest request first.
    Oldest,
    /// What expires first, first.
    Expiry,
}

impl Listing {
    /// Fetches and prints the rows.
    pub(super) fn run(self, context: &Context, path: &str, table: fn(&[Request]) -> String) -> Result<(), Error> {
        let connection = context.connect()?;
        let mut list = List::whole(Vec::new());
        let mut after = self.after.clone();
        loop {
            let missing = self.limit - u32::try_from(list.items.len()).unwrap_or(u32::MAX).min(self.limit);
            let page: List<Request> = connection.get(&self.path(path, after.take(), missing.min(PAGE)))?;
            list.items.extend(page.items);
            list.next = page.next;
            let full = list.items.len() >= self.limit as usize;
            match &list.next {
                Some(next) if !full => after = Some(next.clone()),
                _ => break,
            }
        }
        context.output().show(&list, |list| table(&list.items))?;
        if let Some(next) = &list.next {
            context
                .output()
                .hint(&format!("there are more: --limit N for more rows, or --after {next} for the next ones"));
        }
        Ok(())
    }

    fn path(&self, path: &str, after: Option<String>, limit: u32) -> String {
        let order = match self.order {
            Order::Newest => "newest",
            Order::Oldest => "oldest",
            Order::Expiry => "expiry",
        };
        let limit = limit.to_string();
        let mut query: Vec<(&str, &str)> = self.filters.iter().map(|filter| ("filter", filter.as_str())).collect();
        query.extend([("order", order), ("limit", limit.as_str())]);
        query.extend(after.as_deref().map(|after| ("after", after)));
        with_query(path, &query)
    }
}
