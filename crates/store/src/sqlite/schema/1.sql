-- Moments are microseconds since 1970-01-01T00:00:00Z. Numbers of dispositions, flags, events and reasons are the contract's.

-- Requests as they stand.
CREATE TABLE request (
    id                 INTEGER PRIMARY KEY,
    version            INTEGER NOT NULL,
    disposition        INTEGER NOT NULL,
    status             INTEGER NOT NULL,
    message            TEXT    NOT NULL,
    submitted          INTEGER NOT NULL,
    resolved           INTEGER,
    requester          TEXT    NOT NULL,
    caller             TEXT    NOT NULL,
    request_type       INTEGER NOT NULL,
    flags              INTEGER NOT NULL,
    profile            TEXT,
    key_algorithm      TEXT,
    key_bits           INTEGER,
    key_identifier     BLOB,
    common_name        TEXT,             -- the first CommonName of `subject`
    subject            TEXT    NOT NULL, -- JSON object, parts in order; a part with several values comes several times
    alternative_names  TEXT    NOT NULL,
    not_before         INTEGER,
    not_after          INTEGER,
    properties         TEXT    NOT NULL, -- JSON object
    serial             BLOB,             -- magnitude without leading zeros
    sha1               BLOB,
    ca_certificate     INTEGER,
    ca_key             INTEGER,
    distinguished_name TEXT,
    revoked_when       INTEGER,
    revoked_effective  INTEGER,
    revoked_reason     INTEGER,
    publish_expired    INTEGER NOT NULL,
    event              INTEGER           -- the last event that reports this version
) STRICT;

-- The large parts of requests as they stand. `attributes` and `extensions` are in the form that body.rs describes.
CREATE TABLE request_body (
    id             INTEGER PRIMARY KEY REFERENCES request (id),
    raw            BLOB NOT NULL,
    attribute_text TEXT NOT NULL,
    attributes     BLOB NOT NULL,
    extensions     BLOB NOT NULL,
    certificate    BLOB
) STRICT;

-- Requests as they stood. A large part is here only if the next version changed it (a bit of `parts`: 1 raw,
-- 2 attribute_text, 4 attributes, 8 extensions, 16 certificate); otherwise it is that of the next version.
CREATE TABLE request_history (
    id                 INTEGER NOT NULL REFERENCES request (id),
    version            INTEGER NOT NULL,
    disposition        INTEGER NOT NULL,
    status             INTEGER NOT NULL,
    message            TEXT    NOT NULL,
    submitted          INTEGER NOT NULL,
    resolved           INTEGER,
    requester          TEXT    NOT NULL,
    caller             TEXT    NOT NULL,
    request_type       INTEGER NOT NULL,
    flags              INTEGER NOT NULL,
    profile            TEXT,
    key_algorithm      TEXT,
    key_bits           INTEGER,
    key_identifier     BLOB,
    common_name        TEXT,
    subject            TEXT    NOT NULL,
    alternative_names  TEXT    NOT NULL,
    not_before         INTEGER,
    not_after          INTEGER,
    properties         TEXT    NOT NULL,
    serial             BLOB,
    sha1               BLOB,
    ca_certificate     INTEGER,
    ca_key             INTEGER,
    distinguished_name TEXT,
    revoked_when       INTEGER,
    revoked_effective  INTEGER,
    revoked_reason     INTEGER,
    publish_expired    INTEGER NOT NULL,
    event              INTEGER,
    parts              INTEGER NOT NULL,
    raw                BLOB,
    attribute_text     TEXT,
    attributes         BLOB,
    extensions         BLOB,
    certificate        BLOB,
    PRIMARY KEY (id, version)
) STRICT;

-- Events, from 1, without gaps; the oldest may have been pruned.
CREATE TABLE event (
    id         INTEGER PRIMARY KEY,
    kind       INTEGER NOT NULL,
    occurred   INTEGER NOT NULL,
    latest     INTEGER NOT NULL, -- the greatest `occurred` so far: never falls, so a moment is found by halving
    request    INTEGER REFERENCES request (id),
    version    INTEGER,
    crl_number INTEGER,
    digest     BLOB    NOT NULL,
    hash       BLOB    NOT NULL
) STRICT;

-- Audit entries, from 1, without gaps.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    code    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    caller  TEXT    NOT NULL,
    request INTEGER,
    detail  TEXT    NOT NULL,
    hash    BLOB    NOT NULL
) STRICT;

