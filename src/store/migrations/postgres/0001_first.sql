-- Times are microseconds since 1970 UTC, money is minor units, identifiers are UUIDs. The same names and types stand in SQLite.

CREATE TABLE contacts (
    id         UUID   NOT NULL PRIMARY KEY,
    name       TEXT,
    email      TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE widget_sessions (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    contact_id UUID   NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX widget_sessions_contact ON widget_sessions (contact_id);

-- An agent who was removed stays as a row: what they wrote keeps their name.
CREATE TABLE agents (
    id            UUID   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    role          TEXT   NOT NULL CHECK (role IN ('agent', 'admin')),
    password_hash TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    removed_at    BIGINT
);
CREATE UNIQUE INDEX agents_email ON agents (email) WHERE removed_at IS NULL;

CREATE TABLE agent_sessions (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    agent_id   UUID   NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX agent_sessions_agent ON agent_sessions (agent_id);

-- context_seq: the event after which the bot reads; waiting_since: when the oldest shopper message that nobody has answered came.
CREATE TABLE conversations (
    id                  UUID   NOT NULL PRIMARY KEY,
    contact_id          UUID   NOT NULL REFERENCES contacts (id),
    status              TEXT   NOT NULL CHECK (status IN ('pending', 'open', 'snoozed', 'resolved')),
    assignee_id         UUID   REFERENCES agents (id),
    fence               BIGINT NOT NULL,
    generation          BIGINT NOT NULL,
    answered_generation BIGINT NOT NULL CHECK (answered_generation <= generation),
    last_seq            BIGINT NOT NULL,
    context_seq         BIGINT NOT NULL CHECK (context_seq <= last_seq),
    waiting_since       BIGINT,
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL
);
CREATE INDEX conversations_contact ON conversations (contact_id, created_at);
CREATE UNIQUE INDEX conversations_one_live ON conversations (contact_id) WHERE status <> 'resolved';
CREATE INDEX conversations_due ON conversations (updated_at) WHERE status = 'pending' AND answered_generation < generation;
CREATE INDEX conversations_assignee ON conversations (assignee_id) WHERE assignee_id IS NOT NULL;

-- author_id: the contact or the agent who wrote it. A retry carries the same echo_id.
CREATE TABLE messages (
    id              UUID   NOT NULL PRIMARY KEY,
    conversation_id UUID   NOT NULL REFERENCES conversations (id),
    seq             BIGINT NOT NULL CHECK (seq > 0),
    author          TEXT   NOT NULL CHECK (author IN ('shopper', 'bot', 'agent', 'system')),
    author_id       UUID,
    content         TEXT   NOT NULL,
    echo_id         TEXT,
    created_at      BIGINT NOT NULL,
    decision        TEXT,
    confidence      DOUBLE PRECISION,
    sources         TEXT,
    model           TEXT,
    milliseconds    BIGINT,
    helpful         BOOLEAN
);
CREATE UNIQUE INDEX messages_seq ON messages (conversation_id, seq);
CREATE UNIQUE INDEX messages_echo ON messages (author_id, echo_id, conversation_id) WHERE echo_id IS NOT NULL;

-- The log. What a message says stands in messages alone, so that erasing it there erases it.
CREATE TABLE events (
    id              BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id UUID    NOT NULL REFERENCES conversations (id),
    seq             BIGINT  NOT NULL CHECK (seq > 0),
    type            TEXT    NOT NULL,
    actor           TEXT    NOT NULL,
    at              BIGINT  NOT NULL,
    message_id      UUID    REFERENCES messages (id),
    payload         TEXT
);
CREATE UNIQUE INDEX events_seq ON events (conversation_id, seq);

CREATE TABLE tickets (
    id              UUID   NOT NULL PRIMARY KEY,
    number          BIGINT NOT NULL,
    conversation_id UUID   NOT NULL REFERENCES conversations (id),
    reason          TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('open', 'closed')),
    assignee_id     UUID   REFERENCES agents (id),
    created_at      BIGINT NOT NULL,
    first_reply_at  BIGINT,
    closed_at       BIGINT
);
CREATE UNIQUE INDEX tickets_number ON tickets (number);
CREATE UNIQUE INDEX tickets_one_open ON tickets (conversation_id) WHERE state = 'open';
CREATE INDEX tickets_conversation ON tickets (conversation_id, number);
CREATE INDEX tickets_closed ON tickets (closed_at) WHERE state = 'closed';

CREATE TABLE ratings (
    conversation_id UUID   NOT NULL PRIMARY KEY REFERENCES conversations (id),
    rating          BIGINT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    comment         TEXT,
    at              BIGINT NOT NULL
);

CREATE TABLE customers (
    id         TEXT NOT NULL PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    email      TEXT NOT NULL
);

CREATE TABLE products (
    id   TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE variants (
    product_id  TEXT    NOT NULL REFERENCES products (id),
    id          TEXT    NOT NULL,
    line        BIGINT  NOT NULL,
    options     TEXT    NOT NULL,
    price_minor BIGINT  NOT NULL,
    currency    TEXT    NOT NULL,
    available   BOOLEAN NOT NULL,
    PRIMARY KEY (product_id, id)
);

-- The number is upper-cased and begins with '#', as an OrderNumber writes it.
CREATE TABLE orders (
    number      TEXT   NOT NULL PRIMARY KEY,
    customer_id TEXT   NOT NULL REFERENCES customers (id),
    status      TEXT   NOT NULL,
    placed_at   BIGINT
);
CREATE INDEX orders_customer ON orders (customer_id);

-- An address is a customer's or an order's.
CREATE TABLE addresses (
    customer_id  TEXT UNIQUE REFERENCES customers (id),
    order_number TEXT UNIQUE REFERENCES orders (number),
    line1        TEXT NOT NULL,
    line2        TEXT NOT NULL,
    city         TEXT NOT NULL,
    region       TEXT NOT NULL,
    postcode     TEXT NOT NULL,
    country      TEXT NOT NULL,
    CHECK ((customer_id IS NULL) <> (order_number IS NULL))
);

-- No reference to variants: an order outlives the catalogue it was bought from.
CREATE TABLE order_items (
    order_number TEXT   NOT NULL REFERENCES orders (number),
    line         BIGINT NOT NULL,
    product_id   TEXT   NOT NULL,
    variant_id   TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    options      TEXT   NOT NULL,
    quantity     BIGINT NOT NULL CHECK (quantity > 0),
    price_minor  BIGINT NOT NULL,
    currency     TEXT   NOT NULL,
    PRIMARY KEY (order_number, line)
);

CREATE TABLE payments (
    order_number TEXT   NOT NULL REFERENCES orders (number),
    line         BIGINT NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('payment', 'refund')),
    amount_minor BIGINT NOT NULL,
    currency     TEXT   NOT NULL,
    method       TEXT   NOT NULL,
    PRIMARY KEY (order_number, line)
);

CREATE TABLE shipments (
    order_number TEXT   NOT NULL REFERENCES orders (number),
    line         BIGINT NOT NULL,
    carrier      TEXT,
    tracking     TEXT   NOT NULL,
    variant_ids  TEXT   NOT NULL,
    shipped_at   BIGINT,
    expected_at  BIGINT,
    delivered_at BIGINT,
    PRIMARY KEY (order_number, line)
);

-- Which process runs which turn. Times are the server's own: it is the one clock that all processes share. Not logged: after a crash of the
-- server every turn is free again, and a commit is fenced without it.
CREATE UNLOGGED TABLE turn_leases (
    conversation_id UUID        NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    process         UUID        NOT NULL,
    taken_at        TIMESTAMPTZ NOT NULL,
    until           TIMESTAMPTZ NOT NULL
);
CREATE INDEX turn_leases_process ON turn_leases (process);
