-- What a ticket wants: how soon somebody should look at it, whose work it is, and when the first reply is due.
ALTER TABLE tickets ADD COLUMN topic TEXT;
ALTER TABLE tickets ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('urgent', 'high', 'normal', 'low'));
ALTER TABLE tickets ADD COLUMN queue TEXT NOT NULL DEFAULT 'general';
ALTER TABLE tickets ADD COLUMN due_at BIGINT;

-- assisted: the bot goes on although a person is waited for; snoozed_until: when what was put aside comes back.
ALTER TABLE conversations ADD COLUMN assisted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE conversations ADD COLUMN snoozed_until BIGINT;
DROP INDEX conversations_due;
CREATE INDEX conversations_due ON conversations (updated_at)
    WHERE answered_generation < generation AND (status = 'pending' OR assisted);
CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL;

-- Whether the process showed that it lives (by a lock of its session) when it took the turn: then its death is known at once.
ALTER TABLE turn_leases ADD COLUMN shown BOOLEAN NOT NULL DEFAULT FALSE;

-- Who is at the desk: seen_at is renewed while the console is open.
CREATE TABLE presence (
    agent_id UUID NOT NULL PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
    seen_at  BIGINT NOT NULL,
    away     BOOLEAN NOT NULL DEFAULT FALSE
);
