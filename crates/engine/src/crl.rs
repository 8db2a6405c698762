//! CRLs: made, signed, published.
