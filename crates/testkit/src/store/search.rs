//! Searching, compared with the same search done by hand over every row.

use std::cmp::Ordering;

use engine::Request;
use engine::store::{Change, Column, ColumnType, Comparison, Filter, Operand, Order, PageToken, Search, Store};
use jiff::ToSpan;
use module::{HResult, RequestId};
use pki::{NameComponent, Serial};

use super::Open;
use crate::fixture::{foreign, minimal, pending, request, revoked};

const COMPARISONS: [Comparison; 8] = [
    Comparison::Equal,
    Comparison::Unequal,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
    Comparison::Prefix,
    Comparison::Contains,
];

const ORDERS: [Order; 3] = [Order::Newest, Order::Oldest, Order::Expiry];

/// Rows that differ in every column; some lack what can be lacking.
fn rows() -> Vec<Request> {
    let mut rows = Vec::new();
    for id in 1..=40_i64 {
        let mut row = match id % 8 {
            0 => minimal(id),
            1 => pending(id),
            2 => revoked(id, (id % 5) as i32),
            3 => foreign(id),
            _ => request(id),
        };
        row.version = 1;
        row.status = HResult((id % 3) as i32 - 1);
        row.request_type = (id % 4) as i32;
        row.flags = (id % 5) as i32 - 2;
        row.publish_expired = id % 6 == 0;
        row.message = ["Issued", "ISSUED by hand", "", "100 % _sure_"][id as usize % 4].into();
        row.caller = format!("caller-{}", id % 3);
        row.profile = (id % 5 != 0).then(|| format!("Profile{}", id % 4));
        row.not_before = row.not_before.filter(|_| id % 7 != 0);
        row.not_after = row.not_after.map(|end| end.checked_sub((id % 9).hours()).expect("a moment"));
        if let Some(key) = &mut row.key {
            key.algorithm = ["1.2.840.10045.2.1", "1.2.840.113549.1.1.1"][id as usize % 2].into();
            key.bits = 256 * (id % 3) as u32;
            key.identifier.truncate(id as usize % 21);
        }
        if let Some(issued) = &mut row.issued {
            // Lengths differ too: numbers are compared as numbers.
            let length = 1 + id as usize % 20;
            issued.serial = Serial::from_bytes(&vec![id as u8; length]).expect("a serial number");
            issued.ca_key = [0, 1, 0x8001][id as usize % 3];
            issued.ca_certificate = (id % 2) as u16;
        }
        if id % 10 == 5 {
            row.requester = row.requester.to_ascii_uppercase();
            row.subject.insert(0, (NameComponent::CommonName, format!("HOST-{id}.Example")));
        }
        if id % 10 == 6 {
            row.subject.clear();
        }
        rows.push(row);
    }
    rows
}

fn filled(open: Open<'_>) -> (Box<dyn Store>, Vec<Request>) {
    let store = open();
    let rows = rows();
    store.commit(Change { requests: rows.clone(), ..Change::default() }).expect("all rows");
    (store, rows)
}

pub(super) fn every_column(open: Open<'_>) {
    let (store, rows) = filled(open);
    let parts = [NameComponent::CommonName, NameComponent::OrgUnit, NameComponent::Organization, NameComponent::Title];
    let columns = Column::ALL.iter().copied().chain(parts.map(Column::Subject));
    let mut hits = 0;
    for (index, column) in columns.enumerate() {
        let mut operands: Vec<Operand> = rows.iter().step_by(3).filter_map(|row| value(row, column)).collect();
        operands.extend(rows.get(index).into_iter().flat_map(|row| beside(value(row, column))));
        for operand in operands {
            for comparison in COMPARISONS {
                let textual = matches!(comparison, Comparison::Prefix | Comparison::Contains);
                if textual && column.kind() != ColumnType::Text {
                    continue;
                }
                let filter = Filter { column, comparison, operand: operand.clone() };
                let order = ORDERS[hits % 3];
                let search =
                    Search { filters: vec![filter], order, limit: 1000, bodies: hits % 2 == 0, ..Search::default() };
                let expected = by_hand(&rows, &search);
                let page = store.search(&search).expect("an answer");
                assert_eq!(ids(&page.rows), ids(&expected), "{search:?}");
                assert!(page.next.is_none());
                assert_eq!(page.rows, expected, "{search:?}");
                hits += expected.len();
            }
        }
    }
    assert!(hits > 1000, "the searches find something: {hits}");
}