-- One row: the last event pruned, its hash and `latest`, and the highest request number ever set aside.
CREATE TABLE sequence (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    pruned        INTEGER NOT NULL,
    pruned_hash   BLOB    NOT NULL,
    pruned_latest INTEGER NOT NULL,
    reserved      INTEGER NOT NULL
) STRICT;
INSERT INTO sequence VALUES (1, 0, zeroblob(32), -9223372036854775808, 0);

-- Bodies of CRLs, in chunks. A number is never used again.
CREATE TABLE crl_body (
    id INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;
CREATE TABLE crl_chunk (
    body  INTEGER NOT NULL REFERENCES crl_body (id) ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    bytes BLOB    NOT NULL,
    UNIQUE (body, seq)
) STRICT;

-- CRLs.
CREATE TABLE crl (
    number               INTEGER NOT NULL,
    min_base             INTEGER,
    ca_key               INTEGER NOT NULL,
    delta                INTEGER NOT NULL, -- 1 where min_base is there
    entries              INTEGER NOT NULL,
    this_update          INTEGER NOT NULL,
    next_update          INTEGER NOT NULL,
    this_publish         INTEGER NOT NULL,
    next_publish         INTEGER NOT NULL,
    propagation_complete INTEGER NOT NULL,
    last_published       INTEGER,
    attempts             INTEGER NOT NULL,
    flags                INTEGER NOT NULL,
    status               INTEGER NOT NULL,
    error                TEXT    NOT NULL,
    size                 INTEGER NOT NULL,
    sha256               BLOB    NOT NULL,
    body                 INTEGER REFERENCES crl_body (id) ON DELETE SET NULL,
    PRIMARY KEY (number, ca_key, delta)
) STRICT;
CREATE INDEX crl_key ON crl (ca_key, delta, number);
CREATE INDEX crl_with_body ON crl (body) WHERE body IS NOT NULL;

-- CA certificates. `chain`: certificates above, nearest first, each with its length as four octets, high ones first.
CREATE TABLE ca_certificate (
    position    INTEGER PRIMARY KEY,
    key_index   INTEGER NOT NULL,
    certificate BLOB    NOT NULL,
    chain       BLOB    NOT NULL
) STRICT;

-- Installed modules. `settings` and `options` are JSON objects; `cursor` is the last event dealt with.
CREATE TABLE module (
    name      TEXT    PRIMARY KEY,
    kind      TEXT    NOT NULL,
    role      TEXT    NOT NULL CHECK (role IN ('exit', 'policy')),
    settings  TEXT    NOT NULL,
    options   TEXT    NOT NULL,
    enabled   INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    installed INTEGER NOT NULL,
    cursor    INTEGER NOT NULL
) STRICT;

-- Deliveries that failed: waiting until `again`, or parked where that is not there.
CREATE TABLE delivery (
    module       TEXT    NOT NULL REFERENCES module (name) ON DELETE CASCADE,
    event        INTEGER NOT NULL,
    again        INTEGER,
    attempts     INTEGER NOT NULL,
    code         INTEGER NOT NULL,
    error        TEXT    NOT NULL,
    first_failed INTEGER NOT NULL,
    last_failed  INTEGER NOT NULL,
    PRIMARY KEY (module, event)
) STRICT, WITHOUT ROWID;

-- The server's own state.
CREATE TABLE value (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Serial numbers: unique among certificates issued here; foreign ones (12) come from several issuers.
CREATE UNIQUE INDEX request_serial ON request (serial, iif(disposition = 12, id, 0)) WHERE serial IS NOT NULL;
CREATE INDEX request_not_after ON request (not_after) WHERE not_after IS NOT NULL;
CREATE INDEX request_submitted ON request (submitted);
CREATE INDEX request_requester ON request (requester COLLATE NOCASE);
CREATE INDEX request_common_name ON request (common_name COLLATE NOCASE) WHERE common_name IS NOT NULL;
-- What waits, failed or was denied: few rows of many.
CREATE INDEX request_open ON request (disposition)
    WHERE disposition = 8 OR disposition = 9 OR disposition = 30 OR disposition = 31;
-- All that a CRL needs, so that a sweep never touches the table.
CREATE INDEX request_revoked ON request (
    ca_key, max(revoked_when, revoked_effective), revoked_effective, revoked_reason, not_after, publish_expired,
    disposition, serial
) WHERE revoked_reason IS NOT NULL;
