//! Which type of answer a client wants (RFC 9110 12.5.1).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use crate::model::Problem;
use crate::problem::Kind;

pub(super) const JSON: &str = "application/json";
pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const EVENT_STREAM: &str = "text/event-stream";
pub(super) const PEM: &str = "application/x-pem-file";
pub(super) const CERTIFICATE: &str = "application/pkix-cert";
pub(super) const CRL: &str = "application/pkix-crl";

/// The offer that the client likes best; the first offer where it likes several alike, or says nothing.
pub(super) fn choose(headers: &HeaderMap, offers: &[&'static str]) -> Result<&'static str, Problem> {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    let ranges: Vec<(&str, f32)> = match accepted.peek() {
        None => vec![("*/*", 1.0)],
        Some(_) => accepted.flat_map(|value| value.split(',')).map(range).collect(),
    };
    let mut best: Option<(&'static str, f32)> = None;
    for offer in offers {
        let quality = quality(&ranges, offer);
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((offer, quality));
        }
    }
    best.map(|(offer, _)| offer)
        .ok_or_else(|| Problem::new(Kind::NotAcceptable, format!("the answer can be {}", offers.join(", "))))
}

/// A media range and its weight.
fn range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
    (range, weight)
}

/// The weight of the most specific range that covers `offer`; 0 without one.
fn quality(ranges: &[(&str, f32)], offer: &str) -> f32 {
    let kind = offer.split('/').next().unwrap_or_default();
    let specificity = |range: &str| {
        if range.eq_ignore_ascii_case(offer) {
            3
        } else if range.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(kind)) {
            2
        } else {
            u8::from(range == "*/*")
        }
    };
    let covering = ranges.iter().map(|(range, weight)| (specificity(range), *weight)).filter(|(rank, _)| *rank > 0);
    covering.max_by_key(|(rank, _)| *rank).map_or(0.0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_best_liked_offer_is_chosen() {
        let offers = [JSON, PEM, CERTIFICATE];
        for (accept, chosen) in [
            (None, Some(JSON)),
            (Some("*/*"), Some(JSON)),
            (Some("application/pkix-cert"), Some(CERTIFICATE)),
            (Some("application/json;q=0.5, application/x-pem-file"), Some(PEM)),
            (Some("text/html, application/*;q=0.2, Application/PKIX-cert;q=0.3"), Some(CERTIFICATE)),
            (Some("*/*, application/json;q=0"), Some(PEM)),
            (Some("text/html"), None),
            (Some(""), None),
            (Some("application/json;q=zero"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(choose(&headers, &offers).ok(), chosen, "{accept:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read(accept in "[ -~]{0,64}", ranges in "((application|text|\\*)/(json|\\*)?(; ?q=[0-9.]{0,4})?,? ?){0,6}") {
            for text in [accept, ranges] {
                let mut headers = HeaderMap::new();
                headers.insert(ACCEPT, text.parse().unwrap());
                if let Ok(chosen) = choose(&headers, &[JSON, PEM]) {
                    proptest::prop_assert!([JSON, PEM].contains(&chosen));
                }
            }
        }
    }
}