pub(super) fn pages(open: Open<'_>) {
    let (store, rows) = filled(open);
    let filters = [vec![], vec![Filter::parse("PublicKeyLength>0").expect("a filter")]];
    for (filters, order, limit) in
        filters.iter().flat_map(|f| ORDERS.iter().flat_map(move |o| [1, 7, 40, 1000].map(|l| (f, *o, l))))
    {
        let mut search = Search { filters: filters.clone(), order, limit, ..Search::default() };
        let expected = ids(&by_hand(&rows, &search));
        let mut found = Vec::new();
        loop {
            let page = store.search(&search).expect("an answer");
            found.extend(ids(&page.rows));
            let Some(next) = page.next else { break };
            assert_eq!(page.rows.len(), limit as usize, "every page but the last is full");
            // Tokens travel as text.
            search.after = Some(next.to_string().parse::<PageToken>().expect("our own token"));
        }
        assert_eq!(found, expected, "{search:?}");
    }
    let page = store.search(&Search { limit: 0, ..Search::default() }).expect("an answer");
    assert_eq!(page.rows.len(), 1, "a page has at least one row");
}

pub(super) fn combined(open: Open<'_>) {
    let (store, rows) = filled(open);
    for texts in [
        &["Disposition=issued", "RequesterName=EXAMPLE\\user-2"][..],
        &["Disposition=pending", "SubmittedWhen>2026-01-01T00:00:09Z"],
        &["Disposition!=denied", "NotAfter>=2026-04-01", "NotAfter<2026-04-02"],
        &["CommonName^=host-1", "CommonName~=EXAMPLE", "OU=Servers"],
        &["RequestID>5", "RequestID<=30", "RequestID!=20", "CertificateTemplate=Profile1"],
        &["SerialNumber>ff", "SerialNumber<010000000000"],
        &["Disposition=issued", "Disposition=pending"],
    ] {
        let filters: Vec<_> = texts.iter().map(|text| Filter::parse(text).expect("a filter")).collect();
        for order in ORDERS {
            let search = Search { filters: filters.clone(), order, limit: 1000, ..Search::default() };
            assert_eq!(
                ids(&store.search(&search).expect("an answer").rows),
                ids(&by_hand(&rows, &search)),
                "{texts:?}"
            );
        }
    }
}

