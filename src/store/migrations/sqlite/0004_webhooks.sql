-- How far each endpoint of the settings was told of the log, and which process tells it.
CREATE TABLE webhook_cursors (
    endpoint   TEXT   NOT NULL PRIMARY KEY,
    event_id   BIGINT NOT NULL,
    holder     BLOB,
    held_until BIGINT NOT NULL
);

-- What failed and waits, or was given up. It names an event of the log, or a contact who opened the widget, and repeats nothing of either.
CREATE TABLE webhook_deliveries (
    id         BLOB   NOT NULL PRIMARY KEY,
    endpoint   TEXT   NOT NULL,
    webhook    TEXT   NOT NULL,
    event_id   BIGINT,
    contact_id BLOB   REFERENCES contacts (id) ON DELETE CASCADE,
    state      TEXT   NOT NULL CHECK (state IN ('waiting', 'dead')),
    attempts   BIGINT NOT NULL CHECK (attempts >= 0),
    created_at BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    fault      TEXT,
    CHECK ((event_id IS NULL) <> (contact_id IS NULL))
);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (endpoint, state, next_at);
CREATE INDEX webhook_deliveries_contact ON webhook_deliveries (contact_id) WHERE contact_id IS NOT NULL;