/// Wildcards, quotes and SQL are nothing but text.
pub(super) fn literal(open: Open<'_>) {
    let store = open();
    let texts = ["a%c", "abc", "a_c", r"a\c", "a'c", r#"a"c"#, "a;--c", "ä%C", "a?1c"];
    for (id, text) in (1..).zip(texts) {
        let mut row = request(id);
        row.subject = vec![(NameComponent::Title, text.to_owned()), (NameComponent::CommonName, text.to_owned())];
        row.message = text.into();
        store.commit(super::row(row)).expect("a row");
    }
    for column in
        [Column::DispositionMessage, Column::Subject(NameComponent::Title), Column::Subject(NameComponent::CommonName)]
    {
        for (id, text) in (1..).zip(texts) {
            for comparison in [Comparison::Equal, Comparison::Prefix, Comparison::Contains] {
                let filter = Filter { column, comparison, operand: Operand::Text(text.into()) };
                let search = Search { filters: vec![filter], limit: 10, ..Search::default() };
                let found = ids(&store.search(&search).expect("an answer").rows);
                assert_eq!(found, [RequestId(id)], "{search:?}");
            }
        }
    }
}

fn ids(rows: &[Request]) -> Vec<RequestId> {
    rows.iter().map(|row| row.id).collect()
}

/// The search as its comments describe it.
fn by_hand(rows: &[Request], search: &Search) -> Vec<Request> {
    let mut found: Vec<Request> = rows
        .iter()
        .filter(|row| search.filters.iter().all(|filter| matches(row, filter)))
        .filter(|row| search.order != Order::Expiry || (row.issued.is_some() && row.not_after.is_some()))
        .cloned()
        .collect();
    found.sort_by(|a, b| match search.order {
        Order::Newest => b.id.cmp(&a.id),
        Order::Oldest => a.id.cmp(&b.id),
        Order::Expiry => (a.not_after, a.id).cmp(&(b.not_after, b.id)),
    });
    if !search.bodies {
        found.iter_mut().for_each(|row| row.body = Default::default());
    }
    found
}

fn matches(row: &Request, filter: &Filter) -> bool {
    let Some(value) = value(row, filter.column) else { return false };
    let ordering = match (&value, &filter.operand) {
        (Operand::Number(value), Operand::Number(operand)) => value.cmp(operand),
        (Operand::Moment(value), Operand::Moment(operand)) => value.cmp(operand),
        (Operand::Text(value), Operand::Text(operand)) => value.cmp(operand),
        (Operand::Bytes(value), Operand::Bytes(operand)) if filter.column == Column::SerialNumber => {
            value.len().cmp(&operand.len()).then_with(|| value.cmp(operand))
        }
        (Operand::Bytes(value), Operand::Bytes(operand)) => value.cmp(operand),
        _ => return false,
    };
    let text = |operand: &Operand| match operand {
        Operand::Text(text) => text.to_ascii_lowercase(),
        _ => String::new(),
    };
    match filter.comparison {
        Comparison::Equal => ordering == Ordering::Equal,
        Comparison::Unequal => ordering != Ordering::Equal,
        Comparison::Less => ordering == Ordering::Less,
        Comparison::LessOrEqual => ordering != Ordering::Greater,
        Comparison::Greater => ordering == Ordering::Greater,
        Comparison::GreaterOrEqual => ordering != Ordering::Less,
        Comparison::Prefix => text(&value).starts_with(&text(&filter.operand)),
        Comparison::Contains => text(&value).contains(&text(&filter.operand)),
    }
}

/// What a row has in a column. Text that is empty is no value.
fn value(row: &Request, column: Column) -> Option<Operand> {
    let text = |text: &str| (!text.is_empty()).then(|| Operand::Text(text.to_owned()));
    let number = |number: i64| Some(Operand::Number(number));
    match column {
        Column::RequestId => number(row.id.0),
        Column::Disposition => number(row.disposition.code().into()),
        Column::StatusCode => number(row.status.0.into()),
        Column::DispositionMessage => text(&row.message),
        Column::SubmittedWhen => Some(Operand::Moment(row.submitted)),
        Column::ResolvedWhen => row.resolved.map(Operand::Moment),
        Column::RequesterName => text(&row.requester),
        Column::CallerName => text(&row.caller),
        Column::RequestType => number(row.request_type.into()),
        Column::RequestFlags => number(row.flags.into()),
        Column::CertificateTemplate => text(row.profile.as_deref()?),
        Column::PublicKeyAlgorithm => text(&row.key.as_ref()?.algorithm),
        Column::PublicKeyLength => number(row.key.as_ref()?.bits.into()),
        Column::SubjectKeyIdentifier => Some(Operand::Bytes(row.key.as_ref()?.identifier.clone())),
        Column::SubjectAltName => text(&row.alternative_names),
        Column::DistinguishedName => text(&row.issued.as_ref()?.distinguished_name),
        Column::SerialNumber => Some(Operand::Bytes(row.issued.as_ref()?.serial.as_bytes().to_vec())),
        Column::CertificateHash => Some(Operand::Bytes(row.issued.as_ref()?.sha1.to_vec())),
        Column::IssuerNameId => number(row.issued.as_ref()?.issuer_name_id().into()),
        Column::NotBefore => row.not_before.map(Operand::Moment),
        Column::NotAfter => row.not_after.map(Operand::Moment),
        Column::RevokedWhen => row.revocation.map(|revocation| Operand::Moment(revocation.when)),
        Column::RevokedEffectiveWhen => row.revocation.map(|revocation| Operand::Moment(revocation.effective)),
        Column::RevokedReason => number(row.revocation?.reason.into()),
        Column::PublishExpiredCertInCrl => number(row.publish_expired.into()),
        Column::Subject(part) => text(row.subject_part(part)?),
    }
}

/// Operands close to a value that hit the edges of comparisons.
fn beside(value: Option<Operand>) -> Vec<Operand> {
    match value {
        Some(Operand::Number(number)) => [number - 1, number + 1, i64::MIN, i64::MAX].map(Operand::Number).to_vec(),
        Some(Operand::Moment(moment)) => [-1, 1]
            .map(|step: i64| Operand::Moment(moment.checked_add(step.microseconds()).expect("a moment")))
            .to_vec(),
        Some(Operand::Text(text)) => {
            let half = text.chars().take(text.chars().count() / 2).collect::<String>();
            let end = text.chars().rev().take(3).collect::<String>().chars().rev().collect();
            [half.clone(), half.to_ascii_uppercase(), end, text.to_ascii_lowercase(), String::new()]
                .map(Operand::Text)
                .to_vec()
        }
        Some(Operand::Bytes(bytes)) => {
            let shorter = bytes.iter().skip(1).copied().collect();
            let longer = bytes.iter().copied().chain([0]).collect();
            [shorter, longer, Vec::new()].map(Operand::Bytes).to_vec()
        }
        None => Vec::new(),
    }
}
